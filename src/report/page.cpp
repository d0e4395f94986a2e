#include "microgpt/report/page.hpp"

#include "microgpt/core/files.hpp"

// The page with its styles and scripts, but without data (see page/report.html). Embedded by the
// assembler; a C++ literal of a megabyte would take the compiler seconds.
__asm__(
    ".pushsection .rodata\n"
    "microgpt_report_page_begin:\n"
    ".incbin \"" MICROGPT_REPORT_PAGE
    "\"\n"
    "microgpt_report_page_end:\n"
    ".popsection\n");
extern "C" const char microgpt_report_page_begin[], microgpt_report_page_end[];

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

}  // namespace

std::string report_page(const RunRecord& run) {
  constexpr std::string_view kPlace = "{{data}}";
  const std::string_view page(microgpt_report_page_begin, microgpt_report_page_end);
  const std::size_t place = page.find(kPlace);
  std::string text(page.substr(0, place));
  text += for_html(run_json(run));
  text += page.substr(place + kPlace.size());
  return text;
}

void write_report(const std::filesystem::path& folder, RunState state) {
  RunRecord run = load_run(folder);
  run.state = state;
  write_file_atomically(folder / "report.html", report_page(run));
}

}  // namespace microgpt::report
