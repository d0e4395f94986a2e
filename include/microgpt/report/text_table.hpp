#pragma once

#include "microgpt/layers.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace microgpt::report {

/// A field of a table, for people and for programs.
struct Cell {
  std::string shown;
  std::string exact;  ///< every digit; empty if there is no value
  bool is_number = false;
};

/// A table with named columns; each row has a cell for each of them.
struct TextTable {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

/// Text that markdown shows as it is.
std::string escaped_for_markdown(std::string_view text);

std::string csv_of(const TextTable& table);
std::string markdown_of(const TextTable& table);
/// Columns of even width, numbers to the right.
std::string text_of(const TextTable& table);
/// A list with an object for each column but the first, whose cells are the keys.
std::string json_of_columns(const TextTable& table);

}  // namespace microgpt::report
