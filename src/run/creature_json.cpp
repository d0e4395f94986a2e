#include "microgpt/run/creature_json.hpp"

#include "genome/gene_json.hpp"

namespace microgpt::run {

std::string to_json(const Judged& judged) {
  json::Writer writer;
  writer.begin_object();
  writer.put("text", judged.text), writer.put("nats", judged.nats());
  writer.put("bits_per_character", judged.bits_per_character());
  writer.put("surprisals", judged.surprisals);
  writer.end_object();
  return writer.text() + "\n";
}

std::string to_json(const CreatureReport& r) {
  json::Writer writer(2);
  writer.begin_object();
  writer.put("validation_loss", r.validation_loss), writer.put("test_loss", r.test_loss);
  writer.put("parameters", r.parameters), writer.put("training_flops", r.training_flops);
  writer.put("seconds", r.seconds);
  for (const Gene& gene : r.genome.genes()) {
    writer.key(gene.name);
    write_gene(writer, gene, r.genome[gene]);
  }
  writer.put("seed", r.seed), writer.put("replicate", r.replicate);
  writer.put("precision", r.precision), writer.put("dataset", r.dataset);
  writer.put("version", r.version), writer.put("names", r.names);
  writer.end_object();
  return writer.text() + "\n";
}

}  // namespace microgpt::run
