#include "microgpt/evolution/beauty.hpp"

#include <gtest/gtest.h>

namespace microgpt::test {

using namespace evolution;
namespace {

constexpr double kNew = 2;  // 2 x creativity of a name that is not known

TEST(Beauty, of_a_plain_new_name_is_flow_and_creativity) {
  EXPECT_DOUBLE_EQ(beauty_of("mirel", {}), 0.5 + kNew);
  EXPECT_DOUBLE_EQ(beauty_of("mir", {}), kNew);        // too short for the half point
  EXPECT_DOUBLE_EQ(beauty_of("mirelomir", {}), kNew);  // too long for it
}

TEST(Beauty, falls_with_each_letter_that_continues_a_long_run) {
  EXPECT_DOUBLE_EQ(beauty_of("mirrl", {}), 0.5 - 1 + kNew);
  EXPECT_DOUBLE_EQ(beauty_of("mrrrrel", {}), 0.5 - 3 + kNew);
  EXPECT_DOUBLE_EQ(beauty_of("maeiour", {}), 0.5 - 3 + kNew);
  EXPECT_DOUBLE_EQ(beauty_of("mirryl", {}), 0.5 + kNew);  // y is a vowel
}

TEST(Beauty, rises_with_symmetry) {
  EXPECT_DOUBLE_EQ(beauty_of("otto", {}), 0.5 + 1.2 * 2 + kNew);
  EXPECT_DOUBLE_EQ(beauty_of("mimi", {}), 0.5 + 1.2 * 1.5 + kNew);
  EXPECT_DOUBLE_EQ(beauty_of("bob", {}), kNew);  // a palindrome, but not longer than 3
  EXPECT_DOUBLE_EQ(beauty_of("mirela", {}), 0.5 + 1.2 * 0.2 + kNew);
  EXPECT_DOUBLE_EQ(beauty_of("miren", {}), 0.5 + 1.2 * 0.2 + kNew);
}

TEST(Beauty, of_a_known_name_is_low) { EXPECT_DOUBLE_EQ(beauty_of("mirel", {"mirel"}), 0.5 - 10); }

TEST(Beauty, of_a_creature_is_the_mean_of_the_names_that_count) {
  const std::vector<std::string> names = {"Mirel", "mo", "", "x-ray", "m\xC3\xADrel", "otto"};
  EXPECT_DOUBLE_EQ(beauty_of(names, {}), ((0.5 + kNew) + (0.5 + 2.4 + kNew)) / 2);
  EXPECT_DOUBLE_EQ(beauty_of(std::vector<std::string>{"mo", ""}, {}), -100);
}

}  // namespace
}  // namespace microgpt::test
