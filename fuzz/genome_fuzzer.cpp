// genome.json: what is accepted is a genome that may exist, and survives being saved.

#include <tuple>

#include "microgpt/genome/genome_json.hpp"
#include "property.hpp"

namespace microgpt::fuzz {

using namespace genome;
namespace {

/// What a file is saved with: without replicates there is nothing to say about their mean.
auto saved_part(const GenomeFile& f) {
  const bool several = f.replicates > 0;
  return std::tuple(f.genome, f.loss, f.generation, f.evolved, f.seed, f.precision, f.dataset,
                    f.version, f.replicates, several ? f.standard_error : 0,
                    several ? f.test_loss : 0, several ? f.test_standard_error : 0);
}

void run(const std::string& text) {
  const auto file = loaded(kPath, [&] { return parse_genome(kPath, text); });
  if (!file) return;
  validate(file->genome);
  const GenomeFile again = parse_genome(kPath, to_json(*file));
  check(saved_part(again) == saved_part(*file), "a genome file survives being saved");
}

}  // namespace
}  // namespace microgpt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  microgpt::fuzz::run(microgpt::fuzz::text_of(data, size));
  return 0;
}
