// One organism: reads its DNA, trains, and speaks.
#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>

#include "command_line.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/evolution/creature.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/training/scoring.hpp"

namespace microgpt {

namespace {

struct Options {
  CommonOptions common;
  std::string genome_file = "genome.json";
  bool primordial = false, silent = false;
  std::optional<std::uint64_t> seed;
  std::uint32_t samples = 10;
  // Genes that replace those of the genome.
  std::optional<std::uint32_t> steps, n_emb, n_head, n_layer, n_ctx, n_ff_exp;
  std::optional<double> lr;
};

CLI::Option* add_options(CLI::App& app, Options& options) {
  app.add_option("-s,--steps", options.steps, "Gene: training steps");
  app.add_option("-l,--lr", options.lr, "Gene: learning rate of the first step");
  app.add_option("-e,--emb", options.n_emb, "Gene: embedding size");
  app.add_option("-h,--head", options.n_head, "Gene: attention heads");
  app.add_option("-y,--layer", options.n_layer, "Gene: layers");
  app.add_option("-c,--ctx", options.n_ctx, "Gene: context");
  app.add_option("-f,--ff", options.n_ff_exp, "Gene: feed-forward factor");
  app.add_flag("--silent", options.silent, "Print the closing line only");
  CLI::Option* genome =
      app.add_option("--genome", options.genome_file,
                     "The DNA to read; without it there the creature is primordial")
          ->capture_default_str();
  app.add_flag("--primordial", options.primordial, "Ignore any genome and use the defaults");
  app.add_option("--seed", options.seed, "Of everything random (default: the genome's, else 1)");
  app.add_option("--samples", options.samples, "Names to speak")->capture_default_str();
  add_common_options(app, options.common);
  return genome;
}

/// The DNA, if there is any. A file that was asked for by name must be there.
std::optional<GenomeFile> find_genome(const Options& options, bool named) {
  if (options.primordial) return std::nullopt;
  std::error_code ignored;
  if (!named && !std::filesystem::exists(options.genome_file, ignored)) return std::nullopt;
  return load_genome(options.genome_file);
}

Genome with_overrides(Genome genome, const Options& options) {
  genome.steps = options.steps.value_or(genome.steps);
  genome.n_emb = options.n_emb.value_or(genome.n_emb);
  genome.n_head = options.n_head.value_or(genome.n_head);
  genome.n_layer = options.n_layer.value_or(genome.n_layer);
  genome.n_ctx = options.n_ctx.value_or(genome.n_ctx);
  genome.n_ff_exp = options.n_ff_exp.value_or(genome.n_ff_exp);
  genome.lr = options.lr.value_or(genome.lr);
  validate(genome);
  return genome;
}

void introduce(const Options& options, const std::optional<GenomeFile>& file) {
  if (file) {
    fmt::print("=== MicroGPT [Evolved] ===\n{}: generation {}, loss {:.4f}\n", options.genome_file,
               file->generation, file->loss);
  } else {
    fmt::print("=== MicroGPT [Primordial] ===\nTo evolve: mpirun -n 9 evolve_loss\n");
  }
}

void train(Creature& creature, std::uint32_t steps) {
  constexpr std::uint32_t kReports = 10;
  const auto begin = std::chrono::steady_clock::now();
  double sum = 0;
  std::uint32_t last_report = 0;
  for (std::uint32_t step = 1; !creature.trained(); ++step) {
    sum += creature.step();
    if (std::uint64_t{step} * kReports / steps == std::uint64_t{step - 1} * kReports / steps)
      continue;
    fmt::print("  step {:>7}/{}  mean training loss {:.4f}\n", step, steps,
               sum / (step - last_report));
    sum = 0;
    last_report = step;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("trained in {:.2f} s\n", took.count());
}

void print_losses(const Dataset& data, double validation, double test) {
  fmt::print("\n{:<28} {:>10} {:>10}\n", "held-out loss (nats/token)", "validation", "test");
  const double uniform = uniform_loss(data.vocabulary);
  fmt::print("{:<28} {:>10.4f} {:>10.4f}\n", "  this creature", validation, test);
  fmt::print("{:<28} {:>10.4f} {:>10.4f}\n", "  a bigram model", bigram_loss(data, data.validation),
             bigram_loss(data, data.test));
  fmt::print("{:<28} {:>10.4f} {:>10.4f}\n\n", "  knowing nothing", uniform, uniform);
}

int live(const Options& options, bool genome_named) {
  require(options.common.temperature > 0, "--temperature ({}) must be positive",
          options.common.temperature);
  const std::optional<GenomeFile> file = find_genome(options, genome_named);
  const GenomeFile dna = file.value_or(GenomeFile{});
  const Genome genome = with_overrides(dna.genome, options);
  const Precision precision =
      precision_from(options.common.precision.empty() ? dna.precision : options.common.precision);
  const std::uint64_t seed = options.seed.value_or(dna.seed);
  const Dataset data = load_dataset(options.common.input, seed);
  const std::size_t parameters = parameter_count(gpt_config(genome, data.vocabulary.size()));

  Creature creature(genome, data, precision, seed);
  if (!options.silent) {
    introduce(options, file);
    fmt::print("{}\n{} parameters in {}, seed {}\n", describe(genome), with_commas(parameters),
               name(precision), seed);
    fmt::print("{}: {} training, {} validation and {} test documents, {} characters\n",
               options.common.input, with_commas(data.training.size()),
               with_commas(data.validation.size()), with_commas(data.test.size()),
               data.vocabulary.characters().size());
    if (!dna.dataset.empty() && dna.dataset != data.checksum) {
      fmt::print("note: the genome was evolved on another dataset, so its loss does not compare\n");
    }
    train(creature, genome.steps);
  } else {
    creature.train();
  }
  const double loss = creature.loss(data.validation);
  if (!options.silent) {
    print_losses(data, loss, creature.loss(data.test));
    const auto names = creature.speak(options.samples, options.common.temperature);
    for (std::size_t i = 0; i < names.size(); ++i) fmt::print("{:>4}. {}\n", i + 1, names[i]);
    fmt::print("\n");
  }
  fmt::print("organism {}  loss {:.4f}  parameters {}\n", file ? "evolved" : "default", loss,
             parameters);
  return kSuccess;
}

}  // namespace

}  // namespace microgpt

int main(int argc, char** argv) {
  using namespace microgpt;
  return guarded("creature", true, [&] {
    Options options;
    CLI::App app("One organism: reads its DNA, trains, and speaks.", "creature");
    set_house_rules(app);
    const CLI::Option* genome = add_options(app, options);
    if (!parse(app, argc, argv, true)) return int{kSuccess};
    return live(options, genome->count() > 0);
  });
}
