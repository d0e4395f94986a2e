#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "microgpt/genome/genome.hpp"

namespace microgpt::cluster {

/// Injected failures, to test that a search survives them. Which training fails is a function
/// of the seed, the genome and the replicate, so that the history is the same wherever it runs.
struct Faults {
  // Probabilities; their sum is at most 1.
  double nan = 0;     ///< a loss that is not finite
  double thrown = 0;  ///< an exception
  double hang = 0;    ///< never an end
  double segv = 0;    ///< a segmentation fault
  double oom = 0;     ///< memory until there is none
  double spin = 0;    ///< never an end, at full load

  /// Injects a failure, or returns if there is none for this training. Throws what the fault
  /// throws; does not return from hang, spin and segv. Where memory is not limited, oom is what the
  /// kernel does then: SIGKILL.
  void strike(std::uint64_t seed, const Genome& genome, std::uint32_t replicate,
              bool memory_is_limited) const;
};

/// Reads nan:0.1,throw:0.1,hang:0.05,segv:0.05,oom:0.02,spin:0.01; what is left out is 0. Throws
/// Error naming the part and the rule.
Faults faults_from(std::string_view text);

}  // namespace microgpt::cluster
