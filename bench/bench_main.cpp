// The cost of training, scoring and sampling. Prints Google Benchmark's lines and then tables with
// the important ratios, and with shares of the peak of this processor, which is measured in the
// same run. All kinds run interleaved, so that a change in the speed of the machine affects all of
// them. Usage: microgpt_bench NAMES [Google Benchmark's options]
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
#include "peak.hpp"
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
  GptGenome genome;
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
  explicit Model(const Genome& genome, Simd simd = Simd::best)
      : tape(simd), gpt(tape, gpt_config(genome, dataset->vocabulary.size())) {
    Rng rng(1, Stream::weights, 0);
    gpt.initialise(rng);
  }
  Tape<Real> tape;
  Gpt<Real> gpt;
};

/// Training uses the names in the order of the dataset; every kind starts with the same one.
std::vector<Token> document(std::size_t step) {
  return dataset->training[step % dataset->training.size()];
}

template <class Real>
void engine(benchmark::State& state, const GptGenome& genome, Simd simd,
            const Documents& documents) {
  Model<Real> model(genome, simd);
  TrainConfig config = train_config(genome);
  config.steps = 1'000'000'000;  // the learning rate hardly falls
  Trainer<Real> trainer(model.gpt, documents, config);
  trainer.step();                // the memory of the first one is new
  std::vector<double> flops_of;  // by the length of a window
  for (std::size_t length = 0; length <= model.gpt.config().n_ctx; ++length) {
    flops_of.push_back(3 * forward_flops(model.gpt.config(), length));
  }
  double flops = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(trainer.step());
    for (const Window& window : trainer.last_windows()) flops += flops_of[window.length];
  }
  state.counters["flops"] = benchmark::Counter(flops, benchmark::Counter::kIsRate);
  state.SetItemsProcessed(state.iterations() * genome.batch);
}

