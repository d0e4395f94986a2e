#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "microgpt/core/enum_names.hpp"
#include "microgpt/model/gpt.hpp"
#include "microgpt/training/trainer.hpp"

namespace microgpt::genome {

/// The number type of the network. Random draws and reported losses are always double.
enum class Precision { f64, f32 };

constexpr auto enum_names(Precision) {
  return enum_table<Precision>("precision", {{Precision::f64, "f64"}, {Precision::f32, "f32"}});
}

/// The DNA of an organism: all hyperparameters of its GPT and its training. The defaults are those
/// of the primordial organism.
struct Genome {
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

  bool operator==(const Genome&) const = default;
  auto operator<=>(const Genome&) const = default;  ///< gene by gene, for lookups
};

/// Keeps a typo from requesting an absurd amount of memory or time.
inline constexpr std::size_t kMaxParameters = 50'000'000;

/// Throws Error naming the gene, its value and the rule it breaks.
void validate(const Genome& genome);

GptConfig gpt_config(const Genome& genome, std::size_t n_vocab);
TrainConfig train_config(const Genome& genome);
/// A genome with these sizes and the default training. Throws Error as validate() does.
Genome genome_of(const GptConfig& config);

/// "n_emb 16  n_head 4  n_layer 1  n_ctx 16  n_ff_exp 4  lr 0.005  steps 200"
std::string describe(const Genome& genome);

/// "emb 16 head 4 layer 1 ctx 16 ff 4": only the genes that shape the network.
std::string architecture(const Genome& genome);

/// "emb 16 head 4 layer 1 ctx 16 ff 4  lr 0.005     steps 200": all genes on a short line.
std::string one_line(const Genome& genome);

}  // namespace microgpt::genome
