#include "microgpt/core/enum_names.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace microgpt::test {

enum class Weather { sunny, wet, windy, unheard_of };

constexpr auto enum_names(Weather) {
  return core::enum_table<Weather>("weather", {{Weather::sunny, "sunny"},
                                               {Weather::wet, "wet"},
                                               {Weather::windy, "windy"},
                                               {Weather::unheard_of, "unheard of", false}});
}

using namespace core;
namespace {

TEST(EnumNames, every_value_is_found_by_its_name) {
  for (const auto& [value, name, offered] : enum_names(Weather{}).names) {
    EXPECT_EQ(core::name(value), name);
    EXPECT_EQ(find_name<Weather>(name), value);
  }
  EXPECT_EQ(name(static_cast<Weather>(9)), "");
  EXPECT_EQ(find_name<Weather>("we"), std::nullopt);
  static_assert(name(Weather::windy) == "windy");
}

TEST(EnumNames, only_what_is_offered_can_be_chosen) {
  EXPECT_EQ(from_name<Weather>("wet"), Weather::wet);
  EXPECT_EQ(error_of([] { from_name<Weather>("unheard of"); }),
            "weather (unheard of) must be sunny, wet or windy");
  EXPECT_EQ(error_of([] { from_name<Weather>(""); }), "weather () must be sunny, wet or windy");
  EXPECT_EQ(offered_names<Weather>().size(), 3U);
}

}  // namespace
}  // namespace microgpt::test
