// One organism: reads its genome, trains and generates names; or generates with loaded weights.
#include <CLI/CLI.hpp>

#include <initializer_list>
#include <iterator>
#include <optional>
#include <utility>

#include "command_line.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/evolution/creature.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/genes.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/model/weights.hpp"
#include "microgpt/report/text_report.hpp"
#include "microgpt/run/creature_json.hpp"
#include "microgpt/run/tables.hpp"
#include "microgpt/training/baselines.hpp"
#include "training_view.hpp"

namespace microgpt::apps {

namespace {

struct Options {
  CommonOptions common;
  std::string genome_file = "genome.json";
  bool primordial = false, silent = false, json = false;
  std::optional<std::uint64_t> seed;
  std::uint32_t replicate = 0;
  std::uint32_t samples = 10;
  std::map<const Gene*, double> genes;  ///< overrides of the genome
  // Files to read weights from, and to write after success.
  std::optional<std::string> load, init, save, save_init, trace;
};

void add_weight_options(CLI::App& app, Options& options) {
  app.add_option("--save", options.save, "Write the trained weights to this safetensors file");
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
  for (const Gene& gene : kGenes) others.push_back(fmt::format("--{}", gene.short_name));
  for (const std::string& other : others) {
    require(app.count(other) == 0,
            "--load and {} contradict each other: loaded weights have their sizes and are not "
            "trained",
            other);
  }
}

void add_genes(CLI::App& app, Options& options) {
  for (const Gene& gene : kGenes) {
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

CLI::Option* add_options(CLI::App& app, Options& options) {
  add_genes(app, options);
  app.add_flag("--silent,--quiet", options.silent, "Print only the last line");
  app.add_flag("--json", options.json,
               "Print one JSON object with losses, cost and names, and nothing else");
  CLI::Option* genome =
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
  app.add_option("--samples", options.samples, "Names to generate")->capture_default_str();
  add_common_options(app, options.common);
  add_weight_options(app, options);
  return genome;
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
void check(const Options& options) {
  check(options.common);
  const std::vector<NamedFile> outputs = files_of(
      {{"--save", options.save}, {"--save-init", options.save_init}, {"--trace", options.trace}});
  for (const NamedFile& output : outputs) require_writable(output.file);
  const bool has_genome = !options.primordial && !options.load;
  require_apart(
      files_of({{"--input", options.common.input},
                {"--genome", has_genome ? std::optional(options.genome_file) : std::nullopt},
                {"--init", options.init},
                {"--load", options.load}}),
      outputs);
}

/// The genome file, if there is any. One that was named must exist.
std::optional<GenomeFile> find_genome(const Options& options, bool named) {
  const std::string& file = options.genome_file;
  if (options.primordial) return std::nullopt;
  if (named) return load_genome(file);
  if (!is_there(file)) return std::nullopt;
  return parse_genome(file, read_regular_file(file, kLargestJson));
}

Genome with_overrides(Genome genome, const Options& options) {
  for (const auto& [gene, value] : options.genes) gene->set(genome, value);
  validate(genome);
  return genome;
}

/// Everything that is decided before the first step.
struct Beginning {
  std::string_view origin;  ///< as the closing line names it
  Genome genome;
  Precision precision = Precision::f64;
  std::uint64_t seed = 1;
  std::optional<GenomeFile> dna;
  std::optional<WeightFile> weights;
};

/// A creature that is to be trained.
Beginning conceive(const Options& options, bool genome_named) {
  Beginning begin;
  begin.dna = find_genome(options, genome_named);
  begin.origin = begin.dna ? "evolved" : "default";
  const GenomeFile dna = begin.dna.value_or(GenomeFile{});
  begin.genome = with_overrides(dna.genome, options);
  begin.precision = options.common.precision.value_or(from_name<Precision>(dna.precision));
  begin.seed = options.seed.value_or(dna.seed);
  if (options.init) begin.weights = load_weights(*options.init);
  return begin;
}

/// A trained creature: everything follows from its weights.
Beginning revive(const Options& options) {
  Beginning begin;
  begin.origin = "loaded";
  begin.weights = load_weights(*options.load);
  try {
    begin.genome = genome_of(begin.weights->config);
  } catch (const Error& error) {
    fail("{}: {}", *options.load, error.what());
  }
  begin.precision = options.common.precision.value_or(
      begin.weights->type == NumberType::f64 ? Precision::f64 : Precision::f32);
  begin.seed = options.seed.value_or(begin.weights->seed.value_or(1));
  return begin;
}

void set_weights(Creature& creature, const Options& options, const WeightFile& weights) {
  try {
    creature.set_weights(weights);
  } catch (const Error& error) {
    fail("{}: {}", options.load ? *options.load : *options.init, error.what());
  }
}

/// The accuracy of a genome's loss.
std::string promise(const GenomeFile& dna) {
  if (dna.replicates == 0) return "";
  if (dna.replicates == 1) return fmt::format(", test {:.4f} (of one training)", dna.test_loss);
  return fmt::format(" ± {:.4f}, test {:.4f} ± {:.4f} (means of {} trainings)", dna.standard_error,
                     dna.test_loss, dna.test_standard_error, dna.replicates);
}

void introduce(const Options& options, const Beginning& begin) {
  if (options.load) {
    say("=== MicroGPT [Loaded] ===\n{}: weights in {}\n{}\n", printable(*options.load),
        begin.weights->type == NumberType::f64 ? "f64" : "f32", architecture(begin.genome));
    return;
  }
  if (begin.dna) {
    say("=== MicroGPT [Evolved] ===\n{}: generation {}, loss {:.4f}{}\n",
        printable(options.genome_file), begin.dna->generation, begin.dna->loss,
        promise(*begin.dna));
  } else {
    say("=== MicroGPT [Primordial] ===\nTo evolve: mpirun -n 9 evolve_loss\n");
  }
  say("{}\n", describe(begin.genome));
}

void describe_data(const Options& options, const Beginning& begin, const Dataset& data) {
  say("{} parameters in {}, seed {}\n",
      with_commas(parameter_count(gpt_config(begin.genome, data.vocabulary.size()))),
      name(begin.precision), begin.seed);
  say("{}: {} training, {} validation and {} test documents, {} characters\n",
      printable(options.common.input), with_commas(data.training.size()),
      with_commas(data.validation.size()), with_commas(data.test.size()),
      data.vocabulary.characters().size());
  if (begin.dna && !begin.dna->dataset.empty() && begin.dna->dataset != data.checksum) {
    say("note: the genome was evolved on another dataset, so its loss is not comparable\n");
  }
  if (options.load && begin.weights->seed.value_or(begin.seed) != begin.seed) {
    say("note: trained with seed {}, so some documents held out here may have been in its training "
        "set\n",
        *begin.weights->seed);
  }
}

struct Training {
  std::string trace;  ///< the content of the --trace file
  double seconds = 0;
};

/// Trains to the end.
Training train(Creature& creature, const Options& options, const Genome& genome) {
  std::string trace = "step,document,loss\n";
  TrainingView view(genome.steps, genome.batch, options.silent || options.json);
  for (std::uint32_t step = 1; !creature.trained(); ++step) {
    const double loss = creature.step();
    if (options.trace) {
      for (const std::string& document : creature.last_documents()) {
        fmt::format_to(std::back_inserter(trace), "{},{},{}\n", step, csv_quoted(document), loss);
      }
    }
    view.step(loss);
  }
  return {.trace = std::move(trace), .seconds = view.end()};
}

void print_losses(const Dataset& data, double validation, double test) {
  say("\n{:<28} {:>10} {:>10}\n", "held-out loss (nats/token)", "validation", "test");
  const double uniform = uniform_loss(data.vocabulary);
  const NgramBaseline ngrams = ngram_baseline(data);
  say("{:<28} {:>10.4f} {:>10.4f}\n", "  this creature", validation, test);
  say("{:<28} {:>10.4f} {:>10.4f}\n", fmt::format("  an n-gram model, order {}", ngrams.order),
      ngrams.validation, ngrams.test);
  say("{:<28} {:>10.4f} {:>10.4f}\n", "  a bigram model", bigram_loss(data, data.validation),
      bigram_loss(data, data.test));
  say("{:<28} {:>10.4f} {:>10.4f}\n", "  knowing nothing", uniform, uniform);
  const std::string words =
      verdict(test, {.ngram = ngrams.test, .bigram = bigram_loss(data, data.test)});
  if (!words.empty()) say("{}\n", words);
  say("\n");
}

void speak(Creature& creature, const Options& options) {
  const auto names = creature.speak(options.samples, options.common.temperature);
  for (std::size_t i = 0; i < names.size(); ++i) say("{:>4}. {}\n", i + 1, printable(names[i]));
  say("\n");
}

CreatureReport report_of(Creature& creature, const Options& options, const Beginning& begin,
                         const Dataset& data, double seconds) {
  return {.genome = begin.genome,
          .seed = begin.seed,
          .replicate = options.replicate,
          .precision = std::string(name(begin.precision)),
          .dataset = data.checksum,
          .version = std::string(version()),
          .validation_loss = creature.loss(data.validation),
          .test_loss = creature.loss(data.test),
          .parameters = parameter_count(gpt_config(begin.genome, data.vocabulary.size())),
          .training_flops = options.load ? 0 : CostModel(data)(begin.genome).flops,
          .seconds = seconds,
          .names = creature.speak(options.samples, options.common.temperature)};
}

int live(const Options& options, bool genome_named) {
  check(options);
  const Beginning begin = options.load ? revive(options) : conceive(options, genome_named);
  const Dataset data = load_dataset(options.common.input, begin.seed);
  Creature creature(begin.genome, data, begin.precision, begin.seed, options.replicate);
  if (begin.weights) set_weights(creature, options, *begin.weights);
  const bool talks = !options.silent && !options.json;
  if (talks) {
    introduce(options, begin);
    describe_data(options, begin, data);
  }
  std::string initial;
  if (options.save_init) initial = to_bytes(creature.weights());
  Training training;
  if (!options.load) training = train(creature, options, begin.genome);

  const double loss = creature.loss(data.validation);
  if (talks) {
    print_losses(data, loss, creature.loss(data.test));
    speak(creature, options);
  }
  OutputFiles files;
  if (options.save) files.add(*options.save, to_bytes(creature.weights()));
  if (options.save_init) files.add(*options.save_init, std::move(initial));
  if (options.trace) files.add(*options.trace, std::move(training.trace));
  const bool all_read = files.commit();
  if (options.json) {
    say_text(to_json(report_of(creature, options, begin, data, training.seconds)));
  } else {
    say("organism {}  loss {:.4f}  parameters {}\n", begin.origin, loss,
        parameter_count(gpt_config(begin.genome, data.vocabulary.size())));
  }
  return all_read ? kSuccess : kReaderLeft;
}

}  // namespace

}  // namespace microgpt::apps

int main(int argc, char** argv) {
  using namespace microgpt::apps;
  return run_tool("creature", [&] {
    Options options;
    CLI::App app("One organism: reads its DNA, trains, and speaks.", "creature");
    configure_parser(app);
    const CLI::Option* genome = add_options(app, options);
    if (!parse(app, {argv + 1, argv + argc}, true)) return int{kSuccess};
    require_no_contradiction(app);
    return live(options, genome->count() > 0);
  });
}
