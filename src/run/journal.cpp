#include "microgpt/run/journal.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <utility>

#include "json_lines.hpp"
#include "limits.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/genome/own_space.hpp"
#include "microgpt/run/journal_header.hpp"

namespace microgpt::run {

namespace {

constexpr std::size_t kDigits = 16;
constexpr std::string_view kExtension = "{\"extension\":";  // how such a record begins

std::string digits_of(std::string_view last, std::string_view object) {
  return sha256(fmt::format("{}{}", last, object)).substr(0, kDigits);
}

std::string object_of(const Trial& trial) {
  const Timing& t = trial.timing;
  LineWriter line;
  line.put("id", trial.task.id);
  line.put(trial.task.genome, trial.task.replicate, trial.evaluation);
  if (trial.task.origin) {
    line.put("origin", *trial.task.origin);
    line.put("parents", trial.task.parents);
  }
  line.put("rank", t.rank), line.put("host", t.host);
  line.put("start", t.start), line.put("seconds", t.seconds);
  return line.object();
}

/// How the organism was born. Journals of earlier versions do not say.
void read_birth(const json::Value& line, Task& task) {
  if (line.find("origin") == nullptr) return;
  read(line, "origin", task.origin.emplace());
  read(line, "parents", task.parents);
}

Trial trial_of(std::string_view object, const GeneTable& genes) {
  const auto line = parse_line(object);
  constexpr double kMaxRank = std::numeric_limits<int>::max();
  Task task = {
      .id = whole(line, "id"), .genome = genome_of(line, genes), .replicate = replicate_of(line)};
  read_birth(line, task);
  return {.task = std::move(task),
          .evaluation = evaluation_of(line),
          .timing = {.rank = static_cast<int>(number(line, "rank", -1, kMaxRank)),
                     .host = text(line, "host"),
                     .start = number(line, "start", 0, kMaxSeconds),
                     .seconds = number(line, "seconds", 0, kMaxSeconds)},
          .known = true};
}

/// Those of the search space in a header, if it describes its genes.
const GeneTable& genes_of(const std::string& header) {
  if (header.find("\"genes\"") == header.npos) return default_genes();
  return genome::genes_of_space("space", journal_header_from(header).space);
}

/// The complete lines of a journal.
struct Content {
  std::string header, last;
  std::vector<std::string> extensions;
  std::vector<Trial> entries;
  std::size_t size = 0, torn = 0;  // bytes
};

Content content_of(const std::filesystem::path& path, const std::string& bytes) {
  Content content;
  content.size = bytes.rfind('\n') + 1;  // 0 if there is none
  content.torn = bytes.size() - content.size;
  std::size_t number_of_line = 0;
  const GeneTable* genes = &default_genes();
  for (std::size_t begin = 0; begin < content.size;) {
    const std::size_t end = bytes.find('\n', begin);
    const std::string_view line = std::string_view(bytes).substr(begin, end - begin);
    ++number_of_line;
    try {
      require(line.size() > kDigits && line[kDigits] == ' ', "it is no record");
      const std::string_view object = line.substr(kDigits + 1);
      require(line.substr(0, kDigits) == digits_of(content.last, object),
              "its checksum is wrong: this line or one before it was changed or lost");
      content.last = line.substr(0, kDigits);
      if (number_of_line == 1) {
        content.header = object;
        genes = &genes_of(content.header);
      } else if (object.starts_with(kExtension)) {
        std::ranges::move(texts(parse_line(object), "extension"),
                          std::back_inserter(content.extensions));
      } else {
        content.entries.push_back(trial_of(object, *genes));
      }
    } catch (const Error& error) {
      fail("{}: line {}: {}", path.string(), number_of_line, error.what());
    }
    begin = end + 1;
  }
  return content;
}

}  // namespace

Journal::Journal(std::filesystem::path file) : path_(std::move(file)), file_(path_) {
  using namespace std::chrono_literals;
  const LineFile::Lock lock = file_.lock(10s);
  require(lock != LineFile::Lock::taken, "{}: another run is using this folder", path_.string());
  if (lock == LineFile::Lock::unsupported) {
    notices_.push_back(
        fmt::format("{}: cannot be locked on this file system; let no other run use this folder",
                    path_.string()));
  }
  Content content = content_of(path_, file_.read());
  header_ = std::move(content.header);
  last_ = std::move(content.last);
  extensions_ = std::move(content.extensions);
  entries_ = std::move(content.entries);
  if (content.torn == 0) return;
  file_.cut(content.size);
  notices_.push_back(fmt::format("{}: the last record was cut short, {} bytes, and is dropped",
                                 path_.string(), content.torn));
}

void Journal::begin(std::string_view header) {
  require(is_new(), "{}: has a first record", path_.string());
  write(header);
  sync();
  header_ = header;
}

void Journal::extend(const std::vector<std::string>& options) {
  LineWriter line;
  line.put("extension", options);
  write(line.object());
  sync();
}

void Journal::append(const Trial& trial) { write(object_of(trial)); }

void Journal::sync() {
  if (std::exchange(is_synced_, true)) return;
  file_.sync();
}

void Journal::write(std::string_view object) {
  require(file_.is_in_place(), "{}: has been removed", path_.string());
  const std::string digits = digits_of(last_, object);
  file_.append(fmt::format("{} {}\n", digits, object));
  last_ = digits;
  is_synced_ = false;
}

std::vector<Trial> journaled(const std::filesystem::path& folder, std::string_view header) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    if (name == "journal" || name.starts_with("journal-")) files.push_back(file.path());
  }
  std::ranges::sort(files);
  std::vector<Trial> all;
  for (const std::filesystem::path& file : files) {
    const Content content = content_of(file, LineFile(file, LineFile::Use::read).read());
    require(content.header.empty() || content.header == header,
            "{}: belongs to another run than {}", file.string(), (folder / "journal").string());
    all.insert(all.end(), content.entries.begin(), content.entries.end());
  }
  return all;
}

RecordedBirths births_of(std::span<const Trial> trials) {
  RecordedBirths births;
  for (const auto& [task, evaluation, timing, known] : trials) {
    if (task.origin) births[task.id] = {task.genome, *task.origin, task.parents};
  }
  return births;
}

}  // namespace microgpt::run
