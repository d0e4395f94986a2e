#include "recorder.hpp"

#include <exception>
#include <utility>

#include "microgpt/core/clock.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/report/page.hpp"
#include "microgpt/run/settings.hpp"
#include "microgpt/run/tables.hpp"

namespace microgpt::apps {

Recorder::Recorder(const SearchOptions& options, const SearchSetup& setup, RunView& view)
    : options_(options),
      problem_(setup.problem),
      folder_(*setup.folder),
      view_(view),
      files_(folder_,
             [&](std::string_view why) {
               view_.log().warning("{}; the run continues without it", why);
             }),
      sequence_(options.evolution.islands),
      last_record_(options.evolution.islands, seconds_since_1970()) {
  // Left by an earlier stop or end of the resumed run.
  for (const char* file : {"stopped", "genome.json", "report.html", "replicates.csv",
                           "ablations.csv", "pareto.csv", "champion.safetensors"}) {
    folder_.remove(file);
  }
  files_.write("settings.json", to_json(setup.settings));
  files_.write("space.json", to_json(setup.space));
  files_.write("organisms.csv", organisms_header());
  files_.write("generations.csv", generations_header());
  files_.write("names.csv", names_header());
  files_.write("timings.csv", timings_header());
}

void Recorder::add(const GenerationReport& report) {
  add_trials(report.trials);
  sequence_.add(report);
  while (const auto members = sequence_.next()) record(*members);
}

void Recorder::add(const Trial& trial) { add_trials(std::span(&trial, 1)); }

void Recorder::add_trials(std::span<const Trial> trials) {
  files_.append("timings.csv", timings_csv(trials));
  for (const Trial& trial : trials) {
    work_.add(trial);
    view_.result(trial);  // those of other coordinators have not been seen before
  }
}

void Recorder::record(std::span<const Organism> members) {
  files_.append("organisms.csv",
                organisms_csv(members, problem_.precision, problem_.dataset.vocabulary.size()));
  files_.append("generations.csv", generations_csv(members));
  files_.append("names.csv", names_csv(members));
  const double now = seconds_since_1970();
  view_.generation(members, now - std::exchange(last_record_[members.front().island], now));
  history_.insert(history_.end(), members.begin(), members.end());
}

void Recorder::write_tables(std::span<const Finalist> finalists,
                            std::span<const Ablation> ablations) {
  const std::size_t vocabulary = problem_.dataset.vocabulary.size();
  files_.write("pareto.csv", pareto_csv(history_, vocabulary));
  if (!finalists.empty()) {
    files_.write("replicates.csv", replicates_csv(finalists));
    files_.write("organisms.csv", organisms_header() + organisms_csv(history_, problem_.precision,
                                                                     vocabulary, finalists));
  }
  if (!ablations.empty()) files_.write("ablations.csv", ablations_csv(ablations));
  retry();
}

void Recorder::retry() {
  for (const std::string& file : files_.retry()) {
    view_.log().info("{}: has now been written completely", file);
  }
}

void Recorder::write_page(RunState state) {
  try {
    write_report(folder_.path(), state);
  } catch (const std::exception& error) {
    view_.log().warning("report.html is not written: {}", error.what());
  }
}

void Recorder::write_stopped(int exit_code) {
  retry();
  write_page(RunState::stopped);
  files_.write("stopped", fmt::format("{}\n", exit_code));
}

}  // namespace microgpt::apps
