// One organism: reads its genome, trains and speaks; or speaks with weights that are there.
#include <numbers>
#include <optional>
#include <unordered_set>
#include <utility>

#include "command_line.hpp"
#include "creature/learning.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/gpt_genome.hpp"
#include "microgpt/report/text_report.hpp"
#include "microgpt/run/creature_json.hpp"
#include "microgpt/training/baselines.hpp"

namespace microgpt::apps {

namespace {

/// Bytes of the texts, and one for each end.
std::size_t bytes_of(const Documents& documents, const Vocabulary& vocabulary) {
  std::size_t bytes = documents.prediction_count();
  for (const Token token : documents.all()) {
    if (token != vocabulary.delimiter()) bytes += vocabulary.text(token).size() - 1;
  }
  return bytes;
}

void print_losses(const Dataset& data, double validation, double test) {
  const TokenKind kind = data.vocabulary.kind();
  const auto row = [](const std::string& label, double of_validation, double of_test) {
    say("{:<32} {:>10.4f} {:>10.4f}\n", label, of_validation, of_test);
  };
  // In another unit: what its number is in each part.
  const auto other = [&](std::string_view unit, double factor, const auto& count) {
    const auto of = [&](double loss, const Documents& part) {
      return loss * factor * static_cast<double>(part.length()) / static_cast<double>(count(part));
    };
    row(fmt::format("  this creature, {}", unit), of(validation, data.validation),
        of(test, data.test));
  };
  const Baselines baselines = baselines_of(data);
  const NgramBaseline& ngram = baselines.ngram;
  say("\n{:<32} {:>10} {:>10}\n", fmt::format("held-out loss (nats/{})", unit_of(kind)),
      "validation", "test");
  row("  this creature", validation, test);
  row(fmt::format("  an n-gram model, order {}", ngram.order), ngram.validation, ngram.test);
  row("  a bigram model", baselines.bigram_validation, baselines.bigram_test);
  row("  knowing nothing", baselines.uniform, baselines.uniform);
  if (kind == TokenKind::bpe) {
    other("nats/token", 1, [](const Documents& part) { return part.prediction_count(); });
  }
  other("bits/byte", 1 / std::numbers::ln2,
        [&](const Documents& part) { return bytes_of(part, data.vocabulary); });
  const std::string words = verdict(test, {.ngram = ngram.test, .bigram = baselines.bigram_test});
  if (!words.empty()) say("{}\n", words);
  say("\n");
}

/// The losses that the weights bring along.
void print_noted_losses(const TrainingNotes& notes, TokenKind kind) {
  say("\nlosses in nats/{} on {}: validation {:.4f}, test {:.4f}\n\n", unit_of(kind),
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
    print_noted_losses(*learnt.begin.notes, learnt.model->vocabulary().kind());
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
  say("{}: {} parameters in {}, {}\n", printable(file), with_commas(parameter_count(c)),
      weights.type == NumberType::f64 ? "f64" : "f32", summary_of(weights.vocabulary));
  const std::optional<TrainingNotes> notes = notes_of(weights);
  say("{}\n", notes ? describe(notes->genome) : architecture(genome_of(c)));
  if (weights.seed) say("seed        {}\n", *weights.seed);
  if (!notes) return;
  say("dataset     {}, {}, SHA-256 {}\n", printable(notes->dataset_name), name(notes->documents),
      printable(notes->dataset));
  say("training    replicate {}, by version {}\n", notes->replicate, printable(notes->version));
  say("losses      validation {:.4f}, test {:.4f}, in nats per {}\n", notes->validation_loss,
      notes->test_loss, unit_of(weights.vocabulary.kind()));
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
