#pragma once

#include "core/json.hpp"
#include "microgpt/genome/genome.hpp"

// Genes in JSON: a number, or the name of a category. And what the files of genomes and of search
// spaces have in common.
namespace microgpt::genome {

/// The one JSON object in a file's text, in which no key is there twice. Throws Error naming the
/// path.
json::Value object_in(const std::string& path, const std::string& text);

/// A value for a message. Nested ones are not printed, since that would recurse as deep as they go.
std::string text_of(const json::Value& value);

/// Runs what checks values and puts the path before what it says.
template <class Check>
auto at_path(const std::string& path, const Check& check) {
  try {
    return check();
  } catch (const Error& error) {
    fail("{}: {}", path, error.what());
  }
}

/// The value of a gene. Throws Error, naming gene, value and rule, if it is none.
double gene_value(const Gene& gene, const json::Value& value);

/// Reads all genes of a table from an object; optional ones may be missing. Throws Error as
/// gene_value() and validate() do.
Genome read_genes(const json::Value& object, const GeneTable& genes);

/// Writes the value of a gene.
void write_gene(json::Writer& writer, const Gene& gene, double value);

/// Writes a member for each gene that is_shown().
void put_genes(json::Writer& writer, const Genome& genome);

}  // namespace microgpt::genome
