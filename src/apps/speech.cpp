#include "speech.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/run/creature_json.hpp"
#include "standard_streams.hpp"

namespace microgpt::apps {

void add_speech_options(CLI::App& app, SpeechOptions& options) {
  app.add_option("--samples", options.samples, "Documents to generate")->capture_default_str();
  app.add_option("--prompt", options.prompt, "The beginning of each generated document");
  app.add_option("--length", options.sampling.length,
                 "Tokens of a generated document, at most; beyond the context it slides")
      ->capture_default_str();
  app.add_option("--top-k", options.sampling.top_k,
                 "Choose among so many of the likeliest tokens (0: among all)")
      ->capture_default_str();
  app.add_option("--top-p", options.sampling.top_p,
                 "Choose among the likeliest tokens that together have this probability")
      ->capture_default_str();
  app.add_flag("--new", options.is_fresh,
               "Generate only documents that are not in the dataset, and none twice");
  app.add_flag("--lines", options.lines,
               "Print the generated documents alone, one on each line; an empty line follows those "
               "that have several");
  app.add_option("--score", options.score,
                 "Judge the documents of this file, the oddest first: nats, bits per character; "
                 "with --json also the surprisal of each token");
  app.add_flag("--interactive", options.interactive,
               "Continue each line of standard input, as --prompt does");
}

void prepare(SpeechOptions& options) {
  validate(options.sampling);
  require(options.sampling.length >= 1 && options.sampling.length <= 10'000'000,
          "--length ({}) must be from 1 to 10,000,000", options.sampling.length);
  require(!options.score || !options.interactive,
          "--score and --interactive contradict each other");
  if (options.score) options.score_bytes = read_file(*options.score);
}

void require_known(const Vocabulary& vocabulary, const SpeechOptions& options) {
  try {
    vocabulary.encode(normalised(options.prompt, vocabulary));
  } catch (const Error& error) {
    fail("--prompt: the model does not know it: {}", error.what());
  }
}

std::vector<std::string> documents_to_judge(const SpeechOptions& options,
                                            const Vocabulary& vocabulary, DocumentKind kind) {
  if (!options.score) return {};
  const bool is_text = vocabulary.kind() != TokenKind::bytes;
  const Corpus corpus = read_corpus(*options.score, options.score_bytes, kind, is_text);
  std::vector<std::string> documents;
  for (const Extent& document : corpus.documents) {
    try {
      vocabulary.encode(corpus[document]);
    } catch (const Error& error) {
      fail("{}: the model does not know document {}: {}", *options.score, documents.size() + 1,
           error.what());
    }
    documents.emplace_back(corpus[document]);
  }
  if (kind == DocumentKind::stream) documents = {corpus.text};  // to be judged as a whole
  return documents;
}

std::vector<std::string> speak(LanguageModel& model, std::uint64_t seed,
                               const SpeechOptions& options,
                               std::unordered_set<std::string> known) {
  if (!options.is_fresh) {
    return model.speak(seed, 0, options.samples, options.sampling, options.prompt);
  }
  constexpr std::size_t kTogether = 512, kTriesEach = 100;
  std::vector<std::string> fresh;
  known.insert("");
  std::uint64_t tries = 0;
  while (fresh.size() < options.samples) {
    require(tries < kTriesEach * options.samples + kTogether,
            "--new: only {} new documents in {} tries; a higher --temperature gives more",
            fresh.size(), tries);
    for (std::string& text :
         model.speak(seed, tries, kTogether, options.sampling, options.prompt)) {
      if (fresh.size() == options.samples) break;
      if (known.insert(text).second) fresh.push_back(std::move(text));
    }
    tries += kTogether;
  }
  return fresh;
}

void print_scores(LanguageModel& model, const std::vector<std::string>& documents, bool ends,
                  bool as_json) {
  std::vector<Judged> all = model.judge(documents, ends);
  std::ranges::stable_sort(all, std::greater(), &Judged::bits_per_character);
  const bool of_bytes = model.vocabulary().kind() == TokenKind::bytes;
  if (!as_json) say("{:>9} {:>10}  document\n", "nats", of_bytes ? "bits/byte" : "bits/char");
  for (const Judged& judged : all) {
    if (as_json) {
      say_text(to_json(judged));
    } else {
      say("{:>9.4f} {:>10.4f}  {}\n", judged.nats(), judged.bits_per_character(),
          printable_line(judged.text));
    }
  }
}

void converse(LanguageModel& model, std::uint64_t seed, const SpeechOptions& options) {
  std::string line;
  for (std::uint64_t turn = 0; std::getline(std::cin, line); ++turn) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    try {
      for (const std::string& text :
           model.speak(seed, turn * options.samples, options.samples, options.sampling, line)) {
        say("{}\n", printable(text));
      }
    } catch (const Error& error) {
      say("({})\n", error.what());
    }
    flush_output();
  }
}

}  // namespace microgpt::apps
