#include "microgpt/training/language_model.hpp"

#include <numbers>
#include <numeric>
#include <utility>
#include <variant>

#include "microgpt/core/text.hpp"
#include "microgpt/training/scoring.hpp"

namespace microgpt::training {

double Judged::nats() const { return std::accumulate(surprisals.begin(), surprisals.end(), 0.0); }

double Judged::bits_per_character() const {
  return nats() / std::numbers::ln2 / static_cast<double>(length);
}

std::string normalised(std::string_view beginning, const Vocabulary& vocabulary) {
  return vocabulary.kind() == TokenKind::bytes ? std::string(beginning) : composed(beginning);
}

template <class Real>
struct LanguageModel::Body {
  explicit Body(const WeightFile& file) : gpt(tape, file.config) { set_weights(gpt, file); }

  Tape<Real> tape;
  Gpt<Real> gpt;
};

struct LanguageModel::Bodies {
  std::variant<std::monostate, Body<double>, Body<float>> one;

  template <class Visitor>
  auto visit(const Visitor& visitor) {
    auto* f64 = std::get_if<Body<double>>(&one);
    return f64 != nullptr ? visitor(f64->gpt) : visitor(std::get<Body<float>>(one).gpt);
  }
};

LanguageModel::LanguageModel(const WeightFile& file, NumberType type)
    : config_(file.config), vocabulary_(file.vocabulary), bodies_(std::make_unique<Bodies>()) {
  if (type == NumberType::f64) {
    bodies_->one.emplace<Body<double>>(file);
  } else {
    bodies_->one.emplace<Body<float>>(file);
  }
}

LanguageModel::~LanguageModel() = default;

std::vector<std::string> LanguageModel::speak(std::uint64_t seed, std::uint64_t first,
                                              std::size_t count, Sampling sampling,
                                              std::string_view beginning) {
  vocabulary_.encode(normalised(beginning, vocabulary_), sampling.beginning);
  std::vector<Rng> streams;
  for (std::size_t i = 0; i < count; ++i) streams.emplace_back(seed, Stream::names, first + i);
  const auto documents = bodies_->visit([&](auto& gpt) {
    return sample(gpt, vocabulary_.delimiter(), sampling, std::span<Rng>(streams));
  });
  std::vector<std::string> texts;
  for (const std::vector<Token>& document : documents) {
    texts.push_back(vocabulary_.decode(document));
  }
  return texts;
}

double LanguageModel::loss(const Documents& documents) {
  return bodies_->visit([&](auto& gpt) { return held_out_loss(gpt, documents); });
}

std::vector<Judged> LanguageModel::judge(const std::vector<std::string>& texts, bool ends) {
  Documents documents;
  for (const std::string& text : texts) documents.add(text, vocabulary_, ends);
  const std::vector<double> losses =
      bodies_->visit([&](auto& gpt) { return token_losses(gpt, documents); });
  std::vector<Judged> judged;
  auto next = losses.begin();
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto end = next + static_cast<std::ptrdiff_t>(documents.size_of(i) - 1);
    judged.push_back(
        {texts[i], {next, end}, length_of(texts[i], vocabulary_.kind()) + (ends ? 1 : 0)});
    next = end;
  }
  return judged;
}

}  // namespace microgpt::training
