// How busy a cluster of any size would be: the real Evolution, with the costs of real genomes, on a
// simulated cluster. Tasks go out as DynamicEvaluator sends them: by rank, to whoever is free.
//
// usage: schedule_simulator [--workers N]... prints a line for each number of workers.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <queue>

#include "microgpt/core/error.hpp"
#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/genome/cost.hpp"

namespace microgpt {
namespace {

struct Options {
  std::vector<std::size_t> workers = {1, 8, 64, 1024};
  std::string mode = "steady-state", strategy = "classic";
  double slots_per_worker = 2, organisms_per_worker = 100;
  double deviation = 0.1;   ///< of a training's time from its prediction, uniform
  double slow_share = 0;    ///< of the workers, at half speed
  double latency_us = 100;  ///< from a result to the next task
  double dispatch_us = 5;   ///< of rank 0's time for each task
  double nanoseconds_per_flop = 0.06;
  std::size_t population = 0;
  std::string names = "data/names.txt";
  std::uint64_t seed = 1;
};

/// Loss is not what is simulated: something smooth, so that breeding has something to go by.
Evaluation pretended(const Genome& g) {
  Evaluation e;
  e.fitness = e.loss =
      2.3 + 20.0 / g.steps + 0.5 * g.lr + 1.0 / (g.n_emb * g.n_emb) + 0.01 * g.n_layer;
  return e;
}

class Cluster {
 public:
  Cluster(const Options& options, std::size_t workers, Evolution& evolution)
      : options_(options),
        workers_(workers),
        evolution_(evolution),
        rng_(options.seed, Stream::names, workers) {
    for (std::size_t w = workers; w-- > 0;) idle_.push_back(w);
  }

  void run() {
    while (!evolution_.finished()) {
      enqueue(evolution_.ask());
      hand_out();
      require(!running_.empty(), "nothing runs, but the search is not finished");
      const Running next = running_.top();
      running_.pop();
      now_ = std::max(now_, next.until);
      idle_.push_back(next.worker);
      const Genome& genome = evolution_.history()[next.id].genome;
      evolution_.tell(
          std::vector{Result{.id = next.id, .replicate = 0, .evaluation = pretended(genome)}});
    }
  }

  double seconds() const { return now_; }
  double utilisation() const { return busy_ / (now_ * static_cast<double>(workers_)); }
  double rank_0_share() const { return dispatching_ / now_; }

 private:
  struct Running {
    double until;
    std::uint64_t id;
    std::size_t worker;
    auto operator<=>(const Running&) const = default;
  };

  void enqueue(const std::vector<Organism>& born) {
    for (const Organism& o : born) waiting_.emplace(rank_of(o), std::pair(o.id, o.flops));
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
      // Rank 0 sends one task after another.
      free_again_ = std::max(free_again_, now_) + options_.dispatch_us * 1e-6;
      dispatching_ += options_.dispatch_us * 1e-6;
      busy_ += seconds;
      running_.push({free_again_ + options_.latency_us * 1e-6 + seconds, id, worker});
    }
  }

  const Options& options_;
  std::size_t workers_;
  Evolution& evolution_;
  Rng rng_;
  std::priority_queue<Running, std::vector<Running>, std::greater<>> running_;
  std::multimap<double, std::pair<std::uint64_t, double>> waiting_;  // id and FLOPs, by rank
  std::vector<std::size_t> idle_;
  double now_ = 0, busy_ = 0, dispatching_ = 0, free_again_ = 0;
};

void simulate(const Options& options, const Dataset& dataset, std::size_t workers) {
  const double organisms = options.organisms_per_worker * static_cast<double>(workers);
  const bool generational = options.mode == "generational";
  const std::size_t population = options.population > 0 ? options.population
                                 : generational         ? 8 * workers
                                                        : 64;
  const auto generations =
      static_cast<std::size_t>(std::max(1.0, organisms / static_cast<double>(population)));
  const EvolutionConfig config = {
      .mode = mode_from(options.mode),
      .slots = static_cast<std::size_t>(options.slots_per_worker * static_cast<double>(workers)),
      .strategy = strategy_from(options.strategy),
      .population = population,
      .generations = generations,
      .immigrants = population / 4,
      .tournament = std::min<std::size_t>(3, population),
      .seed = options.seed};
  Evolution evolution(config, {}, [&](const Genome& g) { return training_flops(g, dataset); });
  Cluster cluster(options, workers, evolution);
  cluster.run();
  double flops = 0, first = 0;
  const std::size_t sample = std::min<std::size_t>(evolution.history().size(), config.slots);
  for (const Organism& o : evolution.history()) flops += o.flops;
  for (std::size_t i = 0; i < sample; ++i) first += evolution.history()[i].flops;
  fmt::print(
      "{:>7} workers, {:>7} organisms, {:>6} slots, {}: utilisation {:.3f}, {:.1f} s, rank 0 "
      "busy {:.1f} %, mean cost {:.2f} times that of the first ones\n",
      workers, evolution.history().size(), config.slots, options.mode, cluster.utilisation(),
      cluster.seconds(), 100 * cluster.rank_0_share(),
      flops / static_cast<double>(evolution.history().size()) /
          (first / static_cast<double>(sample)));
  std::fflush(stdout);
}

}  // namespace
}  // namespace microgpt

int main(int argc, char** argv) {
  using namespace microgpt;
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
  app.add_option("--dispatch-us", options.dispatch_us, "Rank 0's time for each task")
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
