#include "limits.hpp"

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::run {

namespace {

void require_within(const char* name, double value, double low, double high) {
  require(value >= low && value <= high, "{} ({}) must be from {:g} to {:g}", name, value, low,
          high);
}

}  // namespace

void validate(const Evaluation& e, std::uint32_t replicate) {
  if (e.failed()) return;
  require_within("fitness", e.fitness, -kMaxFitness, kMaxFitness);
  require_within("loss", e.loss, 0, kMaxFitness);
  require(e.test_loss || replicate == 0, "test_loss is missing of replicate {}", replicate);
  if (e.test_loss) require_within("test_loss", *e.test_loss, 0, kMaxFitness);
  if (e.beauty) require_within("beauty", *e.beauty, -kMaxFitness, kMaxFitness);
  require(e.names.size() <= kNamesKept, "names ({}) must be {} at most", e.names.size(),
          kNamesKept);
}

}  // namespace microgpt::run
