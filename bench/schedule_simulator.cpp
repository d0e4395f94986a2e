// The utilisation of a cluster of any size: the real Evolution, with the costs of real genomes, on
// a simulated cluster. Tasks are sent as DynamicEvaluator sends them: by priority, to free workers.
//
// usage: schedule_simulator [--workers N]... prints a line for each number of workers.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <queue>

#include "microgpt/core/error.hpp"
#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/genome/cost.hpp"

namespace microgpt::bench {

using namespace evolution;
namespace {

struct Options {
  std::vector<std::size_t> workers = {1, 8, 64, 1024};
  std::string mode = "steady-state", strategy = "guided";
  double slots_per_worker = 2, organisms_per_worker = 100;
  double deviation = 0.1;   ///< of a training's time from its prediction, uniform
  double slow_share = 0;    ///< of the workers, at half speed
  double latency_us = 100;  ///< from a result to the next task
  double dispatch_us = 5;   ///< of rank 0's time for each task
  double nanoseconds_per_flop = 0.06;
  std::size_t population = 0;
  std::string names = "data/names.txt";
  double breed_us = -1;  ///< of rank 0's time for each birth; negative: as long as it takes here
  std::size_t islands = 1, migration_interval = 5;
  std::uint64_t seed = 1;
};

/// A smooth substitute for the loss, which is not simulated, to guide breeding.
Evaluation pretended(const Genome& g) {
  Evaluation e;
  e.fitness = e.loss = 2.3 + 20.0 / g["steps"] + 0.5 * g["lr"] + 1.0 / (g["n_emb"] * g["n_emb"]) +
                       0.01 * g["n_layer"];
  return e;
}

/// One island and its workers. Time is that of the simulated cluster.
class Cluster {
 public:
  Cluster(const Options& options, std::size_t workers, const EvolutionConfig& config,
          const Dataset& dataset)
      : options_(options),
        workers_(workers),
        evolution_(config, {}, CostModel(dataset)),
        rng_(options.seed, Stream::names, workers + config.island) {
    for (std::size_t w = workers; w-- > 0;) idle_.push_back(w);
  }

  /// Runs until the search is finished or has to wait for a migrant. `next` is the next island on
  /// the ring. Returns false if nothing could be done.
  bool run(Cluster& next) {
    bool moved = false;
    while (!evolution_.finished()) {
      if (evolution_.migration_due()) migrate(next);
      breed();
      hand_out();
      if (running_.empty()) return moved;
      finish_one();
      moved = true;
    }
    return moved;
  }

  bool finished() const { return evolution_.finished(); }
  const Evolution& evolution() const { return evolution_; }
  double seconds() const { return now_; }
  double busy_seconds() const { return busy_; }
  double coordinator_seconds() const { return dispatching_ + breeding_; }
  double measured_breeding_seconds() const { return measured_breeding_; }

 private:
  struct Running {
    double until;
    std::uint64_t id;
    std::size_t worker;
    auto operator<=>(const Running&) const = default;
  };

  void migrate(Cluster& next) {
    if (!emigrated_) next.arrivals_.push_back({now_, evolution_.emigrant()});
    emigrated_ = arrivals_.empty();
    if (arrivals_.empty()) return;
    now_ = std::max(now_, arrivals_.front().when + options_.latency_us * 1e-6);
    evolution_.immigrate(arrivals_.front().organism);
    arrivals_.pop_front();
  }

  void breed() {
    const auto begin = std::chrono::steady_clock::now();
    const std::vector<Organism> born = evolution_.ask();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    measured_breeding_ += took.count();
    const double seconds = options_.breed_us < 0
                               ? took.count()
                               : static_cast<double>(born.size()) * options_.breed_us * 1e-6;
    free_again_ = std::max(free_again_, now_) + seconds;
    breeding_ += seconds;
    for (const Organism& o : born) waiting_.emplace(-priority_of(o), std::pair(o.id, o.flops));
  }

  void finish_one() {
    const Running next = running_.top();
    running_.pop();
    now_ = std::max(now_, next.until);
    idle_.push_back(next.worker);
    const Genome& genome = evolution_.history()[next.id / evolution_.config().islands].genome;
    evolution_.tell(std::vector{Trial{.task = {.id = next.id}, .evaluation = pretended(genome)}});
  }

  void hand_out() {
    while (!waiting_.empty() && !idle_.empty()) {
      const std::size_t worker = idle_.back();
      idle_.pop_back();
      const auto [id, flops] = waiting_.begin()->second;
      waiting_.erase(waiting_.begin());
      const bool slow =
          static_cast<double>(worker) < options_.slow_share * static_cast<double>(workers_);
      const double seconds = flops * options_.nanoseconds_per_flop * 1e-9 * (slow ? 2 : 1) *
                             rng_.uniform(1 - options_.deviation, 1 + options_.deviation);
      // A coordinator sends one task after another.
      free_again_ = std::max(free_again_, now_) + options_.dispatch_us * 1e-6;
      dispatching_ += options_.dispatch_us * 1e-6;
      busy_ += seconds;
      running_.push({free_again_ + options_.latency_us * 1e-6 + seconds, id, worker});
    }
  }

