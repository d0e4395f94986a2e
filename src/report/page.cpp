#include "microgpt/report/page.hpp"

#include "microgpt/core/files.hpp"

// The pages with their styles and scripts, but without data (see page/report.html and
// page/speaker.html). Embedded by the assembler; a C++ literal of a megabyte would take the
// compiler seconds.
__asm__(
    ".pushsection .rodata\n"
    "microgpt_report_page_begin:\n"
    ".incbin \"" MICROGPT_PAGES
    "/report_page.html\"\n"
    "microgpt_report_page_end:\n"
    "microgpt_speaker_page_begin:\n"
    ".incbin \"" MICROGPT_PAGES
    "/speaker_page.html\"\n"
    "microgpt_speaker_page_end:\n"
    ".popsection\n");
extern "C" const char microgpt_report_page_begin[], microgpt_report_page_end[];
extern "C" const char microgpt_speaker_page_begin[], microgpt_speaker_page_end[];

namespace microgpt::report {

namespace {

/// JSON escaped for HTML: it cannot end the element or begin a comment.
std::string for_html(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

/// A page with a text in its place.
std::string filled(std::string_view page, std::string_view place, std::string_view content) {
  const std::size_t begin = page.find(place);
  std::string text(page.substr(0, begin));
  text += content;
  text += page.substr(begin + place.size());
  return text;
}

constexpr std::string_view kWeights = "{{weights}}";

}  // namespace

std::string report_page(const RunRecord& run) {
  const std::string_view page(microgpt_report_page_begin, microgpt_report_page_end);
  return filled(filled(page, kWeights, base64(run.weights)), "{{data}}", for_html(run_json(run)));
}

std::string speaker_page(std::string_view weights) {
  const std::string_view page(microgpt_speaker_page_begin, microgpt_speaker_page_end);
  return filled(page, kWeights, base64(weights));
}

void write_report(const std::filesystem::path& folder, RunState state) {
  RunRecord run = load_run(folder);
  run.state = state;
  write_file_atomically(folder / "report.html", report_page(run));
}

}  // namespace microgpt::report