template <class Real>
void rival(benchmark::State& state, const Case& c, std::size_t batch) {
  const std::unique_ptr<yardstick::Rival<Real>> gpt(yardstick::make_rival<Real>(c.size, batch));
  const Model<Real> model(c.genome);
  auto weight = gpt->weights().begin();
  for (const auto& parameter : model.gpt.parameters()) {
    for (const Real w : parameter.block.data()) *weight++ = w;
  }
  std::size_t next = 0;
  std::vector<std::vector<Token>> names;
  for (std::size_t i = 0; i < dataset->training.size(); ++i) names.push_back(document(i));
  std::vector<std::span<const Token>> documents(batch);
  for (auto _ : state) {
    for (auto& each : documents) each = names[next++ % names.size()];
    benchmark::DoNotOptimize(gpt->train(documents, Real(0.005)));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
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

/// Names, one by one or many together.
template <class Real>
void speak(benchmark::State& state, const Case& c, std::size_t together) {
  Model<Real> model(c.genome);
  Trainer<Real>(model.gpt, dataset->training, {.steps = 500, .learning_rate = 0.01}).run();
  std::size_t tokens = 0, name = 0;
  for (auto _ : state) {
    std::vector<Rng> streams;
    for (std::size_t i = 0; i < together; ++i) {
      streams.emplace_back(1, Stream::names, name++ % 1000);
    }
    for (const auto& spoken : sample(model.gpt, dataset->vocabulary.delimiter(), {.temperature = 1},
                                     std::span<Rng>(streams))) {
      tokens += spoken.size() + 1;
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(tokens));
}

template <class Real>
void peak(benchmark::State& state, Simd simd) {
  double flops = 0;
  for (auto _ : state) flops += peak_flops<Real>(simd);
  state.counters["flops"] = flops / static_cast<double>(state.iterations());
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(name.c_str(), body);
}

template <class Real>
void register_precision(const std::string& precision) {
  for (const Case& c : kCases) {
    const std::string suffix = "/" + c.name + "/" + precision;
    for (const std::uint32_t batch : {1U, 16U}) {
      const std::string name = fmt::format("{}/{}", batch, suffix.substr(1));
      GptGenome genome = c.genome;
      genome.batch = batch;
      add("engine/" + name,
          [genome](auto& state) { engine<Real>(state, genome, Simd::best, dataset->training); });
      add("yardstick/" + name, [&c, batch](auto& state) { rival<Real>(state, c, batch); });
    }
    if (c.name != "S" && c.name != "L") continue;
    add("scalar" + suffix, [&c](auto& state) { scalar<Real>(state, c); });
    add("adam" + suffix, [&c](auto& state) { adam_step<Real>(state, c); });
    add("score" + suffix, [&c](auto& state) { score<Real>(state, c); });
    add("speak" + suffix, [&c](auto& state) { speak<Real>(state, c, 1); });
    add("speak1000" + suffix, [&c](auto& state) { speak<Real>(state, c, 1000); });
  }
  add("scalar_node/" + precision, scalar_node<Real>);
}

struct Shape {
  std::uint32_t n_emb, n_layer;
};
constexpr std::array<Shape, 5> kShapes = {{{16, 1}, {32, 4}, {64, 4}, {128, 4}, {256, 4}}};
constexpr std::array<std::uint32_t, 4> kBatches = {1, 8, 16, 32};
constexpr std::array<Shape, 3> kLongShapes = {{{16, 1}, {64, 1}, {128, 1}}};

/// Names one after another in documents of 1,024 predictions.
const Documents& long_documents() {
  static const Documents documents = [] {
    constexpr std::uint32_t kTokens = 1024, kDocuments = 8;
    const std::vector<Token> tokens = dataset->training.all();
    std::vector<Token> text;
    std::vector<Extent> places;
    for (std::uint32_t i = 0; i < kDocuments; ++i) {
      places.push_back({i * kTokens, kTokens});
      for (std::uint32_t t = 0; t < kTokens; ++t) {
        text.push_back(tokens[(i * kTokens + t) % tokens.size()]);
      }
    }
    return Documents(TokenArray(text), places, dataset->vocabulary.delimiter(), false, text.size());
  }();
  return documents;
}

/// "64x4/16/avx2/f32"
template <class Real>
std::string share_name(const Shape& shape, std::uint32_t batch, Simd simd) {
  return fmt::format("{}x{}/{}/{}/{}", shape.n_emb, shape.n_layer, batch, name(simd),
                     sizeof(Real) == 8 ? "f64" : "f32");
}

template <class Real>
void register_shares() {
  for (const Simd simd : supported_simd()) {
    if (simd == Simd::portable) continue;  // its peak is nobody's goal
    add(fmt::format("peak/{}/{}", name(simd), sizeof(Real) == 8 ? "f64" : "f32"),
        [simd](auto& state) { peak<Real>(state, simd); });
    for (const Shape& shape : kShapes) {
      for (const std::uint32_t batch : kBatches) {
        const GptGenome genome = {.n_emb = shape.n_emb, .n_layer = shape.n_layer, .batch = batch};
        add("share/" + share_name<Real>(shape, batch, simd),
            [genome, simd](auto& state) { engine<Real>(state, genome, simd, dataset->training); });
      }
    }
    for (const Shape& shape : kLongShapes) {
      const GptGenome genome = {.n_emb = shape.n_emb, .n_layer = shape.n_layer, .n_ctx = 1024};
      add("long/" + share_name<Real>(shape, 1, simd),
          [genome, simd](auto& state) { engine<Real>(state, genome, simd, long_documents()); });
    }
  }
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

/// Stores the medians of each benchmark as well as printing its runs.
class Medians final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
      for (const auto& [counter, value] : run.counters) {
        counters_[run.run_name.function_name + " " + counter].push_back(value);
      }
    }
  }
  /// Nanoseconds of CPU time per iteration; 0 if it did not run.
  double of(const std::string& name) { return quantile(times_[name], 0.5); }
  double counter(const std::string& name, double p = 0.5) { return quantile(counters_[name], p); }

 private:
  static double quantile(std::vector<double>& values, double p) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
  }
  std::map<std::string, std::vector<double>> times_, counters_;
};

void print_table(Medians& m) {
  fmt::print(
      "\nµs per name learnt (medians)\n{:<10} {:<4} {:>5} {:>9} {:>10} {:>9} {:>13} {:>11}\n", "",
      "", "batch", "engine", "yardstick", "scalar", "vs yardstick", "vs scalar");
  for (const char* precision : {"f64", "f32"}) {
    for (const Case& c : kCases) {
      for (const int batch : {1, 16}) {
        const std::string suffix = fmt::format("/{}/{}/{}", batch, c.name, precision);
        const double ours = m.of("engine" + suffix) / batch;
        const double theirs = m.of("yardstick" + suffix) / batch;
        const double one_by_one = m.of(fmt::format("scalar/{}/{}", c.name, precision));
        if (ours == 0) continue;
        fmt::print("{:<10} {:<4} {:>5} {:>9.2f} {:>10.2f} {:>9} {:>12.2f}x {:>11}\n", c.name,
                   precision, batch, ours / 1e3, theirs / 1e3,
                   one_by_one > 0 ? fmt::format("{:.1f}", one_by_one / 1e3) : "-", theirs / ours,
                   one_by_one > 0 ? fmt::format("{:.1f}x", one_by_one / ours) : "-");
      }
    }
  }
  for (const char* precision : {"f64", "f32"}) {
    if (m.of(fmt::format("scalar_node/{}", precision)) == 0) continue;
    fmt::print("\n{}: scalar node {:.2f} ns", precision,
               1e9 / m.counter(fmt::format("scalar_node/{} items_per_second", precision)));
    for (const char* size : {"S", "L"}) {
      const std::string suffix = fmt::format("/{}/{}", size, precision);
      const double names = static_cast<double>(dataset->validation.size());
      const double scoring = m.of("score" + suffix), step = m.of("engine/1" + suffix);
      const double alone = m.counter("speak" + suffix + " items_per_second");
      const double together = m.counter("speak1000" + suffix + " items_per_second");
      fmt::print(
          "\n  {}: Adam {:.2f} ns a parameter, scoring {:.2f} µs a name ({:.2f} of training "
          "at 500 steps), scalar node in a GPT {:.2f} ns\n"
          "     speaking {:.0f} tokens a second one by one, {:.0f} of 1,000 names together "
          "({:.1f}x)",
          size, 1e9 / m.counter("adam" + suffix + " items_per_second"), scoring / names / 1e3,
          scoring / (500 * step), m.of("scalar" + suffix) / m.counter("scalar" + suffix + " nodes"),
          alone, together, together / alone);
    }
  }
  fmt::print("\n");
}

