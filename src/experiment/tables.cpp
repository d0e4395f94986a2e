#include "microgpt/experiment/tables.hpp"

#include <algorithm>
#include <limits>

#include "csv.hpp"
#include "limits.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/experiment/generation_summary.hpp"
#include "microgpt/experiment/insight.hpp"

namespace microgpt {

namespace {

std::size_t island_of(const Organism& organism, std::size_t islands) {
  return organism.id % islands + 1;
}

/// A fitness or loss: empty if it is that of a failure.
std::string field(double loss) { return loss == kMaxLoss ? "" : fmt::to_string(loss); }

std::string field(std::optional<double> value) { return value ? fmt::to_string(*value) : ""; }

/// What new trainings said of a finalist: mean_loss, standard_error, test_loss.
std::string finalist_fields(const Organism& organism, std::span<const Finalist> finalists) {
  const auto found = std::ranges::find_if(
      finalists, [&](const Finalist& f) { return f.organism.id == organism.id && !f.failed(); });
  if (found == finalists.end()) return ",,";
  const Estimate& validation = found->validation;
  return fmt::format("{},{},{}", validation.mean,
                     validation.count < 2 ? "" : fmt::to_string(validation.standard_error),
                     found->test.mean);
}

}  // namespace

std::string organisms_csv(std::span<const Organism> organisms, std::size_t islands,
                          Precision precision, std::size_t vocabulary,
                          std::span<const Finalist> finalists) {
  std::string text;
  for (const Organism& o : organisms) {
    const Evaluation& e = o.evaluation.value();
    const Genome& g = o.genome;
    text +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},", o.id, island_of(o, islands),
                    o.generation, name(o.origin), fmt::join(o.parents, " "), g.n_emb, g.n_head,
                    g.n_layer, g.n_ctx, g.n_ff_exp, g.lr, g.steps, name(precision),
                    parameter_count(gpt_config(g, vocabulary)), o.flops);
    text += fmt::format("{},{},{},{},{}\n", field(e.fitness), field(e.loss), field(e.beauty),
                        finalist_fields(o, finalists), csv_field(e.failure));
  }
  return text;
}

std::string generations_csv(std::span<const Organism> members, std::size_t islands) {
  const GenerationSummary s = summary_of(members);
  return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                     island_of(members.front(), islands), s.generation, s.members, s.failed,
                     s.diversity, s.failed == s.members ? "" : fmt::to_string(s.best_id),
                     field(s.best), field(s.mean), field(s.q10), field(s.q25), field(s.median),
                     field(s.q75), field(s.q90), field(s.worst));
}

std::string names_csv(std::span<const Organism> members, std::size_t islands) {
  const Organism& best = *std::ranges::min_element(members, better);
  std::string text;
  for (const std::string& name : best.evaluation->names) {
    text += fmt::format("{},{},{},{}\n", island_of(best, islands), best.generation, best.id,
                        csv_field(name));
  }
  return text;
}

