#include "microgpt/core/error.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "../support/errors.hpp"

namespace microgpt::test {

using namespace core;
namespace {

TEST(Error, the_message_holds_the_values) {
  EXPECT_EQ(error_of([] { fail("n_emb ({}) is no multiple of {}", 10, "n_head"); }),
            "n_emb (10) is no multiple of n_head");
  EXPECT_THROW(fail("a rule"), std::runtime_error);
}

TEST(Error, require_throws_where_the_rule_is_broken_and_only_there) {
  EXPECT_NO_THROW(require(true, "never seen: {}", 1));
  EXPECT_EQ(error_of([] { require(false, "seen: {}", 1); }), "seen: 1");
}

}  // namespace
}  // namespace microgpt::test
