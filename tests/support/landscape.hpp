#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "microgpt/evolution/trial.hpp"
#include "microgpt/genome/cost.hpp"

/// Trainings that take no time, for searches in tests.
namespace microgpt::test {

using namespace evolution;

/// A landscape with one valley: a learning rate and a width that suit each other, the longer the
/// training the better.
inline Evaluation fake(const Genome& g) {
  const double lr = std::log(g["lr"] / (0.08 / g["n_emb"])), steps = std::log(2000.0 / g["steps"]);
  Evaluation e;
  e.loss = 2.3 + 0.02 * lr * lr + 0.05 * steps + 0.01 * std::abs(g["n_emb"] - 24);
  e.loss += 0.02 * (g["n_layer"] - 1) + 0.005 * (4 - std::min(g["n_ctx"] / 4, 4.0));
  e.fitness = e.loss;
  return e;
}

inline Cost fake_cost(const Genome& g) {
  const double size = g["n_layer"] * g["n_emb"] * g["n_emb"];
  return {.flops = g["steps"] * size, .parameters = size};
}

inline Trial result_of(const Organism& organism) {
  return {.task = task_of(organism), .evaluation = fake(organism.genome)};
}

inline std::vector<Trial> results_of(std::span<const Organism> organisms, bool reversed = false) {
  std::vector<Trial> results;
  for (const Organism& organism : organisms) results.push_back(result_of(organism));
  if (reversed) std::reverse(results.begin(), results.end());
  return results;
}

inline void expect_same(std::span<const Organism> a, std::span<const Organism> b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(a[i].id, b[i].id);
    EXPECT_EQ(a[i].genome, b[i].genome);
    EXPECT_EQ(a[i].parents, b[i].parents);
    EXPECT_EQ(a[i].origin, b[i].origin);
    EXPECT_EQ(a[i].evaluation, b[i].evaluation);
  }
}

}  // namespace microgpt::test
