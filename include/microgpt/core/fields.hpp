#pragma once

#include "microgpt/layers.hpp"

#include <limits>
#include <string_view>
#include <tuple>

// A record that is written to files, or sent, has one list of its fields. Whatever treats all of
// them alike iterates over the list: JSON, archives, messages between ranks, checks. With
//
//   struct Point { double x = 0, y = 0; };
//   inline constexpr std::tuple kPointFields = {Field{"x", &Point::x}, Field{"y", &Point::y, 0,
//   9}};
//
// visit_fields(kPointFields, [&](const auto& field) { put(field.name, point.*field.member); })
// writes a point, and a new coordinate is a member and an entry of the list.
namespace microgpt::core {

template <class Record, class Member>
struct Field {
  std::string_view name;  ///< in files and messages
  Member Record::*member;
  /// What a number may be, both included.
  double low = std::numeric_limits<double>::lowest();
  double high = std::numeric_limits<double>::max();
};
// Compilers deduce this by themselves, but for clang before version 17.
template <class Record, class Member, class... Bounds>
Field(std::string_view, Member Record::*, Bounds...) -> Field<Record, Member>;

/// Calls body(field) for each field of a list.
template <class Fields, class Body>
constexpr void visit_fields(const Fields& fields, const Body& body) {
  std::apply([&](const auto&... field) { (body(field), ...); }, fields);
}

}  // namespace microgpt::core
