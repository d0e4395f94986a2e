#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/core/fields.hpp"
#include "microgpt/genome/gpt_genome.hpp"

namespace microgpt::evolution {

/// The loss, and the fitness, of an organism whose training failed.
inline constexpr double kMaxLoss = std::numeric_limits<double>::max();

/// The result of training and scoring an organism.
struct Evaluation {
  double fitness = kMaxLoss;        ///< what evolution minimises: the loss, or minus the beauty
  double loss = kMaxLoss;           ///< held-out loss on validation names, in nats per character
  std::optional<double> test_loss;  ///< on the test names; of finalists alone
  std::optional<double> beauty;     ///< of its names, if that is the objective
  std::optional<double> cost;       ///< what a command says that it cost, in units of its own
  std::vector<std::string> names;   ///< the first few that it generates
  /// Mean training losses of equal parts of the steps, in nats per token; of finalists alone.
  std::vector<double> learning = {};
  std::string failure;  ///< why fitness and loss are kMaxLoss; empty if it succeeded
  /// A weight file, only if the task asked for it. Neither a journal nor a cache has it.
  std::string weights = {};

  bool failed() const { return !failure.empty(); }
  bool operator==(const Evaluation&) const = default;
};

/// Larger numbers are no fitness or loss, so that sums stay finite.
inline constexpr double kMaxFitness = 1e9;

/// Of a failure only the reason counts; it comes first, so that readers know it in time. Losses of
/// commands may be negative: see validate().
inline constexpr std::tuple kEvaluationFields = {
    Field{"failure", &Evaluation::failure},
    Field{"fitness", &Evaluation::fitness, -kMaxFitness, kMaxFitness},
    Field{"loss", &Evaluation::loss, 0, kMaxFitness},
    Field{"test_loss", &Evaluation::test_loss, 0, kMaxFitness},
    Field{"beauty", &Evaluation::beauty, -kMaxFitness, kMaxFitness},
    Field{"cost", &Evaluation::cost, 0, kMaxFitness},
    Field{"names", &Evaluation::names},
    Field{"learning", &Evaluation::learning}};

/// That of a failed training.
Evaluation failed_evaluation(std::string reason);

/// How an organism was made.
enum class Origin {
  primordial,  ///< the default genome
  random,
  immigrant,
  elite,
  crossover,
  mutant,
  hypermutant,
  neighbour,
  migrant,  ///< the champion of another island
  enqueued  ///< given by the user
};

constexpr auto enum_names(Origin) {
  return enum_table<Origin>("origin", {{Origin::primordial, "primordial"},
                                       {Origin::random, "random"},
                                       {Origin::immigrant, "immigrant"},
                                       {Origin::elite, "elite"},
                                       {Origin::crossover, "crossover"},
                                       {Origin::mutant, "mutant"},
                                       {Origin::hypermutant, "hypermutant"},
                                       {Origin::neighbour, "neighbour"},
                                       {Origin::migrant, "migrant"},
                                       {Origin::enqueued, "enqueued"}});
}

/// One member of one generation.
struct Organism {
  std::uint64_t id = 0;  ///< counts from 0 in the order of birth; of K islands, each counts by K
  std::uint32_t island = 0;
  std::uint32_t generation = 0;  ///< counts from 1
  Genome genome = {};
  Origin origin = Origin::random;
  std::vector<std::uint64_t> parents;  ///< ids; none, one or two
  double flops = 0;                    ///< of its training, known before it
  double due = 0;  ///< in the steady state: when it finishes on the virtual clock
  std::optional<Evaluation> evaluation;  ///< none until it was told; an elite has its parent's
};

/// Whether an organism was taken over with its evaluation, as an elite and a migrant are.
inline bool is_copy(const Organism& organism) {
  return organism.origin == Origin::elite || organism.origin == Origin::migrant;
}

/// The table of the genomes of organisms; of none, default_genes().
inline const GeneTable& genes_of(std::span<const Organism> organisms) {
  return organisms.empty() ? default_genes() : organisms.front().genome.genes();
}

/// Whether a is the better of two evaluated organisms; of two equals, the one born first.
bool better(const Organism& a, const Organism& b);

/// The best `count` different genomes of those that are evaluated and did not fail, the best first.
std::vector<Organism> best_of(std::span<const Organism> organisms, std::size_t count);

}  // namespace microgpt::evolution
