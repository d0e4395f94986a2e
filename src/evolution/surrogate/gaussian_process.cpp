#include "gaussian_process.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "microgpt/autograd/algebra.hpp"
#include "microgpt/core/elementary.hpp"

namespace microgpt::evolution {

namespace {

using Matrix = std::vector<double>;  // row by row

constexpr double kLeastVariance = 1e-10;
constexpr double kUsualLength = 1.2, kUsualNoise = 0.01;

/// The covariances of points with these squared distances, in their place:
/// (1 + s + s^2/3) e^-s, s = sqrt(5 squares).
void to_covariances(Matrix& squares) {
  Matrix exponential(squares.size());
  for (std::size_t i = 0; i < squares.size(); ++i) {
    squares[i] = std::sqrt(5 * std::max(squares[i], 0.0));
    exponential[i] = -squares[i];
  }
  autograd::exponentials(exponential.data(), exponential.size());
  for (std::size_t i = 0; i < squares.size(); ++i) {
    const double s = squares[i];
    squares[i] = (1 + s + s * s / 3) * exponential[i];
  }
}

std::vector<double> squared_norms(const Points& points) {
  std::vector<double> norms(points.count());
  for (std::size_t i = 0; i < norms.size(); ++i) {
    for (std::size_t c = 0; c < points.width(); ++c) norms[i] += points[i][c] * points[i][c];
  }
  return norms;
}

/// Of scaled points: a row for each of a, a column for each of b.
Matrix covariances(const Points& a, const Points& b) {
  const std::size_t width = a.width();
  Matrix result(a.count() * b.count());
  autograd::multiply(a.count(), b.count(), width, {a.data(), width}, {b.data(), 1, width},
                     result.data());
  const std::vector<double> of_a = squared_norms(a), of_b = squared_norms(b);
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    double* row = &result[i * of_b.size()];
    for (std::size_t j = 0; j < of_b.size(); ++j) row[j] = of_a[i] + of_b[j] - 2 * row[j];
  }
  to_covariances(result);
  return result;
}

/// The upper Cholesky factor U of a symmetric matrix A = U^T U, in the place of its upper half.
void factorise(Matrix& a, std::size_t n) {
  for (std::size_t k = 0; k < n; ++k) {
    double* pivot = &a[k * n];
    const double root = std::sqrt(std::max(pivot[k], kLeastVariance));
    for (std::size_t j = k; j < n; ++j) pivot[j] /= root;
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = pivot[i];
      double* row = &a[i * n];
      for (std::size_t j = i; j < n; ++j) row[j] -= factor * pivot[j];
    }
  }
}

/// The inverse of the lower factor L = U^T.
Matrix inverse_of_lower(const Matrix& upper, std::size_t n) {
  Matrix inverse(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    double* row = &inverse[i * n];
    row[i] = 1;
    for (std::size_t k = 0; k < i; ++k) {
      const double factor = upper[k * n + i];
      const double* other = &inverse[k * n];
      for (std::size_t j = 0; j <= k; ++j) row[j] -= factor * other[j];
    }
    for (std::size_t j = 0; j <= i; ++j) row[j] /= upper[i * n + i];
  }
  return inverse;
}

}  // namespace

/// The search for the scales of the highest posterior density.
class ScaleSearch {
 public:
  ScaleSearch(GaussianProcess::Scales& scales, std::span<const std::size_t> variable_of,
              const Points& points, std::span<const double> values)
      : scales_(scales), values_(values), n_(points.count()), along_(scales.length.size()) {
    for (Matrix& squares : along_) squares.resize(n_ * n_);
    for (std::size_t c = 0; c < points.width(); ++c) {
      Matrix& squares = along_[variable_of[c]];
      for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t j = 0; j < n_; ++j) {
          const double apart = points[i][c] - points[j][c];
          squares[i * n_ + j] += apart * apart;
        }
      }
    }
  }

  void run() {
    static constexpr double kLengths[] = {0.15, 0.3, 0.6, kUsualLength, 2.4, 5.0};
    static constexpr double kNoises[] = {0.001, kUsualNoise, 0.05, 0.2};
    constexpr int kSweeps = 2;
    highest_ = log_posterior(sum_without(along_.size()));
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      for (std::size_t v = 0; v < along_.size(); ++v) {
        if (!varies(v)) continue;
        const Matrix others = sum_without(v);
        for (const double length : kLengths) consider(scales_.length[v], length, others, v);
      }
      const Matrix all = sum_without(along_.size());
      for (const double noise : kNoises) consider(scales_.noise, noise, all, along_.size());
    }
  }

 private:
  /// If points do not differ in a variable, its length scale means nothing.
  bool varies(std::size_t v) const {
    return std::ranges::any_of(along_[v], [](double square) { return square != 0; });
  }

  void add(Matrix& squares, std::size_t v) const {
    const double factor = 1 / (scales_.length[v] * scales_.length[v]);
    for (std::size_t i = 0; i < squares.size(); ++i) squares[i] += factor * along_[v][i];
  }

  /// The squared distances along all variables but one.
  Matrix sum_without(std::size_t variable) const {
    Matrix squares(n_ * n_);
    for (std::size_t v = 0; v < along_.size(); ++v) {
      if (v != variable) add(squares, v);
    }
    return squares;
  }

  void consider(double& scale, double value, const Matrix& others, std::size_t variable) {
    if (scale == value) return;
    const double before = std::exchange(scale, value);
    Matrix squares = others;
    if (variable < along_.size()) add(squares, variable);
    const double found = log_posterior(std::move(squares));
    if (found > highest_) {
      highest_ = found;
    } else {
      scale = before;
    }
  }

  /// But for a constant.
  double log_posterior(Matrix squares) const {
    to_covariances(squares);
    for (std::size_t i = 0; i < n_; ++i) squares[i * n_ + i] += scales_.noise;
    factorise(squares, n_);
    double result = log_prior();
    std::vector<double> z(values_.begin(), values_.end());  // L z = y
    for (std::size_t i = 0; i < n_; ++i) {
      const double* row = &squares[i * n_];
      z[i] /= row[i];
      for (std::size_t j = i + 1; j < n_; ++j) z[j] -= row[j] * z[i];
      result -= z[i] * z[i] / 2 + elementary::log(row[i]);
    }
    return result;
  }

  double log_prior() const {
    double sum = 0;
    for (const double length : scales_.length) {
      const double apart = elementary::log(length / kUsualLength);
      sum -= apart * apart / 2;
    }
    return sum;
  }

  GaussianProcess::Scales& scales_;
  std::span<const double> values_;
  std::size_t n_;
  std::vector<Matrix> along_;  // squared distances along each variable
  double highest_ = 0;
};

