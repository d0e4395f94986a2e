#include "command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <exception>
#include <filesystem>
#include <limits>
#include <new>

#include "choice.hpp"
#include "manual.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/stop.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/run/folder.hpp"

namespace microgpt::apps {

int guarded(const std::string& program, bool prints, const std::function<int()>& body) {
  const auto say_why = [&](std::string_view message) {
    if (prints) complain(program, message);
  };
  try {
    const int exit_code = body();
    const int error = output_error();
    if (error != 0 && error != EPIPE && error != EBADF) {  // otherwise there is no reader
      say_why(fmt::format("standard output could not be written: {}", std::strerror(error)));
    }
    return exit_code;
  } catch (const Stopped& stopped) {
    return static_cast<int>(stopped.reason);
  } catch (const Error& error) {
    say_why(error.what());
    return kBadInput;
  } catch (const std::bad_alloc&) {
    say_why("out of memory");
    return kFailure;
  } catch (const std::exception& error) {
    say_why(error.what());
    return kFailure;
  }
}

int run_tool(const std::string& program, const std::function<int()>& body) {
  prepare_standard_streams();
  return guarded(program, true, [&] { return end_output(body()); });
}

namespace {

/// Thrown for an option that prints a text and ends the program.
class Document : public CLI::Success {
 public:
  explicit Document(std::string text)
      : CLI::Success("Document", "a text was asked for", CLI::ExitCodes::Success),
        text_(std::move(text)) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::string default_dataset() {
  const std::string here = "data/names.txt";
  std::error_code failure;
  if (std::filesystem::exists(here, failure)) return here;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  const std::filesystem::path installed =
      program.parent_path().parent_path() / "share" / "microgpt" / "names.txt";
  return std::filesystem::exists(installed, failure) ? installed.string() : here;
}

void configure_parser(CLI::App& app) {
  app.set_help_flag("--help", "Print this help and exit");
  app.set_version_flag("--version", std::string(version()), "Print the version and exit");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.get_formatter()->column_width(34);
  app.add_flag_callback(
      "--man", [&app] { throw Document(manual_of(app)); },
      "Print the manual page, as in creature --man | man -l -, and exit");
  app.add_flag_callback(
      "--completion", [&app] { throw Document(bash_completion_of(app)); },
      "Print the bash completion script, and exit");
}

void add_common_options(CLI::App& app, CommonOptions& options) {
  app.add_option("--input", options.input, "Dataset: UTF-8 text")->capture_default_str();
  add_choice<DocumentKind>(
      app, "--documents", options.documents,
      "What a document is: a line; a paragraph, lines with no empty line between them; or the file "
      "is one stream (default: chosen by looking at the file, and said)");
  app.add_option_function<std::string>(
         "--tokens",
         [&](const std::string& text) {
           try {
             options.tokens = parse_tokenizer(text);
           } catch (const Error& error) {
             fail("--tokens {}", error.what());
           }
         },
         "What a text is cut into: characters; bytes, of any file; or bpe:N, N frequent sequences "
         "of bytes (default: characters)")
      ->type_name("characters|bytes|bpe:N");
  app.add_option("--split-seed", options.split_seed,
                 "Random seed that decides which documents are held out (default: --seed), so that "
                 "runs of several seeds are scored on the same ones");
  add_choice<Precision>(app, "--precision", options.precision,
                        "Number type of the network (default: that of the genome, otherwise f64)");
  app.add_option("--temperature", options.temperature,
                 "Sampling temperature: lower gives more typical names")
      ->capture_default_str();
}

namespace {

/// A whole number in a form that CLI11 reads correctly: it reads 010 as eight, and -1 as the
/// largest number.
std::string plain_whole_number(const std::string& option, const std::string& digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  require(error == std::errc() && end == digits.data() + digits.size(),
          "{} ({}) must be a whole number from 0 to 2^64 - 1, in decimal digits", option, digits);
  return fmt::to_string(number);
}

/// Throws Error if a value is empty, as that of an unset shell variable is.
std::string checked_value(const std::string& option, const std::string& type,
                          const std::string& value) {
  require(!value.empty(), "{} must not be empty", option);
  if (type == "UINT") return plain_whole_number(option, value);
  require(type != "FLOAT" || parse_double(value),
          "{} ({}) must be a finite number in decimal digits", option, value);
  return value;
}

void check_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options([](CLI::Option*) { return true; })) {
    if (option->get_items_expected_max() == 0) continue;
    option->transform([name = option->get_name(), type = option->get_type_name()](
                          const std::string& value) { return checked_value(name, type, value); });
  }
}

/// CLI11 would take the next argument as the value of --name= .
void require_no_empty_values(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    require(!argument.starts_with("--") || argument.find('=') != argument.size() - 1,
            "{} must not be empty", argument.substr(0, argument.size() - 1));
  }
}

void print_document(std::string_view text, bool prints) {
  if (!prints) return;
  say("{}", text);
  end_output(kSuccess);
}

}  // namespace

