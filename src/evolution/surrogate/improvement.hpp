#pragma once

#include <span>
#include <vector>

namespace microgpt::evolution {

/// What a model learns instead of the fitness, given its distance from the best: ln(distance + the
/// median distance), scaled to mean 0 and variance 1. So the differences between the good ones
/// count, and how bad the bad ones are does not. An infinite distance, of a training that failed,
/// counts like the largest that is finite; there must be one.
std::vector<double> model_values(std::span<const double> distances);

/// ln E[max(z + x, 0)] for a standard normal x: the expected improvement, in units of the
/// deviation. The normal distribution is that of Abramowitz and Stegun, "Handbook of mathematical
/// functions", 1964, 26.2.17; below -5, the first term of the asymptotic series. Within 0.03, below
/// -5 within 3.5 / z^2.
double log_expected_improvement(double z);

}  // namespace microgpt::evolution
