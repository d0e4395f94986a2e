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

using Texts = std::vector<std::string>;

Texts read(std::string_view bytes) {
  return texts_of(read_corpus("names.txt", std::string(bytes), DocumentKind::lines));
}
std::string message(std::string_view bytes) {
  return error_of([&] { read(bytes); });
}

TEST(ReadDocuments, takes_one_document_a_line) {
  EXPECT_EQ(read("anna\nbob\n"), (Texts{"anna", "bob"}));
  EXPECT_EQ(read("anna\nbob"), (Texts{"anna", "bob"})) << "without an end of the last line";
  EXPECT_EQ(read("anna maria\nzo\xC3\xAB\n"), (Texts{"anna maria", "zo\u00EB"}));
}

TEST(ReadDocuments, trims_lines_and_skips_empty_ones) {
  EXPECT_EQ(read("  anna\t\n\n \t \nbob  \n\n"), (Texts{"anna", "bob"}));
}

TEST(ReadDocuments, takes_the_line_ends_of_windows) {
  EXPECT_EQ(read("anna\r\nbob\r\n\r\n"), (Texts{"anna", "bob"}));
}

TEST(ReadDocuments, leaves_a_byte_order_mark_out) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "anna\nbob\n"),
            (Texts{"anna", "bob"}));
  EXPECT_TRUE(contains(message("\xEF\xBB\xBF"), "empty"));
}

TEST(ReadDocuments, keeps_repetitions) {
  EXPECT_EQ(read("bob\nanna\nbob\n"), (Texts{"bob", "anna", "bob"}));
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
            (Texts{"a b\u00A0c~"}))
      << "spaces are none";
}

TEST(ReadDocuments, normalises_and_counts_what_it_changes) {
  const Corpus corpus = read_corpus("x",
                                    "a\tb\u00A0c\n"               // a no-break space is no tab
                                    "e\u0301\u200Bf\rg\u2028h\n"  // decomposed; other line ends
                                    "\u00ADi\u200Dj\n",           // a joiner is left
                                    DocumentKind::lines);
  EXPECT_EQ(texts_of(corpus), (Texts{"a b\u00A0c", "\u00E9f", "g", "h", "i\u200Dj"}));
  EXPECT_EQ(corpus.changes.text(),
            "2 line ends, 1 tab, 2 invisible characters, 1 line with decomposed characters");
  EXPECT_EQ(read_corpus("x", "anna\r\nbob\r\n", DocumentKind::lines).changes.text(), "");
}

// What nobody sees at the end of a name makes no other name of it.
TEST(ReadDocuments, leaves_out_whatever_space_a_line_ends_with) {
  for (const char* space :
       {" ", "\u00A0", "\u1680", "\u2003", "\u202F", "\u3000", "\u2009 \u00A0"}) {
    const std::string text = fmt::format("anna{}\nb{}b\n", space, space);
    EXPECT_EQ(texts_of(read_corpus("x", text, DocumentKind::lines)),
              (Texts{"anna", fmt::format("b{}b", space)}));
  }
  for (const char* nothing : {"\u180E", "\u2061", "\u2064", "\uFFF9", "\uFEFF"}) {
    const std::string text = fmt::format("an{}na\n", nothing);
    EXPECT_EQ(texts_of(read_corpus("x", text, DocumentKind::lines)), Texts{"anna"});
  }
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
  EXPECT_EQ(texts_of(corpus), (Texts{" a\n  b", "c"}));
}

TEST(ReadCorpus, cuts_a_stream_into_stretches_that_are_the_text) {
  for (const std::size_t length : {40U, 1000U, 30'000U, 400'000U}) {
    SCOPED_TRACE(length);
    Rng rng = rng_of(length);
    std::string text;
    while (text.size() < length) text += "ab \n"[rng.below(60) < 58 ? rng.below(3) : 3];
    const Corpus corpus = read_corpus("x", text + "e", DocumentKind::stream);
    std::string together;
    for (const std::string& each : texts_of(corpus)) {
      EXPECT_LE(each.size(),
                std::max<std::size_t>(1, std::min<std::size_t>(8192, (length + 2) / 20)));
      together += each;
    }
    EXPECT_GE(corpus.documents.size(), 20U);
    std::string expected;  // without spaces at the ends of lines
    for (const char c : text + "e\n") {
      while (c == '\n' && !expected.empty() && expected.back() == ' ') expected.pop_back();
      expected += c;
    }
    EXPECT_EQ(together, expected);
  }
}

TEST(ReadCorpus, cuts_no_character_in_two) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "\u4E00\U0001F600";
  for (const std::size_t repeated : {1U, 100U}) {
    std::string longer;
    for (std::size_t i = 0; i < repeated; ++i) longer += text;
    const Corpus corpus = read_corpus("x", longer, DocumentKind::stream);
    EXPECT_GE(corpus.documents.size(), 20U);
    for (const std::string& each : texts_of(corpus)) EXPECT_NO_THROW(decode_utf8(each)) << each;
  }
}

