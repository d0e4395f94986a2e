#pragma once

#include "microgpt/layers.hpp"

/// Exponential and logarithm with bit-identical results on every machine. libm's results vary with
/// the CPU, so they must not influence a fitness or a random draw. The SIMD kernels evaluate the
/// same polynomials lane by lane; src/core/elementary-inl.hpp is the source of both.
namespace microgpt::core::elementary {

/// e^x within 2 ulp; overflows to infinity, is zero below x = -708 (float: -87), NaN stays NaN.
double exp(double x);
float exp(float x);

/// ln x within 2 ulp; -infinity at 0, NaN below 0.
double log(double x);
float log(float x);

}  // namespace microgpt::core::elementary
