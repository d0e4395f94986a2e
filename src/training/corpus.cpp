#include "microgpt/training/corpus.hpp"

#include <algorithm>
#include <utility>

#include "microgpt/core/error.hpp"
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
  return c == 0xAD || c == 0x61C || c == 0x200B || c == 0x200E || c == 0x200F || c == 0x2060 ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

bool is_space(char32_t c) { return c == U' '; }

/// The lines of a text, normalised, without spaces at their end.
class Lines {
 public:
  explicit Lines(TextChanges& changes) : changes_(changes) {}

  /// A line of the file; throws Error if it is not text.
  void add(std::string_view bytes) {
    if (bytes.ends_with('\r')) bytes.remove_suffix(1);  // of every line: not worth a word
    std::u32string line;
    for (const char32_t c : decode_utf8(bytes)) {
      if (ends_line(c)) {
        ++changes_.line_ends;
        end(line);
      } else if (is_invisible(c)) {
        ++changes_.invisible;
      } else if (c == U'\t') {
        ++changes_.tabs;
        line.push_back(U' ');
      } else {
        require(c >= 0x20 && (c < 0x7F || c > 0x9F), "control character U+{:04X}",
                static_cast<std::uint32_t>(c));
        line.push_back(c);
      }
    }
    end(line);
  }

  std::vector<std::u32string> take() { return std::move(lines_); }

 private:
  void end(std::u32string& line) {
    while (!line.empty() && is_space(line.back())) line.pop_back();
    if (std::ranges::any_of(line, [](char32_t c) { return c >= 0x300; })) compose(line);
    lines_.emplace_back(line);  // a copy without spare memory
    line.clear();
  }

  void compose(std::u32string& line) {
    std::u32string normal = decode_utf8(composed(encode_utf8(line)));
    if (normal == line) return;
    ++changes_.composed;
    line = std::move(normal);
  }

  TextChanges& changes_;
  std::vector<std::u32string> lines_;
};

std::vector<std::u32string> lines_of(const std::filesystem::path& path, std::string_view bytes,
                                     TextChanges& changes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  Lines lines(changes);
  for (std::size_t number = 1; !bytes.empty(); ++number) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    try {
      lines.add(bytes.substr(0, end));
    } catch (const Error& error) {
      fail("{}: line {}: {}; a dataset is UTF-8 text", path.string(), number, error.what());
    }
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return lines.take();
}

constexpr std::size_t kFewDocuments = 20, kShortStream = 1000;

DocumentKind kind_of(const std::vector<std::u32string>& lines) {
  std::size_t groups = 0, filled = 0, characters = 0;
  bool follows_empty = true;
  for (const std::u32string& line : lines) {
    groups += follows_empty && !line.empty();
    filled += !line.empty();
    characters += line.size();
    follows_empty = line.empty();
  }
  if (groups >= kFewDocuments && filled >= 2 * groups) return DocumentKind::paragraphs;
  if (filled < kFewDocuments && characters >= kShortStream) return DocumentKind::stream;
  return DocumentKind::lines;
}

std::vector<std::u32string> trimmed(std::vector<std::u32string> lines) {
  for (std::u32string& line : lines) {
    line.erase(line.begin(), std::ranges::find_if_not(line, is_space));
  }
  std::erase_if(lines, [](const std::u32string& line) { return line.empty(); });
  return lines;
}

std::vector<std::u32string> paragraphs_of(std::vector<std::u32string> lines) {
  std::vector<std::u32string> paragraphs;
  bool begins = true;
  for (std::u32string& line : lines) {
    const bool is_empty = line.empty();
    if (!is_empty && begins) {
      paragraphs.push_back(std::move(line));
    } else if (!is_empty) {
      (paragraphs.back() += U'\n') += std::exchange(line, {});
    }
    begins = is_empty;
  }
  return paragraphs;
}

/// Stretches of a twentieth of the text, at most 8,192 characters; they end with a line, or at
/// least with a word, where one ends in their last quarter.
std::vector<std::u32string> stretches_of(std::vector<std::u32string> lines) {
  std::u32string text;
  for (std::u32string& line : lines) (text += std::exchange(line, {})) += U'\n';
  const std::size_t most = std::clamp<std::size_t>(text.size() / 20, 1, 8192);
  std::vector<std::u32string> stretches;
  for (std::u32string_view rest = text; !rest.empty();) {
    std::size_t length = std::min(most, rest.size());
    for (const char32_t end : {U'\n', U' '}) {
      const std::size_t found = rest.substr(0, length).rfind(end);
      if (length == rest.size() || found == rest.npos || found < most * 3 / 4) continue;
      length = found + 1;
      break;
    }
    stretches.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return stretches;
}

}  // namespace

Corpus read_corpus(const std::filesystem::path& path, std::string_view bytes,
                   std::optional<DocumentKind> kind) {
  Corpus corpus;
  std::vector<std::u32string> lines = lines_of(path, bytes, corpus.changes);
  const bool is_empty = std::ranges::all_of(lines, &std::u32string::empty);
  require(!is_empty, "{}: empty; a dataset has at least one document", path.string());
  corpus.kind = kind ? *kind : kind_of(lines);
  switch (corpus.kind) {
    case DocumentKind::lines:
      corpus.documents = trimmed(std::move(lines));
      break;
    case DocumentKind::paragraphs:
      corpus.documents = paragraphs_of(std::move(lines));
      break;
    case DocumentKind::stream:
      corpus.documents = stretches_of(std::move(lines));
      break;
  }
  return corpus;
}

}  // namespace microgpt::training
