#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "microgpt/genome/own_space.hpp"

namespace microgpt::genome {

/// A gene as a space file describes it. docs/commands.md has the grammar.
struct OwnGene {
  Gene gene;
  Domain domain;
  std::optional<Condition> only_if;
};

/// `others`: the genes before it. Throws Error naming the gene, its value and the rule.
OwnGene read_own_gene(const std::string& name, const json::Value& object,
                      const std::vector<Gene>& others);

}  // namespace microgpt::genome
