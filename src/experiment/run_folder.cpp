#include "microgpt/experiment/run_folder.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/experiment/insight.hpp"

namespace microgpt {

RunFolder::RunFolder(const std::filesystem::path& experiments, const std::string& timestamp) {
  std::error_code failure;
  std::filesystem::create_directories(experiments, failure);
  bool made = false;
  for (int attempt = 1; !made && !failure; ++attempt) {
    path_ = experiments / (attempt == 1 ? timestamp : fmt::format("{}-{}", timestamp, attempt));
    made = std::filesystem::create_directory(path_, failure);
  }
  require(made, "{}: a folder for this run cannot be made there: {}", experiments.string(),
          failure.message());
}

RunFolder::RunFolder(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code failure;
  std::filesystem::create_directories(path_, failure);
  require(!failure && std::filesystem::is_directory(path_), "{}: cannot be made: {}",
          path_.string(), failure.message());
}

std::filesystem::path latest_run(const std::filesystem::path& experiments) {
  std::filesystem::path latest;
  std::error_code failure;
  for (const auto& folder : std::filesystem::directory_iterator(experiments, failure)) {
    if (!std::filesystem::exists(folder.path() / "journal", failure)) continue;
    if (latest.empty() || folder.path().filename() > latest.filename()) latest = folder.path();
  }
  require(!latest.empty(), "{}: no run with a journal is there", experiments.string());
  return latest;
}

void RunFolder::write(const std::string& file, std::string_view text) const {
  write_file_atomically(path_ / file, text);
}

void RunFolder::remove(const std::string& file) const {
  std::error_code failure;
  std::filesystem::remove(path_ / file, failure);
  require(!failure, "{}: cannot be removed: {}", (path_ / file).string(), failure.message());
}

void RunFolder::append(const std::string& file, std::string_view text) const {
  std::ofstream stream(path_ / file, std::ios::binary | std::ios::app);
  stream << text;
  stream.close();
  require(stream.good(), "{}: cannot be written: {}", (path_ / file).string(),
          std::strerror(errno));
}

std::string timestamp_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d_%H-%M-%S", &local);
  return text;
}

namespace {

/// A CSV field that may hold anything.
std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += c;
    field += c;
  }
  field += '"';
  return field;
}

}  // namespace

std::string organisms_csv_header() {
  return "id,island,generation,origin,parents,n_emb,n_head,n_layer,n_ctx,n_ff_exp,lr,steps,"
         "precision,"
         "parameters,flops,fitness,loss,beauty,failure\n";
}

std::string organisms_csv(std::span<const Organism> organisms, std::size_t islands,
                          Precision precision, std::size_t vocabulary) {
  std::string text;
  for (const Organism& o : organisms) {
    const Evaluation& e = o.evaluation.value();
    const Genome& g = o.genome;
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},", o.id, o.id % islands + 1,
                        o.generation, name(o.origin), fmt::join(o.parents, " "), g.n_emb, g.n_head,
                        g.n_layer, g.n_ctx, g.n_ff_exp, g.lr, g.steps, name(precision),
                        parameter_count(gpt_config(g, vocabulary)), o.flops);
    text += e.failed() ? "MAX,MAX," : fmt::format("{},{},", e.fitness, e.loss);
    text += fmt::format("{},{}\n", e.beauty ? fmt::to_string(*e.beauty) : "", csv_field(e.failure));
  }
  return text;
}

std::string replicates_csv(std::span<const Finalist> finalists) {
  std::string text = "id,replicate,fitness,validation_loss,test_loss,failure\n";
  for (const Finalist& finalist : finalists) {
    std::uint32_t number = 0;
    for (const Evaluation& e : finalist.replicates) {
      text += fmt::format("{},{},", finalist.organism.id, ++number);
      text += e.failed() ? fmt::format("MAX,MAX,MAX,{}\n", csv_field(e.failure))
                         : fmt::format("{},{},{},\n", e.fitness, e.loss, e.test_loss.value());
    }
  }
  return text;
}

std::string pareto_csv(std::span<const Organism> history, std::size_t vocabulary) {
  std::string text = "cost,id,value,loss\n";
  for (const ParetoCost cost : {ParetoCost::parameters, ParetoCost::flops}) {
    for (const ParetoMember& member : pareto_members(history, cost, vocabulary)) {
      text += fmt::format("{},{},{},{}\n", cost == ParetoCost::parameters ? "parameters" : "flops",
                          member.organism->id, member.cost, member.organism->evaluation->loss);
    }
  }
  return text;
}

std::string timings_csv_header() { return "id,replicate,rank,host,start,seconds\n"; }

std::string timings_csv(std::span<const Work> work) {
  std::string text;
  for (const Work& done : work) {
    const Timing& t = done.timing;
    text += fmt::format("{},{},{},{},{:.6f},{:.6f}\n", t.id, t.replicate, t.rank, csv_field(t.host),
                        t.start, t.seconds);
  }
  return text;
}

}  // namespace microgpt
