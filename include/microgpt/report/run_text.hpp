#pragma once

#include <span>
#include <string>

#include "microgpt/report/run_record.hpp"

namespace microgpt::report {

/// A run as Markdown: champion, trajectory, genes, finalists, the best, Pareto fronts.
std::string run_markdown(const RunRecord& run);

/// The format of a report.
enum class Format { html, csv, json, markdown, text };

constexpr auto enum_names(Format) {
  return enum_table<Format>("format", {{Format::html, "html"},
                                       {Format::csv, "csv"},
                                       {Format::json, "json"},
                                       {Format::markdown, "markdown"},
                                       {Format::text, "text"}});
}

/// A comparison of several runs, one column each: settings in which they differ, champions, losses,
/// costs. Format csv, json, markdown or text.
std::string comparison(std::span<const RunRecord> runs, Format format);

}  // namespace microgpt::report
