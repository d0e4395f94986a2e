#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "microgpt/model/token.hpp"

namespace microgpt::training {

using namespace model;

/// Tokens, each in as few bytes (1, 2 or 4) as the largest of them needs. A text of a gigabyte
/// would otherwise take four.
class TokenArray {
 public:
  using Values =
      std::variant<std::vector<std::uint8_t>, std::vector<std::uint16_t>, std::vector<Token>>;

  TokenArray() = default;
  explicit TokenArray(std::span<const Token> tokens) { append(tokens); }
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
          for (std::size_t i = 0; i < out.size(); ++i) out[i] = values[begin + i];
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

  const Values& values() const { return values_; }

  bool operator==(const TokenArray&) const = default;

 private:
  template <class Value>
  static Value narrow(Token token, const std::vector<Value>&) {
    return static_cast<Value>(token);
  }
  bool fits(Token token) const {
    return std::visit([&](const auto& values) { return narrow(token, values) == token; }, values_);
  }
  void widen() {
    if (const auto* bytes = std::get_if<0>(&values_)) {
      values_ = widened<std::uint16_t>(*bytes);
    } else {
      values_ = widened<Token>(std::get<1>(values_));
    }
  }
  template <class Wide, class Value>
  static std::vector<Wide> widened(const std::vector<Value>& values) {
    std::vector<Wide> wide;
    wide.reserve(values.capacity());
    wide.assign(values.begin(), values.end());
    return wide;
  }

  Values values_;
};

}  // namespace microgpt::training
