// Weights: what is accepted survives being saved, and fits a GPT of the sizes that it claims.

#include "microgpt/model/weights.hpp"
#include "property.hpp"
#include "safetensors_input.hpp"

namespace microgpt::fuzz {

using namespace model;
namespace {

void run(std::string_view bytes) {
  const auto file = loaded(kPath, [&] { return parse_weights(kPath, bytes); });
  if (!file) return;
  const std::string saved = to_bytes(*file);
  const WeightFile again = parse_weights(kPath, saved);
  check(again.vocabulary == file->vocabulary && again.seed == file->seed &&
            again.type == file->type && again.config.n_head == file->config.n_head &&
            again.tensors == file->tensors && to_bytes(again) == saved,
        "weights survive being saved");
  Tape<double> tape;
  Gpt<double> gpt(tape, file->config);
  set_weights(gpt, *file);
  check(weights_of(gpt).tensors == file->tensors, "weights survive being in a GPT");
}

}  // namespace
}  // namespace microgpt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  microgpt::fuzz::read_both_ways(microgpt::fuzz::text_of(data, size), microgpt::fuzz::run);
  return 0;
}