Dataset load_dataset(const CommonOptions& options, std::uint64_t seed, const Vocabulary* given) {
  return training::load_dataset(options.input, options.split_seed.value_or(seed), options.documents,
                                options.tokens.value_or(Tokenizer{}), given);
}

std::string summary_of(const Dataset& data) {
  constexpr std::array kWords = {"lines", "paragraphs", "stretches of a stream"};  // by kind
  std::string text = fmt::format(
      "{} training, {} validation and {} test {}, {}", with_commas(data.training.size()),
      with_commas(data.validation.size()), with_commas(data.test.size()),
      kWords[static_cast<std::size_t>(data.kind)], summary_of(data.vocabulary));
  const std::string changes = data.changes.text();
  return changes.empty() ? text : fmt::format("{} (normalised: {})", text, changes);
}

std::string dataset_name(const CommonOptions& options) {
  return valid_utf8(std::filesystem::path(options.input).filename().string());
}

void check(const CommonOptions& options) {
  require(options.temperature >= 0 && options.temperature <= 1000,
          "--temperature ({}) must be from 0 to 1000", options.temperature);
}

std::vector<NamedFile> files_of_run(const std::filesystem::path& folder, std::string_view but) {
  std::vector<NamedFile> files;
  const auto add = [&](const std::filesystem::path& file) {
    if (file.filename() != but) files.push_back({"a file of the run", file});
  };
  for (const std::string_view file : kRunFiles) add(folder / file);
  for (const char* file : {"journal", "run.log"}) add(folder / file);
  std::error_code failure;
  for (const auto& file : std::filesystem::directory_iterator(folder, failure)) add(file);
  return files;
}

void require_apart(std::span<const NamedFile> inputs, std::span<const NamedFile> outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& [option, file] = outputs[i];
    for (const NamedFile& input : inputs) {
      require(!would_replace(file, input.file), "{} ({}) must not overwrite {} ({})", option,
              file.string(), input.option, input.file.string());
    }
    for (const NamedFile& other : outputs.first(i)) {
      require(!would_replace(file, other.file), "{} and {} must not name the same file ({})",
              other.option, option, file.string());
    }
  }
}

bool parse(CLI::App& app, std::vector<std::string> arguments, bool prints) {
  check_values(app);
  require_no_empty_values(arguments);
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the end
    app.parse(std::move(arguments));
    return true;
  } catch (const CLI::CallForHelp&) {
    print_document(app.help(), prints);
    return false;
  } catch (const Document& document) {
    print_document(document.text(), prints);
    return false;
  } catch (const CLI::CallForVersion&) {
    print_document(fmt::format("{} {}\n", app.get_name(), version()), prints);
    return false;
  } catch (const CLI::ConversionError& error) {  // of a number in decimal digits
    fail("{}, which is more than {}", error.what(), std::numeric_limits<std::uint32_t>::max());
  } catch (const CLI::ParseError& error) {
    fail("{}; see {} --help", error.what(), app.get_name());
  }
}

}  // namespace microgpt::apps
