#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt::run {

/// The rows of a CSV file with a header (row 1 in messages). An incomplete last row is skipped: the
/// file may be being written.
class CsvTable {
 public:
  /// Throws Error naming the file if it cannot be read, is empty, or has a row of another length.
  explicit CsvTable(const std::filesystem::path& file);

  std::size_t size() const { return rows_.size(); }

  // A field. Throw Error naming file, row and column if there is no such column, or the field is
  // invalid.
  const std::string& text(std::size_t row, std::string_view column) const;
  double number(std::size_t row, std::string_view column) const;
  /// One from `low` to `high`.
  double number(std::size_t row, std::string_view column, double low, double high) const;
  std::uint64_t whole(std::size_t row, std::string_view column) const;
  std::uint32_t whole32(std::size_t row, std::string_view column) const;

  /// Throws Error for a row that breaks a rule.
  [[noreturn]] void reject(std::size_t row, std::string_view column, std::string_view rule) const;

 private:
  std::string file_;
  std::map<std::string, std::size_t, std::less<>> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace microgpt::run
