// Multi-head causal attention over packed sequences.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "../fused_record.hpp"
#include "../kernels.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

static_assert(sizeof(Sequence) == 2 * sizeof(std::uint32_t));

// A record stores its sequences among the tape's integers, two for each.
template <class Real>
const Sequence* sequences_of(Tape<Real>& tape, const FusedRecord<Real>& r) {
  return reinterpret_cast<const Sequence*>(tape.integers(r.integers, r.integer_count).data());
}

std::size_t saved_count(std::span<const Sequence> sequences, std::size_t heads) {
  std::size_t count = 0;
  for (const Sequence& s : sequences) count += AttentionArguments<double>::saved_count(s, heads);
  return count;
}

std::size_t key_count(std::span<const Sequence> sequences) {
  std::size_t count = 0;
  for (const Sequence& s : sequences) count += s.keys;
  return count;
}

// saved: see AttentionArguments
template <class Real>
AttentionArguments<Real> arguments(Tape<Real>& tape, const FusedRecord<Real>& r) {
  using Arguments = AttentionArguments<Real>;
  const std::span sequences(sequences_of(tape, r), r.integer_count / 2);
  const std::size_t keys = key_count(sequences) * r.cols;
  const bool saves = tape.recording();
  std::size_t scratch = 0;
  for (const Sequence& s : sequences) {
    const std::size_t not_saved = saves ? 0 : Arguments::saved_count(s, r.inner);
    scratch = std::max(scratch, Arguments::scratch_count(s, r.cols, r.inner) + not_saved);
  }
  return {.channels = r.cols,
          .heads = r.inner,
          .sequences = sequences.data(),
          .sequence_count = sequences.size(),
          .q = tape.data(r.x, std::size_t{r.rows} * r.cols).data(),
          .k = tape.data(r.y, keys).data(),
          .v = tape.data(r.z, keys).data(),
          .saved = saves ? tape.saved(r.saved, saved_count(sequences, r.inner)).data() : nullptr,
          .scratch = tape.scratch(scratch)};
}

template <class Real>
void attention_backward(Tape<Real>& tape, const FusedRecord<Real>& r) {
  const auto a = arguments(tape, r);
  const std::size_t queries = std::size_t{r.rows} * r.cols;
  const std::size_t keys = key_count({a.sequences, a.sequence_count}) * r.cols;
  tape.kernels().attention_backward(
      a, tape.data(r.output, queries).data(), tape.grad(r.output, queries).data(),
      tape.grad(r.x, queries).data(), tape.grad(r.y, keys).data(), tape.grad(r.z, keys).data());
}

/// A query row of the record: its sequence and its place there.
struct Place {
  Sequence sequence{0, 0};
  Index first_key = 0;    ///< row of the sequence's first key
  Index query = 0;        ///< within the sequence
  std::size_t saved = 0;  ///< where the numbers of the sequence begin

  Index seen() const { return sequence.keys - sequence.queries + query + 1; }
};

Place place_of(std::span<const Sequence> sequences, Index row, std::size_t heads) {
  Place place;
  for (const Sequence& s : sequences) {
    place.sequence = s;
    place.query = row;
    if (row < s.queries) break;
    row -= s.queries;
    place.first_key += s.keys;
    place.saved += AttentionArguments<double>::saved_count(s, heads);
  }
  return place;
}

/// The probability of key `s` for a query, of head `head`. `score` is that of the two.
template <class Real>
Real probability(Tape<Real>& tape, const FusedRecord<Real>& r, const Place& place, std::size_t head,
                 Index s, Real score) {
  const auto saved = [&](std::size_t at) {
    return tape.saved(r.saved + static_cast<Index>(place.saved + at), 1)[0];
  };
  const std::size_t queries = place.sequence.queries;
  if (is_long(place.sequence)) {
    return std::exp(score - saved(head * queries + place.query)) *
           saved((r.inner + head) * queries + place.query);
  }
  return saved(AttentionArguments<Real>::place(place.sequence, head, place.query, s));
}

