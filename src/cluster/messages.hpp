#pragma once

#include <boost/mpi.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include "microgpt/cluster/session.hpp"
#include "microgpt/evolution/island_channel.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/genome/genome_json.hpp"

// What travels between ranks, and how it is serialised. The types themselves know no archive.
//
// A coordinator (rank 0, where there are no groups) hands tasks to workers. Both wait with
// wait_with_backoff, which sends heartbeats and keeps no core busy.
//
//   dynamic    coordinator ── WorkOrder{task} ──► a free worker, which is busy from now on
//              coordinator ◄── WorkReport ─────── the worker, free again
//              coordinator ── WorkOrder{dismissed} ──► every worker, when the search is over or
//                 shall stop; one that is busy abandons its training
//
//   scatter    coordinator ── Wave::scatter ──► every worker; then a collective scatter of one
//                 WorkOrder to each rank (its own has no task)
//              coordinator ◄── an empty report ── each worker that has done its task, or has none
//              coordinator ── Wave::gather ──► every worker; then a collective gather of one
//                 WorkReport from each rank (empty from those without a task)
//              coordinator ── Wave::over ──► every worker, as WorkOrder{dismissed}
//
// Before the search rank 0 says to every other rank that it is ready, and broadcasts the RunSpec;
// the documents follow, as the bytes that they are in memory.
//
// Collectives are entered only when every rank is about to: a rank that waited inside one could
// neither send heartbeats nor stop.
//
// With islands the ranks form groups. Each has a coordinator, its first rank, which speaks to its
// workers as above, and to other coordinators through an IslandChannel:
//
//   the coordinator of an island ── Migrant ──► that of the next island on the ring
//   every coordinator ── GenerationReport ──► rank 0, which keeps the history

namespace microgpt::cluster {

inline constexpr int kOrderTag = 1, kReportTag = 2, kMigrantTag = 3, kGenerationReportTag = 4,
                     kHeartbeatTag = 5, kReadyTag = 6;

struct WorkOrder {
  bool dismissed = false;  ///< the worker may go
  bool has_task = false;
  Task task = {};
};

struct WorkReport {
  bool has_trial = false;
  Trial trial = {};
};

/// What the ranks of a group do next in the schedule `scatter`.
enum class Wave { scatter, gather, over };

}  // namespace microgpt::cluster

