// Which search strategy finds better organisms for the same compute?
//
// Every strategy searches with the same seeds (a seed is a split of the names, initial weights and
// random numbers of the search), with the same floating-point operations, and ends with the same
// finals. Its score is the loss on the test names, which influence no decision, of the genome that
// it returns, trained five more times with fresh initial weights and document order. Scores are
// compared seed by seed.
//
// usage: search_quality NAMES OUT [OPTIONS] writes OUT/runs.csv and OUT/anytime.csv, and prints the
// tables of docs/search-quality.md.
#include <CLI/CLI.hpp>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/training/baselines.hpp"
#include "statistics.hpp"

namespace microgpt::bench {

using namespace evolution;
namespace {

constexpr std::uint32_t kFirstFresh = 1000;  // replicates that no search uses

/// One way to search: the settings of an Evolution, and what differs from the space and problem
/// that all search.
struct Contestant {
  std::string name;
  EvolutionConfig config;
  Objective objective = Objective::loss;
  bool log_steps = false;      ///< draws steps from the whole range, on a logarithmic scale
  bool no_primordial = false;  ///< the space has not the primordial organism's n_emb
  enum class Earlier {
    none,
    same,      ///< a search with another seed, for the same budget
    opposite,  ///< that, with its worst said to be its best
  } earlier = Earlier::none;
};

/// A strategy with a number of births between two looks at the results.
EvolutionConfig in_batches(StrategyKind strategy, std::size_t batch) {
  return {.strategy = strategy, .population = batch, .elite = batch > 1 ? 1U : 0U};
}

/// With so many organisms in training at once.
EvolutionConfig asynchronous(StrategyKind strategy, std::size_t slots) {
  return {.mode = Mode::steady_state, .slots = slots, .strategy = strategy};
}

const std::vector<Contestant> kContestants = {
    {"random", in_batches(StrategyKind::random, 8)},
    {"random-log", in_batches(StrategyKind::random, 8), Objective::loss, true},
    {"classic", in_batches(StrategyKind::classic, 8)},
    {"classic-last-step", in_batches(StrategyKind::classic, 8), Objective::last_step},
    {"guided", in_batches(StrategyKind::guided, 8)},
    {"guided-alone", in_batches(StrategyKind::guided, 8), Objective::loss, false, true},
    {"guided-front", {.strategy = StrategyKind::guided, .goal = Goal::loss_and_parameters}},
    {"guided-warm", in_batches(StrategyKind::guided, 8), Objective::loss, false, false,
     Contestant::Earlier::same},
    {"guided-misled", in_batches(StrategyKind::guided, 8), Objective::loss, false, false,
     Contestant::Earlier::opposite},
    {"guided-1", in_batches(StrategyKind::guided, 1)},
    {"guided-64", in_batches(StrategyKind::guided, 64)},
    {"guided-async-16", asynchronous(StrategyKind::guided, 16)},
    {"guided-async-64", asynchronous(StrategyKind::guided, 64)},
};

/// The loss of the incumbent after a number of floating-point operations.
struct Moment {
  double flops, loss;
};

struct Outcome {
  Genome genome;
  double score = 0;                                 ///< mean test loss of the fresh trainings
  double promised = 0;                              ///< the loss that genome.json would carry
  bool validation_kept = false, test_kept = false;  ///< the first fresh training, in the interval
  std::size_t trainings = 0;
  double hypervolume = 0;  ///< of the front of loss and parameters, in the search
  std::vector<Moment> moments;
};

struct Options {
  std::string names, out, space_file;
  std::vector<std::string> contestants = {"random", "classic", "guided", "classic-last-step"};
  std::size_t seeds = 30, first_seed = 1, generations = 10;
  double budget = 0;  ///< FLOPs of a search; 0: that of `generations`
  Precision precision = Precision::f64;
  std::uint32_t finalists = 3, final_replicates = 5, fresh = 5;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  double reference_budget = 20;
};

SearchSpace space_of(const Options& options) {
  return options.space_file.empty() ? SearchSpace() : load_space(options.space_file, {});
}

SearchSpace space_of(const Contestant& contestant, SearchSpace space) {
  if (auto* steps = std::get_if<RangeDomain>(&space["steps"]); contestant.log_steps && steps) {
    constexpr double kDraws = 200;
    std::set<double> draw;
    const double ratio = steps->max / steps->min;
    for (double i = 0; i <= kDraws; ++i) {
      draw.insert(std::round(steps->min * std::pow(ratio, i / kDraws)));
    }
    steps->draw.assign(draw.begin(), draw.end());
  }
  if (contestant.no_primordial) {
    std::erase(std::get<ListDomain>(space["n_emb"]).values, GptGenome().n_emb);
  }
  return space;
}

std::vector<Evaluation> fresh_trainings(const Genome& genome, const Problem& problem,
                                        std::uint32_t count) {
  std::vector<Evaluation> trainings;
  for (std::uint32_t i = 0; i < count; ++i) {
    trainings.push_back(evaluate(genome, problem, kFirstFresh + i));
    require(!trainings.back().failed(), "{}: {}", describe(genome), trainings.back().failure);
  }
  return trainings;
}

double mean_test_loss(std::span<const Evaluation> trainings) {
  std::vector<double> losses;
  for (const Evaluation& e : trainings) losses.push_back(e.test_loss.value());
  return statistics::mean(losses);
}

/// The search alone. Calls `moment` with each organism's cost and loss.
template <class Moment>
Evolution searched(const Contestant& contestant, EvolutionConfig config, const Problem& problem,
                   const SearchSpace& space, double budget, const Moment& moment) {
  config.generations = 1'000'000, config.budget_flops = budget, config.seed = problem.seed;
  Evolution evolution(config, space_of(contestant, space), CostModel(problem.dataset));
  while (!evolution.finished()) {
    std::vector<Trial> results;
    for (const Organism& o : evolution.ask()) {
      results.push_back({.task = {.id = o.id}, .evaluation = evaluate(o.genome, problem)});
      moment(o.flops, results.back().evaluation.loss);
    }
    if (evolution.finished()) break;
    evolution.tell(results);
  }
  return evolution;
}

/// What a contestant knows of a search with another seed.
std::vector<EarlierResult> earlier_of(const Contestant& contestant, const Problem& problem,
                                      const SearchSpace& space, double budget,
                                      const std::string& names) {
  constexpr std::uint64_t kOtherSeed = 1000;
  if (contestant.earlier == Contestant::Earlier::none) return {};
  Problem other = problem;
  other.seed += kOtherSeed;
  other.dataset = load_dataset(names, other.seed);
  const Evolution evolution =
      searched(contestant, contestant.config, other, space, budget, [](double, double) {});
  std::vector<EarlierResult> lessons = lessons_of(evolution.history());
  if (contestant.earlier == Contestant::Earlier::opposite) {
    std::ranges::reverse(lessons);
    for (EarlierResult& result : lessons) result.fitness *= -1;
  }
  return lessons;
}

Outcome search(const Contestant& contestant, const Problem& shared, const SearchSpace& space,
               double budget, const Options& options) {
  Problem problem = shared;
  problem.objective = contestant.objective;
  EvolutionConfig config = contestant.config;
  config.earlier = earlier_of(contestant, problem, space, budget, options.names);
  Outcome outcome;
  double flops = 0, best = kMaxLoss;
  const auto add_moment = [&](double cost, double loss) {
    flops += cost;
    best = std::min(best, loss);
    outcome.moments.push_back({flops, best});
  };
  const Evolution evolution = searched(contestant, config, problem, space, budget, add_moment);
  outcome.trainings = outcome.moments.size();
  const Vocabulary& vocabulary = problem.dataset.vocabulary;
  outcome.hypervolume = hypervolume(
      pareto_members(evolution.history(), CostKind::parameters, vocabulary.size()),
      uniform_loss(vocabulary), largest_cost(space, CostModel(problem.dataset)).parameters);
  Finals finals(best_of(evolution.history(), options.finalists), options.final_replicates);
  std::vector<Trial> results;
  for (const Task& task : finals.tasks()) {
    results.push_back({.task = task, .evaluation = evaluate(task.genome, problem, task.replicate)});
  }
  finals.tell(results);
  const Finalist& champion = finals.ranking().front();
  outcome.genome = champion.organism.genome;
  outcome.promised = champion.validation.mean;
  const std::vector<Evaluation> fresh = fresh_trainings(outcome.genome, problem, options.fresh);
  outcome.score = mean_test_loss(fresh);
  const auto kept = [](const Estimate& estimate, double found) {
    return std::abs(found - estimate.mean) <= estimate.next_within();
  };
  outcome.validation_kept = kept(champion.validation, fresh[0].loss);
  outcome.test_kept = kept(champion.test, fresh[0].test_loss.value());
  return outcome;
}

/// Runs body(0), ..., body(count - 1) on some threads.
template <class Body>
void in_parallel(std::size_t count, unsigned threads, const Body& body) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> pool;
  for (unsigned i = 0; i < threads; ++i) {
    pool.emplace_back([&] {
      for (std::size_t job = next++; job < count; job = next++) body(job);
    });
  }
}

/// What `generations` of eight random genomes cost on average.
double budget_of(const Options& options, const SearchSpace& space) {
  if (options.budget > 0) return options.budget;
  constexpr std::size_t kDraws = 2000, kPopulation = 8;
  const Dataset dataset = load_dataset(options.names, 1);
  const CostModel cost_of(dataset);
  Rng rng(1, Stream::breeding, 0);
  double sum = 0;
  for (std::size_t i = 0; i < kDraws; ++i) sum += cost_of(random_genome(space, rng)).flops;
  return sum / kDraws * static_cast<double>(options.generations * kPopulation);
}

class Comparison {
 public:
  explicit Comparison(const Options& options)
      : options_(options), space_(space_of(options)), budget_(budget_of(options, space_)) {
    for (const std::string& name : options.contestants) contestants_.push_back(contestant(name));
    for (std::uint64_t i = 0; i < options.seeds; ++i) {
      const std::uint64_t seed = options.first_seed + i;
      problems_.push_back({.dataset = load_dataset(options.names, seed),
                           .precision = options.precision,
                           .seed = seed});
    }
    outcomes_.assign(contestants_.size(), std::vector<Outcome>(options.seeds));
    primordial_.resize(options.seeds);
    reference_.resize(options.seeds);
  }

