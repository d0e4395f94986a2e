#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace microgpt::evolution {

/// One variable of a model.
struct Variable {
  bool is_category;  ///< two values are alike or not; else they are numbers in [0, 1]
};

/// A model of a noisy function of a few variables: Gaussian-process regression
/// (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, algorithm 2.1) with a
/// Matérn 5/2 kernel that has a length scale for each variable.
///
/// Length scales and noise are those of the largest marginal likelihood, searched one at a time
/// over a few values. Every result has the same bits on every machine.
class GaussianProcess {
 public:
  using Point = std::vector<double>;  // a number for each variable

  /// Points and values, of equal number, at least one; values should have mean 0 and variance 1.
  GaussianProcess(std::vector<Variable> variables, std::vector<Point> points,
                  std::vector<double> values);

  struct Prediction {
    double mean;
    double deviation;  ///< standard deviation of the function there, without the noise
  };
  /// One for each point. Many together cost far less than one by one.
  std::vector<Prediction> predict(std::span<const Point> points) const;

 private:
  struct Scales {
    Point length;
    double noise;  ///< variance
  };
  static constexpr std::size_t kTogether = 8;
  void predict_together(std::span<const Point> points, Prediction* predictions) const;
  double covariance(const Point& a, const Point& b, const Scales& scales) const;
  /// Factorises for these scales; returns the logarithm of the marginal likelihood, but for a
  /// constant.
  double fit(const Scales& scales);
  /// Whether the points differ in a variable; if not, its length scale means nothing.
  bool varies(std::size_t variable) const;
  void search_scales();

  std::vector<Variable> variables_;
  std::vector<Point> points_;
  std::vector<double> values_;
  Scales scales_;
  std::vector<double> cholesky_;  // lower triangle, row by row in full rows
  std::vector<double> weights_;   // K^-1 y
};

}  // namespace microgpt::evolution
