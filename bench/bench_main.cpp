// The cost of training, scoring and sampling. Prints Google Benchmark's lines and then one table
// with the important ratios. All kinds of one size run interleaved, so that a change in the speed
// of the machine affects all of them. Usage: microgpt_bench NAMES [Google Benchmark's options]
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kernels.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/model/sampler.hpp"
#include "microgpt/training/scoring.hpp"
#include "microgpt/training/trainer.hpp"
#include "support/scalar_gpt.hpp"
#include "yardstick_train.hpp"

namespace microgpt::bench {

using namespace genome;
namespace {

using yardstick::Size;

std::unique_ptr<Dataset> dataset;

struct Case {
  std::string name;
  Size size;
  Genome genome;
};

const std::array<Case, 4> kCases = {{
    {"S", Size::small, {.steps = 4000}},
    {"L", Size::large, {.n_emb = 32, .n_layer = 4, .n_ctx = 24, .steps = 4000}},
    {"smallest",
     Size::smallest,
     {.n_emb = 8, .n_head = 1, .n_layer = 1, .n_ctx = 8, .n_ff_exp = 1, .steps = 4000}},
    {"largest",
     Size::largest,
     {.n_emb = 32, .n_head = 1, .n_layer = 4, .n_ctx = 24, .steps = 4000}},
}};

/// A freshly initialised model on its tape.
template <class Real>
struct Model {
  explicit Model(const Genome& genome) : gpt(tape, gpt_config(genome, dataset->vocabulary.size())) {
    Rng rng(1, Stream::weights, 0);
    gpt.initialise(rng);
  }
  Tape<Real> tape;
  Gpt<Real> gpt;
};

/// Training uses the names in the order of the dataset; every kind starts with the same one.
std::span<const Token> document(std::size_t step) {
  return dataset->training[step % dataset->training.size()];
}

template <class Real>
void engine(benchmark::State& state, const Case& c) {
  Model<Real> model(c.genome);
  TrainConfig config = train_config(c.genome);
  config.steps = 1'000'000'000;  // the learning rate hardly falls
  Trainer<Real> trainer(model.gpt, dataset->training, config);
  for (auto _ : state) benchmark::DoNotOptimize(trainer.step());
}

template <class Real>
void rival(benchmark::State& state, const Case& c) {
  const std::unique_ptr<yardstick::Rival<Real>> gpt(yardstick::make_rival<Real>(c.size));
  const Model<Real> model(c.genome);
  auto weight = gpt->weights().begin();
  for (const auto& parameter : model.gpt.parameters()) {
    for (const Real w : parameter.block.data()) *weight++ = w;
  }
  std::size_t step = 0;
  for (auto _ : state) benchmark::DoNotOptimize(gpt->train(document(step++), Real(0.005)));
}

/// The same GPT built from single Vals, with the same Adam.
template <class Real>
void scalar(benchmark::State& state, const Case& c) {
  Model<Real> model(c.genome);
  const test::ScalarGpt<Real> gpt(model.gpt);
  Adam<Real> adam(model.gpt.weights().size(), model.tape.kernels());
  std::size_t step = 0, nodes = 0;
  for (auto _ : state) {
    const typename Tape<Real>::Scope scope(model.tape);
    const std::size_t before = model.tape.record_count();
    const Val<Real> loss = gpt.loss(document(step++));
    model.tape.backward(loss);
    nodes += model.tape.record_count() - before;
    adam.step(model.gpt.weights(), model.gpt.gradients(), 0.005);
  }
  state.counters["nodes"] =
      benchmark::Counter(static_cast<double>(nodes) / static_cast<double>(state.iterations()));
}

/// Forward and backward over chains of a dot product: what one scalar node costs.
template <class Real>
void scalar_node(benchmark::State& state) {
  constexpr std::int64_t kSize = 1000;
  Tape<Real> tape;
  const Block<Real> x = tape.zeros(kSize, 1), w = tape.zeros(kSize, 1);
  std::fill(x.data().begin(), x.data().end(), Real(0.5));
  std::fill(w.data().begin(), w.data().end(), Real(0.25));
  for (auto _ : state) {
    const typename Tape<Real>::Scope scope(tape);
    Val<Real> sum = x[0] * w[0];
    for (std::size_t i = 1; i < kSize; ++i) sum = sum + x[i] * w[i];
    tape.backward(sum);
    benchmark::DoNotOptimize(w[0].grad());
  }
  state.SetItemsProcessed(state.iterations() * (2 * kSize - 1));
}

template <class Real>
void adam_step(benchmark::State& state, const Case& c) {
  Model<Real> model(c.genome);
  Adam<Real> adam(model.gpt.weights().size(), model.tape.kernels());
  for (auto _ : state) {
    for (Real& g : model.gpt.gradients()) g = Real(1e-3);  // as backward would leave them
    adam.step(model.gpt.weights(), model.gpt.gradients(), 1e-6);
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(model.gpt.weights().size()));
}

template <class Real>
void score(benchmark::State& state, const Case& c) {
  Model<Real> model(c.genome);
  for (auto _ : state) benchmark::DoNotOptimize(held_out_loss(model.gpt, dataset->validation));
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(dataset->validation.size()));
}

template <class Real>
void speak(benchmark::State& state, const Case& c) {
  Model<Real> model(c.genome);
  Rng rng(1, Stream::names, 0);
  std::size_t tokens = 0;
  for (auto _ : state) {
    tokens += sample(model.gpt, dataset->vocabulary.delimiter(), 1.0, rng).size() + 1;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(tokens));
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(name.c_str(), body);
}

template <class Real>
void register_precision(const std::string& precision) {
  for (const Case& c : kCases) {
    const std::string suffix = "/" + c.name + "/" + precision;
    add("engine" + suffix, [&c](auto& state) { engine<Real>(state, c); });
    add("yardstick" + suffix, [&c](auto& state) { rival<Real>(state, c); });
    if (c.name != "S" && c.name != "L") continue;
    add("scalar" + suffix, [&c](auto& state) { scalar<Real>(state, c); });
    add("adam" + suffix, [&c](auto& state) { adam_step<Real>(state, c); });
    add("score" + suffix, [&c](auto& state) { score<Real>(state, c); });
    add("speak" + suffix, [&c](auto& state) { speak<Real>(state, c); });
  }
  add("scalar_node/" + precision, scalar_node<Real>);
}

/// Genomes at all corners of the search space, to see whether time follows FLOPs.
std::vector<Case> corners() {
  std::vector<Case> found;
  for (const std::uint32_t n_emb : {8U, 12U, 16U, 20U, 24U, 32U}) {
    for (const std::uint32_t n_head : {1U, 4U}) {
      for (const std::uint32_t n_layer : {1U, 4U}) {
        for (const std::uint32_t n_ctx : {8U, 24U}) {
          for (const std::uint32_t n_ff : {1U, 4U}) {
            found.push_back({fmt::format("emb{}-head{}-layer{}-ctx{}-ff{}", n_emb, n_head, n_layer,
                                         n_ctx, n_ff),
                             Size::small,
                             {n_emb, n_head, n_layer, n_ctx, n_ff, 0.005, 2000}});
          }
        }
      }
    }
  }
  return found;
}

/// Stores the median of each benchmark as well as printing it.
class Medians final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
      for (const auto& [counter, value] : run.counters) {
        counters_[run.run_name.function_name + " " + counter] = value;
      }
    }
  }
  /// Nanoseconds of CPU time per iteration; 0 if it did not run.
  double of(const std::string& name) {
    std::vector<double>& times = times_[name];
    if (times.empty()) return 0;
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }
  double counter(const std::string& name) { return counters_[name]; }

 private:
  std::map<std::string, std::vector<double>> times_;
  std::map<std::string, double> counters_;
};