namespace boost::serialization {

template <class Archive, class Value>
void exchange(Archive& archive, Value& value) {
  archive& value;
}
/// Whether it is there, and then the value.
template <class Archive, class Value>
void exchange(Archive& archive, std::optional<Value>& value) {
  bool is_there = value.has_value();
  archive& is_there;
  if (!is_there) return value.reset();
  if (!value) value.emplace();
  archive&* value;
}

template <class Archive>
void serialize(Archive& archive, microgpt::genome::Genome& g, unsigned) {
  for (const microgpt::genome::Gene& gene : g.genes()) archive& g[gene];
}

template <class Archive>
void serialize(Archive& archive, microgpt::evolution::Task& task, unsigned) {
  archive& task.id& task.island& task.genome& task.replicate& task.priority& task.flops& task
      .parents& task.keeps_weights;
  exchange(archive, task.origin);
}

template <class Archive>
void serialize(Archive& archive, microgpt::cluster::WorkOrder& order, unsigned) {
  archive& order.dismissed& order.has_task& order.task;
}

template <class Archive>
void serialize(Archive& archive, microgpt::evolution::Evaluation& e, unsigned) {
  microgpt::core::visit_fields(microgpt::evolution::kEvaluationFields,
                               [&](const auto& field) { exchange(archive, e.*field.member); });
  archive& e.weights;
}

template <class Archive>
void serialize(Archive& archive, microgpt::evolution::Timing& t, unsigned) {
  archive& t.rank& t.host& t.start& t.seconds;
}

template <class Archive>
void serialize(Archive& archive, microgpt::evolution::Trial& trial, unsigned) {
  archive& trial.task& trial.evaluation& trial.timing& trial.known;
}

template <class Archive>
void serialize(Archive& archive, microgpt::cluster::WorkReport& report, unsigned) {
  archive& report.has_trial& report.trial;
}

template <class Archive>
void serialize(Archive& archive, microgpt::evolution::Organism& o, unsigned) {
  archive& o.id& o.island& o.generation& o.genome& o.origin& o.parents& o.flops& o.due;
  exchange(archive, o.evaluation);
}

template <class Archive>
void serialize(Archive& archive, microgpt::evolution::Migrant& migrant, unsigned) {
  archive& migrant.island& migrant.last;
  exchange(archive, migrant.organism);
}

template <class Archive>
void serialize(Archive& archive, microgpt::evolution::GenerationReport& report, unsigned) {
  archive& report.island& report.members& report.trials& report.last& report.flops;
  archive& report.saved& report.space_exhausted;
}

template <class Archive>
void serialize(Archive& archive, microgpt::genome::SearchSpace& s, unsigned) {
  std::string json = microgpt::genome::to_json(s);
  archive& json;
  s = microgpt::genome::parse_space("the search space", json, {});
}

template <class Archive>
void serialize(Archive& archive, microgpt::model::Vocabulary& vocabulary, unsigned) {
  microgpt::model::Metadata metadata;
  if constexpr (Archive::is_saving::value) microgpt::model::put_vocabulary(metadata, vocabulary);
  archive& metadata;
  if constexpr (Archive::is_loading::value) vocabulary = microgpt::model::read_vocabulary(metadata);
}

template <class Archive>
void serialize(Archive& archive, microgpt::training::Extent& extent, unsigned) {
  archive& extent.begin& extent.length;
}

template <class Archive>
void save(Archive& archive, const microgpt::training::Documents& documents, unsigned) {
  const auto& tokens = documents.tokens().values();
  const std::size_t width = tokens.index(), length = documents.length();
  const microgpt::model::Token delimiter = documents.delimiter();
  const bool they_end = documents.they_end();
  archive << width << length << delimiter << they_end << documents.places();
  std::visit([&](const auto& values) { archive << values; }, tokens);
}

template <class Archive>
void load(Archive& archive, microgpt::training::Documents& documents, unsigned) {
  std::size_t width = 0, length = 0;
  microgpt::model::Token delimiter = 0;
  bool they_end = true;
  std::vector<microgpt::training::Extent> places;
  archive >> width >> length >> delimiter >> they_end >> places;
  auto tokens = microgpt::training::TokenArray::empty(width);
  std::visit([&](auto& values) { archive >> values; }, tokens);
  documents = {microgpt::training::TokenArray::of(std::move(tokens)), std::move(places), delimiter,
               they_end, length};
}

template <class Archive>
void serialize(Archive& archive, microgpt::training::Documents& documents, unsigned version) {
  split_free(archive, documents, version);
}

template <class Archive>
void serialize(Archive& archive, microgpt::evolution::Command& c, unsigned) {
  archive& c.arguments& c.trials& c.space& c.seconds& c.cores& c.gpus& c.seed& c.slot;
}

/// All but the documents: between ranks they go as the bytes that they are, see Session::share().
template <class Archive>
void serialize(Archive& archive, microgpt::evolution::Problem& p, unsigned) {
  archive& p.dataset.vocabulary;
  archive& p.dataset.kind& p.dataset.tokenizer.kind& p.dataset.tokenizer.size;
  archive& p.dataset.split_seed& p.dataset.checksum;
  archive& p.objective& p.precision& p.seed& p.samples& p.temperature;
  exchange(archive, p.command);
}

template <class Archive>
void serialize(Archive& archive, microgpt::cluster::RunSpec& b, unsigned) {
  archive& b.arguments& b.space& b.folder& b.journal_header& b.exit_code;
  exchange(archive, b.problem);
}

}  // namespace boost::serialization
