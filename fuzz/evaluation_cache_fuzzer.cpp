// The evaluation cache: a file that is accepted gives the same answers when it is opened again, and
// can be appended to.

#include <array>

#include "memory_file.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/run/cache.hpp"
#include "property.hpp"

namespace microgpt::fuzz {

using namespace run;
namespace {

struct Training {
  Genome genome;
  std::uint32_t replicate;
};

/// The queries to the cache; the seed files contain some of these.
const std::array<Training, 3> kTrainings = {{{{}, 0}, {{}, 1}, {GptGenome{.steps = 7}, 0}}};

Evaluation some_evaluation() {
  Evaluation e;
  e.fitness = e.loss = 2.5;
  e.test_loss = 2.25;
  return e;
}

/// The fingerprint of the problem in a line. It changes with the program version, so seed files
/// have a dollar sign in its place.
std::string problem_text() {
  const MemoryFile file("");
  EvaluationCache(Problem(), file.path()).add({.evaluation = some_evaluation()});
  const std::string line = read_file(file.path());
  constexpr std::string_view kBefore = "{\"problem\":\"";
  check(line.starts_with(kBefore), "a line begins with its problem");
  return line.substr(kBefore.size(), line.find('"', kBefore.size()) - kBefore.size());
}

std::string with_problem(std::string_view input) {
  static const std::string problem = problem_text();
  std::string bytes;
  for (const char c : input) c == '$' ? bytes += problem : bytes += c;
  return bytes;
}

/// Adds what the first cache knows, or something new, to the other; this must be found in its file.
void check_append(const EvaluationCache& known, const Training& training, const MemoryFile& file) {
  const Task task = {.id = 1, .genome = training.genome, .replicate = training.replicate};
  const Trial* const found = known.find(task);
  const Evaluation evaluation = found != nullptr ? found->evaluation : some_evaluation();
  EvaluationCache(Problem(), file.path()).add({.task = task, .evaluation = evaluation});
  const EvaluationCache again(Problem(), file.path());
  const Trial* const saved = again.find(task);
  check(saved != nullptr && saved->evaluation == evaluation, "an evaluation survives being saved");
}

void run(std::string_view input) {
  const std::string bytes = with_problem(input);
  const MemoryFile file(bytes);
  const auto cache = loaded(file.path(), [&] { return EvaluationCache(Problem(), file.path()); });
  const std::string left = cache ? bytes.substr(0, bytes.rfind('\n') + 1) : bytes;
  check(read_file(file.path()) == left, "opening cuts off an unfinished line and no more");
  if (!cache) return;
  for (const Training& training : kTrainings) {
    check_append(*cache, training, MemoryFile(""));
    check_append(*cache, training, file);
  }
}

}  // namespace
}  // namespace microgpt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  microgpt::fuzz::run(microgpt::fuzz::text_of(data, size));
  return 0;
}
