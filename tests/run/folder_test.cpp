#include "microgpt/run/folder.hpp"

#include <gtest/gtest.h>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "support/temporary_folder.hpp"

namespace microgpt::test {

using namespace run;
namespace {

TEST(RunFolder, two_runs_of_one_second_do_not_collide) {
  const test::TemporaryFolder folder;
  const RunFolder a(folder / "runs", "now"), b(folder / "runs", "now"), c(folder / "runs", "now");
  EXPECT_EQ(a.path().filename(), "now");
  EXPECT_EQ(b.path().filename(), "now-2");
  EXPECT_EQ(c.path().filename(), "now-3");
}

TEST(RunFolder, a_place_that_cannot_hold_it_is_named) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "file", "x");
  try {
    const RunFolder run(folder / "file", "now");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("file"), std::string::npos);
  }
}

TEST(RunFolder, appends_and_writes) {
  const test::TemporaryFolder folder;
  const RunFolder run(folder / "deep" / "down", "now");
  run.append("log", "one\n");
  run.append("log", "two\n");
  EXPECT_EQ(read_file(run.path() / "log"), "one\ntwo\n");
  run.write("log", "three\n");
  EXPECT_EQ(read_file(run.path() / "log"), "three\n");
}

/// A typical run folder.
void make_run(const std::filesystem::path& path) {
  const RunFolder run(path);
  run.write("journal", "");
}

TEST(LatestRun, is_where_the_link_leads_whatever_the_names_are) {
  const test::TemporaryFolder folder;
  make_run(folder / "2026");
  make_run(folder / "a");
  EXPECT_EQ(latest_run(folder / "").filename(), "a");
  link_latest(RunFolder(folder / "2026"));
  EXPECT_EQ(latest_run(folder / "").filename(), "2026");
  std::filesystem::remove_all(folder / "2026");  // the link leads nowhere now
  EXPECT_EQ(latest_run(folder / "").filename(), "a");
}

TEST(LinkLatest, replaces_a_link_and_nothing_else) {
  const test::TemporaryFolder folder;
  make_run(folder / "b" / "");  // as completion of the shell writes it
  link_latest(RunFolder(folder / "b" / ""));
  EXPECT_EQ(std::filesystem::read_symlink(folder / "latest"), "b");
  link_latest(RunFolder(folder / "latest"));  // no link to itself
  EXPECT_EQ(std::filesystem::read_symlink(folder / "latest"), "b");
  std::filesystem::remove(folder / "latest");
  write_file_atomically(folder / "latest", "mine");
  link_latest(RunFolder(folder / "b"));
  EXPECT_EQ(read_file(folder / "latest"), "mine");
}

}  // namespace
}  // namespace microgpt::test
