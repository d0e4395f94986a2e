#include "gaussian_process.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/core/elementary.hpp"

namespace microgpt::evolution {

GaussianProcess::GaussianProcess(std::vector<Variable> variables, std::vector<Point> points,
                                 std::vector<double> values)
    : variables_(std::move(variables)), points_(std::move(points)), values_(std::move(values)) {
  search_scales();
}

// (1 + s + s^2/3) e^-s, s = sqrt(5) |difference| in units of the length scales.
double GaussianProcess::covariance(const Point& a, const Point& b, const Scales& scales) const {
  double squares = 0;
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    const double apart = variables_[i].is_category && a[i] != b[i] ? 1 : a[i] - b[i];
    const double difference = apart / scales.length[i];
    squares += difference * difference;
  }
  const double s = std::sqrt(5 * squares);
  return (1 + s + s * s / 3) * elementary::exp(-s);
}

double GaussianProcess::fit(const Scales& scales) {
  const std::size_t n = points_.size();
  scales_ = scales;
  cholesky_.assign(n * n, 0);
  weights_ = values_;
  double log_determinant = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double* row = &cholesky_[i * n];
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = covariance(points_[i], points_[j], scales) + (i == j ? scales.noise : 0);
      const double* other = &cholesky_[j * n];
      for (std::size_t k = 0; k < j; ++k) sum -= row[k] * other[k];
      row[j] = i == j ? std::sqrt(std::max(sum, 1e-12)) : sum / other[j];
    }
    log_determinant += elementary::log(row[i]);
    for (std::size_t k = 0; k < i; ++k) weights_[i] -= row[k] * weights_[k];
    weights_[i] /= row[i];  // L z = y
  }
  double fit_of_data = 0;
  for (const double z : weights_) fit_of_data += z * z;
  for (std::size_t i = n; i-- > 0;) {  // L^T weights = z
    for (std::size_t k = i + 1; k < n; ++k) weights_[i] -= cholesky_[k * n + i] * weights_[k];
    weights_[i] /= cholesky_[i * n + i];
  }
  return -fit_of_data / 2 - log_determinant;
}

bool GaussianProcess::varies(std::size_t variable) const {
  return std::ranges::any_of(
      points_, [&](const Point& point) { return point[variable] != points_.front()[variable]; });
}

void GaussianProcess::search_scales() {
  constexpr double kLengths[] = {0.15, 0.3, 0.6, 1.2, 2.4, 5.0};
  constexpr double kNoises[] = {0.001, 0.01, 0.05, 0.2};
  constexpr int kSweeps = 2;
  Scales best = {.length = Point(variables_.size(), 1.2), .noise = 0.01};
  double highest = fit(best);
  const auto consider = [&](double& scale, double value) {
    if (scale == value) return;
    const double before = scale;
    scale = value;
    const double likelihood = fit(best);
    if (likelihood > highest) {
      highest = likelihood;
    } else {
      scale = before;
    }
  };
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (std::size_t i = 0; i < variables_.size(); ++i) {
      if (!varies(i)) continue;
      for (const double value : kLengths) consider(best.length[i], value);
    }
    for (const double value : kNoises) consider(best.noise, value);
  }
  fit(best);
}

auto GaussianProcess::predict(std::span<const Point> points) const -> std::vector<Prediction> {
  std::vector<Prediction> predictions(points.size());
  for (std::size_t first = 0; first < points.size(); first += kTogether) {
    const std::size_t count = std::min(kTogether, points.size() - first);
    predict_together(points.subspan(first, count), &predictions[first]);
  }
  return predictions;
}

/// Solves for up to kTogether points side by side: each sum is one long chain of operations, and
/// the chains of several points go on at the same time.
void GaussianProcess::predict_together(std::span<const Point> points,
                                       Prediction* predictions) const {
  const std::size_t n = points_.size();
  std::vector<std::array<double, kTogether>> columns(n);  // of points beyond the last: zeros
  std::array<double, kTogether> mean{}, variance;
  variance.fill(1);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t p = 0; p < points.size(); ++p) {
      columns[i][p] = covariance(points[p], points_[i], scales_);
      mean[p] += columns[i][p] * weights_[i];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double* row = &cholesky_[i * n];
    std::array<double, kTogether> column = columns[i];
    for (std::size_t k = 0; k < i; ++k) {
      for (std::size_t p = 0; p < kTogether; ++p) column[p] -= row[k] * columns[k][p];
    }
    for (std::size_t p = 0; p < kTogether; ++p) {
      column[p] /= row[i];
      variance[p] -= column[p] * column[p];
    }
    columns[i] = column;
  }
  for (std::size_t p = 0; p < points.size(); ++p) {
    predictions[p] = {.mean = mean[p], .deviation = std::sqrt(std::max(variance[p], 0.0))};
  }
}

}  // namespace microgpt::evolution
