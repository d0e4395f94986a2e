#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "microgpt/model/gpt.hpp"
#include "microgpt/training/trainer.hpp"

namespace microgpt {

/// The numbers that the network computes with. Random draws and reported losses are always double.
enum class Precision { f64, f32 };

std::string_view name(Precision precision);
/// Throws Error unless the name is f64 or f32.
Precision precision_from(std::string_view name);

/// The DNA of an organism: everything that tells its GPT and its training from another's. The
/// defaults are those of the primordial organism.
struct Genome {
  std::uint32_t n_emb = 16;
  std::uint32_t n_head = 4;  ///< divides n_emb
  std::uint32_t n_layer = 1;
  std::uint32_t n_ctx = 16;
  std::uint32_t n_ff_exp = 4;
  double lr = 0.005;
  std::uint32_t steps = 200;

  bool operator==(const Genome&) const = default;
  auto operator<=>(const Genome&) const = default;  ///< gene by gene, to look genomes up
};

/// What may stand in a genome, wherever it comes from. The upper bounds keep a typing error from
/// asking for more memory or time than anybody has.
struct GeneRange {
  std::string_view name;
  double low, high;  ///< both allowed
};
inline constexpr std::array<GeneRange, 6> kWholeGeneRanges = {{{"n_emb", 1, 1024},
                                                               {"n_head", 1, 1024},
                                                               {"n_layer", 1, 64},
                                                               {"n_ctx", 1, 4096},
                                                               {"n_ff_exp", 1, 64},
                                                               {"steps", 1, 100'000'000}}};
inline constexpr double kMaxLearningRate = 10.0;
inline constexpr std::size_t kMaxParameters = 50'000'000;

/// Throws Error naming the gene, its value and the rule it breaks.
void validate(const Genome& genome);

GptConfig gpt_config(const Genome& genome, std::size_t n_vocab);
TrainConfig train_config(const Genome& genome);
/// A genome of these sizes, with the default training. Throws Error as validate() does.
Genome genome_of(const GptConfig& config);

/// "n_emb 16  n_head 4  n_layer 1  n_ctx 16  n_ff_exp 4  lr 0.005  steps 200"
std::string describe(const Genome& genome);

/// "emb 16 head 4 layer 1 ctx 16 ff 4": the genes that shape the network, not its training.
std::string architecture(const Genome& genome);

}  // namespace microgpt
