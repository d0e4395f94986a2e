#pragma once

#include "microgpt/layers.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace microgpt::core {

/// User input violates a rule. The message names the place, the value and the rule.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws Error with a formatted message.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> message, Args&&... args) {
  throw Error(fmt::format(message, std::forward<Args>(args)...));
}

/// Throws Error with a formatted message unless `rule_holds`.
template <class... Args>
void require(bool rule_holds, fmt::format_string<Args...> message, Args&&... args) {
  if (!rule_holds) fail(message, std::forward<Args>(args)...);
}

}  // namespace microgpt::core
