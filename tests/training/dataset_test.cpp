#include "microgpt/training/dataset.hpp"

#include <gtest/gtest.h>

#include <set>

#include <algorithm>
#include <string>
#include <vector>

#include "../support/corpus.hpp"
#include "../support/errors.hpp"
#include "../support/gpts.hpp"
#include "../support/temporary_folder.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::test {

using namespace training;
namespace {

using Texts = std::vector<std::u32string>;

Texts read(std::string_view bytes) {
  return read_corpus("names.txt", bytes, DocumentKind::lines).documents;
}
std::string message(std::string_view bytes) {
  return error_of([&] { read(bytes); });
}

TEST(ReadDocuments, takes_one_document_a_line) {
  EXPECT_EQ(read("anna\nbob\n"), (Texts{U"anna", U"bob"}));
  EXPECT_EQ(read("anna\nbob"), (Texts{U"anna", U"bob"})) << "without an end of the last line";
  EXPECT_EQ(read("anna maria\nzo\xC3\xAB\n"), (Texts{U"anna maria", U"zo\u00EB"}));
}

TEST(ReadDocuments, trims_lines_and_skips_empty_ones) {
  EXPECT_EQ(read("  anna\t\n\n \t \nbob  \n\n"), (Texts{U"anna", U"bob"}));
}

TEST(ReadDocuments, takes_the_line_ends_of_windows) {
  EXPECT_EQ(read("anna\r\nbob\r\n\r\n"), (Texts{U"anna", U"bob"}));
}

TEST(ReadDocuments, leaves_a_byte_order_mark_out) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "anna\nbob\n"),
            (Texts{U"anna", U"bob"}));
  EXPECT_TRUE(contains(message("\xEF\xBB\xBF"), "empty"));
}

TEST(ReadDocuments, keeps_repetitions) {
  EXPECT_EQ(read("bob\nanna\nbob\n"), (Texts{U"bob", U"anna", U"bob"}));
}

TEST(ReadDocuments, names_file_line_and_byte_of_invalid_utf8) {
  const std::string error = message(
      "anna\n\nbo\xFF"
      "b\neve\n");
  EXPECT_TRUE(contains(error, "names.txt"));
  EXPECT_TRUE(contains(error, "line 3"));
  EXPECT_TRUE(contains(error, "invalid UTF-8 at byte 3"));
}

TEST(ReadDocuments, names_file_line_and_code_of_a_control_character) {
  const std::string error = message("anna\r\nb\bb\n");
  EXPECT_TRUE(contains(error, "names.txt: line 2"));
  EXPECT_TRUE(contains(error, "control character U+0008"));
  EXPECT_TRUE(contains(message(std::string_view("a\0b", 3)), "U+0000"));
  EXPECT_TRUE(contains(message("a\x1F"
                               "b"),
                       "U+001F"));
  EXPECT_TRUE(contains(message("a\x7F"
                               "b"),
                       "U+007F"));
  EXPECT_TRUE(contains(message("a\xC2\x86"
                               "b"),
                       "U+0086"));
  EXPECT_EQ(read("a b\xC2\xA0"
                 "c~"),
            (Texts{U"a b\u00A0c~"}))
      << "spaces are none";
}

TEST(ReadDocuments, normalises_and_counts_what_it_changes) {
  const Corpus corpus = read_corpus("x",
                                    "a\tb\u00A0c\n"               // a no-break space is no tab
                                    "e\u0301\u200Bf\rg\u2028h\n"  // decomposed; other line ends
                                    "\u00ADi\u200Dj\n",           // a joiner is left
                                    DocumentKind::lines);
  EXPECT_EQ(corpus.documents, (Texts{U"a b\u00A0c", U"\u00E9f", U"g", U"h", U"i\u200Dj"}));
  EXPECT_EQ(corpus.changes.text(),
            "2 line ends, 1 tab, 2 invisible characters, 1 line with decomposed characters");
  EXPECT_EQ(read_corpus("x", "anna\r\nbob\r\n", DocumentKind::lines).changes.text(), "");
}

/// `count` groups of so many lines.
std::string groups(int count, int lines) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < lines; ++j) text += fmt::format("  line {} of {}  \n", j, i);
    text += " \n\n";
  }
  return text;
}

