// Turns the folder of a run into a page, a table or a genome.
#include <CLI/CLI.hpp>

#include <filesystem>

#include "choice.hpp"
#include "command_line.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/report/page.hpp"
#include "microgpt/report/run_text.hpp"
#include "microgpt/report/text_report.hpp"
#include "microgpt/run/folder.hpp"
#include "microgpt/run/tables.hpp"

namespace microgpt::apps {

namespace {

struct Options {
  std::string run = "latest", experiments = "experiments", output;
  std::optional<Format> format;
  std::optional<std::uint64_t> organism;
  std::vector<std::string> compare;
};

void add_options(CLI::App& app, Options& options) {
  CLI::Option* run =
      app.add_option("run", options.run,
                     "Folder of a run, which may still be running or have been killed; or latest")
          ->capture_default_str();
  add_choice<Format>(app, "--format", options.format,
                     "html: a page with charts (the default); csv: a row for each organism; json: "
                     "all data of the page; markdown, text: a summary");
  app.add_option(
      "-o,--output", options.output,
      "Output file; - is standard output (default: report.html in the run folder for html, "
      "standard output for other formats)");
  CLI::Option* organism =
      app.add_option("--organism", options.organism,
                     "Print the genome of this organism, as a genome.json for creature");
  app.add_option(
         "--compare", options.compare,
         "Runs to compare: settings that differ, champions, losses, costs; of more than four, "
         "and as CSV, a row for each run")
      ->expected(1, 100)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->excludes(organism)
      ->excludes(run);
  app.add_option("--experiments", options.experiments, "Parent folder of the run folders")
      ->capture_default_str();
}

std::filesystem::path folder_of(const std::string& run, const Options& options) {
  return run == "latest" ? latest_run(options.experiments) : std::filesystem::path(run);
}

std::string csv_of(const RunRecord& run) {
  std::string text = organisms_header();
  const RunSettings& s = run.settings;
  return text + organisms_csv(run.organisms, s.precision, s.tokens, run.finalists);
}

std::string report_of(const RunRecord& run, Format format) {
  switch (format) {
    case Format::html:
      return report_page(run);
    case Format::csv:
      return csv_of(run);
    case Format::json:
      return run_json(run) + "\n";
    case Format::markdown:
      return run_markdown(run);
    case Format::text:
      break;
  }
  require(!run.organisms.empty(), "{}: no generation is known yet", run.folder.string());
  return final_report(run.organisms, run.finalists, run.settings);
}

int write(const std::string& text, const std::string& output) {
  if (output.empty() || output == "-") {
    say_text(text);
    return kSuccess;
  }
  OutputFiles files;
  files.add(output, text);
  const bool all_read = files.commit();
  if (makes_a_file(output)) say("{}\n", printable(output));
  return all_read ? kSuccess : kReaderLeft;
}

RunRecord run_of(const std::string& run, const Options& options) {
  RunRecord record = load_run(folder_of(run, options));
  if (!options.output.empty() && options.output != "-") {
    require_writable(options.output);
    // Of all files of a run only the page can be made again.
    require_apart(files_of_run(record.folder, "report.html"),
                  std::vector<NamedFile>{{"--output", options.output}});
  }
  return record;
}

std::string compared(const Options& options, Format format) {
  std::vector<RunRecord> runs;
  for (const std::string& run : options.compare) runs.push_back(run_of(run, options));
  return comparison(runs, format);
}

int report(const Options& options) {
  if (!options.compare.empty()) {
    require(options.compare.size() >= 2, "--compare must name two runs or more");
    const Format format = options.format.value_or(Format::text);
    require(format != Format::html, "--format (html) is not for --compare");
    return write(compared(options, format), options.output);
  }
  const RunRecord run = run_of(options.run, options);
  if (options.organism) {
    require(options.format.value_or(Format::json) == Format::json,
            "--format ({}) is not for --organism: a genome is JSON", name(*options.format));
    return write(genome_json_of(run, *options.organism), options.output);
  }
  const Format format = options.format.value_or(Format::html);
  std::string output = options.output;
  if (output.empty() && format == Format::html) output = (run.folder / "report.html").string();
  return write(report_of(run, format), output);
}

}  // namespace

}  // namespace microgpt::apps

int main(int argc, char** argv) {
  using namespace microgpt::apps;
  return run_tool("evolve_report", [&] {
    Options options;
    CLI::App app("Makes a page with charts, tables or a genome from the folder of a run.",
                 "evolve_report");
    configure_parser(app);
    add_options(app, options);
    return parse(app, {argv + 1, argv + argc}, true) ? report(options) : int{kSuccess};
  });
}
