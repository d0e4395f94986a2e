#include "microgpt/evolution/creature.hpp"

#include <limits>
#include <memory>
#include <variant>
#include <vector>

#include "microgpt/core/text.hpp"
#include "microgpt/model/sampler.hpp"
#include "microgpt/model/weights.hpp"
#include "microgpt/training/scoring.hpp"
#include "microgpt/training/trainer.hpp"

namespace microgpt::evolution {

namespace {

/// A tape that is given back when its creature dies, so that a worker which trains one organism
/// after another keeps its memory.
template <class Real>
class ReusedTape {
 public:
  ReusedTape() {
    if (idle().empty()) idle().push_back(std::make_unique<Tape<Real>>());
    tape_ = std::move(idle().back());
    idle().pop_back();
  }
  ~ReusedTape() {
    tape_->clear();
    idle().push_back(std::move(tape_));
  }
  ReusedTape(const ReusedTape&) = delete;
  ReusedTape& operator=(const ReusedTape&) = delete;
  Tape<Real>& operator*() { return *tape_; }

 private:
  static std::vector<std::unique_ptr<Tape<Real>>>& idle() {
    thread_local std::vector<std::unique_ptr<Tape<Real>>> tapes;
    return tapes;
  }
  std::unique_ptr<Tape<Real>> tape_;
};

/// A creature in one precision.
template <class Real>
struct BodyOf {
  BodyOf(const Genome& genome, const Dataset& dataset, std::uint64_t run_seed,
         std::uint32_t replicate)
      : vocabulary(dataset.vocabulary),
        seed(run_seed),
        reordered(replicate == 0 ? Documents() : in_own_order(dataset.training, seed, replicate)),
        documents(replicate == 0 ? dataset.training : reordered),
        gpt(*tape, gpt_config(genome, dataset.vocabulary.size())),
        trainer(gpt, documents, config_of(genome, run_seed, replicate)) {
    Rng rng(seed, Stream::weights, replicate);
    gpt.initialise(rng, gpt_genome(genome).init);
  }

  static TrainConfig config_of(const Genome& genome, std::uint64_t seed, std::uint32_t replicate) {
    TrainConfig config = train_config(genome);
    config.seed = seed;
    config.replicate = replicate;
    return config;
  }

  static Documents in_own_order(const Documents& documents, std::uint64_t seed,
                                std::uint32_t replicate) {
    Rng rng(seed, Stream::documents, replicate);
    return documents.shuffled(rng);
  }

  std::vector<std::string> speak(std::size_t count, double temperature) {
    std::vector<Rng> streams;
    for (std::size_t i = 0; i < count; ++i) streams.emplace_back(seed, Stream::names, i);
    std::vector<std::string> names;
    for (const auto& name : sample(gpt, vocabulary.delimiter(), {.temperature = temperature},
                                   std::span<Rng>(streams))) {
      names.push_back(valid_utf8(vocabulary.decode(name)));
    }
    return names;
  }

  std::vector<std::string> last_documents() const {
    std::vector<std::string> texts;
    for (const Window& window : trainer.last_windows()) {
      const std::vector<Token> document = documents[window.document];
      const bool is_cut = is_long(document.size() - 1, gpt.config().n_ctx);
      const std::span<const Token> part =
          is_cut ? std::span(document).subspan(window.begin, window.length + 1) : document;
      texts.push_back(valid_utf8(vocabulary.decode(part)));
    }
    return texts;
  }

  WeightFile weights() const {
    WeightFile file = weights_of(gpt);
    file.vocabulary = vocabulary;
    file.seed = seed;
    return file;
  }

  void set_weights(const WeightFile& file) {
    require_same_vocabulary(file.vocabulary, vocabulary);
    model::set_weights(gpt, file);
  }

  const Vocabulary& vocabulary;
  std::uint64_t seed;
  Documents reordered;  // unless this is replicate 0
  const Documents& documents;
  ReusedTape<Real> tape;
  Gpt<Real> gpt;
  Trainer<Real> trainer;
};

}  // namespace

void LearningCurve::add(double loss) {
  sum_ += loss;
  ++count_;
  ++step_;
  const std::size_t parts = std::min(kParts, steps_);
  if (step_ * parts < (means_.size() + 1) * steps_) return;
  means_.push_back(sum_ / static_cast<double>(count_));
  sum_ = 0;
  count_ = 0;
}

struct Creature::Body {
  std::variant<std::monostate, BodyOf<double>, BodyOf<float>> in_precision;

  /// Calls visitor(body) with the body that was born.
  template <class Visitor>
  auto visit(const Visitor& visitor) {
    auto* f64 = std::get_if<BodyOf<double>>(&in_precision);
    return f64 != nullptr ? visitor(*f64) : visitor(std::get<BodyOf<float>>(in_precision));
  }
};

Creature::Creature(const Genome& genome, const Dataset& dataset, Precision precision,
                   std::uint64_t seed, std::uint32_t replicate)
    : body_((validate(genome), std::make_unique<Body>())) {
  if (precision == Precision::f64) {
    body_->in_precision.emplace<BodyOf<double>>(genome, dataset, seed, replicate);
  } else {
    body_->in_precision.emplace<BodyOf<float>>(genome, dataset, seed, replicate);
  }
}

Creature::~Creature() = default;

double Creature::step() {
  return body_->visit([](auto& body) { return body.trainer.step(); });
}

std::vector<std::string> Creature::last_documents() const {
  return body_->visit([](const auto& body) { return body.last_documents(); });
}

bool Creature::trained() const {
  return body_->visit([](auto& body) { return body.trainer.finished(); });
}

double Creature::train(LearningCurve* curve) {
  double last = std::numeric_limits<double>::quiet_NaN();
  while (!trained()) {
    last = step();
    if (curve != nullptr) curve->add(last);
  }
  return last;
}

double Creature::loss(const Documents& documents) {
  return body_->visit([&](auto& body) { return held_out_loss(body.gpt, documents); });
}

std::vector<std::string> Creature::speak(std::size_t count, double temperature) {
  return body_->visit([&](auto& body) { return body.speak(count, temperature); });
}

WeightFile Creature::weights() const {
  return body_->visit([](const auto& body) { return body.weights(); });
}

void Creature::set_weights(const WeightFile& file) {
  body_->visit([&](auto& body) { body.set_weights(file); });
}

}  // namespace microgpt::evolution
