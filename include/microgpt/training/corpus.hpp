#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "microgpt/core/enum_names.hpp"

namespace microgpt::training {

/// What a document is.
enum class DocumentKind {
  lines,       ///< each line that is not empty
  paragraphs,  ///< lines with no empty line between them
  stream       ///< the whole file, in stretches that follow each other
};

constexpr auto enum_names(DocumentKind) {
  return enum_table<DocumentKind>("documents", {{DocumentKind::lines, "lines"},
                                                {DocumentKind::paragraphs, "paragraphs"},
                                                {DocumentKind::stream, "stream"}});
}

/// How often a text was changed when it was read.
struct TextChanges {
  std::size_t line_ends = 0;  ///< of other systems, and page breaks: now line feeds
  std::size_t tabs = 0;       ///< now spaces
  std::size_t invisible = 0;  ///< characters that only direct how text is set: left out
  std::size_t composed = 0;   ///< lines that were not in Unicode's normal form C

  /// "3 tabs, 1 line end"; empty if nothing was changed.
  std::string text() const;
};

/// Where a document stands: in bytes of a text, or in tokens.
struct Extent {
  std::uint32_t begin = 0, length = 0;

  bool operator==(const Extent&) const = default;
};

/// A file, cut into documents.
struct Corpus {
  DocumentKind kind = DocumentKind::lines;
  std::string text;
  std::vector<Extent> documents;
  TextChanges changes;

  std::string_view operator[](const Extent& document) const {
    return std::string_view(text).substr(document.begin, document.length);
  }
};

/// Cuts a file into documents. Of text, they have no white space at their end, and lines also none
/// at their beginning; the lines of a document are separated by line feeds. Any other file is taken
/// as it is, and its lines are what line feeds separate. Without a kind of documents it looks which
/// one fits: paragraphs, if empty lines separate at least 20 groups of two lines or more on
/// average; a stream, if there are at least 1,000 bytes in fewer than 20 lines; otherwise lines.
///
/// The file comes in pieces, so that only what it becomes fills memory. Both functions throw Error
/// naming file, line and rule for invalid UTF-8 and control characters in a text, if there is no
/// document, and if there are more than 2 GiB.
class CorpusReader {
 public:
  explicit CorpusReader(std::filesystem::path path, std::optional<DocumentKind> kind = std::nullopt,
                        bool is_text = true)
      : path_(std::move(path)), kind_(kind), is_text_(is_text) {}

  /// Makes room for a file of such a size.
  void reserve(std::size_t bytes) { corpus_.text.reserve(bytes + 1); }
  void add(std::string_view piece);
  /// To be called once, after the last piece.
  Corpus finish();

 private:
  void add_line(std::string_view line);

  std::filesystem::path path_;
  std::optional<DocumentKind> kind_;
  bool is_text_;
  Corpus corpus_;
  std::string begun_;           // the beginning of a line that goes on in the next piece
  std::size_t line_count_ = 0;  // of the file
};

/// The same of a file that is in memory.
Corpus read_corpus(const std::filesystem::path& path, std::string_view bytes,
                   std::optional<DocumentKind> kind = std::nullopt, bool is_text = true);

}  // namespace microgpt::training
