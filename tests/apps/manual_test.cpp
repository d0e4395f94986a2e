#include "manual.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "../support/errors.hpp"

namespace microgpt::test {

using namespace apps;
namespace {

struct Program {
  CLI::App app{"Trains a model: a small one.\n.SH is no heading", "trainer"};
  std::size_t steps = 7;
  std::string live = "auto", file;
  bool quiet = false;

  Program() {
    app.set_help_flag();
    app.add_option("-s,--steps", steps, "Steps of training")->capture_default_str();
    app.add_option("--live", live, "Progress")->type_name("{auto,never}");
    app.add_option("--file", file, "A path with a \\");
    app.add_flag("--quiet", quiet, "Says nothing");
  }
};

TEST(Manual, has_each_option_with_its_names_type_and_default) {
  const std::string page = manual_of(Program().app);
  EXPECT_TRUE(contains(page, ".SH NAME\ntrainer \\- Trains a model\n"));
  EXPECT_TRUE(contains(page,
                       ".TP\n\\fB\\-s, \\-\\-steps\\fR \\fIUINT\\fR\n\\&Steps of training "
                       "(default: 7)\n"));
  EXPECT_TRUE(contains(page, ".TP\n\\fB\\-\\-live\\fR \\fI{auto,never}\\fR\n"));
  EXPECT_TRUE(contains(page, ".TP\n\\fB\\-\\-quiet\\fR\n\\&Says nothing\n"));
}

TEST(Manual, no_text_is_a_command_of_the_formatter) {
  const std::string page = manual_of(Program().app);
  EXPECT_TRUE(contains(page, "\n\\&.SH is no heading"));
  EXPECT_TRUE(contains(page, "A path with a \\e\n"));
}

TEST(Completion, knows_options_their_fixed_values_and_where_files_may_stand) {
  const std::string script = bash_completion_of(Program().app);
  EXPECT_TRUE(contains(script, "compgen -W \"--steps --live --file --quiet\" -- \"$word\""));
  EXPECT_TRUE(contains(script, "--live) COMPREPLY=($(compgen -W \"auto never\""));
  EXPECT_TRUE(contains(script, "--file) return ;;"));
  EXPECT_FALSE(contains(script, "--quiet)"));
}

}  // namespace
}  // namespace microgpt::test