  const Options& options_;
  std::size_t workers_;
  Evolution evolution_;
  Rng rng_;
  std::priority_queue<Running, std::vector<Running>, std::greater<>> running_;
  std::multimap<double, std::pair<std::uint64_t, double>> waiting_;  // id and FLOPs, by rank
  std::vector<std::size_t> idle_;
  struct Arrival {
    double when;
    std::optional<Organism> organism;
  };
  std::deque<Arrival> arrivals_;
  bool emigrated_ = false;
  double now_ = 0, busy_ = 0, dispatching_ = 0, breeding_ = 0, free_again_ = 0;
  double measured_breeding_ = 0;  // on this machine
};

/// The settings of each island of `workers` workers.
EvolutionConfig config_of(const Options& options, std::size_t workers) {
  const bool generational = options.mode == "generational";
  const std::size_t population = options.population > 0 ? options.population
                                 : generational         ? 8 * workers
                                                        : 64;
  const double organisms = options.organisms_per_worker * static_cast<double>(workers);
  return {
      .mode = from_name<Mode>(options.mode),
      .slots = static_cast<std::size_t>(options.slots_per_worker * static_cast<double>(workers)),
      .strategy = from_name<StrategyKind>(options.strategy),
      .population = population,
      .generations =
          static_cast<std::size_t>(std::max(1.0, organisms / static_cast<double>(population))),
      .immigrants = population / 4,
      .tournament = std::min<std::size_t>(3, population),
      .seed = options.seed,
      .islands = options.islands,
      .migration_interval = options.migration_interval};
}

/// The mean cost of all organisms relative to the first ones, which are drawn at random.
double bias(const Evolution& evolution) {
  const std::span<const Organism> history = evolution.history();
  const auto mean_flops = [](std::span<const Organism> organisms) {
    double sum = 0;
    for (const Organism& o : organisms) sum += o.flops;
    return sum / static_cast<double>(organisms.size());
  };
  return mean_flops(history) /
         mean_flops(history.first(std::min(history.size(), evolution.slots())));
}

void simulate(const Options& options, const Dataset& dataset, std::size_t workers) {
  EvolutionConfig config = config_of(options, workers / options.islands);
  std::deque<Cluster> clusters;
  for (config.island = 0; config.island < config.islands; ++config.island) {
    clusters.emplace_back(options, workers / options.islands, config, dataset);
  }
  const auto all_finished = [&] {
    return std::ranges::all_of(clusters, [](const Cluster& c) { return c.finished(); });
  };
  while (!all_finished()) {
    bool moved = false;
    for (std::size_t i = 0; i < clusters.size(); ++i) {
      moved |= clusters[i].run(clusters[(i + 1) % clusters.size()]);
    }
    require(moved, "nothing runs, but the search is not finished");
  }
  double seconds = 0, busy = 0, coordinating = 0, breeding = 0, organisms = 0;
  for (const Cluster& cluster : clusters) {
    seconds = std::max(seconds, cluster.seconds());
    busy += cluster.busy_seconds();
    coordinating = std::max(coordinating, cluster.coordinator_seconds());
    breeding += cluster.measured_breeding_seconds();
    organisms += static_cast<double>(cluster.evolution().history().size());
  }
  fmt::print(
      "{:>6} workers, {:>3} islands, {:>7} organisms, {:>6} slots, {}, {}: utilisation {:.3f}, "
      "{:.1f} s, coordinator busy {:.1f} %, mean cost {:.2f} times that of the first ones, "
      "breeding "
      "measured {:.1f} us an organism\n",
      workers, options.islands, organisms, config.slots * options.islands, options.mode,
      options.strategy, busy / (seconds * static_cast<double>(workers)), seconds,
      100 * coordinating / seconds, bias(clusters.front().evolution()), 1e6 * breeding / organisms);
  std::fflush(stdout);
}

}  // namespace
}  // namespace microgpt::bench

int main(int argc, char** argv) {
  using namespace microgpt::bench;
  Options options;
  CLI::App app("Simulates searches on clusters of any size.", "schedule_simulator");
  app.add_option("--workers", options.workers, "Numbers of workers")->capture_default_str();
  app.add_option("--mode", options.mode, "steady-state or generational")->capture_default_str();
  app.add_option("--strategy", options.strategy, "Strategy")->capture_default_str();
  app.add_option("--slots-per-worker", options.slots_per_worker,
                 "Slots of the steady state for each worker")
      ->capture_default_str();
  app.add_option("--population", options.population,
                 "Members of a generation (0: eight for each worker), or of the living in the "
                 "steady state (0: 64)");
  app.add_option("--organisms-per-worker", options.organisms_per_worker, "Length of the search")
      ->capture_default_str();
  app.add_option("--deviation", options.deviation, "Of times from their prediction")
      ->capture_default_str();
  app.add_option("--slow-share", options.slow_share, "Share of workers at half speed")
      ->capture_default_str();
  app.add_option("--latency-us", options.latency_us, "From a result to the next task")
      ->capture_default_str();
  app.add_option("--dispatch-us", options.dispatch_us, "A coordinator's time to send a task")
      ->capture_default_str();
  app.add_option("--breed-us", options.breed_us,
                 "A coordinator's time to breed an organism (default: as long as it takes here)");
  app.add_option("--islands", options.islands, "Islands, which share the workers evenly")
      ->capture_default_str();
  app.add_option("--migration-interval", options.migration_interval,
                 "Generations from one migration to the next")
      ->capture_default_str();
  app.add_option("--ns-per-flop", options.nanoseconds_per_flop, "Speed of a worker")
      ->capture_default_str();
  app.add_option("--names", options.names, "Dataset, for the costs")->capture_default_str();
  app.add_option("--seed", options.seed, "Of the search")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    const Dataset dataset = load_dataset(options.names, options.seed);
    for (const std::size_t workers : options.workers) simulate(options, dataset, workers);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "schedule_simulator: {}\n", error.what());
    return 2;
  }
}
