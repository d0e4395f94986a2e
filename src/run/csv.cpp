#include "csv.hpp"

#include <csv.h>

#include <charconv>
#include <limits>
#include <optional>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/run/line_file.hpp"
#include "microgpt/run/tables.hpp"

namespace microgpt::run {

namespace {

struct Rows {
  std::vector<std::vector<std::string>> rows = {{}};  // the last one is incomplete

  void end_field(const void* text, std::size_t length) {
    rows.back().emplace_back(static_cast<const char*>(text), length);
  }
  void end_row() { rows.emplace_back(); }
};

/// All complete rows.
std::vector<std::vector<std::string>> parse_csv(const std::string& file, const std::string& text) {
  csv_parser parser;
  require(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) == 0, "{}: cannot be parsed", file);
  Rows rows;
  const std::size_t parsed = csv_parse(
      &parser, text.data(), text.size(),
      [](void* field, std::size_t length, void* to) {
        static_cast<Rows*>(to)->end_field(field, length);
      },
      [](int, void* to) { static_cast<Rows*>(to)->end_row(); }, &rows);
  const int error = csv_error(&parser);
  csv_free(&parser);
  require(parsed == text.size(), "{}: row {}: {}", file, rows.rows.size(), csv_strerror(error));
  rows.rows.pop_back();
  return std::move(rows.rows);
}

}  // namespace

std::string csv_field(std::string_view bytes) {
  const std::string text = valid_utf8(bytes);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field(2 * text.size() + 2, '\0');
  field.resize(csv_write(field.data(), field.size(), text.data(), text.size()));
  return field;
}

CsvTable::CsvTable(const std::filesystem::path& file) : file_(file.string()) {
  require_regular_or_absent(file);  // a pipe may never get a writer
  const std::string bytes = read_file(file);
  try {
    decode_utf8(bytes);
  } catch (const Error& error) {
    fail("{}: {}", file_, error.what());
  }
  std::vector<std::vector<std::string>> rows = parse_csv(file_, bytes);
  require(!rows.empty(), "{}: the first row must name the columns", file_);
  for (const std::string& column : rows.front()) columns_.emplace(column, columns_.size());
  for (std::size_t row = 1; row < rows.size(); ++row) {
    require(rows[row].size() == rows.front().size(),
            "{}: row {} has {} fields, but there are {} columns", file_, row + 1, rows[row].size(),
            rows.front().size());
    rows_.push_back(std::move(rows[row]));
  }
}

const std::string& CsvTable::text(std::size_t row, std::string_view column) const {
  const auto found = columns_.find(column);
  require(found != columns_.end(), "{}: there is no column {}", file_, column);
  return rows_[row][found->second];
}

double CsvTable::number(std::size_t row, std::string_view column) const {
  const std::optional<double> value = parse_double(text(row, column));
  if (!value) reject(row, column, "must be a number");
  return *value;
}

double CsvTable::number(std::size_t row, std::string_view column, double low, double high) const {
  const double value = number(row, column);
  if (value < low || value > high) {
    reject(row, column, fmt::format("must be from {:g} to {:g}", low, high));
  }
  return value;
}

std::uint64_t CsvTable::whole(std::size_t row, std::string_view column) const {
  const std::string& digits = text(row, column);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    reject(row, column, "must be a whole number");
  }
  return value;
}

std::uint32_t CsvTable::whole32(std::size_t row, std::string_view column) const {
  const std::uint64_t value = whole(row, column);
  if (value > std::numeric_limits<std::uint32_t>::max()) reject(row, column, "is too large");
  return static_cast<std::uint32_t>(value);
}

void CsvTable::reject(std::size_t row, std::string_view column, std::string_view rule) const {
  fail("{}: row {}: {} ({}) {}", file_, row + 2, column, text(row, column), rule);
}

}  // namespace microgpt::run
