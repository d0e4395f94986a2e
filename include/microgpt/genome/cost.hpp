#pragma once

#include "microgpt/genome/genome.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt {

/// Floating-point operations of one forward pass over a sequence of `positions` <= n_ctx tokens:
/// two for each multiply-add of the matrix products and of attention; what is linear in the number
/// of channels (norms, residuals) is left out.
double forward_flops(const GptConfig& config, std::size_t positions);

/// Floating-point operations of a whole training, known before it starts: a forward pass costs
/// once, a backward pass twice, Adam ten for each parameter.
double training_flops(const Genome& genome, const Dataset& dataset);

}  // namespace microgpt