/// GFLOP/s of a whole step, and its share of the peak of its instruction set.
std::string share(Medians& m, const std::string& benchmark, double peak) {
  const double flops = m.counter(benchmark + " flops");
  return flops > 0 ? fmt::format("{:.1f} ({:.2f})", flops / 1e9, flops / peak) : "-";
}

template <class Real>
void print_shares(Medians& m) {
  const char* const precision = sizeof(Real) == 8 ? "f64" : "f32";
  for (const Simd simd : supported_simd()) {
    const std::string peak_name = fmt::format("peak/{}/{} flops", name(simd), precision);
    const double peak = m.counter(peak_name);
    if (peak == 0) continue;
    fmt::print("\n{} {}: peak {:.1f} GFLOP/s (from {:.1f} to {:.1f} in this run)\n", precision,
               name(simd), peak / 1e9, m.counter(peak_name, 0) / 1e9,
               m.counter(peak_name, 1) / 1e9);
    fmt::print("GFLOP/s of a step, and their share of the peak\n{:<8}", "batch");
    for (const std::uint32_t batch : kBatches) fmt::print(" {:>14}", batch);
    for (const Shape& shape : kShapes) {
      fmt::print("\n{:<8}", fmt::format("{}x{}", shape.n_emb, shape.n_layer));
      for (const std::uint32_t batch : kBatches) {
        fmt::print(" {:>14}", share(m, "share/" + share_name<Real>(shape, batch, simd), peak));
      }
    }
    fmt::print("\none document of 1,024 tokens:");
    for (const Shape& shape : kLongShapes) {
      fmt::print("  {}x{} {}", shape.n_emb, shape.n_layer,
                 share(m, "long/" + share_name<Real>(shape, 1, simd), peak));
    }
    fmt::print("\n");
  }
}

/// Time per FLOP of all corners, relative to the fastest.
void print_corners(Medians& m) {
  std::vector<std::pair<double, std::string>> ns_per_flop;
  for (const Case& c : corners()) {
    const double time = m.of("corner/" + c.name);
    if (time == 0) continue;
    const double flops = CostModel(*dataset)(c.genome).flops / c.genome.steps;
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

/// Trains, and prints the peak memory. Runs in a new process, since the peak of this one includes
/// the benchmarks.
template <class Real>
void print_memory(std::string_view what, const Genome& genome) {
  Model<Real> model(genome);
  Trainer<Real>(model.gpt, dataset->training, train_config(genome)).run();
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) {
      fmt::print("peak resident memory of training {}: {}\n", what, line.substr(6));
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
    const std::string_view option = argc == 3 ? argv[2] : "";
    if (option == "--memory=L") return print_memory<double>("L, f64", kCases[1].genome), 0;
    if (option == "--memory=256x4") {
      const GptGenome genome = {.n_emb = 256, .n_layer = 4, .steps = 10, .batch = 32};
      return print_memory<float>("256x4 with batches of 32, f32", genome), 0;
    }
    register_precision<double>("f64");
    register_precision<float>("f32");
    register_shares<double>();
    register_shares<float>();
    static const std::vector<Case> all_corners = corners();
    for (const Case& c : all_corners) {
      add("corner/" + c.name,
          [&c](auto& state) { engine<double>(state, c.genome, Simd::best, dataset->training); });
    }
    const std::string again =
        fmt::format("'{0}' '{1}' --memory=L && '{0}' '{1}' --memory=256x4", argv[0], argv[1]);
    const bool runs_all = std::none_of(argv + 1, argv + argc, [](std::string_view argument) {
      return argument.starts_with("--benchmark_filter");
    });
    benchmark::Initialize(&argc, argv);
    Medians medians;
    benchmark::RunSpecifiedBenchmarks(&medians);
    print_table(medians);
    print_shares<float>(medians);
    print_shares<double>(medians);
    print_corners(medians);
    std::fflush(stdout);
    return !runs_all || std::system(again.c_str()) == 0 ? 0 : 1;
  } catch (const Error& error) {
    fmt::print(stderr, "microgpt_bench: {}\n", error.what());
    return 2;
  }
}
