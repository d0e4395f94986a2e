#include "microgpt/training/baselines.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grams.hpp"
#include "microgpt/core/elementary.hpp"

namespace microgpt::training {

double uniform_loss(const Vocabulary& vocabulary) {
  return elementary::log(static_cast<double>(vocabulary.size()));
}

double bigram_loss(const Dataset& dataset, const Documents& documents) {
  const std::uint64_t vocabulary = dataset.vocabulary.size();
  std::unordered_map<std::uint64_t, double> pairs;
  std::vector<double> firsts(vocabulary);
  for (std::size_t i = 0; i < dataset.training.size(); ++i) {
    const std::vector<Token> document = dataset.training[i];
    for (std::size_t t = 1; t < document.size(); ++t) {
      pairs[document[t - 1] * vocabulary + document[t]] += 1;
      firsts[document[t - 1]] += 1;
    }
  }
  double sum = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::vector<Token> document = documents[i];
    for (std::size_t t = 1; t < document.size(); ++t) {
      const auto pair = pairs.find(document[t - 1] * vocabulary + document[t]);
      const double count = pair == pairs.end() ? 0 : pair->second;
      const double total = firsts[document[t - 1]] + static_cast<double>(vocabulary);
      sum -= elementary::log((count + 1) / total);
    }
  }
  return sum / static_cast<double>(documents.prediction_count());
}

namespace {

struct Counted {
  Gram gram;
  double count;
};

/// Distinct n-grams in order, with the sums of their counts.
std::vector<Counted> summed(std::vector<Counted> grams) {
  std::ranges::sort(grams, {}, &Counted::gram);
  std::vector<Counted> sums;
  for (const Counted& each : grams) {
    if (sums.empty() || sums.back().gram != each.gram) sums.push_back({each.gram, 0});
    sums.back().count += each.count;
  }
  return sums;
}

std::vector<Counted> counted(const std::vector<Gram>& grams) {
  std::vector<Counted> all;
  all.reserve(grams.size());
  for (const Gram gram : grams) all.push_back({gram, 1});
  return summed(std::move(all));
}

/// One order of a model: what it takes from its n-grams, and what it leaves to the lower order.
class Level {
 public:
  /// `grams`: distinct and in order.
  Level(std::vector<Counted> grams, Gram vocabulary)
      : grams_(std::move(grams)), vocabulary_(vocabulary) {
    find_discounts();
    for (const Counted& each : grams_) {
      const Gram context = each.gram / vocabulary_;
      if (contexts_.empty() || contexts_.back().context != context) contexts_.push_back({context});
      contexts_.back().total += each.count;
      contexts_.back().left += discount(each.count);
    }
  }

  /// P(last token | the others), given the lower order's.
  double probability(Gram gram, double lower) const {
    const Gram context = gram / vocabulary_;
    const auto found = std::ranges::lower_bound(contexts_, context, {}, &Context::context);
    if (found == contexts_.end() || found->context != context) return lower;
    const auto seen = std::ranges::lower_bound(grams_, gram, {}, &Counted::gram);
    const bool is_seen = seen != grams_.end() && seen->gram == gram;
    const double kept = is_seen ? seen->count - discount(seen->count) : 0;
    return (kept + found->left * lower) / found->total;
  }

 private:
  struct Context {
    Gram context;
    double total = 0, left = 0;  // counts; discounts
  };

  double discount(double count) const {
    return discounts_[static_cast<std::size_t>(std::min(count, 3.0)) - 1];
  }

  /// D1, D2 and D3+ of equation 17; where the counts of counts do not give them, half a count.
  void find_discounts() {
    std::array<double, 5> n = {};  // n-grams by count
    for (const Counted& each : grams_) {
      if (each.count <= 4) n[static_cast<std::size_t>(each.count)] += 1;
    }
    const double y = n[1] + 2 * n[2] > 0 ? n[1] / (n[1] + 2 * n[2]) : 0;
    for (std::size_t i = 1; i <= 3; ++i) {
      const double most = static_cast<double>(i);
      const double found = n[i] > 0 ? most - (most + 1) * y * n[i + 1] / n[i] : 0;
      discounts_[i - 1] = found > 0 && found < most ? found : 0.5;
    }
  }

