#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "microgpt/core/enum_names.hpp"
#include "microgpt/genome/genome.hpp"
#include "microgpt/model/gpt.hpp"
#include "microgpt/training/trainer.hpp"

namespace microgpt::genome {

/// The number type of the network. Random draws and reported losses are always double.
enum class Precision { f64, f32 };

constexpr auto enum_names(Precision) {
  return enum_table<Precision>("precision", {{Precision::f64, "f64"}, {Precision::f32, "f32"}});
}

/// The genome of a GPT with names and types: all hyperparameters of its network and its training.
/// The defaults are those of the primordial organism. Each member is a gene of gpt_genes().
struct GptGenome {
  std::uint32_t n_emb = 16;
  std::uint32_t n_head = 4;  ///< divides n_emb
  std::uint32_t n_layer = 1;
  std::uint32_t n_ctx = 16;
  std::uint32_t n_ff_exp = 4;
  double lr = 0.005;
  std::uint32_t steps = 200;
  std::uint32_t batch = 1;  ///< documents that a step learns from
  Activation activation = Activation::relu;
  Position position = Position::learned;
  bool qk_norm = false;  ///< see GptConfig, as for those around it
  bool tie = false;
  std::uint32_t lookback = 0;
  std::uint32_t ngram = 1, ngram_rows = 1024;
  Init init = Init::uniform;
  RateSchedule schedule = RateSchedule::linear;  ///< see TrainConfig, as for those below
  double warmup = 0;
  double beta1 = 0.85, beta2 = 0.99;
  double weight_decay = 0;
  double dropout = 0;
  double ngram_dropout = 0;

  bool operator==(const GptGenome&) const = default;
  operator Genome() const;  // NOLINT(google-explicit-constructor): the same organism
};

/// The genes of GPTs.
const GeneTable& gpt_genes();

/// The weights of the GPT of a genome; none if its genes are not those of GPTs.
std::optional<std::size_t> parameters_of(const Genome& genome, std::size_t n_vocab);
/// A genome of that table, read.
GptGenome gpt_genome(const Genome& genome);

/// Keeps a typo from requesting an absurd amount of memory or time.
inline constexpr std::size_t kMaxParameters = 50'000'000;

GptConfig gpt_config(const GptGenome& genome, std::size_t n_vocab);
GptConfig gpt_config(const Genome& genome, std::size_t n_vocab);
TrainConfig train_config(const Genome& genome);
/// A genome with these sizes and the default training. Throws Error as validate() does.
Genome genome_of(const GptConfig& config);

}  // namespace microgpt::genome
