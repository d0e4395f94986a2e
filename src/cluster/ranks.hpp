#pragma once

#include <boost/mpi.hpp>

#include "microgpt/cluster/session.hpp"

namespace microgpt {

struct Session::Ranks {
  Ranks(int& argc, char**& argv) : environment(argc, argv) {}
  boost::mpi::environment environment;
  boost::mpi::communicator world;
};

/// The coordinator's side of the waves.
std::unique_ptr<Evaluator> wave_evaluator(const boost::mpi::communicator& world);

/// A worker's side of the waves: returns when dismissed.
void work_in_waves(const boost::mpi::communicator& world, const EvaluateFunction& function);

}  // namespace microgpt