  std::vector<Counted> grams_;
  std::vector<Context> contexts_;
  std::array<double, 3> discounts_ = {};
  Gram vocabulary_;
};

/// The counts of an order below the highest: of how many distinct tokens an n-gram follows. Nothing
/// but the beginning precedes the beginning of a document.
std::vector<Counted> continuations(const std::vector<Counted>& grams,
                                   const std::vector<Counted>& longer, Gram first, Gram delimiter) {
  // The delimiter of a single token is one that ends a document.
  const auto is_beginning = [&](Gram gram) { return first > 1 && gram / first == delimiter; };
  std::vector<Counted> counts;
  for (const Counted& each : grams) {
    if (is_beginning(each.gram)) counts.push_back(each);
  }
  for (const Counted& each : longer) {
    const Gram gram = each.gram % (first * (delimiter + 1));
    if (!is_beginning(gram)) counts.push_back({gram, 1});
  }
  return summed(std::move(counts));
}

/// Held-out tokens and what the models give for them.
struct HeldOut {
  const Documents& documents;
  std::vector<double> lower;  // probabilities by the order below

  double loss(const Level& level, const std::vector<Gram>& grams) const {
    double sum = 0;
    for (std::size_t i = 0; i < grams.size(); ++i) {
      sum -= elementary::log(level.probability(grams[i], lower[i]));
    }
    return sum / static_cast<double>(grams.size());
  }
  void rise(const Level& level, const std::vector<Gram>& grams) {
    for (std::size_t i = 0; i < grams.size(); ++i) {
      lower[i] = level.probability(grams[i], lower[i]);
    }
  }
};

}  // namespace

NgramBaseline ngram_baseline(const Dataset& dataset, std::size_t most) {
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  const Gram vocabulary = dataset.vocabulary.size(), delimiter = dataset.vocabulary.delimiter();
  const auto counts = [&](std::size_t order) {
    return counted(grams_of(dataset.training, vocabulary, order, most));
  };
  const double uniform = 1 / static_cast<double>(vocabulary);
  HeldOut validation = {dataset.validation, {}}, test = {dataset.test, {}};
  validation.lower.assign(dataset.validation.prediction_count(), uniform);
  test.lower.assign(dataset.test.prediction_count(), uniform);
  NgramBaseline best;
  std::vector<Counted> grams = counts(1);
  Gram first = 1;  // what the first token of an n-gram counts
  for (std::size_t order = 1;; ++order, first *= vocabulary) {
    const auto of = [&](const HeldOut& part) {
      return grams_of(part.documents, vocabulary, order, kAll);
    };
    const std::vector<Gram> in_validation = of(validation), in_test = of(test);
    const Level highest(grams, vocabulary);
    const double loss = validation.loss(highest, in_validation);
    if (best.order == 0 || loss < best.validation) {
      best = {.order = order, .validation = loss, .test = test.loss(highest, in_test)};
    }
    const Gram limit = std::numeric_limits<Gram>::max() / vocabulary / vocabulary;
    if (order >= best.order + 2 || first > limit) return best;
    std::vector<Counted> longer = counts(order + 1);
    const Level level(continuations(grams, longer, first, delimiter), vocabulary);
    validation.rise(level, in_validation);
    test.rise(level, in_test);
    grams = std::move(longer);
  }
}

namespace {

/// The same text in other tokens.
Documents recoded(const Documents& documents, const Vocabulary& from, const Vocabulary& into) {
  Documents other;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    other.add(from.decode(documents[i]), into, documents.they_end());
  }
  return other;
}

Vocabulary characters_of(const Dataset& dataset) {
  CharacterSet characters;
  for (const Documents* part : {&dataset.training, &dataset.validation, &dataset.test}) {
    for (std::size_t i = 0; i < part->size(); ++i) {
      characters.add(dataset.vocabulary.decode((*part)[i]));
    }
  }
  return characters.vocabulary();
}

Dataset in_characters(const Dataset& dataset) {
  Dataset other;
  other.vocabulary = characters_of(dataset);
  const auto recode = [&](const Documents& part) {
    return recoded(part, dataset.vocabulary, other.vocabulary);
  };
  other.training = recode(dataset.training);
  other.validation = recode(dataset.validation);
  other.test = recode(dataset.test);
  return other;
}

}  // namespace

Baselines baselines_of(const Dataset& dataset) {
  if (dataset.vocabulary.kind() == TokenKind::bpe) return baselines_of(in_characters(dataset));
  return {.uniform = uniform_loss(dataset.vocabulary),
          .bigram_validation = bigram_loss(dataset, dataset.validation),
          .bigram_test = bigram_loss(dataset, dataset.test),
          .ngram = ngram_baseline(dataset)};
}

}  // namespace microgpt::training
