// One organism: reads its genome, trains and speaks; or speaks with weights that are there.
#include <optional>
#include <unordered_set>
#include <utility>

#include "command_line.hpp"
#include "creature/learning.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/genes.hpp"
#include "microgpt/report/text_report.hpp"
#include "microgpt/run/creature_json.hpp"
#include "microgpt/training/baselines.hpp"

namespace microgpt::apps {

namespace {

void print_losses(const Dataset& data, double validation, double test) {
  say("\n{:<28} {:>10} {:>10}\n", "held-out loss (nats/token)", "validation", "test");
  const double uniform = uniform_loss(data.vocabulary);
  const NgramBaseline ngrams = ngram_baseline(data);
  say("{:<28} {:>10.4f} {:>10.4f}\n", "  this creature", validation, test);
  say("{:<28} {:>10.4f} {:>10.4f}\n", fmt::format("  an n-gram model, order {}", ngrams.order),
      ngrams.validation, ngrams.test);
  const double bigram = bigram_loss(data, data.test);
  say("{:<28} {:>10.4f} {:>10.4f}\n", "  a bigram model", bigram_loss(data, data.validation),
      bigram);
  say("{:<28} {:>10.4f} {:>10.4f}\n", "  knowing nothing", uniform, uniform);
  const std::string words = verdict(test, {.ngram = ngrams.test, .bigram = bigram});
  if (!words.empty()) say("{}\n", words);
  say("\n");
}

/// The losses that the weights bring along.
void print_noted_losses(const TrainingNotes& notes) {
  say("\nlosses in nats/token on {}: validation {:.4f}, test {:.4f}\n\n",
      printable(notes.dataset_name), notes.validation_loss, notes.test_loss);
}

/// All documents of a dataset.
std::unordered_set<std::string> documents_of(const Dataset& data) {
  std::unordered_set<std::string> known;
  for (const Documents* part : {&data.training, &data.validation, &data.test}) {
    for (std::size_t i = 0; i < part->size(); ++i) {
      known.insert(data.vocabulary.decode((*part)[i]));
    }
  }
  return known;
}

CreatureReport report_of(const CreatureOptions& options, const Learnt& learnt,
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
    say("{:>4}. {}\n", i + 1, printable_line(documents[i]));
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

Output output_of(const CreatureOptions& options) {
  if (options.speech.score) return Output::scores;
  if (options.speech.interactive) return Output::continuations;
  if (options.speech.lines) return Output::documents;
  if (options.json) return Output::json;
  return options.silent ? Output::last_line : Output::report;
}

bool write_files(const CreatureOptions& options, Learnt& learnt) {
  OutputFiles files;
  if (options.save) files.add(*options.save, std::move(*learnt.weights));
  if (learnt.c_source) files.add(*options.export_c, std::move(*learnt.c_source));
  if (learnt.page) files.add(*options.page, std::move(*learnt.page));
  if (learnt.initial) files.add(*options.save_init, std::move(*learnt.initial));
  if (options.trace) files.add(*options.trace, std::move(learnt.training.trace));
  return files.commit();
}

int live(const CreatureOptions& options) {
  const Output output = output_of(options);
  const bool talks = output == Output::report;
  Learnt learnt = learnt_by(options, beginning_of(options), talks);
  const SpeechOptions& speech = options.speech;
  std::vector<std::string> documents;
  if (talks || output == Output::json || output == Output::documents) {
    std::unordered_set<std::string> known;
    if (speech.is_fresh) known = documents_of(*learnt.data);
    documents = speak(*learnt.model, learnt.begin.seed, speech, std::move(known));
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
      // One line each, and paragraphs with an empty line between them.
      for (const std::string& text : documents) {
        say("{}{}\n", printable(text), learnt.kind == DocumentKind::lines ? "" : "\n");
      }
      break;
    case Output::scores:
      print_scores(*learnt.model, learnt.judged, learnt.kind != DocumentKind::stream, options.json);
      break;
    case Output::continuations:
      converse(*learnt.model, learnt.begin.seed, speech);
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
  say("dataset     {}, {}, SHA-256 {}\n", printable(notes->dataset_name), name(notes->documents),
      printable(notes->dataset));
  say("training    replicate {}, by version {}\n", notes->replicate, printable(notes->version));
  say("losses      validation {:.4f}, test {:.4f}, in nats per token\n", notes->validation_loss,
      notes->test_loss);
}

}  // namespace

}  // namespace microgpt::apps

int main(int argc, char** argv) {
  using namespace microgpt::apps;
  return run_tool("creature", [&] {
    CreatureOptions options;
    if (!read_options({argv + 1, argv + argc}, options)) return int{kSuccess};
    if (options.info) return print_info(*options.info), int{kSuccess};
    return live(options);
  });
}
