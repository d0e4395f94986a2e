#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/genome/gpt_genome.hpp"
#include "microgpt/training/dataset.hpp"
#include "standard_streams.hpp"

namespace CLI {
class App;  // whose header takes seconds: only files that declare options include it
}

namespace microgpt::apps {

/// Exit codes of all executables, besides those of Stop.
enum ExitCode : int {
  kSuccess = 0,
  kFailure = 1,
  kBadInput = 2,
  kReaderLeft = 141  ///< as shells report a death by SIGPIPE
};

/// Runs the body of an executable. Bad input (Error, a wrong command line) gives one message on
/// standard error and exit code 2, a request to stop its own code, any other exception exit code 1;
/// only rank 0 prints. Lost standard output gives a message.
int guarded(const std::string& program, bool prints, const std::function<int()>& body);

/// The same for an executable whose purpose is its output: if that is lost, the exit code is 2.
int run_tool(const std::string& program, const std::function<int()>& body);

/// data/names.txt in the working directory, or the one that was installed with this program.
std::string default_dataset();

/// The options of all programs that train.
struct CommonOptions {
  std::string input = default_dataset();
  std::optional<DocumentKind> documents;    ///< none: what fits the file
  std::optional<Tokenizer> tokens;          ///< none: characters, or those of the genome
  std::optional<std::uint64_t> split_seed;  ///< none: that of everything else
  std::optional<Precision> precision;       ///< none: f64, or that of the genome
  double temperature = 0.5;
};

/// Reads the dataset of --input as --documents, --tokens and --split-seed say, or with a given
/// vocabulary. Throws Error; see training::load_dataset.
Dataset load_dataset(const CommonOptions& options, std::uint64_t seed,
                     const Vocabulary* given = nullptr);

/// What a dataset consists of, in one line: "8,000 training, 1,000 validation and 1,000 test lines,
/// 26 characters", and how its text was changed.
std::string summary_of(const Dataset& dataset);

/// The name of the dataset's file, without folders; valid UTF-8.
std::string dataset_name(const CommonOptions& options);

/// Throws Error naming the option, its value and the rule.
void check(const CommonOptions& options);

/// A file, and the option that names it.
struct NamedFile {
  std::string option;
  std::filesystem::path file;
};

/// All files that a run may consist of, except one.
std::vector<NamedFile> files_of_run(const std::filesystem::path& folder, std::string_view but);

/// Throws Error if writing an output would replace an input or another output.
void require_apart(std::span<const NamedFile> inputs, std::span<const NamedFile> outputs);

/// Configures option parsing: help is --help alone, -h is free for --head, the last of
/// repeated options counts, and --man and --completion print the installed manual and completion.
void configure_parser(CLI::App& app);

void add_common_options(CLI::App& app, CommonOptions& options);

/// Parses; throws Error with CLI11's message if the command line is wrong. Values must not be
/// empty, and numbers are decimal. Returns false after --help, which is printed if `prints`.
bool parse(CLI::App& app, std::vector<std::string> arguments, bool prints);

}  // namespace microgpt::apps