TEST(ReadCorpus, looks_what_kind_of_text_it_is) {
  const auto kind_of = [](const std::string& text) { return read_corpus("x", text).kind; };
  EXPECT_EQ(kind_of(groups(20, 2)), DocumentKind::paragraphs);
  EXPECT_EQ(kind_of(groups(19, 2)), DocumentKind::lines) << "too few groups";
  EXPECT_EQ(kind_of(groups(40, 1)), DocumentKind::lines) << "groups of a line each";
  EXPECT_EQ(kind_of(std::string(1000, 'a')), DocumentKind::stream);
  EXPECT_EQ(kind_of(std::string(999, 'a')), DocumentKind::lines);
  EXPECT_EQ(kind_of(groups(1, 20) + std::string(1000, 'a')), DocumentKind::lines);
}

TEST(ReadCorpus, keeps_the_lines_of_paragraphs_and_their_beginnings) {
  const Corpus corpus = read_corpus("x", "\n a \n  b\n \n\nc", DocumentKind::paragraphs);
  EXPECT_EQ(corpus.documents, (Texts{U" a\n  b", U"c"}));
}

TEST(ReadCorpus, cuts_a_stream_into_stretches_that_are_the_text) {
  for (const std::size_t length : {40U, 1000U, 30'000U, 400'000U}) {
    SCOPED_TRACE(length);
    Rng rng = rng_of(length);
    std::string text;
    while (text.size() < length) text += "ab \n"[rng.below(60) < 58 ? rng.below(3) : 3];
    const Corpus corpus = read_corpus("x", text + "e", DocumentKind::stream);
    std::u32string together;
    for (const std::u32string& each : corpus.documents) {
      EXPECT_LE(each.size(),
                std::max<std::size_t>(1, std::min<std::size_t>(8192, (length + 2) / 20)));
      together += each;
    }
    EXPECT_GE(corpus.documents.size(), 20U);
    std::u32string expected;  // without spaces at the ends of lines
    for (const char32_t c : decode_utf8(text + "e\n")) {
      while (c == U'\n' && !expected.empty() && expected.back() == U' ') expected.pop_back();
      expected += c;
    }
    EXPECT_EQ(together, expected);
  }
}

TEST(Split, of_a_stream_leaves_the_ends_of_stretches_open_and_holds_out_few_tokens) {
  std::vector<std::u32string> stretches;
  for (int i = 0; i < 400; ++i) {
    stretches.push_back(std::u32string(1000, U'a' + static_cast<char32_t>(i % 26)) + U"\n");
    stretches.back() += decode_utf8(fmt::to_string(i));  // each of them differs
  }
  const Dataset stream = split(stretches, 1, DocumentKind::stream);
  const Dataset lines = split(stretches, 1);
  EXPECT_EQ(stream.kind, DocumentKind::stream);
  EXPECT_EQ(lines.training[0].size(), stream.training[0].size() + 1);
  EXPECT_NE(stream.training[0].back(), stream.vocabulary.delimiter());
  for (const Documents* part : {&stream.validation, &stream.test}) {
    EXPECT_EQ(part->size(), 40U) << "a tenth";
  }
  for (std::u32string& each : stretches) each += std::u32string(9000, U'z');
  const Dataset dear = split(stretches, 1, DocumentKind::stream);
  for (const Documents* part : {&dear.validation, &dear.test}) {
    EXPECT_GE(part->prediction_count(), kHeldOutTokens);
    EXPECT_LT(part->prediction_count(), kHeldOutTokens + 10'010);
  }
}

TEST(ReadDocuments, of_nothing_but_white_space_throws) {
  for (const std::string_view bytes : {"", "\n", " \r\n\t\n\n"}) {
    EXPECT_TRUE(contains(message(bytes), "names.txt: empty"));
  }
}

TEST(LoadDataset, reads_splits_and_remembers_the_checksum) {
  const TemporaryFolder folder;
  std::string bytes;
  for (char c = 'a'; c <= 't'; ++c) bytes += std::string(3, c) + "\n";
  const Dataset dataset = load_dataset(folder.file("names.txt", bytes), 1);
  EXPECT_EQ(dataset.training.size(), 16U);
  EXPECT_EQ(dataset.validation.size(), 2U);
  EXPECT_EQ(dataset.test.size(), 2U);
  EXPECT_EQ(dataset.vocabulary.size(), 21U);
  EXPECT_EQ(dataset.checksum, sha256(bytes));
  EXPECT_EQ(dataset.training, split(read(bytes), 1).training);
}

TEST(LoadDataset, names_the_path_of_what_it_cannot_use) {
  const TemporaryFolder folder;
  const auto error = [](const std::filesystem::path& path) {
    const std::string text = error_of([&] { load_dataset(path, 1); });
    EXPECT_TRUE(contains(text, path.string()));
    return text;
  };
  EXPECT_TRUE(contains(error(folder / "missing.txt"), "no such file"));
  EXPECT_TRUE(contains(error(folder / ""), "directory"));
  EXPECT_TRUE(contains(error(folder.file("empty.txt", "")), "empty"));
  EXPECT_TRUE(
      contains(error(folder.file("few.txt", "a\nb\nc\n")), "3 documents (3 distinct) are too few"));
  std::string repeated;
  for (int i = 0; i < 20; ++i) repeated += "anna\nbo\ncleo\n";
  EXPECT_TRUE(contains(error(folder.file("same.txt", repeated)), "60 documents (3 distinct) are"));
  EXPECT_TRUE(contains(error(folder.file("binary.txt", "anna\n\x80\n")), "line 2"));
}

TEST(Vocabulary, is_sorted_and_ends_with_the_delimiter) {
  const Texts texts = {U"zo\u00EB", U"anna", U"\U0001F600-b", U"a",  U"b",  U"n",
                       U"o",        U"z",    U"ab",           U"ba", U"-a", U"zz"};
  const Vocabulary vocabulary = split(texts, 1).vocabulary;
  EXPECT_EQ(vocabulary.characters(), U"-abnoz\u00EB\U0001F600");
  EXPECT_EQ(vocabulary.size(), 9U);
  EXPECT_EQ(vocabulary.delimiter(), 8U);
  for (Token token = 0; token < 8; ++token) {
    EXPECT_EQ(vocabulary.encode(vocabulary.characters()[token]), token);
  }
}

TEST(Vocabulary, a_character_that_it_does_not_have_throws_with_its_code) {
  EXPECT_TRUE(contains(error_of([] { letters().encode(U'\u00EB'); }), "U+00EB"));
  EXPECT_THROW(letters().encode(U'A'), Error);
  EXPECT_THROW(Vocabulary().encode(U'a'), Error);
  EXPECT_EQ(Vocabulary().size(), 1U) << "the delimiter is always there";
}

TEST(Vocabulary, decoding_gives_back_the_encoded_text) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    std::u32string text;
    while (text.size() < 1 + seed % 12) {
      const auto point = static_cast<char32_t>(0x21 + (rng.below(0x10FFDF) >> rng.below(21)));
      if (point < 0xD800 || point > 0xDFFF) text.push_back(point);
    }
    std::u32string characters = text;
    std::ranges::sort(characters);
    characters.erase(std::unique(characters.begin(), characters.end()), characters.end());
    const Vocabulary vocabulary(characters);
    Documents documents;
    documents.add(text, vocabulary);
    EXPECT_EQ(vocabulary.decode(documents[0]), encode_utf8(text));
    EXPECT_EQ(documents[0].size(), text.size() + 2);
  }
}

