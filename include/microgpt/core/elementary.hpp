#pragma once

#include "microgpt/layers.hpp"

/// Exponential and logarithm with the same bits on every machine. libm's change with the CPU, so
/// no number that reaches a fitness or a random draw may come from them. The SIMD kernels compute
/// the same polynomials lane by lane (src/core/elementary-inl.hpp is the one text of both).
namespace microgpt::core::elementary {

/// e^x within 2 ulp; overflows to infinity, is zero below x = -708 (float: -87), NaN stays NaN.
double exp(double x);
float exp(float x);

/// ln x within 2 ulp; -infinity at 0, NaN below 0.
double log(double x);
float log(float x);

}  // namespace microgpt::core::elementary
