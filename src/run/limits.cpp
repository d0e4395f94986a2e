#include "limits.hpp"

#include <algorithm>
#include <type_traits>

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/evolution/creature.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::run {

void validate(const Evaluation& e, std::uint32_t replicate) {
  if (e.failed()) return;
  visit_fields(kEvaluationFields, [&](const auto& field) {
    if constexpr (std::is_convertible_v<decltype(e.*field.member), std::optional<double>>) {
      const std::optional<double> value = e.*field.member;
      const bool is_result = !genome::searches_gpts() && field.name.ends_with("loss");
      const double low = is_result ? -field.high : field.low;
      require(!value || (*value >= low && *value <= field.high),
              "{} ({}) must be from {:g} to {:g}", field.name, value.value_or(0), low, field.high);
    }
  });
  require(e.learning.size() <= LearningCurve::kParts &&
              std::ranges::all_of(e.learning, [](double loss) { return loss >= 0; }),
          "learning must be {} losses at most, none of them negative", LearningCurve::kParts);
  require(e.test_loss || replicate == 0, "test_loss is missing of replicate {}", replicate);
  require(e.names.size() <= kNamesKept, "names ({}) must be {} at most", e.names.size(),
          kNamesKept);
}

}  // namespace microgpt::run