// What is no text is taken as it is.
TEST(ReadCorpus, of_bytes_changes_nothing) {
  const std::string bytes("\xEF\xBB\xBF a\t\r\n\n\xFF\0b \n", 14);
  const Corpus lines = read_corpus("x", bytes, DocumentKind::lines, false);
  EXPECT_EQ(texts_of(lines), (Texts{"\xEF\xBB\xBF a\t\r", std::string("\xFF\0b ", 4)}));
  EXPECT_EQ(lines.changes.text(), "");
  std::string together;
  for (int i = 0; i < 100; ++i) together += bytes;
  const Corpus stream = read_corpus("x", together, DocumentKind::stream, false);
  std::string again;
  for (const std::string& each : texts_of(stream)) again += each;
  EXPECT_EQ(again, together);
  EXPECT_GE(stream.documents.size(), 20U);
}

// The same documents are held out whatever they are cut into, so that losses can be compared.
TEST(Split, holds_out_the_same_texts_whatever_the_tokens_are) {
  Texts texts;
  for (int i = 0; i < 300; ++i) texts.push_back(fmt::format("caf\u00E9 {} of {}", i, i % 7));
  const auto parts = [&](const Tokenizer& tokenizer) {
    const Dataset dataset = training::split(corpus_of(texts), 1, tokenizer);
    Texts held_out;
    for (const Documents* part : {&dataset.validation, &dataset.test}) {
      for (std::size_t i = 0; i < part->size(); ++i) {
        held_out.push_back(dataset.vocabulary.decode((*part)[i]));
      }
    }
    return held_out;
  };
  const Texts expected = parts({});
  EXPECT_EQ(expected.size(), 60U);
  EXPECT_EQ(parts({TokenKind::bytes}), expected);
  EXPECT_EQ(parts({TokenKind::bpe, 40}), expected);
  EXPECT_TRUE(contains(error_of([&] { parts({TokenKind::bpe, 12}); }), "(bpe:12)"));
}

TEST(Split, holds_out_so_many_characters_whatever_bytes_they_take) {
  Texts texts;
  for (int i = 0; i < 2000; ++i) {
    texts.push_back(fmt::to_string(i));
    for (int j = 0; j < 500; ++j) texts.back() += "\u03B1";  // of two bytes
  }
  const auto held_out = [&](const Tokenizer& tokenizer) {
    return training::split(corpus_of(texts), 1, tokenizer).validation;
  };
  EXPECT_EQ(held_out({}).size(), held_out({TokenKind::bpe, 20}).size());
  for (const Tokenizer& tokenizer : {Tokenizer{}, {TokenKind::bpe, 20}, {TokenKind::bytes}}) {
    const std::size_t length = held_out(tokenizer).length();
    EXPECT_GE(length, kHeldOutLength);
    EXPECT_LT(length, kHeldOutLength + 1010) << "as bytes are counted where these are tokens";
  }
}

TEST(Split, of_a_stream_leaves_the_ends_of_stretches_open_and_holds_out_few_tokens) {
  std::vector<std::string> stretches;
  for (int i = 0; i < 400; ++i) {
    stretches.push_back(std::string(1000, static_cast<char>('a' + i % 26)) + "\n");
    stretches.back() += fmt::to_string(i);  // each of them differs
  }
  const Dataset stream = split(stretches, 1, DocumentKind::stream);
  const Dataset lines = split(stretches, 1);
  EXPECT_EQ(stream.kind, DocumentKind::stream);
  EXPECT_EQ(lines.training[0].size(), stream.training[0].size() + 1);
  EXPECT_NE(stream.training[0].back(), stream.vocabulary.delimiter());
  for (const Documents* part : {&stream.validation, &stream.test}) {
    EXPECT_EQ(part->size(), 40U) << "a tenth";
  }
  for (std::string& each : stretches) each += std::string(9000, 'z');
  const Dataset dear = split(stretches, 1, DocumentKind::stream);
  for (const Documents* part : {&dear.validation, &dear.test}) {
    EXPECT_GE(part->prediction_count(), kHeldOutLength);
    EXPECT_LT(part->prediction_count(), kHeldOutLength + 10'010);
  }
}

TEST(CorpusReader, reads_a_file_in_any_pieces_alike) {
  const std::string bytes = "\xEF\xBB\xBF one\r\ntwo\tthree\n\nzo\u00EB e\u0301\n\nlast";
  for (const bool is_text : {true, false}) {
    const Corpus whole = read_corpus("x", bytes, DocumentKind::lines, is_text);
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
      SCOPED_TRACE(fmt::format("pieces of {} bytes", size));
      CorpusReader reader("x", DocumentKind::lines, is_text);
      for (std::size_t begin = 0; begin < bytes.size(); begin += size) {
        reader.add(std::string_view(bytes).substr(begin, size));
      }
      const Corpus found = reader.finish();
      EXPECT_EQ(found.text, whole.text);
      EXPECT_EQ(found.documents, whole.documents);
      EXPECT_EQ(found.changes.text(), whole.changes.text());
    }
  }
  CorpusReader reader("names.txt");
  reader.add("anna\nb");
  EXPECT_TRUE(contains(error_of([&] { reader.add("o\nc\x01\nd\n"); }), "names.txt: line 3"));
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

TEST(Split, knows_every_character_of_the_text) {
  const Texts texts = {"zo\u00EB", "anna", "\U0001F600-b", "a",  "b",  "n",
                       "o",        "z",    "ab",           "ba", "-a", "zz"};
  EXPECT_EQ(split(texts, 1).vocabulary, Vocabulary(U"-abnoz\u00EB\U0001F600"));
}

// With few tokens the text becomes its tokens where it stands, with many it does not: either way
// the parts say what the file says.
TEST(Split, gives_the_text_back_whatever_the_vocabulary) {
  for (const std::size_t characters : {20U, 256U, 257U, 400U}) {
    SCOPED_TRACE(fmt::format("{} characters", characters));
    const char32_t last = static_cast<char32_t>(0x100 + characters - 1);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < characters; ++i) {
      const char32_t own = static_cast<char32_t>(0x100 + i);
      texts.push_back(encode_utf8(std::u32string{own, last, own}));
    }
    for (const Tokenizer& tokenizer :
         {Tokenizer{}, Tokenizer{TokenKind::bytes}, Tokenizer{TokenKind::bpe, 200}}) {
      const Dataset dataset = split(corpus_of(texts), 1, tokenizer);
      std::multiset<std::string> found;
      for (const Documents* part : {&dataset.training, &dataset.validation, &dataset.test}) {
        std::size_t length = 0;
        for (std::size_t i = 0; i < part->size(); ++i) {
          found.insert(dataset.vocabulary.decode((*part)[i]));
          length += 1 + length_of(dataset.vocabulary.decode((*part)[i]), tokenizer.kind);
        }
        EXPECT_EQ(part->length(), length);
      }
      EXPECT_EQ(found, std::multiset<std::string>(texts.begin(), texts.end()));
    }
  }
}

