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
  const bool needs_quotes = bytes.find_first_of(",\"\r\n") != bytes.npos;
  return needs_quotes ? csv_quoted(bytes) : valid_utf8(bytes);
}

std::string csv_quoted(std::string_view bytes) {
  const std::string text = valid_utf8(bytes);
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

const std::string& CsvField::text() const {
  const auto found = table_.columns_.find(column_);
  require(found != table_.columns_.end(), "{}: there is no column {}", table_.file_, column_);
  return table_.rows_[row_][found->second];
}

double CsvField::number() const {
  const std::optional<double> value = parse_double(text());
  if (!value) reject("must be a number");
  return *value;
}

double CsvField::number(double low, double high) const {
  const double value = number();
  if (value < low || value > high) reject(fmt::format("must be from {:g} to {:g}", low, high));
  return value;
}

std::uint64_t CsvField::whole() const {
  const std::string& digits = text();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    reject("must be a whole number");
  }
  return value;
}

std::uint32_t CsvField::whole32() const {
  const std::uint64_t value = whole();
  if (value > std::numeric_limits<std::uint32_t>::max()) reject("is too large");
  return static_cast<std::uint32_t>(value);
}

void CsvField::reject(std::string_view rule) const {
  fail("{}: row {}: {} ({}) {}", table_.file_, row_ + 2, column_, text(), rule);
}

}  // namespace microgpt::run
