#include "microgpt/experiment/journal_header.hpp"

#include "json_lines.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt {

namespace {

std::string json_of(const json::Value& value) {
  json::StringBuffer buffer;
  json::Writer<json::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

/// On one line.
std::string compact(std::string_view json) { return json_of(parse_line(json)); }

void require_same_members(std::string_view what, const std::string& journal,
                          const std::string& now) {
  const json::Document theirs = parse_line(journal), ours = parse_line(now);
  for (const auto& [key, value] : ours.GetObject()) {
    const auto found = theirs.FindMember(key);
    const std::string there = found == theirs.MemberEnd() ? "not there" : json_of(found->value);
    require(there == json_of(value),
            "{}{} is {} now, but the run was started with {}; a run goes on as it began", what,
            key.GetString(), json_of(value), there);
  }
}

}  // namespace

std::string to_json(const JournalHeader& header) {
  json::StringBuffer buffer;
  json::Writer<json::StringBuffer> options(buffer);
  options.StartArray();
  for (const std::string& option : header.options) {
    options.String(option.data(), static_cast<json::SizeType>(option.size()));
  }
  options.EndArray();
  LineWriter line;
  line.put("journal", 1);
  line.put_json("options", {buffer.GetString(), buffer.GetSize()});
  line.put_json("settings", compact(header.settings));
  line.put_json("space", compact(header.space));
  return line.object();
}

JournalHeader journal_header_from(std::string_view json) {
  const json::Document line = parse_line(json);
  require(whole(line, "journal") == 1, "\"journal\" ({}) must be 1", whole(line, "journal"));
  JournalHeader header;
  const json::Value& options = member(line, "options");
  require(options.IsArray(), "\"options\" must be a list");
  for (const auto& option : options.GetArray()) {
    require(option.IsString(), "\"options\" must be a list of strings");
    header.options.emplace_back(option.GetString(), option.GetStringLength());
  }
  for (const char* key : {"settings", "space"}) {
    require(member(line, key).IsObject(), "\"{}\" must be an object", key);
  }
  header.settings = json_of(member(line, "settings"));
  header.space = json_of(member(line, "space"));
  return header;
}

void require_same(const JournalHeader& journal, const JournalHeader& now) {
  require_same_members("", journal.settings, compact(now.settings));
  require_same_members("the search space's ", journal.space, compact(now.space));
}

}  // namespace microgpt
