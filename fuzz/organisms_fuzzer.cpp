// The tables of a run: what is accepted is written again as it was understood.

#include "memory_file.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/run/tables.hpp"
#include "property.hpp"

namespace microgpt::fuzz {

using namespace run;
namespace {

std::string written(const std::vector<Organism>& organisms) {
  constexpr std::size_t kTokens = 27;
  return organisms_header() + organisms_csv(organisms, Precision::f64, kTokens);
}

void run(const std::string& input) {
  const MemoryFile file(input);
  const auto organisms = loaded(file.path(), [&] { return read_organisms_csv(file.path()); });
  loaded(file.path(), [&] { return read_timings_csv(file.path()).size(); });
  loaded(file.path(), [&] { return read_replicates_csv(file.path()).size(); });
  loaded(file.path(), [&] { return read_names_csv(file.path()).size(); });
  if (!organisms) return;
  const std::string text = written(*organisms);
  const MemoryFile again(text);
  check(written(read_organisms_csv(again.path())) == text, "a table survives being written");
}

}  // namespace
}  // namespace microgpt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  microgpt::fuzz::run(microgpt::fuzz::text_of(data, size));
  return 0;
}
