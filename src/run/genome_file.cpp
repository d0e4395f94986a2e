#include "microgpt/run/genome_file.hpp"

#include <algorithm>

#include "json_lines.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/genome/own_space.hpp"

namespace microgpt::run {

GenomeFile genome_file_of(const Organism& organism, std::span<const Finalist> finalists,
                          const RunSettings& settings) {
  GenomeFile file = {
      .genome = organism.genome,
      .loss = organism.evaluation->loss,
      .generation = organism.generation,
      .evolved = true,
      .seed = settings.evolution.seed,
      .precision = std::string(name(settings.precision)),
      .dataset = settings.dataset,
      .dataset_name = settings.input,
      .documents = settings.documents ? std::string(name(*settings.documents)) : "",
      .tokenizer = settings.tokenizer,
      .split_seed = settings.split_seed,
      .fitness = settings.fitness == Objective::loss ? "" : std::string(name(settings.fitness)),
      .version = settings.version};
  const auto finalist = std::ranges::find_if(
      finalists, [&](const Finalist& f) { return f.organism.id == organism.id && !f.failed(); });
  if (finalist == finalists.end()) return file;
  file.genome = finalist->organism.genome;  // which may have trained longer than in the search
  file.loss = finalist->validation.mean;
  file.replicates = static_cast<std::uint32_t>(finalist->validation.count);
  file.standard_error = finalist->validation.standard_error;
  file.test_loss = finalist->test.mean;
  file.test_standard_error = finalist->test.standard_error;
  return file;
}

namespace {

std::string kind_of_gpt(const std::string& dataset, const std::string& name,
                        const std::string& fitness) {
  if (dataset.empty()) return "";
  return fmt::format("{} on {} ({})", fitness.empty() ? "loss" : fitness,
                     name.empty() ? "a dataset" : name, dataset.substr(0, 8));
}

std::string kind_of_trial(const std::vector<std::string>& command, const std::string& measure) {
  return fmt::format("{} of {}", measure, fmt::join(command, " "));
}

std::string trial_file(const Organism& organism, std::span<const Finalist> finalists,
                       const RunSettings& settings) {
  const auto score = [&](double fitness) { return score_of(settings.fitness, fitness); };
  json::Writer writer(2);
  writer.begin_object();
  writer.key("genome"), writer.write_json(trim(genome::trial_json(organism.genome)));
  writer.put("result", score(organism.evaluation->fitness));
  writer.put("measure", settings.measure);
  writer.put("trial", organism.id);
  writer.put("seed", settings.evolution.seed);
  writer.put("command", settings.command);
  writer.put("version", settings.version);
  const auto finalist = std::ranges::find_if(
      finalists, [&](const Finalist& f) { return f.organism.id == organism.id && !f.failed(); });
  if (finalist != finalists.end()) {
    writer.put("mean", score(finalist->fitness.mean));
    writer.put("standard_error", finalist->fitness.standard_error);
    writer.put("replicates", finalist->fitness.count);
  }
  writer.end_object();
  return writer.text() + "\n";
}

}  // namespace

std::string genome_json_of(const Organism& organism, std::span<const Finalist> finalists,
                           const RunSettings& settings) {
  return is_of_gpts(settings.fitness) ? to_json(genome_file_of(organism, finalists, settings))
                                      : trial_file(organism, finalists, settings);
}

std::string kind_of_genome(const RunSettings& s) {
  if (!is_of_gpts(s.fitness)) return kind_of_trial(s.command, s.measure);
  return kind_of_gpt(s.dataset, s.input,
                     s.fitness == Objective::loss ? "" : std::string(name(s.fitness)));
}

std::string kind_of_genome(const std::string& path, const std::string& content) {
  const json::Value object = parse_line(content);
  if (object.find("command") != nullptr) {
    return kind_of_trial(json::texts(object, "command"), json::text(object, "measure"));
  }
  const GenomeFile file = genome::parse_genome(path, content);
  return kind_of_gpt(file.dataset, file.dataset_name, file.fitness);
}

}  // namespace microgpt::run
