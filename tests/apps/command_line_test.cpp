#include "command_line.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <stdexcept>

#include "../support/errors.hpp"
#include "../support/temporary_folder.hpp"
#include "microgpt/core/stop.hpp"
#include "microgpt/core/version.hpp"

namespace microgpt::test {

using namespace apps;
namespace {

/// A program with an option of each type.
struct Program {
  CLI::App app{"Does nothing.", "program"};
  std::uint64_t seed = 1;
  std::uint32_t count = 2;
  double rate = 0.5;
  std::string file = "names.txt";
  bool fast = false;

  Program() {
    configure_parser(app);
    app.add_option("--seed", seed);
    app.add_option("--count", count);
    app.add_option("--rate", rate);
    app.add_option("--file", file);
    app.add_flag("--fast", fast);
  }

  bool parse(std::vector<std::string> arguments) {
    return apps::parse(app, std::move(arguments), true);
  }
};

std::string refusal(std::vector<std::string> arguments) {
  return error_of([&] { Program().parse(std::move(arguments)); });
}

std::string printed_for(std::string argument) {
  ::testing::internal::CaptureStdout();
  EXPECT_FALSE(Program().parse({std::move(argument)}));
  return ::testing::internal::GetCapturedStdout();
}

TEST(CommandLine, options_are_read_in_both_spellings_and_the_last_one_counts) {
  Program program;
  EXPECT_TRUE(program.parse({"--seed=3", "--seed", "4", "--rate=1e-3", "--file=a b", "--fast"}));
  EXPECT_EQ(program.seed, 4U);
  EXPECT_EQ(program.count, 2U);
  EXPECT_EQ(program.rate, 1e-3);
  EXPECT_EQ(program.file, "a b");
  EXPECT_TRUE(program.fast);
}

TEST(CommandLine, whole_numbers_are_decimal_and_not_negative) {
  Program program;
  EXPECT_TRUE(program.parse({"--seed=010", "--count=4294967295"}));
  EXPECT_EQ(program.seed, 10U);
  EXPECT_EQ(program.count, 4294967295U);
  EXPECT_TRUE(program.parse({"--seed=18446744073709551615"}));
  EXPECT_EQ(program.seed, 18446744073709551615U);
  for (const char* number : {"-1", "0x10", "1.0", "1e3", " 1", "18446744073709551616"}) {
    EXPECT_EQ(
        refusal({fmt::format("--seed={}", number)}),
        fmt::format("--seed ({}) must be a whole number from 0 to 2^64 - 1, in decimal digits",
                    number));
  }
  EXPECT_TRUE(contains(refusal({"--count=4294967296"}), "which is more than 4294967295"));
}

TEST(CommandLine, numbers_are_finite) {
  for (const char* number : {"nan", "inf", "1e999", "0x1p3", "1,5", "one"}) {
    EXPECT_EQ(refusal({fmt::format("--rate={}", number)}),
              fmt::format("--rate ({}) must be a finite number in decimal digits", number));
  }
}

TEST(CommandLine, no_value_may_be_empty) {
  EXPECT_EQ(refusal({"--file="}), "--file must not be empty");
  EXPECT_EQ(refusal({"--file", ""}), "--file must not be empty");
  EXPECT_EQ(refusal({"--seed=", "3"}), "--seed must not be empty");
}

TEST(CommandLine, what_is_unknown_is_refused_with_a_hint) {
  EXPECT_TRUE(contains(refusal({"--speed=3"}), "--speed"));
  EXPECT_TRUE(contains(refusal({"names.txt"}), "see program --help"));
}

TEST(CommandLine, texts_that_are_asked_for_are_printed_instead_of_the_work) {
  EXPECT_TRUE(contains(printed_for("--help"), "--count"));
  EXPECT_EQ(printed_for("--version"), fmt::format("program {}\n", core::version()));
  EXPECT_TRUE(printed_for("--man").starts_with(".TH PROGRAM 1 "));
  EXPECT_TRUE(contains(printed_for("--completion"), "complete -o default -F _program program"));
}

TEST(CommandLine, the_temperature_must_not_be_negative) {
  CommonOptions options;
  options.temperature = 0.1;
  check(options);
  options.temperature = -0.1;
  EXPECT_EQ(error_of([&] { check(options); }), "--temperature (-0.1) must be from 0 to 1000");
}

TEST(CommandLine, an_output_replaces_neither_an_input_nor_another_output) {
  const TemporaryFolder folder;
  const auto names = folder.file("names.txt", "anna\n");
  const std::vector<NamedFile> inputs = {{"--input", names}};
  const auto refused = [&](const std::vector<NamedFile>& outputs) {
    return error_of([&] { require_apart(inputs, outputs); });
  };
  require_apart(inputs,
                std::vector<NamedFile>{{"--save", folder / "a"}, {"--trace", folder / "b"}});
  std::filesystem::create_symlink(names, folder / "link");
  EXPECT_TRUE(contains(refused({{"--save", folder / "link"}}), "must not overwrite --input"));
  EXPECT_TRUE(contains(refused({{"--save", folder / "a"}, {"--trace", folder / "./a"}}),
                       "--save and --trace must not name the same file"));
}

int exit_code_of(const std::function<int()>& body) { return guarded("program", false, body); }

TEST(Guarded, exit_codes_tell_what_ended_a_program) {
  EXPECT_EQ(exit_code_of([] { return 7; }), 7);
  EXPECT_EQ(exit_code_of([]() -> int { core::fail("bad input"); }), kBadInput);
  EXPECT_EQ(exit_code_of([]() -> int { throw std::logic_error("a bug"); }), kFailure);
  EXPECT_EQ(exit_code_of([]() -> int { throw std::bad_alloc(); }), kFailure);
  EXPECT_EQ(exit_code_of([]() -> int { throw core::Stopped{core::Stop::interrupted}; }), 130);
}

TEST(Guarded, one_rank_says_why_on_standard_error) {
  for (const bool prints : {true, false}) {
    ::testing::internal::CaptureStderr();
    guarded("program", prints, []() -> int { core::fail("a\x1b[31m is no number"); });
    EXPECT_EQ(::testing::internal::GetCapturedStderr(),
              prints ? "program: a\\x1b[31m is no number\n" : "");
  }
}

}  // namespace
}  // namespace microgpt::test
