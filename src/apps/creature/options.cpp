#include "creature/options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"

namespace microgpt::apps {

namespace {

void add_weight_options(CLI::App& app, CreatureOptions& options) {
  app.add_option("--save", options.save, "Write the trained weights to this safetensors file");
  app.add_option("--export-c", options.export_c,
                 "Write the trained model as a C99 header that speaks, without libraries");
  app.add_option("--page", options.page,
                 "Write an HTML page in which the trained model speaks, to send to somebody");
  app.add_option("--save-init", options.save_init, "Write the weights before the first step");
  app.add_option("--trace", options.trace,
                 "Write step, document and loss as CSV, a row for each document of a step");
  app.add_option("--init", options.init, "Start training from the weights in this file");
  app.add_option("--load", options.load,
                 "Load weights from this file and generate without training");
}

/// Loaded weights have fixed sizes and are already trained.
void require_no_contradiction(const CLI::App& app) {
  if (app.count("--load") == 0) return;
  std::vector<std::string> others = {"--init",   "--save-init",  "--trace",
                                     "--genome", "--primordial", "--replicate"};
  for (const Gene& gene : gpt_genes()) others.push_back(fmt::format("--{}", gene.short_name));
  others.push_back("--train");
  for (const std::string& other : others) {
    require(app.count(other) == 0,
            "--load and {} contradict each other: loaded weights have their sizes and are not "
            "trained",
            other);
  }
}

void add_genes(CLI::App& app, CreatureOptions& options) {
  for (const Gene& gene : gpt_genes()) {
    const std::string letter = gene.letter == 0 ? "" : fmt::format("-{},", gene.letter);
    const std::string flags = fmt::format("{}--{}", letter, gene.short_name);
    const std::string help = fmt::format("Gene: {}", gene.label);
    const auto take = [&](const auto& value) { options.genes[&gene] = static_cast<double>(value); };
    if (gene.kind == GeneKind::real) {
      app.add_option_function<double>(flags, take, help);
    } else if (gene.kind == GeneKind::whole) {
      app.add_option_function<std::uint32_t>(flags, take, help);
    } else {
      const auto choose = [&](const std::string& text) {
        options.genes[&gene] = gene.category(text);
      };
      app.add_option_function<std::string>(flags, choose, help)
          ->type_name(fmt::format("{{{}}}", fmt::join(gene.categories, ",")));
    }
  }
}

void add_options(CLI::App& app, CreatureOptions& options) {
  add_genes(app, options);
  app.add_flag("--silent,--quiet", options.silent, "Print only the last line");
  app.add_flag("--json", options.json,
               "Print one JSON object with losses, cost and names, and nothing else");
  app.add_option("--genome", options.genome_file,
                 "Genome file to read; if it does not exist, the creature is primordial")
      ->capture_default_str();
  app.add_flag("--primordial", options.primordial, "Ignore any genome file and use the defaults");
  app.add_option("--seed", options.seed,
                 "Random seed (default: that of the genome or of the loaded file, otherwise 1)");
  app.add_option("--replicate", options.replicate,
                 "Number of the training; each replicate has its own initial weights and document "
                 "order (0: those of the search)")
      ->capture_default_str();
  app.add_flag("--train", options.trains,
               "Train, although the weights of this genome's run are there");
  add_common_options(app, options.common);
  add_speech_options(app, options.speech);
  add_weight_options(app, options);
  app.add_option("--info", options.info, "Say what is in this weight file, and exit");
}

/// The files named by those of some options that were given.
std::vector<NamedFile> files_of(
    std::initializer_list<std::pair<const char*, std::optional<std::string>>> options) {
  std::vector<NamedFile> files;
  for (const auto& [option, file] : options) {
    if (file) files.push_back({option, *file});
  }
  return files;
}

/// Finds before the training what would go wrong after it.
void prepare(CreatureOptions& options) {
  check(options.common);
  prepare(options.speech);
  const std::vector<NamedFile> outputs = files_of({{"--save", options.save},
                                                   {"--save-init", options.save_init},
                                                   {"--trace", options.trace},
                                                   {"--export-c", options.export_c},
                                                   {"--page", options.page}});
  for (const NamedFile& output : outputs) require_writable(output.file);
  const bool has_genome = !options.primordial && !options.load;
  require_apart(
      files_of({{"--input", options.common.input},
                {"--genome", has_genome ? std::optional(options.genome_file) : std::nullopt},
                {"--init", options.init},
                {"--load", options.load}}),
      outputs);
}

/// Whether another training is asked for than one whose weights a run has kept.
bool asks_for_training(const CLI::App& app, const CreatureOptions& options) {
  if (!options.genes.empty()) return true;
  return std::ranges::any_of(std::to_array({"--train", "--primordial", "--init", "--save-init",
                                            "--trace", "--replicate", "--seed"}),
                             [&](const char* option) { return app.count(option) > 0; });
}

}  // namespace

bool read_options(const std::vector<std::string>& arguments, CreatureOptions& options) {
  CLI::App app("One organism: reads its DNA, trains, and speaks.", "creature");
  configure_parser(app);
  add_options(app, options);
  if (!parse(app, arguments, true)) return false;
  require_no_contradiction(app);
  options.genome_given = app.count("--genome") > 0;
  options.input_given = app.count("--input") > 0;
  options.trains = asks_for_training(app, options);
  options.speech.sampling.temperature = options.common.temperature;
  if (!options.info) prepare(options);
  return true;
}

}  // namespace microgpt::apps
