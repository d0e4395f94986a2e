#pragma once

#include <string>
#include <string_view>

#include "microgpt/report/run_record.hpp"

namespace microgpt::report {

/// A run as one JSON object: settings, champion, every organism, generations, gene importance,
/// Pareto fronts, finalists and timings. docs/run-folder.md lists its members.
std::string run_json(const RunRecord& run);

/// A run as one self-contained HTML page, including styles, scripts, charts and data, and the
/// weights of its champion, which speaks in it, if they are not too large.
std::string report_page(const RunRecord& run);

/// A page in which the model of a weight file speaks, complete in itself.
std::string speaker_page(std::string_view weights);

/// Writes report.html into the folder of a run that is about to enter this state. Throws Error as
/// load_run() does.
void write_report(const std::filesystem::path& folder, RunState state);

}  // namespace microgpt::report
