#include "microgpt/report/run_record.hpp"

#include <algorithm>
#include <map>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/genome/own_space.hpp"
#include "microgpt/report/run_figures.hpp"
#include "microgpt/run/genome_file.hpp"
#include "microgpt/run/tables.hpp"

namespace microgpt::report {

const Organism* RunRecord::champion() const {
  if (organisms.empty()) return nullptr;
  const Organism& best = champion_of(organisms, finalists);
  return best.evaluation->failed() ? nullptr : &best;
}

const Organism* RunRecord::find(std::uint64_t id) const {
  const auto found = std::ranges::find(organisms, id, &Organism::id);
  return found == organisms.end() ? nullptr : &*found;
}

namespace {

/// The finalists are the best organisms; their replicates are in a separate file.
std::vector<Finalist> load_finalists(const RunRecord& run) {
  const std::filesystem::path file = run.folder / "replicates.csv";
  if (!is_there(file)) return {};
  const std::vector<Trial> trials = read_replicates_csv(file);
  try {
    const RunSettings& s = run.settings;
    Finals finals(finalists_of(run.organisms, s.evolution.goal, s.finalists, s.tokens),
                  s.replicates, s.final_steps, s.text);
    finals.tell(trials);
    return {finals.ranking().begin(), finals.ranking().end()};
  } catch (const Error& error) {
    fail("{}: {}", file.string(), error.what());
  }
}

std::vector<Ablation> load_ablations(const RunRecord& run) {
  const std::filesystem::path file = run.folder / "ablations.csv";
  if (!is_there(file) || run.finalists.empty()) return {};
  return read_ablations_csv(file, run.finalists.front());
}

void add_names(RunRecord& run) {
  std::map<std::uint64_t, std::vector<std::string>> names;
  for (GeneratedName& generated : read_names_csv(run.folder / "names.csv")) {
    names[generated.id].push_back(std::move(generated.name));
  }
  for (Organism& organism : run.organisms) {
    const auto found = names.find(organism.id);
    if (found != names.end()) organism.evaluation->names = found->second;
  }
}

/// A page with more would be slow to open.
std::string load_small_weights(const std::filesystem::path& file) {
  constexpr std::uintmax_t kLargest = 300'000;
  std::error_code failure;
  const std::uintmax_t size = std::filesystem::file_size(file, failure);
  return failure || size > kLargest ? "" : read_file(file);
}

RunState state_of(const std::filesystem::path& folder) {
  if (is_there(folder / "genome.json")) return RunState::finished;
  return is_there(folder / "stopped") ? RunState::stopped : RunState::unfinished;
}

/// Whether the run ended (which writes the Pareto fronts) without a champion.
bool has_failed(const RunRecord& run) {
  const bool no_champion =
      !run.champion() || (!run.finalists.empty() && run.finalists.front().failed());
  return run.state == RunState::unfinished && is_there(run.folder / "pareto.csv") &&
         !run.organisms.empty() && no_champion;
}

/// Without a last generation of which not everyone is there yet. That of a search which has ended
/// (which writes the Pareto fronts) is complete, even if the budget cut it short.
void drop_unfinished_generation(RunRecord& run) {
  if (run.state != RunState::unfinished || run.organisms.empty()) return;
  if (is_there(run.folder / "pareto.csv")) return;
  const std::size_t members = generations_of(run).back().size();
  if (members < run.settings.evolution.population) {
    run.organisms.resize(run.organisms.size() - members);
  }
}

}  // namespace

namespace {

/// The table of its space, or that of GPTs.
const GeneTable& genes_of_run(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "space.json";
  if (!is_there(file)) return genome::gpt_genes();
  return genome::genes_of_space(file.string(), read_regular_file(file, kLargestJson));
}

}  // namespace

RunRecord load_run(const std::filesystem::path& folder) {
  RunRecord run;
  // Canonical, so that a run has the same name when reached through a link.
  std::error_code failure;
  run.folder = std::filesystem::canonical(folder, failure);
  require(!failure, "{}: {}", folder.string(), failure.message());
  require(is_there(run.folder / "settings.json"),
          "{}: is not the folder of a run: there is no settings.json in it", folder.string());
  run.genes = &genes_of_run(run.folder);
  genome::use_genes(*run.genes);
  run.settings_json = read_regular_file(run.folder / "settings.json", kLargestJson);
  try {
    run.settings = settings_from_json(run.settings_json);
  } catch (const Error& error) {
    fail("{}: {}; this is version {}, and the run may be from another",
         (run.folder / "settings.json").string(), error.what(), version());
  }
  run.state = state_of(run.folder);  // first: its files are written last
  run.organisms = read_organisms_csv(run.folder / "organisms.csv");
  drop_unfinished_generation(run);
  run.trials = read_timings_csv(run.folder / "timings.csv");
  add_names(run);
  run.finalists = load_finalists(run);
  run.ablations = load_ablations(run);
  run.weights = load_small_weights(run.folder / "champion.safetensors");
  if (has_failed(run)) run.state = RunState::failed;
  return run;
}

std::string genome_json_of(const RunRecord& run, std::uint64_t id) {
  const Organism* organism = run.find(id);
  require(!run.organisms.empty(), "{}: there are no organisms yet", run.folder.string());
  require(organism != nullptr, "{}: there is no organism {}; the last one is {}",
          run.folder.string(), id, run.organisms.back().id);
  require(!organism->evaluation->failed(), "{}: organism {} has no loss: its training failed ({})",
          run.folder.string(), id, organism->evaluation->failure);
  return run::genome_json_of(*organism, run.finalists, run.settings);
}

}  // namespace microgpt::report
