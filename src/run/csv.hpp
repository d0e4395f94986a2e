#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt::run {

class CsvTable;

/// One field of a table. Whatever reads it throws Error naming file, row and column if there is no
/// such column, or the field is not what it should be.
class CsvField {
 public:
  CsvField(const CsvTable& table, std::size_t row, std::string_view column)
      : table_(table), row_(row), column_(column) {}

  const std::string& text() const;
  double number() const;
  /// One from `low` to `high`.
  double number(double low, double high) const;
  std::uint64_t whole() const;
  std::uint32_t whole32() const;

  void read(std::string& to) const { to = text(); }
  void read(std::uint64_t& to) const { to = whole(); }
  void read(std::uint32_t& to) const { to = whole32(); }

  /// Another field of the same row.
  CsvField beside(std::string_view column) const { return {table_, row_, column}; }

  /// Ends the reading of a row that breaks a rule.
  [[noreturn]] void reject(std::string_view rule) const;

 private:
  const CsvTable& table_;
  std::size_t row_;
  std::string_view column_;
};

/// The rows of a CSV file whose first row names the columns (in messages it is row 1). A last row
/// that is not complete is left out: the file may be in the middle of being written.
class CsvTable {
 public:
  /// Throws Error naming the file if it cannot be read, has no row, or a row of another length.
  explicit CsvTable(const std::filesystem::path& file);

  std::size_t size() const { return rows_.size(); }
  bool has(std::string_view column) const { return columns_.contains(column); }
  CsvField field(std::size_t row, std::string_view column) const { return {*this, row, column}; }

 private:
  friend class CsvField;

  std::string file_;
  std::map<std::string, std::size_t, std::less<>> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace microgpt::run
