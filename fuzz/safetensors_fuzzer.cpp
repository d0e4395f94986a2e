// The safetensors format: what is accepted can be written, and reads back as the same bits.

#include "microgpt/model/safetensors.hpp"
#include "property.hpp"
#include "safetensors_input.hpp"

namespace microgpt::fuzz {

using namespace model;
namespace {

void run(std::string_view bytes) {
  const auto file = loaded("", [&] { return parse_safetensors(bytes); });
  if (!file) return;
  for (const Tensor& tensor : file->tensors) {
    check(tensor.rows * tensor.cols == tensor.values.size(), "a tensor has all its numbers");
  }
  // Numbers are compared by their bytes: here they may be NaN.
  const std::string saved = to_bytes(*file);
  const Safetensors again = parse_safetensors(saved);
  check(again.metadata == file->metadata && again.type == file->type && to_bytes(again) == saved,
        "tensors survive being saved");
}

}  // namespace
}  // namespace microgpt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  microgpt::fuzz::read_both_ways(microgpt::fuzz::text_of(data, size), microgpt::fuzz::run);
  return 0;
}
