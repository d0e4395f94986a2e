#include "command_line.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>

#include "manual.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"
#include "microgpt/core/version.hpp"

namespace microgpt {

int guarded(const std::string& program, bool prints, const std::function<int()>& body) {
  const auto say_why = [&](std::string_view message) {
    if (prints) complain(program, message);
  };
  try {
    const int exit_code = body();
    const int error = output_error();
    if (error != 0 && error != EPIPE && error != EBADF) {  // otherwise nobody reads along
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

/// A text that was asked for instead of the program's work.
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

void set_house_rules(CLI::App& app) {
  app.set_help_flag("--help", "Print this help and exit");
  app.set_version_flag("--version", std::string(version()), "Print the version and exit");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.get_formatter()->column_width(34);
  app.add_flag_callback(
      "--man", [&app] { throw Document(manual_of(app)); },
      "Print the manual page, as in creature --man | man -l -, and exit");
  app.add_flag_callback(
      "--completion", [&app] { throw Document(bash_completion_of(app)); },
      "Print what bash needs to complete options, and exit");
}

void add_common_options(CLI::App& app, CommonOptions& options) {
  app.add_option("--input", options.input, "Dataset: UTF-8 text, one document a line")
      ->capture_default_str();
  app.add_option("--precision", options.precision,
                 "Numbers of the network (default: that of the genome, else f64)")
      ->type_name(one_of({"f64", "f32"}));
  app.add_option("--temperature", options.temperature,
                 "Of the spoken names: the lower, the more usual")
      ->capture_default_str();
}

namespace {

/// CLI11 takes -1 for the largest number, and cuts what is too large.
void require_whole_numbers(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_type_name() != "UINT" || option->count() == 0) continue;
    const std::string digits = option->results().back();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    require(error == std::errc() && end == digits.data() + digits.size(),
            "{} ({}) must be a whole number from 0 to 2^64 - 1", option->get_name(), digits);
  }
}

void print_document(std::string_view text, bool prints) {
  if (!prints) return;
  say("{}", text);
  end_output(kSuccess);
}

}  // namespace

bool parse(CLI::App& app, std::vector<std::string> arguments, bool prints) {
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the end
    app.parse(std::move(arguments));
    require_whole_numbers(app);
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
  } catch (const CLI::ParseError& error) {
    fail("{}; see {} --help", error.what(), app.get_name());
  }
}

}  // namespace microgpt
