#include "microgpt/genome/search_space.hpp"

#include <algorithm>

#include "microgpt/core/error.hpp"

namespace microgpt {

namespace {

using Values = std::vector<std::uint32_t>;

bool has(const Values& values, std::uint32_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

void validate_list(std::string_view gene, const Values& values, double low, double high) {
  require(!values.empty(), "{} must have at least one value", gene);
  for (std::size_t i = 0; i < values.size(); ++i) {
    require(values[i] >= low && values[i] <= high, "{} ({}) must be a whole number from {} to {}",
            gene, values[i], low, high);
    require(i == 0 || values[i - 1] < values[i], "{} must be rising: {} follows {}", gene,
            values[i], i == 0 ? 0 : values[i - 1]);
  }
}

}  // namespace

SearchSpace aesthetic_space() {
  return {.n_emb = {16, 24, 32, 40},
          .n_head = {2, 4},
          .n_layer = {1, 2, 3, 4},
          .n_ctx = {16},
          .n_ff_exp = {4},
          .lr_min = 0.001,
          .lr_max = 0.015,
          .steps_min = 300,
          .steps_max = 300,
          .steps_draw = {300},
          .steps_moves = {},
          .lr_factor_min = 0.7,
          .lr_factor_max = 1.3,
          .n_layer_neighbours = true};
}

void validate(const SearchSpace& s) {
  const std::array lists = {&s.n_emb, &s.n_head, &s.n_layer, &s.n_ctx, &s.n_ff_exp};
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const GeneRange& range = kWholeGeneRanges[i];
    validate_list(range.name, *lists[i], range.low, range.high);
  }
  for (const std::uint32_t n_emb : s.n_emb) {
    require(std::any_of(s.n_head.begin(), s.n_head.end(),
                        [&](std::uint32_t n_head) { return n_emb % n_head == 0; }),
            "n_emb ({}) is a multiple of none of the values of n_head", n_emb);
  }
  const Genome largest = {.n_emb = s.n_emb.back(),
                          .n_head = 1,
                          .n_layer = s.n_layer.back(),
                          .n_ctx = s.n_ctx.back(),
                          .n_ff_exp = s.n_ff_exp.back()};
  validate(largest);
  require(s.lr_min > 0 && s.lr_min <= s.lr_max && s.lr_max <= kMaxLearningRate,
          "lr_min ({}) and lr_max ({}) must rise between 0 and {}", s.lr_min, s.lr_max,
          kMaxLearningRate);
  require((s.lr_factor_min == 0 && s.lr_factor_max == 0) ||
              (s.lr_factor_min > 0 && s.lr_factor_min < 1 && s.lr_factor_max > 1 &&
               s.lr_factor_max <= 100),
          "lr_factor_min ({}) and lr_factor_max ({}) must enclose 1 (at most 100), or both be 0",
          s.lr_factor_min, s.lr_factor_max);
  require(s.max_training_flops >= 0, "max_training_flops ({}) must not be negative",
          s.max_training_flops);
  const GeneRange& steps = kWholeGeneRanges[5];
  require(s.steps_min >= steps.low && s.steps_min <= s.steps_max && s.steps_max <= steps.high,
          "steps_min ({}) and steps_max ({}) must rise between {} and {}", s.steps_min, s.steps_max,
          steps.low, steps.high);
  validate_list("steps_draw", s.steps_draw, s.steps_min, s.steps_max);
  if (!s.steps_moves.empty()) validate_list("steps_moves", s.steps_moves, 1, steps.high);
}

bool contains(const SearchSpace& s, const Genome& g) {
  return has(s.n_emb, g.n_emb) && has(s.n_head, g.n_head) && has(s.n_layer, g.n_layer) &&
         has(s.n_ctx, g.n_ctx) && has(s.n_ff_exp, g.n_ff_exp) && g.n_emb % g.n_head == 0 &&
         g.lr >= s.lr_min && g.lr <= s.lr_max && g.steps >= s.steps_min && g.steps <= s.steps_max;
}

Genome random_genome(const SearchSpace& s, Rng& rng) {
  const auto draw = [&](const Values& values) { return pick(std::span(values), rng); };
  Genome g;
  g.n_emb = draw(s.n_emb);
  do {
    g.n_head = draw(s.n_head);  // validate() has made sure that one of them divides n_emb
  } while (g.n_emb % g.n_head != 0);
  g.n_layer = draw(s.n_layer);
  g.n_ctx = draw(s.n_ctx);
  g.n_ff_exp = draw(s.n_ff_exp);
  g.lr = rng.log_uniform(s.lr_min, s.lr_max);
  g.steps = draw(s.steps_draw);
  return g;
}

}  // namespace microgpt
