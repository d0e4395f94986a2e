#include "creature/learning.hpp"

#include <iterator>
#include <utility>

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/evolution/creature.hpp"
#include "microgpt/genome/gpt_genome.hpp"
#include "microgpt/model/c_source.hpp"
#include "microgpt/report/page.hpp"
#include "microgpt/run/tables.hpp"
#include "training_view.hpp"

namespace microgpt::apps {

namespace {

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

void introduce(const CreatureOptions& options, const Beginning& begin) {
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

void describe_data(const CreatureOptions& options, const Beginning& begin, const Dataset& data) {
  say("{}: {}\n", printable(options.common.input), summary_of(data));
  if (begin.dna && !begin.dna->dataset.empty() && begin.dna->dataset != data.checksum) {
    say("note: the genome was evolved on another dataset, so its loss is not comparable\n");
  }
  if (!options.load) return;
  const std::uint64_t own = begin.weights->seed.value_or(begin.seed);
  const std::uint64_t split = begin.notes ? begin.notes->split_seed.value_or(own) : own;
  if (split != data.split_seed) {
    say("note: trained with seed {}, so some documents held out here may have been in its training "
        "set\n",
        split);
  }
}

/// Trains to the end.
Training train(Creature& creature, const CreatureOptions& options, const Genome& genome,
               bool talks) {
  std::string trace = "step,document,loss\n";
  const GptGenome dna = gpt_genome(genome);
  TrainingView view(dna.steps, dna.batch, !talks);
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

NumberType number_type(Precision precision) {
  return precision == Precision::f64 ? NumberType::f64 : NumberType::f32;
}

/// Throws Error if the dataset has other tokens than the model.
void require_vocabulary(const Beginning& begin, const Dataset& data) {
  try {
    require_same_vocabulary(begin.weights->vocabulary, data.vocabulary);
  } catch (const Error& error) {
    fail("{}: {}", begin.weights_file, error.what());
  }
}

/// Weights of bytes and byte pairs read any text that their tokens know. (Those of characters are
/// for texts of the same characters.)
Dataset data_for(const Beginning& begin) {
  const Vocabulary* given = begin.weights ? &begin.weights->vocabulary : nullptr;
  const bool fits = given && given->kind() != TokenKind::characters &&
                    begin.common.tokens.value_or(Tokenizer{}).kind == given->kind();
  return load_dataset(begin.common, begin.seed, fits ? given : nullptr);
}

/// The contents of the files that are asked for.
void make_files(Learnt& learnt, const CreatureOptions& options, const WeightFile& weights) {
  if (options.save || options.page) learnt.weights = to_bytes(weights);
  if (options.page) learnt.page = speaker_page(*learnt.weights);
  if (options.export_c) learnt.c_source = c_source(weights);
}

/// Finds out what is to be judged. Throws Error if the model does not know a part of it.
void prepare_speech(Learnt& learnt, const CreatureOptions& options, const Vocabulary& vocabulary) {
  require_known(vocabulary, options.speech);
  learnt.judged = documents_to_judge(options.speech, vocabulary, learnt.kind);
}

/// With weights that are there.
Learnt recall(const CreatureOptions& options, Beginning begin, bool talks) {
  Learnt learnt;
  const bool needs_data = options.input_given || options.speech.is_fresh || !begin.notes;
  if (needs_data) {
    learnt.data = data_for(begin);
    require_vocabulary(begin, *learnt.data);
  }
  learnt.kind =
      learnt.data ? learnt.data->kind : begin.common.documents.value_or(DocumentKind::lines);
  prepare_speech(learnt, options, begin.weights->vocabulary);
  if (talks) {
    introduce(options, begin);
    describe_size(begin, begin.weights->config.n_vocab);
    if (learnt.data) describe_data(options, begin, *learnt.data);
  }
  begin.weights->type = number_type(begin.precision);
  learnt.model = std::make_unique<LanguageModel>(*begin.weights, begin.weights->type);
  make_files(learnt, options, *begin.weights);
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
Learnt learn(const CreatureOptions& options, Beginning begin, bool talks) {
  Learnt learnt;
  learnt.data = data_for(begin);
  learnt.kind = learnt.data->kind;
  prepare_speech(learnt, options, learnt.data->vocabulary);
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
  put_notes(weights, {.genome = begin.genome,
                      .replicate = options.replicate,
                      .dataset = learnt.data->checksum,
                      .dataset_name = dataset_name(options.common),
                      .documents = learnt.data->kind,
                      .tokenizer = to_text(learnt.data->tokenizer),
                      .split_seed = begin.common.split_seed,
                      .version = std::string(version()),
                      .validation_loss = *learnt.validation_loss,
                      .test_loss = *learnt.test_loss});
  make_files(learnt, options, weights);
  learnt.begin = std::move(begin);
  return learnt;
}

}  // namespace

Learnt learnt_by(const CreatureOptions& options, Beginning begin, bool talks) {
  return begin.is_trained(options) ? recall(options, std::move(begin), talks)
                                   : learn(options, std::move(begin), talks);
}

}  // namespace microgpt::apps