GaussianProcess::GaussianProcess(std::vector<std::size_t> variable_of)
    : variable_of_(std::move(variable_of)), known_(variable_of_.size()) {
  const std::size_t variables = variable_of_.empty() ? 0 : std::ranges::max(variable_of_) + 1;
  scales_ = {.length = std::vector<double>(variables, kUsualLength), .noise = kUsualNoise};
}

void GaussianProcess::choose_scales(const Points& points, std::span<const double> values) {
  std::ranges::fill(scales_.length, kUsualLength);
  scales_.noise = kUsualNoise;
  ScaleSearch(scales_, variable_of_, points, values).run();
}

Points GaussianProcess::scaled(const Points& points) const {
  Points result(points.width());
  for (std::size_t i = 0; i < points.count(); ++i) {
    double* to = result.add();
    for (std::size_t c = 0; c < points.width(); ++c) {
      to[c] = points[i][c] / scales_.length[variable_of_[c]];
    }
  }
  return result;
}

// Rows of the inverse factor of those known alone do not depend on those underway, which follow.
void GaussianProcess::learn(const Points& points, std::span<const double> values,
                            const Points& underway) {
  values_.assign(values.begin(), values.end());
  known_ = scaled(points);
  known_.add(scaled(underway));
  const std::size_t n = known_.count(), valued = values_.size();
  Matrix covariance = covariances(known_, known_);
  for (std::size_t i = 0; i < n; ++i) covariance[i * n + i] += scales_.noise;
  factorise(covariance, n);
  inverse_ = inverse_of_lower(covariance, n);
  weights_.assign(valued, 0);
  for (std::size_t i = 0; i < valued; ++i) {  // weights = L^-T L^-1 y
    const double* row = &inverse_[i * n];
    double z = 0;
    for (std::size_t j = 0; j <= i; ++j) z += row[j] * values_[j];
    for (std::size_t j = 0; j <= i; ++j) weights_[j] += row[j] * z;
  }
}

std::vector<double> GaussianProcess::means() const {  // (K - noise) K^-1 y
  std::vector<double> means = values_;
  for (std::size_t i = 0; i < means.size(); ++i) means[i] -= scales_.noise * weights_[i];
  return means;
}

Outlook::Outlook(const GaussianProcess& model, const Points& candidates)
    : model_(&model),
      candidates_(model.scaled(candidates)),
      mean_(candidates.count()),
      variance_(candidates.count(), 1.0) {
  const std::size_t known = model.known_.count(), count = candidates.count();
  if (count == 0) return;
  const Matrix between = covariances(model.known_, candidates_);
  autograd::multiply(1, count, model.weights_.size(), {model.weights_.data(), 1, 1},
                     {between.data(), count}, mean_.data());
  rows_.resize(known * count);
  autograd::multiply(known, count, known, {model.inverse_.data(), known}, {between.data(), count},
                     rows_.data());
  for (std::size_t i = 0; i < known; ++i) {
    const double* row = &rows_[i * count];
    for (std::size_t c = 0; c < count; ++c) variance_[c] -= row[c] * row[c];
  }
  for (double& variance : variance_) variance = std::max(variance, kLeastVariance);
}

void Outlook::suppose(std::size_t i) {
  const std::size_t count = mean_.size(), known = rows_.size() / count;
  Points chosen(candidates_.width());
  std::copy_n(candidates_[i], chosen.width(), chosen.add());
  const Matrix prior = covariances(chosen, candidates_);
  std::vector<double> explained(count);  // of the covariances, by what is known
  autograd::multiply(1, count, known, {&rows_[i], 1, count}, {rows_.data(), count},
                     explained.data());
  const double deviation = std::sqrt(variance_[i] + model_->scales_.noise);
  for (std::size_t c = 0; c < count; ++c) {
    const double row = (prior[c] - explained[c]) / deviation;
    variance_[c] = std::max(variance_[c] - row * row, kLeastVariance);
    rows_.push_back(row);
  }
}

}  // namespace microgpt::evolution
