#include "microgpt/training/corpus.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::training {

std::string TextChanges::text() const {
  std::vector<std::string> parts;
  const auto add = [&](std::size_t count, std::string_view what) {
    if (count > 0) parts.push_back(fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"));
  };
  add(line_ends, "line end");
  add(tabs, "tab");
  add(invisible, "invisible character");
  add(composed, "line");
  if (composed > 0) parts.back() += " with decomposed characters";
  return fmt::format("{}", fmt::join(parts, ", "));
}

namespace {

/// Form feed, vertical tab, and what ends lines elsewhere.
bool ends_line(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/// Joiners have a meaning, in emoji and in several scripts; these have none.
bool is_invisible(char32_t c) {
  return c == 0xAD || c == 0x61C || c == 0x180E || c == 0x200B || c == 0x200E || c == 0x200F ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2064) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB);
}

/// The spaces of Unicode, of which a text may end with any.
constexpr std::array<std::string_view, 17> kSpaces = {
    " ",      "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
    "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u202F", "\u205F", "\u3000"};

/// The space that a text ends with; empty if it ends with none.
std::string_view last_space(std::string_view text) {
  const auto found =
      std::ranges::find_if(kSpaces, [&](std::string_view space) { return text.ends_with(space); });
  return found == kSpaces.end() ? "" : *found;
}

/// Appends a line of a file to a text, normalised, without spaces at the end of a line.
class Normaliser {
 public:
  Normaliser(std::string& text, TextChanges& changes)
      : text_(text), changes_(changes), begin_(text.size()) {}

  /// A line of the file; throws Error if it is not text.
  void add(std::string_view bytes) {
    if (bytes.ends_with('\r')) bytes.remove_suffix(1);  // of every line: not worth a word
    if (std::ranges::all_of(bytes, is_plain)) {
      text_ += bytes;
      return end();
    }
    for (const char32_t c : decode_utf8(bytes)) {
      if (ends_line(c)) {
        ++changes_.line_ends;
        end();
      } else if (is_invisible(c)) {
        ++changes_.invisible;
      } else if (c == U'\t') {
        ++changes_.tabs;
        text_ += ' ';
      } else {
        require(c >= 0x20 && (c < 0x7F || c > 0x9F), "control character U+{:04X}",
                static_cast<std::uint32_t>(c));
        text_ += encode_utf8(std::u32string_view(&c, 1));
      }
    }
    end();
  }

 private:
  static bool is_plain(char c) { return c >= 0x20 && c < 0x7F; }

  void end() {
    while (true) {
      const std::string_view space = last_space(std::string_view(text_).substr(begin_));
      if (space.empty()) break;
      text_.resize(text_.size() - space.size());
    }
    const std::string_view line = std::string_view(text_).substr(begin_);
    if (std::string normal = composed(line); normal != line) {
      ++changes_.composed;
      text_.replace(begin_, text_.npos, normal);
    }
    text_ += '\n';
    begin_ = text_.size();
  }

  std::string& text_;
  TextChanges& changes_;
  std::size_t begin_;  // of the line
};

/// Takes the first line from a text; the line feed is left out.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

constexpr std::size_t kFewDocuments = 20, kShortStream = 1000;

DocumentKind kind_of(std::string_view text) {
  std::size_t groups = 0, filled = 0, bytes = 0;
  bool follows_empty = true;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    groups += follows_empty && !line.empty();
    filled += !line.empty();
    bytes += line.size();
    follows_empty = line.empty();
  }
  if (groups >= kFewDocuments && filled >= 2 * groups) return DocumentKind::paragraphs;
  if (filled < kFewDocuments && bytes >= kShortStream) return DocumentKind::stream;
  return DocumentKind::lines;
}

/// The documents of a corpus are found from the first to the last.
class Cutter {
 public:
  explicit Cutter(Corpus& corpus) : corpus_(corpus), rest_(corpus.text) {}

