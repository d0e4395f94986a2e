#include "command_line.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>

#include "manual.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"

namespace microgpt {

int guarded(const std::string& program, bool prints, const std::function<int()>& body) {
  const auto say = [&](std::string_view what) {
    const std::string line = fmt::format("{}: {}\n", program, printable(what));
    // Where standard error is closed or full there is nobody to tell; the exit code still counts.
    if (prints) std::fwrite(line.data(), 1, line.size(), stderr);
  };
  try {
    return body();
  } catch (const Error& error) {
    say(error.what());
    return kBadInput;
  } catch (const std::bad_alloc&) {
    say("out of memory");
    return kFailure;
  } catch (const std::exception& error) {
    say(error.what());
    return kFailure;
  }
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

/// In decimal, without leading zeros, for CLI11 would take them for octal; it would also take -1
/// for the largest number, and cut what is too large. Throws CLI::ValidationError.
void make_decimal(std::string& digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw CLI::ValidationError(
        fmt::format("({}) must be a whole number from 0 to 2^64 - 1, in decimal", digits));
  }
  digits = fmt::to_string(number);
}

void require_finite(const std::string& text) {
  if (!parse_double(text)) {
    throw CLI::ValidationError(fmt::format("({}) must be a number in decimal, and finite", text));
  }
}

void require_text(const std::string& text) {
  if (text.empty()) throw CLI::ValidationError("must not be empty");
}

/// Gives every option the check of its kind, before CLI11 reads its value.
void add_checks(CLI::App& app) {
  const auto check = [](CLI::Option& option, const auto& rule) {
    option.transform(CLI::Validator(
        [&option, rule](std::string& value) {
          try {
            rule(value);
            return std::string();
          } catch (const CLI::ValidationError& error) {
            return fmt::format("{} {}", option.get_name(), error.what());
          }
        },
        ""));
  };
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (type == "UINT") {
      check(*option, make_decimal);
    } else if (type == "FLOAT") {
      check(*option, [](std::string& value) { require_finite(value); });
    } else if (option->get_items_expected_max() > 0) {
      check(*option, [](std::string& value) { require_text(value); });
    }
  }
}

}  // namespace

bool parse(CLI::App& app, std::vector<std::string> arguments, bool prints) {
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the end
    add_checks(app);
    app.parse(std::move(arguments));
    return true;
  } catch (const CLI::CallForHelp&) {
    if (prints) std::cout << app.help();
    return false;
  } catch (const Document& document) {
    if (prints) std::cout << document.text();
    return false;
  } catch (const CLI::CallForVersion&) {
    if (prints) std::cout << app.get_name() << " " << version() << "\n";
    return false;
  } catch (const CLI::ParseError& error) {
    fail("{}; see {} --help", error.what(), app.get_name());
  }
}

}  // namespace microgpt
