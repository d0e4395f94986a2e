#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "csv.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/run/tables.hpp"

// A CSV file as a list of columns, each of which says how it is written and read.
namespace microgpt::run {

/// A column is one entry of its table: its name, how its field is written, and how it is read back.
/// Columns that follow from others are not read.
template <class Row, class Record = Row>
struct Column {
  using Field = std::function<std::string(const Row&)>;
  using Read = std::function<void(const CsvField&, Record&)>;

  Column(std::string called, Field written, Read read_back = nullptr, bool may_be_missing = false)
      : name(std::move(called)),
        field(std::move(written)),
        read(std::move(read_back)),
        is_optional(may_be_missing) {}

  std::string name;
  Field field;
  Read read;
  bool is_optional;  ///< whether older files may be without it
};

/// A CSV file: each row is written from a Row and read into a Record.
template <class Row, class Record = Row>
struct Table {
  std::vector<Column<Row, Record>> columns;

  std::string header() const {
    return line([](const Column<Row, Record>& column) { return column.name; });
  }
  std::string row(const Row& row) const {
    return line([&](const Column<Row, Record>& column) { return column.field(row); });
  }

  /// Each row is read into a copy of `empty`, and must then pass the check.
  std::vector<Record> read(
      const std::filesystem::path& file, const Record& empty = {},
      const std::function<void(const Record&)>& check = [](const Record&) {}) const {
    const CsvTable table(file);
    std::vector<Record> records(table.size(), empty);
    for (std::size_t i = 0; i < records.size(); ++i) {
      for (const Column<Row, Record>& column : columns) {
        if (!column.read || (column.is_optional && !table.has(column.name))) continue;
        column.read(table.field(i, column.name), records[i]);
      }
      try {
        check(records[i]);
      } catch (const Error& error) {
        table.field(i, "id").reject(error.what());
      }
    }
    return records;
  }

 private:
  template <class Of>
  std::string line(const Of& of) const {
    std::string text;
    for (const Column<Row, Record>& column : columns) text += of(column) + ',';
    text.back() = '\n';
    return text;
  }
};

template <class Value>
std::string field(const Value& value) {
  return fmt::to_string(value);
}
inline std::string field(const std::string& text) { return csv_field(text); }
inline std::string field(const std::optional<double>& value) {
  return value ? fmt::to_string(*value) : "";
}

/// A column that is a member of the record.
template <class Record, class Member>
Column<Record> member(std::string name, Member Record::*at) {
  return {std::move(name), [at](const Record& record) { return field(record.*at); },
          [at](const CsvField& from, Record& record) { from.read(record.*at); }};
}

/// The evaluation behind a row; each kind of row has an overload.
inline Evaluation& evaluation_of(Organism& organism) { return *organism.evaluation; }
inline const Evaluation& evaluation_of(const Trial& trial) { return trial.evaluation; }
inline Evaluation& evaluation_of(Trial& trial) { return trial.evaluation; }

/// A fitness or loss: empty if it is that of a failure.
inline std::string score_field(double score) {
  return score == kMaxLoss ? "" : fmt::to_string(score);
}

/// A fitness or loss, which failures do not have.
template <class Row, class Record>
Column<Row, Record> score(std::string name, double Evaluation::*at) {
  return {std::move(name), [at](const Row& row) { return score_field(evaluation_of(row).*at); },
          [at](const CsvField& from, Record& record) {
            if (from.beside("failure").text().empty()) evaluation_of(record).*at = from.number();
          }};
}

template <class Row, class Record>
Column<Row, Record> failure() {
  return {"failure", [](const Row& row) { return field(evaluation_of(row).failure); },
          [](const CsvField& from, Record& to) { evaluation_of(to).failure = from.text(); }};
}

/// A column that is a member of the task.
template <class Member>
Column<Trial> of_task(std::string name, Member Task::*at) {
  return {std::move(name), [at](const Trial& trial) { return field(trial.task.*at); },
          [at](const CsvField& from, Trial& trial) { from.read(trial.task.*at); }};
}

}  // namespace microgpt::run