void print_table(Medians& m) {
  fmt::print("\nµs per name learnt (medians)\n{:<10} {:<4} {:>9} {:>10} {:>9} {:>13} {:>11}\n", "",
             "", "engine", "yardstick", "scalar", "vs yardstick", "vs scalar");
  for (const char* precision : {"f64", "f32"}) {
    for (const Case& c : kCases) {
      const std::string suffix = "/" + c.name + "/" + precision;
      const double ours = m.of("engine" + suffix), theirs = m.of("yardstick" + suffix);
      const double one_by_one = m.of("scalar" + suffix);
      if (ours == 0) continue;
      fmt::print("{:<10} {:<4} {:>9.2f} {:>10.2f} {:>9} {:>12.2f}x {:>11}\n", c.name, precision,
                 ours / 1e3, theirs / 1e3,
                 one_by_one > 0 ? fmt::format("{:.1f}", one_by_one / 1e3) : "-", theirs / ours,
                 one_by_one > 0 ? fmt::format("{:.1f}x", one_by_one / ours) : "-");
    }
  }
  for (const char* precision : {"f64", "f32"}) {
    fmt::print("\n{}: scalar node {:.2f} ns", precision,
               1e9 / m.counter(fmt::format("scalar_node/{} items_per_second", precision)));
    for (const char* size : {"S", "L"}) {
      const std::string suffix = fmt::format("/{}/{}", size, precision);
      const double names = static_cast<double>(dataset->validation.size());
      const double scoring = m.of("score" + suffix), step = m.of("engine" + suffix);
      fmt::print(
          "\n  {}: Adam {:.2f} ns a parameter, scoring {:.2f} µs a name ({:.2f} of training "
          "at 500 steps), speaking {:.0f} tokens a second, scalar node in a GPT {:.2f} ns",
          size, 1e9 / m.counter("adam" + suffix + " items_per_second"), scoring / names / 1e3,
          scoring / (500 * step), m.counter("speak" + suffix + " items_per_second"),
          m.of("scalar" + suffix) / m.counter("scalar" + suffix + " nodes"));
    }
  }
  fmt::print("\n");
}

