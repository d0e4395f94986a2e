#include "microgpt/core/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "../support/errors.hpp"
#include "../support/temporary_folder.hpp"
#include "microgpt/core/stop.hpp"

namespace microgpt::test {

using namespace core;
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

// If the old file were overwritten in place, its hard link would show the new bytes.
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
TEST(Base64, encodes_three_bytes_as_four_letters) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("Man"), "TWFu");
  EXPECT_EQ(base64("Ma"), "TWE=");
  EXPECT_EQ(base64(std::string_view("\0\xFF\xFE", 3)), "AP/+");
}

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

TEST(Files, a_link_that_leads_nowhere_stays_and_its_target_is_made) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "there");
  std::filesystem::create_symlink("there/target", folder / "link");
  std::filesystem::create_symlink("link", folder / "link to it");
  require_writable(folder / "link to it");
  write_file_atomically(folder / "link to it", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link to it"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(folder / "there/target"), "new");
  std::filesystem::create_symlink("round", folder / "round");
  EXPECT_TRUE(contains(error_of([&] { require_writable(folder / "round"); }), "round: leads"));
}

/// A descriptor, closed at the end.
struct Opened {
  explicit Opened(int descriptor) : number(descriptor) {}
  ~Opened() { close(number); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  std::string path() const { return fmt::format("/dev/fd/{}", number); }
  int number;
};

// As the shell opens what standard output is redirected to.
TEST(Files, a_descriptor_is_written_to_where_it_stands) {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.file("file", "first ");
  for (const int flags : {O_WRONLY | O_APPEND, O_WRONLY | O_TRUNC}) {
    const Opened opened(open(file.c_str(), flags));
    ASSERT_EQ(write(opened.number, "printed ", 8), 8);
    std::filesystem::remove(folder / "link");
    std::filesystem::create_symlink(opened.path(), folder / "link");
    require_writable(opened.path());
    write_file_atomically(opened.path(), "one ");
    write_file_atomically(folder / "link", "two ");
    write_file_atomically(fmt::format("/proc/self/fd/{}", opened.number), "three ");
    ASSERT_EQ(write(opened.number, "last", 4), 4);
    const std::string before = (flags & O_APPEND) != 0 ? "first " : "";
    EXPECT_EQ(read_file(file), before + "printed one two three last");
  }
  EXPECT_EQ(folder.entry_count(), 2U);
}

TEST(Files, a_descriptor_that_cannot_be_written_to_is_refused_before) {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.file("file", "bytes");
  const Opened for_reading(open(file.c_str(), O_RDONLY));
  EXPECT_TRUE(contains(error_of([&] { require_writable(for_reading.path()); }), "not open for"));
  const Opened our_own(open(file.c_str(), O_WRONLY | O_CLOEXEC));  // as a journal is
  EXPECT_TRUE(contains(error_of([&] { require_writable(our_own.path()); }), "not open"));
  EXPECT_TRUE(contains(error_of([&] { require_writable("/dev/fd/999"); }), "/dev/fd/999"));
  EXPECT_EQ(read_file(file), "bytes");
}

TEST(OutputFiles, are_all_written_or_none) {
  const test::TemporaryFolder folder;
  folder.file("old", "old");
  OutputFiles bad;
  bad.add(folder / "old", "new");
  bad.add(folder / "fresh", "new");
  bad.add("/dev/full", "new");
  EXPECT_TRUE(contains(error_of([&] { bad.commit(); }), "/dev/full: cannot be written: No space"));
  EXPECT_EQ(read_file(folder / "old"), "old");
  EXPECT_EQ(folder.entry_count(), 1U);
  OutputFiles good;
  good.add(folder / "old", "new");
  good.add("/dev/null", "gone");
  good.add(folder / "fresh", "too");
  EXPECT_TRUE(good.commit());
  EXPECT_EQ(read_file(folder / "old") + read_file(folder / "fresh"), "newtoo");
  EXPECT_EQ(folder.entry_count(), 2U);
}

TEST(OutputFiles, a_reader_who_has_seen_enough_stops_nobody_else) {
  const test::TemporaryFolder folder;
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Opened writer(ends[1]);
  close(ends[0]);
  OutputFiles files;
  files.add(folder / "file", "bytes");
  files.add(writer.path(), "bytes");
  EXPECT_FALSE(files.commit());
  EXPECT_EQ(read_file(folder / "file"), "bytes");
  EXPECT_TRUE(
      contains(error_of([&] { write_file_atomically(writer.path(), "x"); }), "Broken pipe"));
}

TEST(WouldReplace, sees_through_links_and_other_names) {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.file("file", "bytes");
  std::filesystem::create_symlink("file", folder / "link");
  std::filesystem::create_symlink("missing", folder / "dangling");
  std::filesystem::create_hard_link(file, folder / "hard");
  for (const char* name : {"file", "./file", "x/../file", "link", "hard"}) {
    EXPECT_TRUE(would_replace(folder / name, file)) << name;
    EXPECT_TRUE(would_replace(file, folder / name)) << name;
  }
  EXPECT_TRUE(would_replace(folder / "dangling", folder / "missing"));
  EXPECT_TRUE(would_replace(folder / "missing", folder / "dangling"));
  EXPECT_TRUE(would_replace("no such file", "./no such file"));
  EXPECT_FALSE(would_replace(folder / "missing", file));
  EXPECT_FALSE(would_replace("/dev/null", "/dev/null")) << "there is nothing to lose";
}

TEST(ReadFile, reads_no_more_than_it_is_told) {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.file("file", "12345");
  EXPECT_EQ(read_file(file, 5), "12345");
  const std::string message = error_of([&] { read_file(file, 4); });
  EXPECT_TRUE(contains(message, file.string() + ": is larger than 4 bytes"));
  std::filesystem::resize_file(file, std::uintmax_t{1} << 40);  // takes no room on the disk
  EXPECT_TRUE(contains(error_of([&] { read_file(file); }), "2,147,483,648 bytes"));
  EXPECT_TRUE(contains(error_of([&] { read_file("/dev/zero", 100'000); }), "100,000 bytes"));
  EXPECT_FALSE(read_file("/proc/self/status").empty()) << "a file whose size is not known";
}

TEST(ReadFile, says_why_a_file_cannot_be_read) {
  errno = ENOENT;  // of another call
  EXPECT_TRUE(contains(error_of([] { read_file("/proc/self/mem"); }), "Input/output error"));
}

TEST(ReadFile, takes_a_pipe_where_one_may_stand) {
  const test::TemporaryFolder folder;
  const std::filesystem::path pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string text(300'000, 'x');  // more than a pipe holds
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the reader is there first
    std::ofstream(pipe) << text;
  });
  EXPECT_EQ(read_file(pipe), text);
  writer.join();
  EXPECT_TRUE(contains(error_of([&] { read_regular_file(pipe); }), "no regular file"));
  EXPECT_TRUE(contains(error_of([&] { require_regular_or_absent(pipe); }), "no regular file"));
  require_regular_or_absent(folder / "missing");
}

TEST(ReadFile, waits_for_a_pipe_until_it_should_stop) {
  const test::TemporaryFolder folder;
  const std::filesystem::path pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  catch_stop_signals();
  for (const bool reading : {true, false}) {
    std::thread stopper([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      kill(getpid(), SIGTERM);
    });
    if (reading) {
      EXPECT_THROW(read_file(pipe), Stopped);
    } else {
      EXPECT_THROW(write_file_atomically(pipe, "x"), Stopped);
    }
    stopper.join();
    ignore_stop_signals();
    catch_stop_signals();
  }
}

}  // namespace
}  // namespace microgpt::test
