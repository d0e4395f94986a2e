#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "microgpt/model/token.hpp"

namespace microgpt::training {

using namespace model;

/// Tokens, each in as few bytes (1, 2 or 4) as the largest of them needs. A text of a gigabyte
/// would otherwise take four. Single bytes are in a string, so that a text can become its tokens
/// where it stands.
class TokenArray {
 public:
  using Values = std::variant<std::string, std::vector<std::uint16_t>, std::vector<Token>>;

  TokenArray() = default;
  explicit TokenArray(std::span<const Token> tokens) { append(tokens); }
  /// No values, of such an alternative.
  static Values empty(std::size_t alternative) {
    if (alternative == 1) return Values(std::in_place_index<1>);
    if (alternative == 2) return Values(std::in_place_index<2>);
    return {};
  }
  static TokenArray of(Values values) {
    TokenArray array;
    array.values_ = std::move(values);
    return array;
  }

  std::size_t size() const {
    return std::visit([](const auto& values) { return values.size(); }, values_);
  }
  /// `out` becomes the tokens from `begin` on, as many as it has room for. They must be there.
  void copy(std::size_t begin, std::span<Token> out) const {
    std::visit(
        [&](const auto& values) {
          for (std::size_t i = 0; i < out.size(); ++i) out[i] = token_of(values[begin + i]);
        },
        values_);
  }
  /// All of them.
  std::vector<Token> all() const {
    std::vector<Token> tokens(size());
    copy(0, tokens);
    return tokens;
  }
  void append(std::span<const Token> tokens) {
    for (const Token token : tokens) {
      while (!fits(token)) widen();
      std::visit([&](auto& values) { values.push_back(narrow(token, values)); }, values_);
    }
  }
  /// Makes room for so many in all, if they are not larger than those that are there.
  void reserve(std::size_t count) {
    std::visit([&](auto& values) { values.reserve(count); }, values_);
  }

  const Values& values() const& { return values_; }
  Values values() && { return std::move(values_); }

  bool operator==(const TokenArray&) const = default;

 private:
  template <class Value>
  static Token token_of(Value value) {
    return static_cast<std::make_unsigned_t<Value>>(value);  // a char may have a sign
  }
  template <class Array>
  static typename Array::value_type narrow(Token token, const Array&) {
    return static_cast<typename Array::value_type>(token);
  }
  bool fits(Token token) const {
    return std::visit([&](const auto& values) { return token_of(narrow(token, values)) == token; },
                      values_);
  }
  void widen() {
    if (const auto* bytes = std::get_if<0>(&values_)) {
      values_ = widened<std::uint16_t>(*bytes);
    } else {
      values_ = widened<Token>(std::get<1>(values_));
    }
  }
  template <class Wide, class Array>
  static std::vector<Wide> widened(const Array& values) {
    std::vector<Wide> wide;
    wide.reserve(values.capacity());
    for (const auto value : values) wide.push_back(static_cast<Wide>(token_of(value)));
    return wide;
  }

  Values values_;
};

}  // namespace microgpt::training
