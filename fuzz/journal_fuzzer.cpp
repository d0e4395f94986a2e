// The journal of a run: what is accepted is the same when it is opened again, and its first record
// is a header or an Error. The checksums of all lines are computed here, or no changed line would
// ever be parsed; an input that begins with ! is used unchanged.

#include "memory_file.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/run/journal.hpp"
#include "microgpt/run/journal_header.hpp"
#include "property.hpp"

namespace microgpt::fuzz {

using namespace run;
namespace {

std::string with_checksums(std::string_view input) {
  if (input.starts_with('!')) return std::string(input.substr(1));
  std::string bytes, last;
  while (!input.empty()) {
    const std::string object(input.substr(0, input.find('\n')));
    input.remove_prefix(std::min(object.size() + 1, input.size()));
    last = sha256(last + object).substr(0, 16);
    bytes += last + ' ' + object + '\n';
  }
  return bytes;
}

void run(std::string_view input) {
  const std::string bytes = with_checksums(input);
  const MemoryFile file(bytes);
  std::string header;
  std::vector<Trial> entries;
  const auto opened = loaded(file.path(), [&] {
    const Journal journal(file.path());
    header = journal.header();
    entries = journal.entries();
    return true;
  });
  const std::string left = opened ? bytes.substr(0, bytes.rfind('\n') + 1) : bytes;
  check(read_file(file.path()) == left, "opening cuts off an unfinished line and no more");
  if (!opened) return;
  const Journal again(file.path());
  check(again.entries() == entries && again.header() == header, "a journal stays what it is");
  try {
    const JournalHeader read = journal_header_from(header);
    check(journal_header_from(to_json(read)).settings == read.settings,
          "a header survives being saved");
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace microgpt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  microgpt::fuzz::run(microgpt::fuzz::text_of(data, size));
  return 0;
}