TEST(TokenArray, holds_tokens_of_any_size_in_as_few_bytes_as_they_need) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const std::uint64_t limit = std::uint64_t{1} << (1 + rng.below(32));
    std::vector<Token> tokens(1 + rng.below(50));
    for (Token& token : tokens) token = static_cast<Token>(rng.below(limit));
    TokenArray array;
    array.append(std::span(tokens).first(tokens.size() / 2));
    array.append(std::span(tokens).subspan(tokens.size() / 2));
    EXPECT_EQ(array.all(), tokens);
    EXPECT_EQ(array, TokenArray(tokens));
    std::vector<Token> last(1);
    array.copy(tokens.size() - 1, last);
    EXPECT_EQ(last[0], tokens.back());
    const Token largest = *std::ranges::max_element(tokens);
    EXPECT_EQ(array.values().index(), largest < 256 ? 0U : largest < 65'536 ? 1U : 2U);
  }
}

TEST(Documents, stand_between_delimiters_one_after_another) {
  const Documents documents = documents_of({"ab", "z"});
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_TRUE(std::ranges::equal(documents[0], std::vector<Token>{26, 0, 1, 26}));
  EXPECT_TRUE(std::ranges::equal(documents[1], std::vector<Token>{26, 25, 26}));
  EXPECT_EQ(documents.prediction_count(), 5U);
  EXPECT_EQ(documents, documents_of({"ab", "z"}));
  EXPECT_NE(documents, documents_of({"abz"}));
  EXPECT_EQ(Documents().size(), 0U);
  EXPECT_EQ(Documents().prediction_count(), 0U);
}

TEST(Documents, are_whole_again_when_made_of_what_is_stored) {
  const Documents documents = some_names();
  EXPECT_EQ(chosen(documents, documents.places()), documents);
}

TEST(Documents, are_copied_from_any_token_on) {
  Documents closed = documents_of({"abc", "", "z"}), open;
  for (const char* text : {"abc", "de"}) open.add(text, letters(), false);
  for (const Documents* documents : {&closed, &open}) {
    std::vector<Token> all;
    for (std::size_t i = 0; i < documents->size(); ++i) {
      const std::vector<Token> whole = (*documents)[i];
      EXPECT_EQ(whole.front(), letters().delimiter());
      EXPECT_EQ(whole.back() == letters().delimiter(), documents == &closed);
      all.insert(all.end(), whole.begin(), whole.end());
      for (std::size_t begin = 0; begin <= whole.size(); ++begin) {
        for (std::size_t end = begin; end <= whole.size(); ++end) {
          std::vector<Token> part(end - begin);
          documents->copy(i, begin, part);
          EXPECT_TRUE(std::ranges::equal(part, std::span(whole).subspan(begin, end - begin)));
        }
      }
    }
    EXPECT_EQ(documents->all(), all);
  }
}

TEST(Documents, of_a_list_end_alike) {
  Documents documents = documents_of({"ab"});
  EXPECT_THROW(documents.add("cd", letters(), false), Error);
}

TEST(Documents, shuffled_are_the_same_in_another_order_that_the_stream_decides) {
  const Documents documents = documents_of({"ab", "z", "cab", "q", "bb", "ccc", "x"});
  const auto sorted = [](const Documents& d) {
    std::multiset<std::vector<Token>> all;
    for (std::size_t i = 0; i < d.size(); ++i) all.insert(d[i]);
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