std::string replicates_csv(std::span<const Finalist> finalists) {
  std::string text;
  for (const Finalist& finalist : finalists) {
    std::uint32_t number = 0;
    for (const Evaluation& e : finalist.replicates) {
      text += fmt::format("{},{},{},{},{},{}\n", finalist.organism.id, ++number, field(e.fitness),
                          field(e.loss), field(e.test_loss), csv_field(e.failure));
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

std::string timings_csv(std::span<const Work> work) {
  std::string text;
  for (const Work& done : work) {
    const Timing& t = done.timing;
    text += fmt::format("{},{},{},{},{:.6f},{:.6f}\n", t.id, t.replicate, t.rank, csv_field(t.host),
                        t.start, t.seconds);
  }
  return text;
}

namespace {

std::vector<std::uint64_t> parents_of(const CsvTable& table, std::size_t row) {
  std::vector<std::uint64_t> parents;
  std::string_view rest = table.text(row, "parents");
  while (!rest.empty()) {
    const std::string_view digits = rest.substr(0, rest.find(' '));
    const bool number = !digits.empty() && digits.size() < 20 &&
                        digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (!number) table.reject(row, "parents", "must be numbers with a space in between");
    parents.push_back(std::stoull(std::string(digits)));
    rest.remove_prefix(std::min(rest.size(), digits.size() + 1));
  }
  return parents;
}

Genome genome_of(const CsvTable& table, std::size_t row) {
  return {.n_emb = table.whole32(row, "n_emb"),
          .n_head = table.whole32(row, "n_head"),
          .n_layer = table.whole32(row, "n_layer"),
          .n_ctx = table.whole32(row, "n_ctx"),
          .n_ff_exp = table.whole32(row, "n_ff_exp"),
          .lr = table.number(row, "lr"),
          .steps = table.whole32(row, "steps")};
}

Evaluation evaluation_of(const CsvTable& table, std::size_t row, std::string_view loss) {
  if (!table.text(row, "failure").empty()) return failed_evaluation(table.text(row, "failure"));
  Evaluation evaluation;
  evaluation.fitness = table.number(row, "fitness");
  evaluation.loss = table.number(row, loss);
  return evaluation;
}

/// Checks values of a row, and puts its place before what is wrong.
template <class Check>
void check(const CsvTable& table, std::size_t row, const Check& rules) {
  try {
    rules();
  } catch (const Error& error) {
    table.reject(row, "id", error.what());
  }
}

Organism organism_of(const CsvTable& table, std::size_t row) {
  Organism o = {.id = table.whole(row, "id"),
                .generation = table.whole32(row, "generation"),
                .genome = genome_of(table, row),
                .parents = parents_of(table, row),
                .flops = table.number(row, "flops", 0, kMaxFlops),
                .evaluation = evaluation_of(table, row, "loss")};
  if (o.generation == 0) table.reject(row, "generation", "must be at least 1");
  if (!table.text(row, "beauty").empty()) o.evaluation->beauty = table.number(row, "beauty");
  check(table, row, [&] {
    validate(o.genome);
    validate(*o.evaluation, 0);
    o.origin = origin_from(table.text(row, "origin"));
  });
  return o;
}

/// One value a row.
template <class Read>
auto rows_of(const CsvTable& table, const Read& read) {
  std::vector<decltype(read(std::size_t{}))> values;
  values.reserve(table.size());
  for (std::size_t row = 0; row < table.size(); ++row) values.push_back(read(row));
  return values;
}

}  // namespace

std::vector<Organism> read_organisms_csv(const std::filesystem::path& file) {
  const CsvTable table(file);
  return rows_of(table, [&](std::size_t row) { return organism_of(table, row); });
}

std::vector<Timing> read_timings_csv(const std::filesystem::path& file) {
  const CsvTable table(file);
  return rows_of(table, [&](std::size_t row) {
    const double rank = table.number(row, "rank", -1, std::numeric_limits<int>::max());
    return Timing{.id = table.whole(row, "id"),
                  .replicate = table.whole32(row, "replicate"),
                  .rank = static_cast<int>(rank),
                  .host = table.text(row, "host"),
                  .start = table.number(row, "start", 0, kMaxSeconds),
                  .seconds = table.number(row, "seconds", 0, kMaxSeconds)};
  });
}

std::vector<Result> read_replicates_csv(const std::filesystem::path& file) {
  const CsvTable table(file);
  return rows_of(table, [&](std::size_t row) {
    Result result = {.id = table.whole(row, "id"),
                     .replicate = table.whole32(row, "replicate"),
                     .evaluation = evaluation_of(table, row, "validation_loss")};
    if (!result.evaluation.failed()) {
      result.evaluation.test_loss = table.number(row, "test_loss");
    }
    check(table, row, [&] { validate(result.evaluation, result.replicate); });
    return result;
  });
}

std::vector<std::pair<std::uint64_t, std::string>> read_names_csv(
    const std::filesystem::path& file) {
  const CsvTable table(file);
  return rows_of(table, [&](std::size_t row) {
    return std::pair(table.whole(row, "id"), table.text(row, "name"));
  });
}

}  // namespace microgpt
