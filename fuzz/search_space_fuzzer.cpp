// A search space: what is accepted gives genomes that may exist, and survives being saved.

#include "microgpt/genome/genome_json.hpp"
#include "property.hpp"

namespace microgpt::fuzz {

using namespace genome;
namespace {

void run(const std::string& text) {
  const auto space = loaded(kPath, [&] { return parse_space(kPath, text, {}); });
  if (!space) return;
  Rng rng(1, Stream::breeding, 0);
  const Genome genome = random_genome(*space, rng);
  validate(genome);
  check(contains(*space, genome), "a space contains what is drawn from it");
  check(parse_space(kPath, to_json(*space), aesthetic_space()) == *space,
        "a space survives being saved");
}

}  // namespace
}  // namespace microgpt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  microgpt::fuzz::run(microgpt::fuzz::text_of(data, size));
  return 0;
}
