#include "microgpt/core/enum_names.hpp"

#include <string>

#include "microgpt/core/error.hpp"

namespace microgpt::core {

void reject_name(std::string_view what, std::string_view text,
                 const std::vector<std::string_view>& choices) {
  std::string list(choices.front());
  for (std::size_t i = 1; i < choices.size(); ++i) {
    list += fmt::format("{}{}", i + 1 < choices.size() ? ", " : " or ", choices[i]);
  }
  fail("{} ({}) must be {}", what, text, list);
}

}  // namespace microgpt::core
