#include "microgpt/core/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "../support/errors.hpp"
#include "../support/temporary_folder.hpp"

namespace microgpt::test {
namespace {

TEST(ReadFile, gives_the_bytes_as_they_are) {
  const TemporaryFolder folder;
  const std::string bytes("a\r\n\0\xFF\n\n", 7);
  EXPECT_EQ(read_file(folder.file("some", bytes)), bytes);
  EXPECT_EQ(read_file(folder.file("empty", "")), "");
}

TEST(ReadFile, names_the_path_that_it_cannot_read) {
  const TemporaryFolder folder;
  const std::string missing = error_of([&] { read_file(folder / "missing.txt"); });
  EXPECT_TRUE(contains(missing, (folder / "missing.txt").string()));
  EXPECT_TRUE(contains(missing, "no such file"));
  const std::string directory = error_of([&] { read_file(folder / ""); });
  EXPECT_TRUE(contains(directory, (folder / "").string()));
  EXPECT_TRUE(contains(directory, "directory"));
}

TEST(WriteFileAtomically, writes_a_new_file_and_replaces_an_old_one) {
  const TemporaryFolder folder;
  const std::string bytes("new\0\xFF", 5);
  write_file_atomically(folder / "file", "a longer text than the new one");
  write_file_atomically(folder / "file", bytes);
  EXPECT_EQ(read_file(folder / "file"), bytes);
  write_file_atomically(folder / "file", "");
  EXPECT_EQ(read_file(folder / "file"), "");
  EXPECT_EQ(folder.entry_count(), 1U) << "a temporary file is left over";
}

// Were the old file written into, its other name would show the new bytes.
TEST(WriteFileAtomically, does_not_write_into_the_old_file) {
  const TemporaryFolder folder;
  folder.file("file", "old");
  std::filesystem::create_hard_link(folder / "file", folder / "other name");
  write_file_atomically(folder / "file", "new");
  EXPECT_EQ(read_file(folder / "file"), "new");
  EXPECT_EQ(read_file(folder / "other name"), "old");
}

TEST(WriteFileAtomically, a_failure_names_the_path_and_leaves_nothing_behind) {
  const TemporaryFolder folder;
  const auto path = folder / "missing" / "file";
  EXPECT_TRUE(contains(error_of([&] { write_file_atomically(path, "x"); }), path.string()));
  EXPECT_EQ(folder.entry_count(), 0U);

  // The temporary file can be written, but not renamed to a folder that is not empty.
  std::filesystem::create_directories(folder / "taken" / "inner");
  const auto taken = folder / "taken";
  EXPECT_TRUE(contains(error_of([&] { write_file_atomically(taken, "x"); }), taken.string()));
  EXPECT_EQ(folder.entry_count(), 1U) << "a temporary file is left over";
  EXPECT_TRUE(std::filesystem::is_directory(taken / "inner"));
}

TEST(RequireWritable, leaves_no_trace_where_a_file_can_be_written) {
  const TemporaryFolder folder;
  require_writable(folder / "new");
  EXPECT_EQ(folder.entry_count(), 0U);
  folder.file("old", "bytes");
  require_writable(folder / "old");
  EXPECT_EQ(read_file(folder / "old"), "bytes");
  EXPECT_EQ(folder.entry_count(), 1U);
}

TEST(RequireWritable, names_the_path_where_no_file_can_be_written) {
  const TemporaryFolder folder;
  const auto path = folder / "missing" / "file";
  EXPECT_TRUE(contains(error_of([&] { require_writable(path); }), path.string()));
  EXPECT_TRUE(contains(error_of([&] { require_writable(folder / ""); }), "directory"));
  EXPECT_EQ(folder.entry_count(), 0U);
}

// FIPS 180-4, examples of SHA-256.
TEST(Sha256, gives_the_published_digests) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Files, a_link_stays_and_what_it_leads_to_is_replaced) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "target", "old");
  std::filesystem::create_symlink("target", folder / "link");
  require_writable(folder / "link");
  write_file_atomically(folder / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(folder / "target"), "new");
}

TEST(Files, a_file_keeps_its_permissions) {
  using std::filesystem::perms;
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "file", "old");
  std::filesystem::permissions(folder / "file", perms::owner_read | perms::owner_write);
  write_file_atomically(folder / "file", "new");
  EXPECT_EQ(std::filesystem::status(folder / "file").permissions(),
            perms::owner_read | perms::owner_write);
}

TEST(Files, a_pipe_is_written_to_and_not_replaced) {
  const test::TemporaryFolder folder;
  const std::filesystem::path pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int reader = open(pipe.c_str(), O_RDWR);  // so that nobody waits for anybody
  require_writable(pipe);
  write_file_atomically(pipe, "hello");
  char bytes[16] = {};
  EXPECT_EQ(read(reader, bytes, sizeof bytes), 5);
  close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

}  // namespace
}  // namespace microgpt::test
