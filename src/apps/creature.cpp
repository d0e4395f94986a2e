// One organism: reads its genome, trains and generates names; or generates with loaded weights.
#include <CLI/CLI.hpp>

#include <initializer_list>
#include <iterator>
#include <memory>
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
#include "microgpt/run/training_notes.hpp"
#include "microgpt/training/baselines.hpp"
#include "speech.hpp"
#include "training_view.hpp"

namespace microgpt::apps {

namespace {

struct Options {
  CommonOptions common;
  std::string genome_file = "genome.json";
  bool primordial = false, silent = false, json = false;
  std::optional<std::uint64_t> seed;
  std::uint32_t replicate = 0;
  SpeechOptions speech;
  bool input_given = false, trains = false;  ///< trains anew, although weights were kept
  std::optional<std::string> info;           ///< a weight file
  std::map<const Gene*, double> genes;       ///< overrides of the genome
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
  others.push_back("--train");
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

void add_options(CLI::App& app, Options& options) {
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
void check(const Options& options) {
  check(options.common);
  check(options.speech);
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

/// Everything that is decided before the first step. With weights it is trained already, unless
/// they are those of --init.
struct Beginning {
  std::string_view origin;  ///< as the closing line names it
  Genome genome;
  Precision precision = Precision::f64;
  std::uint64_t seed = 1;
  std::optional<GenomeFile> dna;
  std::optional<WeightFile> weights;
  std::string weights_file;            ///< where they are from
  std::optional<TrainingNotes> notes;  ///< what they say of their training

  bool is_trained(const Options& options) const { return weights && !options.init; }
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
  begin.weights_file = options.init.value_or("");
  return begin;
}

/// Whether nothing asks for another training than that of the genome's run.
bool may_use_kept_weights(const Options& options, const CLI::App& app) {
  const bool trains = options.trains || options.primordial || options.init || options.save_init ||
                      options.trace || !options.genes.empty();
  return !trains && app.count("--replicate") == 0 && app.count("--seed") == 0;
}

/// The weights that the run of a genome has kept: beside the genome's file, or in the newest run.
void find_kept_weights(const Options& options, Beginning& begin) {
  if (!begin.dna) return;
  const std::filesystem::path beside = std::filesystem::path(options.genome_file).parent_path();
  for (const std::filesystem::path& folder : {beside, beside / "experiments" / "latest"}) {
    const std::filesystem::path file = folder / "champion.safetensors";
    if (!is_there(file)) continue;
    WeightFile weights = load_weights(file);
    const std::optional<TrainingNotes> notes = notes_of(weights);
    const bool is_its = notes && notes->genome == begin.dna->genome &&
                        notes->dataset == begin.dna->dataset && weights.seed == begin.seed;
    if (!is_its) continue;
    begin.weights = std::move(weights);
    begin.weights_file = file.string();
    begin.notes = notes;
    return;
  }
}

/// A trained creature: everything follows from its weights.
Beginning revive(const Options& options) {
  Beginning begin;
  begin.origin = "loaded";
  begin.weights = load_weights(*options.load);
  begin.weights_file = *options.load;
  try {
    begin.notes = notes_of(*begin.weights);
    begin.genome = begin.notes ? begin.notes->genome : genome_of(begin.weights->config);
  } catch (const Error& error) {
    fail("{}: {}", *options.load, error.what());
  }
  begin.precision = options.common.precision.value_or(
      begin.weights->type == NumberType::f64 ? Precision::f64 : Precision::f32);
  begin.seed = options.seed.value_or(begin.weights->seed.value_or(1));
  return begin;
}

void set_weights(Creature& creature, const Beginning& begin) {
  try {
    creature.set_weights(*begin.weights);
  } catch (const Error& error) {
    fail("{}: {}", begin.weights_file, error.what());
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
        begin.weights->type == NumberType::f64 ? "f64" : "f32",
        begin.notes ? describe(begin.genome) : architecture(begin.genome));
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
  if (begin.is_trained(options)) {
    say("trained: replicate {} of its run, {}; --train trains anew\n", begin.notes->replicate,
        printable(begin.weights_file));
  }
}

void describe_size(const Beginning& begin, std::size_t vocabulary) {
  say("{} parameters in {}, seed {}\n",
      with_commas(parameter_count(gpt_config(begin.genome, vocabulary))), name(begin.precision),
      begin.seed);
}

void describe_data(const Options& options, const Beginning& begin, const Dataset& data) {
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
Training train(Creature& creature, const Options& options, const Genome& genome, bool talks) {
  std::string trace = "step,document,loss\n";
  TrainingView view(genome.steps, genome.batch, !talks);
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

/// The losses that the weights bring along.
void print_noted_losses(const TrainingNotes& notes) {
  say("\nlosses in nats/token on {}: validation {:.4f}, test {:.4f}\n\n",
      printable(notes.dataset_name), notes.validation_loss, notes.test_loss);
}

/// What a creature is when it is done with learning.
struct Learnt {
  Beginning begin;
  std::optional<Dataset> data;  ///< none if weights were loaded, and no dataset was asked for
  std::unique_ptr<LanguageModel> model;
  std::optional<double> validation_loss, test_loss;
  std::optional<std::string> weights, initial;  ///< files
  Training training;
};

NumberType number_type(Precision precision) {
  return precision == Precision::f64 ? NumberType::f64 : NumberType::f32;
}

/// Throws Error if the dataset has other characters than the model.
void require_vocabulary(const Beginning& begin, const Dataset& data) {
  try {
    require_same_vocabulary(begin.weights->vocabulary, data.vocabulary.characters());
  } catch (const Error& error) {
    fail("{}: {}", begin.weights_file, error.what());
  }
}

/// With weights that are there.
Learnt recall(const Options& options, Beginning begin, bool talks) {
  Learnt learnt;
  const bool needs_data = options.input_given || options.speech.is_fresh || !begin.notes;
  if (needs_data) {
    learnt.data = load_dataset(options.common.input, begin.seed);
    require_vocabulary(begin, *learnt.data);
  }
  require_known_characters(Vocabulary(begin.weights->vocabulary), options.speech);
  if (talks) {
    introduce(options, begin);
    describe_size(begin, begin.weights->config.n_vocab);
    if (learnt.data) describe_data(options, begin, *learnt.data);
  }
  begin.weights->type = number_type(begin.precision);
  learnt.model = std::make_unique<LanguageModel>(*begin.weights, begin.weights->type);
  if (options.save) learnt.weights = to_bytes(*begin.weights);
  if (learnt.data) {
    learnt.validation_loss = learnt.model->loss(learnt.data->validation);
    learnt.test_loss = learnt.model->loss(learnt.data->test);
  } else {
    learnt.validation_loss = begin.notes->validation_loss;
    learnt.test_loss = begin.notes->test_loss;
  }
  learnt.begin = std::move(begin);
  return learnt;
}

/// From the first step to the last.
Learnt learn(const Options& options, Beginning begin, bool talks) {
  Learnt learnt;
  learnt.data = load_dataset(options.common.input, begin.seed);
  require_known_characters(learnt.data->vocabulary, options.speech);
  Creature creature(begin.genome, *learnt.data, begin.precision, begin.seed, options.replicate);
  if (begin.weights) set_weights(creature, begin);
  if (talks) {
    introduce(options, begin);
    describe_size(begin, learnt.data->vocabulary.size());
    describe_data(options, begin, *learnt.data);
  }
  if (options.save_init) learnt.initial = to_bytes(creature.weights());
  learnt.training = train(creature, options, begin.genome, talks);
  learnt.validation_loss = creature.loss(learnt.data->validation);
  learnt.test_loss = creature.loss(learnt.data->test);
  WeightFile weights = creature.weights();
  learnt.model = std::make_unique<LanguageModel>(weights, weights.type);
  put_notes(
      weights,
      {.genome = begin.genome,
       .replicate = options.replicate,
       .dataset = learnt.data->checksum,
       .dataset_name = valid_utf8(std::filesystem::path(options.common.input).filename().string()),
       .version = std::string(version()),
       .validation_loss = *learnt.validation_loss,
       .test_loss = *learnt.test_loss});
  if (options.save) learnt.weights = to_bytes(weights);
  learnt.begin = std::move(begin);
  return learnt;
}

/// All documents of a dataset, for --new.
std::unordered_set<std::string> known_documents(const std::optional<Dataset>& data) {
  std::unordered_set<std::string> known;
  if (!data) return known;
  for (const Documents* part : {&data->training, &data->validation, &data->test}) {
    for (std::size_t i = 0; i < part->size(); ++i) {
      known.insert(data->vocabulary.decode((*part)[i]));
    }
  }
  return known;
}

CreatureReport report_of(const Options& options, const Learnt& learnt,
                         std::vector<std::string> names) {
  const Beginning& begin = learnt.begin;
  const bool is_trained = begin.is_trained(options);
  const std::size_t vocabulary = learnt.model->config().n_vocab;
  return {.genome = begin.genome,
          .seed = begin.seed,
          .replicate = begin.notes ? begin.notes->replicate : options.replicate,
          .precision = std::string(name(begin.precision)),
          .dataset = learnt.data ? learnt.data->checksum : begin.notes->dataset,
          .version = std::string(version()),
          .validation_loss = learnt.validation_loss,
          .test_loss = learnt.test_loss,
          .parameters = parameter_count(gpt_config(begin.genome, vocabulary)),
          .training_flops = is_trained ? 0 : CostModel(*learnt.data)(begin.genome).flops,
          .seconds = learnt.training.seconds,
          .names = std::move(names)};
}

void print_report(const Learnt& learnt, const std::vector<std::string>& documents) {
  if (learnt.data) {
    print_losses(*learnt.data, *learnt.validation_loss, *learnt.test_loss);
  } else {
    print_noted_losses(*learnt.begin.notes);
  }
  for (std::size_t i = 0; i < documents.size(); ++i) {
    say("{:>4}. {}\n", i + 1, printable(documents[i]));
  }
  say("\n");
}

void print_last_line(const Learnt& learnt) {
  const Beginning& begin = learnt.begin;
  say("organism {}  loss {:.4f}  parameters {}\n", begin.origin, *learnt.validation_loss,
      parameter_count(gpt_config(begin.genome, learnt.model->config().n_vocab)));
}

/// What a creature is asked to print.
enum class Output { report, last_line, json, documents, scores, continuations };

Output output_of(const Options& options) {
  if (options.speech.score) return Output::scores;
  if (options.speech.interactive) return Output::continuations;
  if (options.speech.lines) return Output::documents;
  if (options.json) return Output::json;
  return options.silent ? Output::last_line : Output::report;
}

bool write_files(const Options& options, Learnt& learnt) {
  OutputFiles files;
  if (learnt.weights) files.add(*options.save, std::move(*learnt.weights));
  if (learnt.initial) files.add(*options.save_init, std::move(*learnt.initial));
  if (options.trace) files.add(*options.trace, std::move(learnt.training.trace));
  return files.commit();
}

int live(const Options& options, const CLI::App& app) {
  check(options);
  Beginning begin = options.load ? revive(options) : conceive(options, app.count("--genome") > 0);
  if (!options.load && may_use_kept_weights(options, app)) find_kept_weights(options, begin);
  const Output output = output_of(options);
  const bool talks = output == Output::report, is_trained = begin.is_trained(options);
  Learnt learnt = is_trained ? recall(options, std::move(begin), talks)
                             : learn(options, std::move(begin), talks);
  std::vector<std::string> documents;
  if (talks || output == Output::json || output == Output::documents) {
    documents =
        speak(*learnt.model, learnt.begin.seed, options.speech, known_documents(learnt.data));
  }
  if (talks) print_report(learnt, documents);
  const bool all_read = write_files(options, learnt);
  switch (output) {
    case Output::report:
    case Output::last_line:
      print_last_line(learnt);
      break;
    case Output::json:
      say_text(to_json(report_of(options, learnt, std::move(documents))));
      break;
    case Output::documents:
      for (const std::string& text : documents) say("{}\n", printable(text));
      break;
    case Output::scores:
      print_scores(*learnt.model, *options.speech.score, options.json);
      break;
    case Output::continuations:
      converse(*learnt.model, learnt.begin.seed, options.speech);
      break;
  }
  return all_read ? kSuccess : kReaderLeft;
}

void print_info(const std::string& file) {
  const WeightFile weights = load_weights(file);
  const GptConfig& c = weights.config;
  say("{}: {} parameters in {}, {} characters\n", printable(file), with_commas(parameter_count(c)),
      weights.type == NumberType::f64 ? "f64" : "f32", weights.vocabulary.size());
  const std::optional<TrainingNotes> notes = notes_of(weights);
  say("{}\n", notes ? describe(notes->genome) : architecture(genome_of(c)));
  if (weights.seed) say("seed        {}\n", *weights.seed);
  if (!notes) return;
  say("dataset     {}, SHA-256 {}\n", printable(notes->dataset_name), printable(notes->dataset));
  say("training    replicate {}, by version {}\n", notes->replicate, printable(notes->version));
  say("losses      validation {:.4f}, test {:.4f}, in nats per token\n", notes->validation_loss,
      notes->test_loss);
}

}  // namespace

}  // namespace microgpt::apps

int main(int argc, char** argv) {
  using namespace microgpt::apps;
  return run_tool("creature", [&] {
    Options options;
    CLI::App app("One organism: reads its DNA, trains, and speaks.", "creature");
    configure_parser(app);
    add_options(app, options);
    if (!parse(app, {argv + 1, argv + argc}, true)) return int{kSuccess};
    require_no_contradiction(app);
    options.input_given = app.count("--input") > 0;
    options.speech.sampling.temperature = options.common.temperature;
    if (options.info) return print_info(*options.info), int{kSuccess};
    return live(options, app);
  });
}