  void run() {
    fmt::print("budget of a search: {:.4g} FLOPs\n", budget_);
    in_parallel(options_.seeds * contestants_.size(), options_.threads, [&](std::size_t job) {
      const std::size_t seed = job / contestants_.size(), who = job % contestants_.size();
      outcomes_[who][seed] = search(contestants_[who], problems_[seed], space_, budget_, options_);
      report_progress(contestants_[who], problems_[seed].seed, outcomes_[who][seed]);
    });
    find_reference();
    const GptGenome primordial = {.steps =
                                      static_cast<std::uint32_t>(ends_of(space_["steps"]).second)};
    primordial_name_ = fmt::format("primordial default, {} steps", primordial.steps);
    in_parallel(options_.seeds, options_.threads, [&](std::size_t seed) {
      const auto score = [&](const Genome& genome) {
        return mean_test_loss(fresh_trainings(genome, problems_[seed], options_.fresh));
      };
      primordial_[seed] = score(primordial);
      reference_[seed] = score(best_known_);
    });
  }

  void print() const {
    fmt::print("\nbest genome known ({} x the budget): {}\n", options_.reference_budget,
               describe(best_known_));
    print_scores();
    print_tests();
    print_hypervolumes();
    print_promises();
  }

  void write() const {
    std::string runs = "strategy,seed,score,promised,trainings,hypervolume,genome\n",
                anytime = curve_header();
    for (std::size_t who = 0; who < contestants_.size(); ++who) {
      for (std::size_t seed = 0; seed < options_.seeds; ++seed) {
        const Outcome& o = outcomes_[who][seed];
        runs +=
            fmt::format("\"{}\",{},{},{},{},{},{}\n", contestants_[who].name, problems_[seed].seed,
                        o.score, o.promised, o.trainings, o.hypervolume, describe(o.genome));
      }
    }
    for (std::size_t i = 1; i <= kCurvePoints; ++i) anytime += curve_row(i);
    write_file_atomically(std::filesystem::path(options_.out) / "runs.csv", runs);
    write_file_atomically(std::filesystem::path(options_.out) / "anytime.csv", anytime);
  }

