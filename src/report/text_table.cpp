#include "microgpt/report/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/run/tables.hpp"

namespace microgpt::report {

namespace {

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string spaces(width - std::min(width, display_width(text)), ' ');
  return right ? spaces + text : text + spaces;
}

std::vector<std::size_t> widths_of(const TextTable& table) {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::size_t width = display_width(table.columns[column]);
    for (const auto& row : table.rows) width = std::max(width, display_width(row[column].shown));
    widths.push_back(width);
  }
  return widths;
}

}  // namespace

TextTable transposed(const TextTable& table) {
  TextTable result;
  result.columns.push_back(table.columns.front());
  for (const std::vector<Cell>& row : table.rows) result.columns.push_back(row.front().shown);
  for (std::size_t column = 1; column < table.columns.size(); ++column) {
    const std::string& label = table.columns[column];
    std::vector<Cell>& row = result.rows.emplace_back();
    row.push_back({.shown = label, .exact = label});
    for (const std::vector<Cell>& of : table.rows) row.push_back(of[column]);
  }
  return result;
}

std::string escaped_for_markdown(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '<' || c == '`' || c == '*') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string csv_of(const TextTable& table) {
  std::vector<std::string> fields;
  for (const std::string& column : table.columns) fields.push_back(csv_field(column));
  std::string text = fmt::format("{}\n", fmt::join(fields, ","));
  for (const auto& row : table.rows) {
    fields.clear();
    for (const Cell& cell : row) fields.push_back(csv_field(cell.exact));
    text += fmt::format("{}\n", fmt::join(fields, ","));
  }
  return text;
}

std::string markdown_of(const TextTable& table) {
  std::string text = "|", line = "|";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    text += fmt::format(" {} |", escaped_for_markdown(table.columns[i]));
    line += !table.rows.empty() && table.rows.front()[i].is_number ? "---:|" : "---|";
  }
  text += "\n" + line + "\n";
  for (const auto& row : table.rows) {
    text += '|';
    for (const Cell& cell : row) text += fmt::format(" {} |", escaped_for_markdown(cell.shown));
    text += '\n';
  }
  return text;
}

std::string text_of(const TextTable& table) {
  const std::vector<std::size_t> widths = widths_of(table);
  std::string text;
  const auto add_row = [&](const auto& field) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      line += (i == 0 ? "" : "  ") + padded(field(i), widths[i], i > 0);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  add_row([&](std::size_t i) { return table.columns[i]; });
  for (const auto& row : table.rows) add_row([&](std::size_t i) { return row[i].shown; });
  return text;
}

std::string json_of_columns(const TextTable& table) {
  json::Writer writer(4);
  writer.begin_list();
  for (std::size_t column = 1; column < table.columns.size(); ++column) {
    writer.begin_object();
    writer.put("run", table.columns[column]);
    for (const auto& row : table.rows) {
      const Cell& cell = row[column];
      writer.key(row[0].exact);
      if (cell.exact.empty()) {
        writer.write(nullptr);
      } else if (cell.is_number) {
        writer.write_json(cell.exact);
      } else {
        writer.write(cell.exact);
      }
    }
    writer.end_object();
  }
  writer.end_list();
  return writer.text() + "\n";
}

}  // namespace microgpt::report