TEST(Documents, stand_between_delimiters_one_after_another) {
  const Documents documents = documents_of({U"ab", U"z"});
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_TRUE(std::ranges::equal(documents[0], std::vector<Token>{26, 0, 1, 26}));
  EXPECT_TRUE(std::ranges::equal(documents[1], std::vector<Token>{26, 25, 26}));
  EXPECT_EQ(documents.prediction_count(), 5U);
  EXPECT_EQ(documents, documents_of({U"ab", U"z"}));
  EXPECT_NE(documents, documents_of({U"abz"}));
  EXPECT_EQ(Documents().size(), 0U);
  EXPECT_EQ(Documents().prediction_count(), 0U);
}

TEST(Documents, are_whole_again_when_made_of_what_is_stored) {
  const Documents documents = some_names();
  EXPECT_EQ(Documents(documents.tokens(), documents.ends()), documents);
}

TEST(Documents, shuffled_are_the_same_in_another_order_that_the_stream_decides) {
  const Documents documents = documents_of({U"ab", U"z", U"cab", U"q", U"bb", U"ccc", U"x"});
  const auto sorted = [](const Documents& d) {
    std::multiset<std::vector<Token>> all;
    for (std::size_t i = 0; i < d.size(); ++i) all.insert({d[i].begin(), d[i].end()});
    return all;
  };
  for (std::uint64_t id = 0; id < 20; ++id) {
    Rng rng(1, Stream::documents, id), again(1, Stream::documents, id);
    Rng other(1, Stream::documents, id + 1);
    const Documents shuffled = documents.shuffled(rng);
    EXPECT_EQ(sorted(shuffled), sorted(documents));
    EXPECT_EQ(shuffled.prediction_count(), documents.prediction_count());
    EXPECT_EQ(shuffled, documents.shuffled(again));
    EXPECT_NE(shuffled, documents.shuffled(other));
  }
}

}  // namespace
}  // namespace microgpt::test
