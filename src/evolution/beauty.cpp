#include "microgpt/evolution/beauty.hpp"

#include <algorithm>

namespace microgpt::evolution {

namespace {

constexpr double kNoName = -100;

bool is_vowel(char letter) { return std::string_view("aeiouy").find(letter) != std::string::npos; }

double flow(std::string_view name) {
  double score = name.size() >= 4 && name.size() <= 8 ? 0.5 : 0;
  std::size_t run = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    run = i > 0 && is_vowel(name[i]) == is_vowel(name[i - 1]) ? run + 1 : 1;
    if (run > 2) score -= 1;
  }
  return score;
}

double symmetry(std::string_view name) {
  const std::size_t half = name.size() / 2;
  double score = 0;
  if (name.size() > 3 && std::equal(name.begin(), name.end(), name.rbegin())) score += 2;
  if (name.size() % 2 == 0 && name.substr(0, half) == name.substr(half)) score += 1.5;
  if (std::string_view("any").find(name.back()) != std::string::npos) score += 0.2;
  return score;
}

bool counts(std::string_view name) {
  return name.size() >= 3 && std::all_of(name.begin(), name.end(), [](char letter) {
           return letter >= 'a' && letter <= 'z';
         });
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

double beauty_of(std::string_view name, const KnownNames& known) {
  const double creativity = known.contains(std::string(name)) ? -5 : 1;
  return flow(name) + 1.2 * symmetry(name) + 2 * creativity;
}

double beauty_of(const std::vector<std::string>& names, const KnownNames& known) {
  double sum = 0, count = 0;
  for (const std::string& name : names) {
    const std::string lower = lower_case(name);
    if (!counts(lower)) continue;
    sum += beauty_of(lower, known);
    count += 1;
  }
  return count == 0 ? kNoName : sum / count;
}

}  // namespace microgpt::evolution