 private:
  static constexpr std::size_t kCurvePoints = 50;

  void report_progress(const Contestant& contestant, std::uint64_t seed, const Outcome& o) {
    const std::lock_guard lock(printing_);
    fmt::print("seed {:>3}  {:<27} {:.4f}  ({} trainings)  {}\n", seed, contestant.name, o.score,
               o.trainings, describe(o.genome));
    std::fflush(stdout);
  }

  static Contestant contestant(const std::string& name) {
    const auto found = std::ranges::find(kContestants, name, &Contestant::name);
    if (found == kContestants.end()) {
      std::string names;
      for (const Contestant& c : kContestants) names += " " + c.name;
      fail("there is no contestant {}; there are:{}", name, names);
    }
    return *found;
  }

  /// One long search, and the winners of all short ones, compared on fresh trainings of a split of
  /// their own.
  void find_reference() {
    const std::uint64_t seed = options_.first_seed + options_.seeds;
    Problem problem{.dataset = load_dataset(options_.names, seed),
                    .precision = options_.precision,
                    .seed = seed};
    std::vector<Genome> candidates;
    if (options_.reference_budget > 0) {
      candidates.push_back(search(contestant("guided"), problem, space_,
                                  options_.reference_budget * budget_, options_)
                               .genome);
    }
    for (const auto& outcomes : outcomes_) {
      for (const Outcome& outcome : outcomes) candidates.push_back(outcome.genome);
    }
    std::vector<double> losses(candidates.size());
    in_parallel(candidates.size(), options_.threads, [&](std::size_t i) {
      losses[i] = mean_test_loss(fresh_trainings(candidates[i], problem, options_.fresh));
    });
    best_known_ = candidates[static_cast<std::size_t>(
        std::min_element(losses.begin(), losses.end()) - losses.begin())];
  }

