#include "microgpt/run/journal.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <filesystem>

#include "../support/errors.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/random.hpp"
#include "microgpt/genome/search_space.hpp"
#include "microgpt/run/journal_header.hpp"
#include "support/temporary_folder.hpp"

namespace microgpt::test {

using namespace run;
namespace {

constexpr const char* kHeader = R"({"journal":2,"options":[],"settings":{"seed":1},"space":{}})";

Trial random_entry(Rng& rng) {
  Trial known;
  known.known = true;
  SearchSpace space;
  space["batch"] = ListDomain{{1, 32}};
  known.task.genome = random_genome(space, rng);
  known.task.id = rng.next();
  known.task.replicate = static_cast<std::uint32_t>(rng.below(3));
  known.timing = {.rank = static_cast<int>(rng.below(9)),
                  .host = "a \"host\"\n,",
                  .start = rng.uniform(0, 2e9),
                  .seconds = rng.uniform()};
  if (rng.below(4) == 0) {
    known.evaluation.failure = "killed,\n\"so\" \x01";
    return known;
  }
  known.evaluation.fitness = rng.uniform(2, 3);
  known.evaluation.loss = rng.uniform(2, 3);
  if (known.task.replicate > 0) {
    known.evaluation.test_loss = rng.uniform(2, 3);
    known.evaluation.learning = {rng.uniform(2, 3), rng.uniform(2, 3)};
  }
  return known;
}

std::vector<Trial> write_journal(const std::filesystem::path& file, int count) {
  Journal journal(file);
  journal.begin(kHeader);
  Rng rng(1, Stream::breeding, 0);
  std::vector<Trial> written;
  for (int i = 0; i < count; ++i) {
    written.push_back(random_entry(rng));
    journal.append(written.back());
  }
  return written;
}

TEST(Journal, gives_back_every_bit) {
  const TemporaryFolder folder;
  const auto written = write_journal(folder / "journal", 200);
  const Journal again(folder / "journal");
  EXPECT_EQ(again.header(), kHeader);
  EXPECT_EQ(again.entries(), written);
  EXPECT_TRUE(again.notices().empty());
  EXPECT_EQ(journaled(folder / "", kHeader), written);
  EXPECT_TRUE(contains(error_of([&] { journaled(folder / "", "{}"); }), "belongs to another run"));
}

TEST(Journal, goes_on_where_it_ended) {
  const TemporaryFolder folder;
  auto written = write_journal(folder / "journal", 3);
  Rng rng(2, Stream::breeding, 0);
  written.push_back(random_entry(rng));
  Journal(folder / "journal").append(written.back());
  EXPECT_EQ(Journal(folder / "journal").entries(), written);
}

// Killed in the middle of a write, at any byte.
TEST(Journal, drops_a_last_record_that_was_cut_short) {
  const TemporaryFolder folder;
  const auto written = write_journal(folder / "whole", 3);
  const std::string bytes = read_file(folder / "whole");
  const std::size_t last = bytes.rfind('\n', bytes.size() - 2) + 1;
  for (std::size_t size = last; size < bytes.size(); ++size) {
    write_file_atomically(folder / "torn", bytes.substr(0, size));
    Journal journal(folder / "torn");
    ASSERT_EQ(journal.entries().size(), 2U) << size;
    if (size == last) {
      EXPECT_TRUE(journal.notices().empty());
    } else {
      ASSERT_EQ(journal.notices().size(), 1U);
      EXPECT_TRUE(
          contains(journal.notices()[0],
                   fmt::format("torn: the last record was cut short, {} bytes", size - last)));
    }
    journal.append(written[2]);
    EXPECT_EQ(read_file(folder / "torn"), bytes);
  }
}

TEST(Journal, is_new_if_not_even_its_first_record_was_written) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "journal", "0123456789abcdef {\"jour");
  {
    Journal journal(folder / "journal");
    EXPECT_TRUE(journal.is_new());
    journal.begin(kHeader);
  }
  EXPECT_EQ(Journal(folder / "journal").header(), kHeader);
}

// A change of any byte except the last newline is detected.
TEST(Journal, any_change_is_an_error_that_names_the_line) {
  const TemporaryFolder folder;
  write_journal(folder / "whole", 3);
  const std::string bytes = read_file(folder / "whole");
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write_file_atomically(folder / "changed", changed);
    const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<long>(i), '\n');
    const std::string message = error_of([&] { Journal(folder / "changed"); });
    EXPECT_TRUE(contains(message, fmt::format("changed: line {}: ", line))) << i;
  }
}

