// The end of a search: its champion, what is said of it, and the files that it leaves.
#include <algorithm>
#include <utility>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/genome/own_space.hpp"
#include "microgpt/report/text_report.hpp"
#include "microgpt/run/genome_file.hpp"
#include "microgpt/run/training_notes.hpp"
#include "search.hpp"
#include "standard_streams.hpp"

namespace microgpt::apps {

std::string Search::weights_of_champion(std::span<const Finalist> finalists, Evaluator& trains) {
  if (setup_.problem.command) return "";
  const Organism& champion = champion_of(recorder_.history(), finalists);
  if (champion.evaluation->failed()) return "";
  Task task = task_of(champion);
  Evaluation expected = *champion.evaluation;
  const auto loss = [](const Evaluation& e) { return e.failed() ? kMaxLoss : e.loss; };
  if (!finalists.empty() && !finalists.front().failed()) {
    const std::vector<Evaluation>& all = finalists.front().replicates;
    const auto best = std::ranges::min_element(all, {}, loss);
    task.replicate = static_cast<std::uint32_t>(best - all.begin() + 1);
    expected = *best;
  }
  Evaluation again = expected;
  if (again.weights.empty()) {  // its result was known from a journal or a cache
    task.keeps_weights = true;
    trains.submit(std::span(&task, 1));
    again = trains.wait().evaluation;
  }
  try {
    require(!again.failed(), "{}", again.failure);
    require(again.loss == expected.loss, "its loss is {} now, but it was {}", again.loss,
            expected.loss);
    WeightFile file = parse_weights("the champion", again.weights);
    const RunSettings& s = setup_.settings;
    put_notes(file, {.genome = champion.genome,
                     .replicate = task.replicate,
                     .dataset = s.dataset,
                     .dataset_name = s.input,
                     .documents = s.documents.value_or(DocumentKind::lines),
                     .tokenizer = s.tokenizer,
                     .split_seed = s.split_seed,
                     .version = s.version,
                     .validation_loss = again.loss,
                     .test_loss = again.test_loss.value_or(0)});
    return to_bytes(file);
  } catch (const Error& error) {
    log_.warning("the weights of the champion are not kept: {}", error.what());
    return "";
  }
}

/// A champion at the edge of the space might have been better beyond it.
void Search::say_where_it_is_limited(std::uint64_t id) {
  constexpr double kNearly = 0.95;
  // As it was in the search: finals may train longer.
  const Organism& champion = *std::ranges::find(recorder_.history(), id, &Organism::id);
  std::vector<std::string> limits = at_edges(champion.genome, setup_.space);
  const double most = setup_.space.max_training_flops;
  if (most > 0 && champion.flops >= kNearly * most) {
    limits.push_back(fmt::format("{:.3g} FLOPs a training", champion.flops));
  }
  if (limits.empty()) return;
  log_.report(fmt::format(
      "\nThe champion is at the edge of the search space: {}.\nA wider one (--space FILE{}){} may "
      "hold a better one.\n",
      fmt::join(limits, ", "), setup_.problem.command ? "" : ", for example data/spaces/wide.json",
      setup_.problem.objective == Objective::loss ? " or more --effort" : ""));
}

/// What lets the champion speak.
std::string Search::next_command() const {
  if (options_.genome_out == "genome.json" && options_.experiments == "experiments" &&
      options_.folder.empty()) {
    return "creature";
  }
  return fmt::format("creature --load {}",
                     (setup_.folder->path() / "champion.safetensors").string());
}

namespace {

/// Why the first of the finalists failed.
std::string failure_of(const Finalist& finalist) {
  for (const Evaluation& e : finalist.replicates) {
    if (e.failed()) return e.failure;
  }
  return "";
}

}  // namespace

void Search::require_champion(std::span<const Finalist> finalists) {
  const Organism& champion = champion_of(recorder_.history(), finalists);
  const bool finals_failed = !finalists.empty() && finalists.front().failed();
  if (!champion.evaluation->failed() && !finals_failed) return;
  recorder_.write_page(RunState::failed);
  require(!champion.evaluation->failed(),
          "every training failed, the last one because {}; {} is unchanged",
          champion.evaluation->failure, options_.genome_out);
  fail("every finalist failed when retrained, the first one because {}; {} is unchanged",
       failure_of(finalists.front()), options_.genome_out);
}

/// A champion of another dataset or command, or of another fitness, is not lost when this one takes
/// its place.
void Search::keep_other_champion() {
  const std::filesystem::path file = options_.genome_out;
  if (!is_there(file) || !makes_a_file(file)) return;
  try {
    const std::string content = read_regular_file(file, kLargestJson);
    const std::string other = kind_of_genome(file.string(), content);
    if (other.empty() || other == kind_of_genome(setup_.settings)) return;
    std::string kept = file.string() + ".old";
    for (int number = 2; is_there(kept) && read_regular_file(kept, kLargestJson) != content;
         ++number) {
      kept = fmt::format("{}.old{}", file.string(), number);
    }
    write_file_atomically(kept, content);
    log_.report(fmt::format("\n{} was evolved for {}; it is {} now\n", file.string(),
                            printable(other), kept));
  } catch (const Error& error) {
    log_.warning("what {} was is not kept: {}", file.string(), error.what());
  }
}

void Search::conclude(std::span<const Finalist> finalists, std::span<const Ablation> ablations,
                      const std::string& weights, std::size_t saved) {
  const std::span<const Organism> history = recorder_.history();
  const ReportSequence& sequence = recorder_.sequence();
  log_notices();
  recorder_.write_tables(finalists, ablations);
  if (sequence.space_exhausted()) {
    log_.info("the search space is exhausted: no new genome was found for a whole generation");
  }
  log_.report("\n" + final_report(history, finalists, setup_.settings));
  if (!ablations.empty()) {
    log_.report("\n" + ablation_report(finalists.front().organism.genome, ablations,
                                       setup_.problem.objective));
  }
  require_champion(finalists);
  say_where_it_is_limited(champion_of(history, finalists).id);
  const std::string genome =
      genome_json_of(champion_of(history, finalists), finalists, setup_.settings);
  keep_other_champion();
  const OpenPipe reader(options_.genome_out);  // who has not left meanwhile
  write_file_atomically(options_.genome_out, genome);
  if (!weights.empty()) setup_.folder->write("champion.safetensors", weights);
  recorder_.write_page(RunState::finished);
  // Last: whoever watches the folder knows by this file that all is done.
  setup_.folder->write("genome.json", genome);
  if (options_.ask_tell) {
    say("{}\n", evolution::best_json(champion_of(history, finalists),
                                     genome::own_space_of(setup_.space.genes())->measure));
  }
  const bool is_command = setup_.problem.command.has_value();
  log_.report(fmt::format(
      "\ntrainings  {:.3g} {} in the search; {} skipped (result already known)\n"
      "genome     {}{}\nreport     {}\n",
      sequence.flops(), is_command ? "trials" : "FLOPs", sequence.saved() + saved,
      options_.genome_out, is_command ? "" : fmt::format("  (now run: {})", next_command()),
      (setup_.folder->path() / "report.html").string()));
}

}  // namespace microgpt::apps