  std::vector<double> scores(std::size_t who) const {
    std::vector<double> scores;
    for (const Outcome& outcome : outcomes_[who]) scores.push_back(outcome.score);
    return scores;
  }

  std::string row(const std::string& name, const std::vector<double>& values) const {
    Rng rng(1, Stream::breeding, 0);
    const auto interval =
        statistics::bootstrap_interval(values, statistics::interquartile_mean, 0.95, 10'000, rng);
    std::vector<double> regrets;
    for (std::size_t i = 0; i < values.size(); ++i) regrets.push_back(values[i] - reference_[i]);
    std::size_t worse = 0;
    for (std::size_t i = 0; i < values.size(); ++i) worse += values[i] > primordial_[i];
    return fmt::format("| {} | {:.4f} | {:.4f} to {:.4f} | {:+.4f} | {} of {} |\n", name,
                       statistics::interquartile_mean(values), interval.low, interval.high,
                       statistics::interquartile_mean(regrets), worse, values.size());
  }

  void print_scores() const {
    fmt::print(
        "\n| strategy | test loss (interquartile mean) | 95 % interval | regret | worse than "
        "the primordial default |\n|---|---|---|---|---|\n");
    for (std::size_t who = 0; who < contestants_.size(); ++who) {
      fmt::print("{}", row(contestants_[who].name, scores(who)));
    }
    fmt::print("{}{}", row(primordial_name_, primordial_), row("best genome known", reference_));
  }

  void print_hypervolumes() const {
    const auto volumes = [&](std::size_t who) {
      std::vector<double> all;
      for (const Outcome& outcome : outcomes_[who]) all.push_back(outcome.hypervolume);
      return all;
    };
    fmt::print(
        "\n| strategy | hypervolume of loss and parameters, mean | higher than {} in | p "
        "|\n|---|---|---|---|\n",
        contestants_.front().name);
    for (std::size_t who = 0; who < contestants_.size(); ++who) {
      const std::vector<double> ours = volumes(who), theirs = volumes(0);
      std::vector<double> differences;
      std::size_t higher = 0;
      for (std::size_t i = 0; i < ours.size(); ++i) {
        differences.push_back(ours[i] - theirs[i]);
        higher += ours[i] > theirs[i];
      }
      fmt::print("| {} | {:.4f} |", contestants_[who].name, statistics::mean(ours));
      if (who == 0) {
        fmt::print(" | |\n");
      } else {
        fmt::print(" {} of {} | {:.2g} |\n", higher, ours.size(),
                   statistics::wilcoxon_signed_rank(differences));
      }
    }
  }

  void print_tests() const {
    constexpr double kTie = 0.01;
    std::vector<std::pair<std::size_t, std::size_t>> pairs;  // each against all before it
    for (std::size_t a = 0; a < contestants_.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) pairs.emplace_back(a, b);
    }
    std::vector<double> p_values;
    for (const auto& [a, b] : pairs) {
      std::vector<double> differences;
      const auto ours = scores(a), theirs = scores(b);
      for (std::size_t i = 0; i < ours.size(); ++i) differences.push_back(ours[i] - theirs[i]);
      p_values.push_back(statistics::wilcoxon_signed_rank(differences));
    }
    const std::vector<double> adjusted = statistics::holm(p_values);
    fmt::print(
        "\n| pair | difference of the interquartile means | p (Wilcoxon, Holm) | wins / ties "
        "/ losses at {} |\n|---|---|---|---|\n",
        kTie);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto ours = scores(pairs[i].first), theirs = scores(pairs[i].second);
      const auto tally = statistics::tally(ours, theirs, kTie);
      fmt::print("| {} against {} | {:+.4f} | {:.2g} | {} / {} / {} |\n",
                 contestants_[pairs[i].first].name, contestants_[pairs[i].second].name,
                 statistics::interquartile_mean(ours) - statistics::interquartile_mean(theirs),
                 adjusted[i], tally.wins, tally.ties, tally.losses);
    }
  }

