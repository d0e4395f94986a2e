#include "manual.hpp"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "microgpt/core/version.hpp"

namespace microgpt::apps {

namespace {

constexpr std::string_view kOpen = "{";

/// Text escaped for troff.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
    if (c == '\n') result += "\\&";  // so that a line may begin with a dot or an apostrophe
  }
  return result;
}

/// The names of an option: "-s, --steps".
std::string names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  if (names.empty()) names.push_back(option.get_name());
  return fmt::format("{}", fmt::join(names, ", "));
}

bool takes_a_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string option_entry(const CLI::Option& option) {
  std::string entry = fmt::format(".TP\n\\fB{}\\fR", escaped(names_of(option)));
  if (takes_a_value(option)) {
    entry += fmt::format(" \\fI{}\\fR", escaped(option.get_type_name()));
  }
  entry += fmt::format("\n\\&{}", escaped(option.get_description()));
  if (!option.get_default_str().empty()) {
    entry += fmt::format(" (default: {})", escaped(option.get_default_str()));
  }
  return entry + "\n";
}

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

}  // namespace

std::string manual_of(const CLI::App& app) {
  const std::string& name = app.get_name();
  const std::string description = app.get_description();
  std::string page =
      fmt::format(".TH {} 1 \"\" \"MicroGPT {}\" \"User Commands\"\n", upper_case(name), version());
  page += fmt::format(".SH NAME\n{} \\- {}\n", name,
                      escaped(description.substr(0, description.find_first_of(".:"))));
  page += fmt::format(".SH SYNOPSIS\n.B {}\n[\\fIOPTION\\fR]...", name);
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) page += fmt::format(" [\\fI{}\\fR]", option->get_name());
  }
  page += fmt::format("\n.SH DESCRIPTION\n\\&{}\n.SH OPTIONS\n", escaped(description));
  for (const CLI::Option* option : app.get_options()) page += option_entry(*option);
  if (!app.get_footer().empty()) {
    page += fmt::format(".SH NOTES\n\\&{}\n", escaped(app.get_footer()));
  }
  return page +
         ".SH SEE ALSO\n.BR creature (1),\n.BR evolve_loss (1),\n.BR evolve (1),\n"
         ".BR evolve_report (1)\n";
}

std::string bash_completion_of(const CLI::App& app) {
  const std::string& name = app.get_name();
  std::string words, cases;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& long_name : option->get_lnames()) words += " --" + long_name;
    std::string values = option->get_type_name();
    if (!takes_a_value(*option)) continue;
    if (!values.starts_with(kOpen)) {
      if (!option->get_lnames().empty()) {  // of these bash completes files
        cases += fmt::format("    --{}) return ;;\n", option->get_lnames().front());
      }
      continue;
    }
    values = values.substr(1, values.find('}') - 1);
    std::ranges::replace(values, ',', ' ');
    cases += fmt::format("    --{}) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n",
                         option->get_lnames().front(), values);
  }
  return fmt::format(
      "# bash completion of {0}\n_{0}() {{\n  local word=${{COMP_WORDS[COMP_CWORD]}}\n"
      "  local option=${{COMP_WORDS[COMP_CWORD - 1]}}\n"
      "  if [[ $word == = ]]; then word=; elif [[ $option == = ]]; then\n"
      "    option=${{COMP_WORDS[COMP_CWORD - 2]}}\n  fi\n"
      "  case $option in\n{1}  esac\n  if [[ $word == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"{2}\" -- \"$word\"))\n  fi\n}}\n"
      "complete -o default -F _{0} {0}\n",
      name, cases, words.substr(words.empty() ? 0 : 1));
}

std::string one_of(std::span<const std::string_view> values) {
  return fmt::format("{{{}}}", fmt::join(values, ","));
}

}  // namespace microgpt::apps