TEST(Journal, a_lost_line_is_an_error) {
  const TemporaryFolder folder;
  write_journal(folder / "journal", 3);
  std::string bytes = read_file(folder / "journal");
  const std::size_t second = bytes.find('\n') + 1, third = bytes.find('\n', second) + 1;
  bytes.erase(second, third - second);
  write_file_atomically(folder / "journal", bytes);
  EXPECT_TRUE(contains(error_of([&] { Journal(folder / "journal"); }), "line 2: its checksum"));
}

TEST(Journal, belongs_to_one_process) {
  const TemporaryFolder folder;
  const Journal journal(folder / "journal");
  const pid_t other = fork();
  if (other == 0) {
    try {
      Journal(folder / "journal");
    } catch (const Error& error) {
      _exit(contains(error.what(), "another run is using this folder") ? 7 : 8);
    }
    _exit(9);
  }
  int status = 0;
  waitpid(other, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Journal, notices_that_it_was_removed) {
  const TemporaryFolder folder;
  Journal journal(folder / "journal");
  journal.begin(kHeader);
  std::filesystem::remove(folder / "journal");
  EXPECT_TRUE(contains(error_of([&] { journal.append({}); }), "journal: has been removed"));
}

// A file size limit simulates a full disk: the write that crosses it is cut short.
TEST(Journal, on_a_full_disk_says_so_and_keeps_what_was_written) {
  const TemporaryFolder folder;
  const auto written = write_journal(folder / "journal", 3);
  const pid_t other = fork();
  if (other == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlim_t size = std::filesystem::file_size(folder / "journal") + 50;
    const rlimit limit = {size, size};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      Journal(folder / "journal").append(written[0]);
    } catch (const Error& error) {
      _exit(contains(error.what(), "journal: cannot be written: ") ? 7 : 8);
    }
    _exit(9);
  }
  int status = 0;
  waitpid(other, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  const Journal again(folder / "journal");
  EXPECT_TRUE(again.notices().empty());  // it ends with a whole record
  EXPECT_EQ(again.entries(), written);
}

/// A journal with one record.
void write_record(const std::filesystem::path& file, const std::string& object) {
  const std::string first = sha256(kHeader).substr(0, 16);
  const std::string second = sha256(first + object).substr(0, 16);
  write_file_atomically(file, fmt::format("{} {}\n{} {}\n", first, kHeader, second, object));
}

TEST(Journal, values_that_cannot_be_are_an_error_whatever_the_checksum) {
  const TemporaryFolder folder;
  const std::string good =
      R"({"id":1,"n_emb":16,"n_head":4,"n_layer":1,"n_ctx":16,"n_ff_exp":4,"lr":0.005,"steps":200,)"
      R"("replicate":0,"failure":"","fitness":2.5,"loss":2.25,"names":["mara"],"rank":0,)"
      R"("host":"here","start":1.5,"seconds":0.5})";
  write_record(folder / "journal", good);
  EXPECT_EQ(Journal(folder / "journal").entries().size(), 1U);
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"2.25", "-5"},
                                                        {"2.25", "1e300"},
                                                        {"\"fitness\":2.5", "\"fitness\":1e10"},
                                                        {"\"replicate\":0", "\"replicate\":1"},
                                                        {"mara", "\\udc00"},
                                                        {"here", "\\udfff"},
                                                        {"\"seconds\":0.5", "\"seconds\":-0.5"},
                                                        {"\"start\":1.5", "\"start\":1e11"},
                                                        {"\"rank\":0", "\"rank\":-2"}}) {
    std::string bad = good;
    write_record(folder / "journal", bad.replace(bad.find(from), from.size(), to));
    EXPECT_TRUE(contains(error_of([&] { Journal(folder / "journal"); }), "journal: line 2: "))
        << bad;
  }
}

TEST(Journal, that_is_no_file_is_an_error_and_not_waited_for) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "journal").c_str(), 0600), 0);
  EXPECT_TRUE(contains(error_of([&] { Journal(folder / "journal"); }), "is no regular file"));
  EXPECT_TRUE(contains(error_of([&] { journaled(folder / "", "{}"); }), "is no regular file"));
}

// Host names and exceptions may be any bytes.
TEST(Journal, that_is_too_large_to_be_one_is_not_read) {
  const TemporaryFolder folder;
  std::ofstream(folder / "journal") << "x";
  std::filesystem::resize_file(folder / "journal",
                               std::uintmax_t{50} << 30);  // nearly all of it a hole
  EXPECT_TRUE(contains(error_of([&] { Journal(folder / "journal"); }),
                       "has 53687091200 bytes, more than 2147483648"));
}

