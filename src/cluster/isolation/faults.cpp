#include "microgpt/cluster/isolation/faults.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <list>
#include <stdexcept>
#include <vector>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/random.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::cluster {

namespace {

[[noreturn]] void crash() {
  std::signal(SIGSEGV, SIG_DFL);
  std::raise(SIGSEGV);
  std::abort();
}

[[noreturn]] void hang() {
  while (true) pause();
}

[[noreturn]] void spin() {
  for (volatile unsigned turns = 0;;) turns = turns + 1;
}

/// Takes memory until new throws; beyond the limit of --memory-limit, or, without one, as the
/// kernel would do it when the machine has none left.
[[noreturn]] void exhaust_memory(bool limited) {
  if (!limited) std::raise(SIGKILL);
  constexpr std::size_t kPiece = 16 << 20;
  std::list<std::vector<char>> pieces;
  while (true) pieces.emplace_back(kPiece, 'x');
}

std::uint64_t id_of(const Genome& genome, std::uint32_t replicate) {
  const std::string digest = sha256(fmt::format("{} {}", describe(genome), replicate));
  std::uint64_t id = 0;
  std::from_chars(digest.data(), digest.data() + 16, id, 16);
  return id;
}

double& probability_of(Faults& faults, std::string_view name) {
  if (name == "nan") return faults.nan;
  if (name == "throw") return faults.thrown;
  if (name == "hang") return faults.hang;
  if (name == "segv") return faults.segv;
  if (name == "oom") return faults.oom;
  if (name == "spin") return faults.spin;
  fail("inject ({}) must be of nan, throw, hang, segv, oom and spin", name);
}

}  // namespace

void Faults::strike(std::uint64_t seed, const Genome& genome, std::uint32_t replicate,
                    bool memory_is_limited) const {
  double left = Rng(seed, Stream::faults, id_of(genome, replicate)).uniform();
  const auto strikes = [&](double probability) {
    const bool struck = left >= 0 && left < probability;
    left -= probability;
    return struck;
  };
  if (strikes(nan)) fail("training diverged: the loss is nan (injected)");
  if (strikes(thrown)) throw std::runtime_error("an exception (injected)");
  if (strikes(hang)) cluster::hang();
  if (strikes(segv)) crash();
  if (strikes(oom)) exhaust_memory(memory_is_limited);
  if (strikes(spin)) cluster::spin();
}

Faults faults_from(std::string_view text) {
  Faults faults;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const std::size_t colon = part.find(':');
    const std::optional<double> probability =
        colon == std::string_view::npos ? std::nullopt : parse_double(part.substr(colon + 1));
    require(probability && *probability >= 0 && *probability <= 1,
            "inject ({}) must be a name, a colon and a probability from 0 to 1", part);
    probability_of(faults, part.substr(0, colon)) = *probability;
  }
  const double sum =
      faults.nan + faults.thrown + faults.hang + faults.segv + faults.oom + faults.spin;
  require(sum <= 1, "the probabilities of inject must add up to 1 at most, not {}", sum);
  return faults;
}

}  // namespace microgpt::cluster