/// Time per FLOP of all corners, relative to the fastest.
void print_corners(Medians& m) {
  std::vector<std::pair<double, std::string>> ns_per_flop;
  for (const Case& c : corners()) {
    const double time = m.of("corner/" + c.name);
    if (time == 0) continue;
    const double flops = TrainingCost(*dataset)(c.genome) / c.genome.steps;
    ns_per_flop.emplace_back(time / flops, c.name);
  }
  if (ns_per_flop.empty()) return;
  std::sort(ns_per_flop.begin(), ns_per_flop.end());
  const auto& [fastest, fast_name] = ns_per_flop.front();
  const auto& [slowest, slow_name] = ns_per_flop.back();
  fmt::print(
      "time per FLOP over {} genomes: slowest {:.4f} ns ({}), fastest {:.4f} ns ({}), ratio "
      "{:.2f}\n",
      ns_per_flop.size(), slowest, slow_name, fastest, fast_name, slowest / fastest);
}

/// Trains at L, scores, and prints the peak memory. Runs in a new process, since the peak of this
/// one includes the benchmarks.
void train_large() {
  Model<double> model(kCases[1].genome);
  Trainer<double> trainer(model.gpt, dataset->training, {.steps = 200, .learning_rate = 0.005});
  trainer.run();
  held_out_loss(model.gpt, dataset->validation);
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) {
      fmt::print("peak resident memory of training and scoring at L: {}\n", line.substr(6));
    }
  }
}

}  // namespace
}  // namespace microgpt::bench

int main(int argc, char** argv) {
  using namespace microgpt::bench;
  if (argc < 2) {
    fmt::print(stderr, "usage: microgpt_bench NAMES [options of Google Benchmark]\n");
    return 2;
  }
  try {
    dataset = std::make_unique<Dataset>(load_dataset(argv[1], 1));
    if (argc == 3 && std::string_view(argv[2]) == "--train-large") {
      train_large();
      return 0;
    }
    register_precision<double>("f64");
    register_precision<float>("f32");
    static const std::vector<Case> all_corners = corners();
    for (const Case& c : all_corners) {
      add("corner/" + c.name, [&c](auto& state) { engine<double>(state, c); });
    }
    const std::string again = fmt::format("'{}' '{}' --train-large", argv[0], argv[1]);
    benchmark::Initialize(&argc, argv);
    Medians medians;
    benchmark::RunSpecifiedBenchmarks(&medians);
    print_table(medians);
    print_corners(medians);
    std::fflush(stdout);
    return std::system(again.c_str()) == 0 ? 0 : 1;
  } catch (const Error& error) {
    fmt::print(stderr, "microgpt_bench: {}\n", error.what());
    return 2;
  }
}