TEST(Journal, what_is_no_text_leaves_a_mark_and_can_be_read) {
  const TemporaryFolder folder;
  Journal journal(folder / "journal");
  journal.begin(kHeader);
  Trial known;
  known.timing.host = "h\xff";
  known.evaluation.failure = "no \xc3 text";
  journal.append(known);
  const auto again = journaled(folder / "", kHeader);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].timing.host, "h\uFFFD");
  EXPECT_EQ(again[0].evaluation.failure, "no \uFFFD text");
}

TEST(JournalHeader, gives_back_every_byte_of_an_option) {
  JournalHeader header = {.options = {}, .settings = "{}", .space = "{}"};
  header.options = {"--input=n\xff%41\xc3\xa9.txt", "--input=50%\xc3\xa9\n", "%", ""};
  const std::string json = to_json(header);
  EXPECT_TRUE(contains(json, "--input=50%25\xc3\xa9"));
  EXPECT_EQ(journal_header_from(json).options, header.options);
  for (const char* wrong : {"%", "%1", "%g0", "%-1"}) {
    const std::string bad =
        fmt::format(R"({{"journal":2,"options":["{}"],"settings":{{}},"space":{{}}}})", wrong);
    EXPECT_TRUE(contains(error_of([&] { journal_header_from(bad); }), "two hexadecimal digits"));
  }
}

TEST(JournalHeader, gives_back_what_was_asked_for) {
  const JournalHeader header = {.options = {"--seed=3", "--inject=nan:0.1"},
                                .settings = "{ \"seed\": 3 }",
                                .space = "{\n\"n_emb\": [8, 16]}"};
  const JournalHeader again = journal_header_from(to_json(header));
  EXPECT_EQ(again.options, header.options);
  EXPECT_EQ(again.settings, "{\"seed\":3}");
  EXPECT_EQ(again.space, "{\"n_emb\":[8,16]}");
  EXPECT_NO_THROW(require_same(again, header));
}

// RapidJSON by itself is off by one bit here.
TEST(JournalHeader, keeps_every_digit_of_the_space) {
  const std::string space = R"({"n":[1.7976931348623155e308],"lr_min":0.0018447362809681143})";
  const JournalHeader header = {.options = {}, .settings = "{}", .space = space};
  EXPECT_EQ(journal_header_from(to_json(header)).space,
            R"({"n":[1.7976931348623155e308],"lr_min":0.0018447362809681143})");
}

TEST(JournalHeader, nested_without_end_is_an_error) {
  std::string deep = R"({"journal":2,"options":[],"settings":{},"space":{"a":)";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  for (int i = 0; i < 100'000; ++i) deep += ']';
  EXPECT_TRUE(contains(error_of([&] { journal_header_from(deep + "}}"); }), "nested"));
}

TEST(JournalHeader, names_what_differs) {
  JournalHeader journal = {.options = {}, .settings = R"({"seed":3,"lr":0.1})", .space = "{}"};
  JournalHeader now = journal;
  now.options = {"--schedule=scatter"};  // of no consequence
  EXPECT_NO_THROW(require_same(journal, now));
  now.settings = R"({"seed":4,"lr":0.1})";
  EXPECT_TRUE(contains(error_of([&] { require_same(journal, now); }),
                       "seed is 4 now, but the run was started with 3"));
  now.settings = R"({"seed":3,"lr":0.1,"islands":2})";
  EXPECT_TRUE(contains(error_of([&] { require_same(journal, now); }), "islands is 2 now"));
  now = journal;
  now.space = R"({"n_emb":[8]})";
  EXPECT_TRUE(contains(error_of([&] { require_same(journal, now); }), "search space's n_emb"));
}

TEST(JournalHeader, that_is_none_is_an_error) {
  for (const char* wrong : {"", "7", "{}", R"({"journal":1,"options":[],"settings":{},"space":{}})",
                            R"({"journal":2,"options":[1],"settings":{},"space":{}})",
                            R"({"journal":2,"options":{},"settings":{},"space":{}})",
                            R"({"journal":2,"options":[],"settings":3,"space":{}})",
                            R"({"journal":2,"options":[],"settings":{}})"}) {
    EXPECT_FALSE(error_of([&] { journal_header_from(wrong); }).empty()) << wrong;
  }
}

}  // namespace
}  // namespace microgpt::test
