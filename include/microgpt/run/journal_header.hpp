#pragma once

#include "microgpt/layers.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace microgpt::run {

/// The first record of a journal: what a run was asked for.
struct JournalHeader {
  std::vector<std::string> options;  ///< of the command line, as --name=value
  std::string settings;              ///< RunSettings as JSON: all that the result depends on ...
  std::string space;                 ///< ... besides the search space, JSON too
};

std::string to_json(const JournalHeader& header);

/// Throws Error if it is no such record.
JournalHeader journal_header_from(std::string_view json);

/// Throws Error naming the first setting that is another one than in the journal, and both values.
void require_same(const JournalHeader& journal, const JournalHeader& now);

}  // namespace microgpt::run