  void lines(bool are_trimmed) {
    while (!rest_.empty()) {
      std::string_view line = next_line(rest_);
      if (are_trimmed) line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      if (!line.empty()) add(line);
    }
  }

  void paragraphs() {
    std::string_view paragraph;
    while (!rest_.empty()) {
      const std::string_view line = next_line(rest_);
      if (line.empty() && !paragraph.empty()) add(std::exchange(paragraph, {}));
      if (line.empty()) continue;
      const char* const begin = paragraph.empty() ? line.data() : paragraph.data();
      paragraph = {begin, line.data() + line.size()};
    }
    if (!paragraph.empty()) add(paragraph);
  }

  /// Stretches of a twentieth of the text, at most 8,192 bytes and the rest of a character; they
  /// end with a line, or at least with a word, where one ends in their last quarter.
  void stretches(bool is_text) {
    const std::size_t most = std::clamp<std::size_t>(rest_.size() / 20, 1, 8192);
    while (!rest_.empty()) {
      const std::size_t length = length_of_stretch(most, is_text);
      add(rest_.substr(0, length));
      rest_.remove_prefix(length);
    }
  }

 private:
  void add(std::string_view document) {
    corpus_.documents.push_back({static_cast<std::uint32_t>(document.data() - corpus_.text.data()),
                                 static_cast<std::uint32_t>(document.size())});
  }

  std::size_t length_of_stretch(std::size_t most, bool is_text) const {
    if (rest_.size() <= most) return rest_.size();
    for (const char end : {'\n', ' '}) {
      const std::size_t found = rest_.substr(0, most).rfind(end);
      if (found != rest_.npos && found >= most * 3 / 4) return found + 1;
    }
    std::size_t length = most;
    const auto is_in_character = [&] {
      return is_text && length < rest_.size() && character_count(rest_.substr(length, 1)) == 0;
    };
    while (is_in_character()) ++length;
    return length;
  }

  Corpus& corpus_;
  std::string_view rest_;
};

}  // namespace

void CorpusReader::add(std::string_view piece) {
  if (!is_text_) {
    corpus_.text += piece;
    return;
  }
  for (std::size_t end; (end = piece.find('\n')) != piece.npos; piece.remove_prefix(end + 1)) {
    if (begun_.empty()) {
      add_line(piece.substr(0, end));
    } else {
      add_line(begun_ += piece.substr(0, end));
      begun_.clear();
    }
  }
  begun_ += piece;
}

void CorpusReader::add_line(std::string_view line) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (++line_count_ == 1 && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  try {
    Normaliser(corpus_.text, corpus_.changes).add(line);
  } catch (const Error& error) {
    fail("{}: line {}: {}; a dataset is UTF-8 text, unless it is cut into --tokens bytes",
         path_.string(), line_count_, error.what());
  }
}

Corpus CorpusReader::finish() {
  if (!begun_.empty()) add_line(std::exchange(begun_, {}));
  const std::string& text = corpus_.text;
  require(text.size() <= kLargestFile, "{}: has {} bytes when it is normalised, at most {}",
          path_.string(), with_commas(text.size()), with_commas(kLargestFile));
  const bool is_empty = text.find_first_not_of('\n') == text.npos;
  require(!is_empty, "{}: empty; a dataset has at least one document", path_.string());
  corpus_.kind = kind_ ? *kind_ : kind_of(text);
  Cutter cutter(corpus_);
  switch (corpus_.kind) {
    case DocumentKind::lines:
      cutter.lines(is_text_);
      break;
    case DocumentKind::paragraphs:
      cutter.paragraphs();
      break;
    case DocumentKind::stream:
      cutter.stretches(is_text_);
      break;
  }
  return std::move(corpus_);
}

Corpus read_corpus(const std::filesystem::path& path, std::string_view bytes,
                   std::optional<DocumentKind> kind, bool is_text) {
  CorpusReader reader(path, kind, is_text);
  reader.reserve(bytes.size());
  reader.add(bytes);
  return reader.finish();
}

}  // namespace microgpt::training
