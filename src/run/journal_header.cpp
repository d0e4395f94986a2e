#include "microgpt/run/journal_header.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "json_lines.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/genome/genome_json.hpp"

namespace microgpt::run {

namespace {

/// On one line.
std::string compact(std::string_view json) { return to_text(parse_line(json)); }

void require_same_members(std::string_view what, const std::string& journal,
                          const std::string& now) {
  const json::Value theirs = parse_line(journal), ours = parse_line(now);
  for (const auto& [key, value] : ours.object()) {
    if (key == "generations" || key == "budget_flops") continue;  // a run may be extended
    const json::Value* const found = theirs.find(key);
    // Follows from the dataset, and is not known of runs of earlier versions.
    if (found == nullptr && key.starts_with("ngram_")) continue;
    if (key == "input") continue;  // a file may get another name; its checksum counts
    const std::string there = found == nullptr ? "not there" : to_text(*found);
    require(there == to_text(value),
            "{}{} is {} now, but the run was started with {}; a run goes on as it began", what, key,
            to_text(value), there);
  }
}

/// Settings that are as usual are left out.
void require_none_left_out(const std::string& journal, const std::string& now) {
  const json::Value theirs = parse_line(journal), ours = parse_line(now);
  for (const auto& [key, value] : theirs.object()) {
    require(ours.find(key) != nullptr,
            "{} is as usual now, but the run was started with {}; a run goes on as it began", key,
            to_text(value));
  }
}

bool is_utf8(std::string_view text) { return valid_utf8(text) == text; }

/// Paths are bytes, and JSON is Unicode: with %, and in what is no UTF-8 with every byte above 127,
/// as % and two hexadecimal digits.
std::string escaped(std::string_view bytes) {
  const bool all_bytes = !is_utf8(bytes);
  std::string text;
  for (const char c : bytes) {
    const bool escape = c == '%' || (all_bytes && static_cast<unsigned char>(c) > 127);
    text += escape ? fmt::format("%{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      const char* const digits = text.data() + i + 1;
      const char* const end = text.data() + std::min(text.size(), i + 3);
      const auto parsed = std::from_chars(digits, end, byte, 16);
      require(parsed.ec == std::errc() && parsed.ptr == digits + 2,
              "\"options\" ({}): two hexadecimal digits must follow each %", text);
      i += 2;
    }
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

constexpr std::uint64_t kFormat = 2;  // of the header

}  // namespace

std::string to_json(const JournalHeader& header) {
  std::vector<std::string> options;
  for (const std::string& option : header.options) options.push_back(escaped(option));
  LineWriter line;
  line.put("journal", kFormat);
  line.put("options", options);
  line.put("settings", parse_line(header.settings));
  line.put("space", parse_line(header.space));
  return line.object();
}

JournalHeader journal_header_from(std::string_view json) {
  const json::Value line = parse_line(json);
  require(whole(line, "journal") == kFormat,
          "\"journal\" ({}) must be {}: another version of this program began the run",
          whole(line, "journal"), kFormat);
  JournalHeader header;
  for (const std::string& option : texts(line, "options")) {
    header.options.push_back(unescaped(option));
  }
  for (const char* key : {"settings", "space"}) {
    require(member(line, key).is_object(), "\"{}\" must be an object", key);
  }
  header.settings = to_text(member(line, "settings"));
  header.space = to_text(member(line, "space"));
  return header;
}

void require_same(const JournalHeader& journal, const JournalHeader& now) {
  require_same_members("", journal.settings, compact(now.settings));
  require_none_left_out(journal.settings, compact(now.settings));
  // In today's words: an earlier version had others for the same space.
  const SearchSpace space = genome::parse_space("journal", journal.space, {});
  require_same_members("the search space's ", to_json(space), compact(now.space));
}

}  // namespace microgpt::run
