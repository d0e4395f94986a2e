#include "microgpt/core/fields.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace microgpt::test {

using namespace core;
namespace {

struct Pet {
  std::string name;
  double weight = 0;
  int legs = 4;
};

constexpr std::tuple kPetFields = {Field{"name", &Pet::name}, Field{"weight", &Pet::weight, 0, 90},
                                   Field{"legs", &Pet::legs}};

TEST(Fields, are_visited_in_their_order_with_name_and_member) {
  Pet pet{.name = "Mia", .weight = 4.5, .legs = 3};
  std::string seen;
  visit_fields(kPetFields, [&](const auto& field) {
    seen += field.name;
    if constexpr (std::is_arithmetic_v<std::remove_reference_t<decltype(pet.*field.member)>>) {
      pet.*field.member += 1;
    }
  });
  EXPECT_EQ(seen, "nameweightlegs");
  EXPECT_EQ(pet.weight, 5.5);
  EXPECT_EQ(pet.legs, 4);
}

TEST(Fields, have_the_limits_that_are_given_or_none) {
  EXPECT_EQ(std::get<1>(kPetFields).high, 90);
  EXPECT_EQ(std::get<2>(kPetFields).low, std::numeric_limits<double>::lowest());
}

}  // namespace
}  // namespace microgpt::test
