#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "microgpt/core/error.hpp"

namespace microgpt::test {

using namespace core;

/// The message of the Error that `action` throws; a failure of the test if it throws none.
template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

inline ::testing::AssertionResult contains(std::string_view text, std::string_view part) {
  if (text.find(part) != std::string_view::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << '"' << text << "\" does not contain \"" << part << '"';
}

}  // namespace microgpt::test