  void print_promises() const {
    fmt::print(
        "\n| strategy | retrained minus predicted test loss, mean | validation in the "
        "interval | test in the interval | trainings per search |\n|---|---|---|---|---|\n");
    for (std::size_t who = 0; who < contestants_.size(); ++who) {
      std::vector<double> gaps;
      std::size_t validation = 0, test = 0, trainings = 0;
      for (const Outcome& o : outcomes_[who]) {
        gaps.push_back(o.score - o.promised);
        validation += o.validation_kept, test += o.test_kept, trainings += o.trainings;
      }
      fmt::print("| {} | {:+.4f} | {} of {} | {} of {} | {:.0f} |\n", contestants_[who].name,
                 statistics::mean(gaps), validation, gaps.size(), test, gaps.size(),
                 static_cast<double>(trainings) / static_cast<double>(gaps.size()));
    }
  }

  std::string curve_header() const {
    std::string header = "flops";
    for (const Contestant& c : contestants_) header += fmt::format(",\"{}\"", c.name);
    return header + "\n";
  }

  /// The mean over seeds of the best validation loss seen within a share of the budget. (For the
  /// last-step fitness too, which does not see it.)
  std::string curve_row(std::size_t i) const {
    const double flops = budget_ * static_cast<double>(i) / kCurvePoints;
    std::string row = fmt::format("{:.4g}", flops);
    for (const auto& outcomes : outcomes_) {
      std::vector<double> best;
      for (const Outcome& outcome : outcomes) {
        double loss = outcome.moments.front().loss;
        for (const Moment& m : outcome.moments) loss = m.flops <= flops ? m.loss : loss;
        best.push_back(loss);
      }
      row += fmt::format(",{:.5f}", statistics::mean(best));
    }
    return row + "\n";
  }

  Options options_;
  SearchSpace space_;
  double budget_;
  std::vector<Contestant> contestants_;
  std::vector<Problem> problems_;
  std::vector<std::vector<Outcome>> outcomes_;  // by contestant, then seed
  std::vector<double> primordial_, reference_;
  Genome best_known_;
  std::string primordial_name_;
  std::mutex printing_;
};

}  // namespace
}  // namespace microgpt::bench

int main(int argc, char** argv) {
  using namespace microgpt::bench;
  Options options;
  CLI::App app("Compares search strategies at equal floating-point operations.", "search_quality");
  app.add_option("names", options.names, "Dataset")->required();
  app.add_option("out", options.out, "Folder for the results")->required();
  app.add_option("--contestants", options.contestants, "Who searches")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--space", options.space_file, "JSON file with the search space");
  app.add_option("--seeds", options.seeds, "Paired searches")->capture_default_str();
  app.add_option("--first-seed", options.first_seed, "The first of them")->capture_default_str();
  app.add_option("--budget", options.budget, "FLOPs of a search, instead of --generations");
  app.add_option("--generations", options.generations, "Generations of 8 that the budget is worth")
      ->capture_default_str();
  app.add_option("--finalists", options.finalists, "The best that are trained anew")
      ->capture_default_str();
  app.add_option("--final-replicates", options.final_replicates, "Their trainings each")
      ->capture_default_str();
  app.add_option("--fresh", options.fresh, "Trainings of the winner that the score is the mean of")
      ->capture_default_str();
  app.add_flag_callback(
      "--f32", [&] { options.precision = Precision::f32; }, "Train in f32");
  app.add_option("--threads", options.threads, "Searches at once")->capture_default_str();
  app.add_option("--reference-budget", options.reference_budget,
                 "Budget of the search for the best genome, in budgets; 0: none")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    std::filesystem::create_directories(options.out);
    Comparison comparison(options);
    comparison.run();
    comparison.write();
    comparison.print();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "search_quality: {}\n", error.what());
    return 2;
  }
}
