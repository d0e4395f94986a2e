#pragma once

#include "microgpt/layers.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace microgpt::report {

/// A table cell, for people and for programs.
struct Cell {
  std::string shown;
  std::string exact;  ///< full precision; empty if there is no value
  bool is_number = false;
};

/// A table with named columns; each row has one cell per column.
struct TextTable {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

/// The same table with rows and columns exchanged.
TextTable transposed(const TextTable& table);

/// `text` with Markdown syntax escaped.
std::string escaped_for_markdown(std::string_view text);

std::string csv_of(const TextTable& table);
std::string markdown_of(const TextTable& table);
/// Aligned columns, numbers to the right.
std::string text_of(const TextTable& table);
/// A list with one object for each column except the first, whose cells are the keys.
std::string json_of_columns(const TextTable& table);

}  // namespace microgpt::report
