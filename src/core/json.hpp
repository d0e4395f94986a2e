#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "microgpt/core/enum_names.hpp"
#include "microgpt/core/error.hpp"

// All JSON that this program reads and writes itself. What is read has the bits that the digits
// say, and a number is written with the fewest digits that give its bits again.
namespace microgpt::core::json {

struct Member;

/// A value as it was read. Whole numbers that fit are kept as such, the negative ones apart.
struct Value {
  using List = std::vector<Value>;
  using Object = std::vector<Member>;  ///< in the order of the text
  std::variant<std::nullptr_t, bool, std::uint64_t, std::int64_t, double, std::string, List, Object>
      data;

  template <class Type>
  const Type* as() const {
    return std::get_if<Type>(&data);
  }
  bool is_object() const { return as<Object>() != nullptr; }
  /// The members; it must be an object.
  const Object& object() const { return std::get<Object>(data); }
  /// Of any kind of number.
  std::optional<double> number() const;
  /// A member of an object, the first of that name; null if there is none.
  const Value* find(std::string_view key) const;
};

struct Member {
  std::string key;
  Value value;
};

class SyntaxError : public Error {
 public:
  SyntaxError(std::size_t byte, std::string_view reason);
  std::size_t byte;  ///< counts from 1
  std::string reason;
};

/// What becomes of values that are nested so deep that others would run out of stack.
enum class Deep { refused, left_out };

/// The one value in a text. Throws SyntaxError, or Error where a number is out of range.
Value parse(std::string_view text, Deep deep = Deep::refused);

/// On one line.
std::string to_text(const Value& value);

/// The member of an object, which must be one; those with a type copy it. Throw Error naming the
/// key if it is missing or of another type.
const Value& member(const Value& object, std::string_view key);
double number(const Value& object, std::string_view key);
/// One from `low` to `high`.
double number(const Value& object, std::string_view key, double low, double high);
std::uint64_t whole(const Value& object, std::string_view key);
std::uint32_t whole32(const Value& object, std::string_view key);
std::string text(const Value& object, std::string_view key);
/// The elements of a list, which are said to be `elements` where it is none.
const Value::List& list(const Value& object, std::string_view key, std::string_view elements);
std::vector<std::string> texts(const Value& object, std::string_view key);
std::vector<std::uint64_t> wholes(const Value& object, std::string_view key);
std::vector<double> numbers(const Value& object, std::string_view key);

// The same by the type of what is read into. An optional value may be missing, and so may a list of
// numbers, which is empty then.
inline void read(const Value& o, std::string_view key, double& to) { to = number(o, key); }
inline void read(const Value& o, std::string_view key, std::uint64_t& to) { to = whole(o, key); }
inline void read(const Value& o, std::string_view key, std::uint32_t& to) { to = whole32(o, key); }
inline void read(const Value& o, std::string_view key, std::string& to) { to = text(o, key); }
inline void read(const Value& o, std::string_view key, std::vector<std::string>& to) {
  to = texts(o, key);
}
inline void read(const Value& o, std::string_view key, std::vector<std::uint64_t>& to) {
  to = wholes(o, key);
}
inline void read(const Value& o, std::string_view key, std::vector<double>& to) {
  to = o.find(key) == nullptr ? std::vector<double>() : numbers(o, key);
}
inline void read(const Value& o, std::string_view key, std::optional<double>& to) {
  to = o.find(key) == nullptr ? std::nullopt : std::optional(number(o, key));
}
template <NamedEnum Enum>
void read(const Value& o, std::string_view key, Enum& to) {
  const std::string name = text(o, key);
  const std::optional<Enum> known = find_name<Enum>(name);
  to = known ? *known : from_name<Enum>(name);
}

/// Writes one value. In strings U+FFFD stands for what is no UTF-8, so that whoever reads the text
/// is able to; numbers that are not finite are null.
class Writer {
 public:
  Writer() = default;  ///< all on one line
  /// Each level on lines of its own, with so many spaces more.
  explicit Writer(std::size_t indent) : indent_(indent) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_list() { open('['); }
  void end_list() { close(']'); }
  void key(std::string_view key);

  void write(double value);
  void write(std::string_view value);
  void write(const std::string& value) { write(std::string_view(value)); }
  void write(const char* value) { write(std::string_view(value)); }
  void write(bool value) { write_json(value ? "true" : "false"); }
  void write(std::uint64_t value) { write_json(fmt::to_string(value)); }
  void write(std::uint32_t value) { write(std::uint64_t{value}); }
  void write(std::int64_t value) { write_json(fmt::to_string(value)); }
  void write(int value) { write(std::int64_t{value}); }
  void write(std::nullptr_t) { write_json("null"); }
  template <NamedEnum Enum>
  void write(Enum value) {
    write(name(value));
  }
  template <class Type>
  void write(const std::optional<Type>& value) {
    value ? write(*value) : write(nullptr);
  }
  template <class Type>
  void write(const std::vector<Type>& values) {
    begin_list();
    for (const Type& value : values) write(value);
    end_list();
  }
  void write(const Value::Object& members);
  void write(const Value& value);
  /// A value that is JSON already.
  void write_json(std::string_view json);

  template <class Type>
  void put(std::string_view name, const Type& value) {
    key(name);
    write(value);
  }

  /// A member, unless its value is an optional one that is not there.
  template <class Type>
  void put_if_any(std::string_view name, const Type& value) {
    put(name, value);
  }
  template <class Type>
  void put_if_any(std::string_view name, const std::optional<Type>& value) {
    if (value) put(name, *value);
  }
  void put_if_any(std::string_view name, const std::vector<double>& values) {
    if (!values.empty()) put(name, values);
  }

  const std::string& text() const { return text_; }

 private:
  void open(char bracket);
  void close(char bracket);
  void begin_value();
  void new_line();

  std::size_t indent_ = 0, depth_ = 0;
  bool after_key_ = false;
  std::string text_;
};

}  // namespace microgpt::core::json
