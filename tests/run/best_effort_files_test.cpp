#include "microgpt/run/best_effort_files.hpp"

#include <gtest/gtest.h>

#include "../support/errors.hpp"
#include "microgpt/core/files.hpp"
#include "support/temporary_folder.hpp"

namespace microgpt::test {

using namespace run;
namespace {

// A folder of the file's name is what no file can be written over.
TEST(BestEffortFiles, what_cannot_be_written_is_kept_and_written_later) {
  const TemporaryFolder place;
  const RunFolder folder(place / "run");
  std::vector<std::string> warnings;
  BestEffortFiles files(folder, [&](std::string_view why) { warnings.emplace_back(why); });
  files.write("good.csv", "a\n");
  files.append("good.csv", "b\n");
  EXPECT_EQ(read_file(folder.path() / "good.csv"), "a\nb\n");

  std::filesystem::create_directory(folder.path() / "bad.csv");
  files.write("bad.csv", "header\n");
  files.append("bad.csv", "1\n");
  files.append("bad.csv", "2\n");
  ASSERT_EQ(warnings.size(), 1U);  // once for each file
  EXPECT_TRUE(contains(warnings[0], "bad.csv"));
  EXPECT_TRUE(files.retry().empty());
  std::filesystem::remove(folder.path() / "bad.csv");
  EXPECT_EQ(files.retry(), std::vector<std::string>{"bad.csv"});
  EXPECT_EQ(read_file(folder.path() / "bad.csv"), "header\n1\n2\n");
  files.append("bad.csv", "3\n");
  EXPECT_EQ(read_file(folder.path() / "bad.csv"), "header\n1\n2\n3\n");
  EXPECT_TRUE(files.retry().empty());
  EXPECT_EQ(warnings.size(), 1U);
}

TEST(BestEffortFiles, a_whole_file_replaces_what_was_waiting) {
  const TemporaryFolder place;
  const RunFolder folder(place / "run");
  BestEffortFiles files(folder, [](std::string_view) {});
  std::filesystem::create_directory(folder.path() / "t.csv");
  files.append("t.csv", "old\n");
  files.write("t.csv", "new\n");
  files.append("t.csv", "end\n");
  std::filesystem::remove(folder.path() / "t.csv");
  files.retry();
  EXPECT_EQ(read_file(folder.path() / "t.csv"), "new\nend\n");
}

}  // namespace
}  // namespace microgpt::test
