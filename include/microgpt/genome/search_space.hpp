#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/genome/genome.hpp"

namespace microgpt::genome {

/// The search space of evolution. Lists are sorted and without repetition; the defaults are the
/// space of evolve_loss.
struct SearchSpace {
  std::vector<std::uint32_t> n_emb = {8, 12, 16, 20, 24, 32};
  std::vector<std::uint32_t> n_head = {1, 2, 4};
  std::vector<std::uint32_t> n_layer = {1, 2, 3, 4};
  std::vector<std::uint32_t> n_ctx = {8, 12, 16, 24};
  std::vector<std::uint32_t> n_ff_exp = {1, 2, 3, 4};
  double lr_min = 0.001, lr_max = 0.05;
  std::uint32_t steps_min = 100, steps_max = 2000;
  std::vector<std::uint32_t> steps_draw = {200, 300, 500, 750, 1000, 1500};  ///< for random genomes
  std::vector<std::uint32_t> steps_moves = {100, 250, 500};  ///< mutation adds or subtracts one

  std::vector<std::uint32_t> batch = {1};

  /// A mutated lr is the old one times a uniform draw from this range; redrawn log-uniformly
  /// if both are 0.
  double lr_factor_min = 0, lr_factor_max = 0;
  bool n_layer_neighbours = false;  ///< a mutated n_layer is the next one up or down in the list

  /// Genomes whose training takes more floating-point operations are never bred; 0: no limit.
  double max_training_flops = 0;

  bool operator==(const SearchSpace&) const = default;
};

/// The space of the aesthetic engine: 300 steps, larger embeddings, small moves.
SearchSpace aesthetic_space();

/// Throws Error naming the gene and the rule if the space is empty or contains invalid genomes.
void validate(const SearchSpace& space);

/// Whether every gene lies in the space.
bool contains(const SearchSpace& space, const Genome& genome);

/// A genome drawn from the space: lists uniformly, lr log-uniformly; n_head divides n_emb.
Genome random_genome(const SearchSpace& space, Rng& rng);

}  // namespace microgpt::genome
