#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace microgpt::evolution {

/// Points of a model: each as many coordinates as its width.
class Points {
 public:
  explicit Points(std::size_t width) : width_(width) {}

  std::size_t width() const { return width_; }
  std::size_t count() const { return width_ == 0 ? 0 : numbers_.size() / width_; }
  const double* operator[](std::size_t i) const { return &numbers_[i * width_]; }
  const double* data() const { return numbers_.data(); }
  /// Appends a point at the origin, and returns its coordinates.
  double* add() {
    numbers_.resize(numbers_.size() + width_);
    return &numbers_[numbers_.size() - width_];
  }
  void add(const Points& others) {
    numbers_.insert(numbers_.end(), others.numbers_.begin(), others.numbers_.end());
  }

 private:
  std::size_t width_;
  std::vector<double> numbers_;
};

/// A model of a noisy function: Gaussian-process regression (Rasmussen and Williams, "Gaussian
/// Processes for Machine Learning", 2006, algorithm 2.1) with mean 0, variance 1 and a Matérn 5/2
/// kernel. Coordinates of one variable share its length scale.
///
/// Every result has the same bits on every machine.
class GaussianProcess {
 public:
  /// For each coordinate, the variable that it belongs to. Variables count from 0.
  explicit GaussianProcess(std::vector<std::size_t> variable_of);

  /// Chooses length scales and noise: those of the largest marginal likelihood times a log-normal
  /// prior of the length scales, one at a time over a few values. As many values as points, at
  /// least one; values should have mean 0 and variance 1.
  void choose_scales(const Points& points, std::span<const double> values);

  /// Learns these points and values. Of the points that are `underway` no value is known yet: they
  /// are supposed to have the one that is expected of them.
  void learn(const Points& points, std::span<const double> values, const Points& underway);

  /// What it expects at each of the points that it learnt values of, without their noise.
  std::vector<double> means() const;

 private:
  friend class Outlook;
  friend class ScaleSearch;
  struct Scales {
    std::vector<double> length;  // of each variable
    double noise;                // variance
  };
  Points scaled(const Points& points) const;

  std::vector<std::size_t> variable_of_;
  Scales scales_;
  Points known_;                 // scaled; those underway at the end
  std::vector<double> values_;   // of the first of them
  std::vector<double> weights_;  // K^-1 y
  std::vector<double> inverse_;  // of the lower Cholesky factor, row by row
};

/// What a model expects of some points, the candidates. One after another can be supposed to be
/// underway: that leaves all means as they are, and makes the model surer of similar candidates.
/// The model must not change meanwhile.
class Outlook {
 public:
  Outlook(const GaussianProcess& model, const Points& candidates);

  double mean(std::size_t i) const { return mean_[i]; }
  /// Of the function at a candidate, without the noise.
  double variance(std::size_t i) const { return variance_[i]; }
  void suppose(std::size_t i);

 private:
  const GaussianProcess* model_;
  Points candidates_;  // scaled
  std::vector<double> mean_, variance_;
  std::vector<double> rows_;  // L^-1 K*: a row for each known point, a column for each candidate
};

}  // namespace microgpt::evolution
