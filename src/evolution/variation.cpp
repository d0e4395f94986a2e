#include "microgpt/evolution/variation.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace microgpt {

namespace {

using Values = std::vector<std::uint32_t>;

bool toss(Rng& rng) { return rng.below(2) == 0; }

/// The other values that a gene may take.
Values others(const Values& values, std::uint32_t current) {
  Values result;
  std::copy_if(values.begin(), values.end(), std::back_inserter(result),
               [&](std::uint32_t value) { return value != current; });
  return result;
}

/// The next lower and the next higher value of a sorted list.
Values neighbours(const Values& values, std::uint32_t current) {
  Values result;
  const auto above = std::upper_bound(values.begin(), values.end(), current);
  const auto from = std::lower_bound(values.begin(), values.end(), current);
  if (from != values.begin()) result.push_back(from[-1]);
  if (above != values.end()) result.push_back(*above);
  return result;
}

Values other_steps(const SearchSpace& space, std::uint32_t current) {
  Values result = space.steps_draw;
  for (const std::uint32_t move : space.steps_moves) {
    if (current >= space.steps_min + move) result.push_back(current - move);
    if (current + std::uint64_t{move} <= space.steps_max) result.push_back(current + move);
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return others(result, current);
}

/// What `draw` gives, within the space and other than `current`. A range of a few doubles may give
/// the same one for ever: then it is the end of the range that `current` is not.
template <class Draw>
double other_lr(const SearchSpace& space, double current, const Draw& draw) {
  constexpr int kDraws = 100;
  for (int i = 0; i < kDraws; ++i) {
    const double lr = std::clamp(draw(), space.lr_min, space.lr_max);
    if (lr != current) return lr;
  }
  return current == space.lr_min ? space.lr_max : space.lr_min;
}

double mutated_lr(const SearchSpace& space, double current, Rng& rng) {
  const bool redraw = space.lr_factor_max == 0;
  return other_lr(space, current, [&] {
    return redraw ? rng.log_uniform(space.lr_min, space.lr_max)
                  : current * rng.uniform(space.lr_factor_min, space.lr_factor_max);
  });
}

enum Gene : std::size_t { n_emb, n_head, n_layer, n_ctx, n_ff_exp, steps, lr, gene_count };

/// The values that a whole gene of `g` may take instead of its own.
Values choices(Gene gene, const Genome& g, const SearchSpace& space) {
  Values values;
  switch (gene) {
    case n_emb:
      values = others(space.n_emb, g.n_emb);
      std::erase_if(values, [&](std::uint32_t value) { return value % g.n_head != 0; });
      return values;
    case n_head:
      values = others(space.n_head, g.n_head);
      std::erase_if(values, [&](std::uint32_t value) { return g.n_emb % value != 0; });
      return values;
    case n_layer:
      return space.n_layer_neighbours ? neighbours(space.n_layer, g.n_layer)
                                      : others(space.n_layer, g.n_layer);
    case n_ctx:
      return others(space.n_ctx, g.n_ctx);
    case n_ff_exp:
      return others(space.n_ff_exp, g.n_ff_exp);
    case steps:
      return other_steps(space, g.steps);
    case lr:
    case gene_count:
      break;
  }
  return values;
}

std::uint32_t& whole_gene(Genome& g, Gene gene) {
  const std::array genes = {&g.n_emb, &g.n_head, &g.n_layer, &g.n_ctx, &g.n_ff_exp, &g.steps};
  return *genes[gene];
}

/// Gives one gene another value; false if there is none.
bool change(Genome& g, Gene gene, const SearchSpace& space, Rng& rng) {
  if (gene == lr) {
    if (space.lr_min == space.lr_max) return false;
    g.lr = mutated_lr(space, g.lr, rng);
    return true;
  }
  const Values values = choices(gene, g, space);
  if (values.empty()) return false;
  whole_gene(g, gene) = pick(std::span(values), rng);
  return true;
}

/// Values next to a whole gene's own in which the organism can live.
Values close_choices(Gene gene, const Genome& g, const SearchSpace& space) {
  switch (gene) {
    case n_emb: {
      Values fitting = space.n_emb;
      std::erase_if(fitting, [&](std::uint32_t value) { return value % g.n_head != 0; });
      return neighbours(fitting, g.n_emb);
    }
    case n_head: {
      Values fitting = space.n_head;
      std::erase_if(fitting, [&](std::uint32_t value) { return g.n_emb % value != 0; });
      return neighbours(fitting, g.n_head);
    }
    case n_layer:
      return neighbours(space.n_layer, g.n_layer);
    case n_ctx:
      return neighbours(space.n_ctx, g.n_ctx);
    case n_ff_exp:
      return neighbours(space.n_ff_exp, g.n_ff_exp);
    case steps: {
      const std::uint32_t less = std::max(space.steps_min, g.steps / 4 * 3);
      const std::uint32_t more = std::min(space.steps_max, (g.steps + 2) / 3 * 4);
      return others({less, more}, g.steps);
    }
    case lr:
    case gene_count:
      break;
  }
  return {};
}

bool nudge_gene(Genome& g, Gene gene, const SearchSpace& space, Rng& rng) {
  if (gene == lr) {
    if (space.lr_min == space.lr_max) return false;
    const double before = g.lr;
    g.lr = other_lr(space, before, [&] { return before * rng.log_uniform(0.5, 2); });
    return true;
  }
  const Values values = close_choices(gene, g, space);
  if (values.empty()) return false;
  whole_gene(g, gene) = pick(std::span(values), rng);
  return true;
}

/// Applies `change_gene` to genes in random order until `count` of them have changed.
template <class Change>
Genome changed(const Genome& genome, std::size_t count, const Change& change_gene, Rng& rng) {
  Genome copy = genome;
  std::size_t done = 0;
  for (const std::size_t gene : sample_without_replacement(gene_count, gene_count, rng)) {
    if (done == count) break;
    if (change_gene(copy, static_cast<Gene>(gene))) ++done;
  }
  return copy;
}

}  // namespace

Genome crossover(const Genome& mother, const Genome& father, Rng& rng) {
  Genome child;
  child.n_layer = toss(rng) ? mother.n_layer : father.n_layer;
  child.n_ctx = toss(rng) ? mother.n_ctx : father.n_ctx;
  child.n_ff_exp = toss(rng) ? mother.n_ff_exp : father.n_ff_exp;
  child.lr = toss(rng) ? mother.lr : father.lr;
  child.steps = toss(rng) ? mother.steps : father.steps;
  do {
    child.n_emb = toss(rng) ? mother.n_emb : father.n_emb;
    child.n_head = toss(rng) ? mother.n_head : father.n_head;
  } while (child.n_emb % child.n_head != 0);
  return child;
}

Genome mutate(const Genome& genome, std::size_t count, const SearchSpace& space, Rng& rng) {
  return changed(
      genome, count, [&](Genome& g, Gene gene) { return change(g, gene, space, rng); }, rng);
}

Genome nudge(const Genome& genome, std::size_t count, const SearchSpace& space, Rng& rng) {
  return changed(
      genome, count, [&](Genome& g, Gene gene) { return nudge_gene(g, gene, space, rng); }, rng);
}

Genome mutate(const Genome& genome, const SearchSpace& space, Rng& rng) {
  return mutate(genome, 1 + rng.below(3), space, rng);
}

}  // namespace microgpt