// out_c = sum_s p_s v_sc: d/dv_sc = p_s;  with score_s = q k_s / sqrt(D):
// dout_c/dscore_s = p_s (v_sc - out_c) =: g_s
// dout_c/dq_i = sum_s g_s k_si / sqrt(D);  dout_c/dk_si = g_s q_i / sqrt(D)
template <class Real>
std::vector<Parent<Real>> attention_history(Tape<Real>& tape, const FusedRecord<Real>& r,
                                            std::size_t i) {
  const Index row = static_cast<Index>(i) / r.cols, channel = static_cast<Index>(i) % r.cols;
  const Index width = r.cols / r.inner, head = channel / width;
  const std::span sequences(sequences_of(tape, r), r.integer_count / 2);
  const Place place = place_of(sequences, row, r.inner);
  const Index q = r.x + row * r.cols + head * width;
  const Real root = 1 / std::sqrt(static_cast<Real>(width));
  const Real out = tape.data(r.output + static_cast<Index>(i));
  std::vector<Real> by_query(width, Real{0});
  std::vector<Parent<Real>> parents;
  for (Index s = 0; s < place.seen(); ++s) {
    const Index key_row = (place.first_key + s) * r.cols;
    const Index v = r.z + key_row + channel, k = r.y + key_row + head * width;
    Real score = 0;
    for (Index c = 0; c < width; ++c) score += tape.data(q + c) * tape.data(k + c) * root;
    const Real p = probability(tape, r, place, head, s, score);
    const Real by_score = p * (tape.data(v) - out) * root;
    parents.push_back({{tape, v}, p});
    for (Index c = 0; c < width; ++c) {
      parents.push_back({{tape, k + c}, by_score * tape.data(q + c)});
      by_query[c] += by_score * tape.data(k + c);
    }
  }
  for (Index c = 0; c < width; ++c) parents.push_back({{tape, q + c}, by_query[c]});
  return parents;
}

template <class Real>
constexpr FusedRule<Real> kAttention = {attention_backward<Real>, attention_history<Real>};

}  // namespace

template <class Real>
Block<Real> attention(Block<Real> q, Block<Real> k, Block<Real> v, std::size_t heads,
                      std::span<const Sequence> sequences) {
  std::size_t queries = 0;
  for (const Sequence& s : sequences) {
    require(s.queries <= s.keys, "attention: {} queries but {} keys", s.queries, s.keys);
    queries += s.queries;
  }
  require(heads > 0 && q.cols() % heads == 0, "attention: {} heads do not divide {} channels",
          heads, q.cols());
  require(queries == q.rows() && key_count(sequences) == k.rows() && v.rows() == k.rows() &&
              k.cols() == q.cols() && v.cols() == q.cols(),
          "attention: shapes of q {} x {}, k {} x {}, v {} x {} do not fit the sequences", q.rows(),
          q.cols(), k.rows(), k.cols(), v.rows(), v.cols());
  Tape<Real>& tape = q.tape();
  const Block<Real> out(tape, tape.allocate(q.size()), q.rows(), q.cols());
  const Index saved = tape.recording() ? tape.save(saved_count(sequences, heads)) : 0;
  const std::size_t first = tape.integer_count();
  std::memcpy(tape.integers(2 * sequences.size()).data(), sequences.data(), sequences.size_bytes());
  const FusedRecord<Real> record = {
      .rule = &kAttention<Real>,
      .output = out.first(),
      .x = q.first(),
      .y = k.first(),
      .z = v.first(),
      .saved = saved,
      .rows = static_cast<std::uint32_t>(q.rows()),
      .cols = static_cast<std::uint32_t>(q.cols()),
      .inner = static_cast<std::uint32_t>(heads),
      .integers = static_cast<std::uint32_t>(first),
      .integer_count = static_cast<std::uint32_t>(2 * sequences.size())};
  tape.kernels().attention(arguments(tape, record), out.data().data());
  tape.push(record);
  return out;
}

#define MICROGPT_INSTANTIATE(Real)                                                   \
  template Block<Real> attention(Block<Real>, Block<Real>, Block<Real>, std::size_t, \
                                 std::span<const Sequence>);
MICROGPT_INSTANTIATE(double)
MICROGPT_INSTANTIATE(float)

}  // namespace microgpt::autograd
