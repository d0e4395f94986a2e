#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

/// A fair competitor: the same GPT and the same training without autograd. Gradients are
/// hand-written, sizes are known at compile time, loops are ordinary and run over whole-name
/// blocks; it is compiled with -O3 -march=native -ffast-math -mprefer-vector-width=512. It is also
/// a third reference for the gradients (yardstick_test.cpp). T = positions, C = channels, F =
/// feed-forward, V = vocabulary.
namespace microgpt::yardstick {

using Document = std::span<const std::uint32_t>;

struct Sizes {
  int vocab, emb, ctx, layers, heads, ff;
};

template <class Real, Sizes S, int B>
class Gpt {
 public:
  static constexpr int V = S.vocab, C = S.emb, T = S.ctx, H = S.heads, F = S.ff * S.emb;
  static constexpr int D = C / H, R = B * T;  // rows of a whole batch

  /// Weight matrices have one row per input.
  struct Layer {
    Real wq[C][C], wk[C][C], wv[C][C], wo[C][C], fc1[C][F], fc2[F][C];
  };
  struct Weights {
    Real wte[V][C], wpe[T][C];
    Layer layers[S.layers];
    Real head[C][V];
  };
  static constexpr std::size_t kParameters = sizeof(Weights) / sizeof(Real);

  Gpt() : state_(std::make_unique<State>()) { std::memset(state_.get(), 0, sizeof(State)); }

  Real* weights() { return reinterpret_cast<Real*>(&state_->weights); }
  Real* gradients() { return reinterpret_cast<Real*>(&state_->gradients); }

  /// Forward, backward over the rows of at most B documents: leaves the gradients of the mean loss
  /// over all their predictions, and returns it.
  Real learn(std::span<const Document> documents);
  /// learn(), then Adam.
  Real train(std::span<const Document> documents, Real learning_rate);

 private:
  struct Activations {
    Real x[R][C], h1[R][C], q[R][C], k[R][C], v[R][C], a[R][C], mid[R][C], h2[R][C], f[R][F];
    Real p[H][R][T], inv1[R], inv2[R];
  };
  struct State {
    Weights weights, gradients, m, v;
    Activations layers[S.layers];
    Real out[R][C], normed[R][C], inv[R], probabilities[R][V];
    Real dx[R][C], dh[R][C], dq[R][C], dk[R][C], dv[R][C], df[R][F];
  };

  template <int I, int O>
  static void matmul(int n, const Real (*x)[I], const Real (&w)[I][O], Real (*y)[O]) {
    for (int t = 0; t < n; ++t) {
      Real sum[O] = {};
      for (int i = 0; i < I; ++i) {
        for (int o = 0; o < O; ++o) sum[o] += x[t][i] * w[i][o];
      }
      for (int o = 0; o < O; ++o) y[t][o] = sum[o];
    }
  }
  /// grad_w = x^T grad_y; grad_x += grad_y w^T
  template <int I, int O>
  static void matmul_back(int n, const Real (*x)[I], const Real (&w)[I][O], const Real (*dy)[O],
                          Real (*dx)[I], Real (&dw)[I][O]) {
    for (int i = 0; i < I; ++i) {
      Real sum[O] = {};
      for (int t = 0; t < n; ++t) {
        for (int o = 0; o < O; ++o) sum[o] += x[t][i] * dy[t][o];
      }
      for (int o = 0; o < O; ++o) dw[i][o] = sum[o];
    }
    for (int t = 0; t < n; ++t) {
      for (int i = 0; i < I; ++i) {
        Real sum = 0;
        for (int o = 0; o < O; ++o) sum += w[i][o] * dy[t][o];
        dx[t][i] += sum;
      }
    }
  }
  template <int I>
  static void clear(int n, Real (*x)[I]) {
    std::memset(x, 0, static_cast<std::size_t>(n) * sizeof *x);
  }
  static void norm(int n, const Real (*x)[C], Real (*y)[C], Real* inverse) {
    for (int t = 0; t < n; ++t) {
      Real sum = 0;
      for (int c = 0; c < C; ++c) sum += x[t][c] * x[t][c];
      inverse[t] = 1 / std::sqrt(sum / C + Real(1e-5));
      for (int c = 0; c < C; ++c) y[t][c] = x[t][c] * inverse[t];
    }
  }
  static void norm_back(int n, const Real (*y)[C], const Real* inverse, const Real (*dy)[C],
                        Real (*dx)[C]) {
    for (int t = 0; t < n; ++t) {
      Real sum = 0;
      for (int c = 0; c < C; ++c) sum += dy[t][c] * y[t][c];
      for (int c = 0; c < C; ++c) dx[t][c] += inverse[t] * (dy[t][c] - y[t][c] * sum / C);
    }
  }
  /// Stacks the documents; returns the number of rows.
  int stack(std::span<const Document> documents);
  /// Row `t` attends to the rows of its document up to its own.
  void attend(int n, Activations& a);
  void attend_back(int n, Activations& a, const Real (*da)[C], Real (*dq)[C], Real (*dk)[C],
                   Real (*dv)[C]);
  void forward(int n);
  void backward(int n);
  void adam(Real learning_rate);

  std::uint32_t tokens_[R], targets_[R];
  int position_[R];  // of a row in its document
  std::unique_ptr<State> state_;
  Real beta1_power_ = 1, beta2_power_ = 1;
};

template <class Real, Sizes S, int B>
void Gpt<Real, S, B>::attend(int n, Activations& a) {
  const Real root = 1 / std::sqrt(Real(D));
  for (int h = 0; h < H; ++h) {
    for (int t = 0; t < n; ++t) {
      Real* p = a.p[h][t];
      const int seen = position_[t] + 1, first = t - position_[t];
      const Real(*k)[C] = a.k + first, (*v)[C] = a.v + first;
      Real largest = Real(-1e30), sum = 0;
      for (int s = 0; s < seen; ++s) {
        Real score = 0;
        for (int c = 0; c < D; ++c) score += a.q[t][h * D + c] * k[s][h * D + c];
        p[s] = score * root;
        largest = p[s] > largest ? p[s] : largest;
      }
      for (int s = 0; s < seen; ++s) {
        p[s] = std::exp(p[s] - largest);
        sum += p[s];
      }
      Real out[D] = {};
      for (int s = 0; s < seen; ++s) {
        p[s] /= sum;
        for (int c = 0; c < D; ++c) out[c] += p[s] * v[s][h * D + c];
      }
      for (int c = 0; c < D; ++c) a.a[t][h * D + c] = out[c];
    }
  }
}

template <class Real, Sizes S, int B>
void Gpt<Real, S, B>::attend_back(int n, Activations& a, const Real (*da)[C], Real (*dq)[C],
                                  Real (*dk)[C], Real (*dv)[C]) {
  const Real root = 1 / std::sqrt(Real(D));
  for (int h = 0; h < H; ++h) {
    for (int t = 0; t < n; ++t) {
      const Real* p = a.p[h][t];
      const int seen = position_[t] + 1, first = t - position_[t];
      const Real(*k)[C] = a.k + first, (*v)[C] = a.v + first;
      Real(*dk_s)[C] = dk + first, (*dv_s)[C] = dv + first;
      Real dp[T], weighted = 0;
      for (int s = 0; s < seen; ++s) {
        Real sum = 0;
        for (int c = 0; c < D; ++c) {
          sum += da[t][h * D + c] * v[s][h * D + c];
          dv_s[s][h * D + c] += p[s] * da[t][h * D + c];
        }
        dp[s] = sum;
        weighted += p[s] * sum;
      }
      for (int s = 0; s < seen; ++s) {
        const Real score = p[s] * (dp[s] - weighted) * root;
        for (int c = 0; c < D; ++c) {
          dq[t][h * D + c] += score * k[s][h * D + c];
          dk_s[s][h * D + c] += score * a.q[t][h * D + c];
        }
      }
    }
  }
}

template <class Real, Sizes S, int B>
void Gpt<Real, S, B>::forward(int n) {
  State& s = *state_;
  const Weights& w = s.weights;
  for (int t = 0; t < n; ++t) {
    for (int c = 0; c < C; ++c) s.layers[0].x[t][c] = w.wte[tokens_[t]][c] + w.wpe[position_[t]][c];
  }
  for (int l = 0; l < S.layers; ++l) {
    Activations& a = s.layers[l];
    norm(n, a.x, a.h1, a.inv1);
    matmul(n, a.h1, w.layers[l].wq, a.q);
    matmul(n, a.h1, w.layers[l].wk, a.k);
    matmul(n, a.h1, w.layers[l].wv, a.v);
    attend(n, a);
    matmul(n, a.a, w.layers[l].wo, a.mid);
    for (int t = 0; t < n; ++t) {
      for (int c = 0; c < C; ++c) a.mid[t][c] += a.x[t][c];
    }
    norm(n, a.mid, a.h2, a.inv2);
    matmul(n, a.h2, w.layers[l].fc1, a.f);
    for (int t = 0; t < n; ++t) {
      for (int c = 0; c < F; ++c) a.f[t][c] = a.f[t][c] > 0 ? a.f[t][c] : 0;
    }
    Real(*next)[C] = l + 1 < S.layers ? s.layers[l + 1].x : s.out;
    matmul(n, a.f, w.layers[l].fc2, next);
    for (int t = 0; t < n; ++t) {
      for (int c = 0; c < C; ++c) next[t][c] += a.mid[t][c];
    }
  }
  norm(n, s.out, s.normed, s.inv);
  matmul(n, s.normed, w.head, s.probabilities);
}

template <class Real, Sizes S, int B>
void Gpt<Real, S, B>::backward(int n) {
  State& s = *state_;
  const Weights& w = s.weights;
  Weights& g = s.gradients;
  std::memset(&g.wte, 0, sizeof g.wte);
  std::memset(&g.wpe, 0, sizeof g.wpe);
  clear(n, s.dh);
  matmul_back(n, s.normed, w.head, s.probabilities, s.dh, g.head);
  clear(n, s.dx);
  norm_back(n, s.normed, s.inv, s.dh, s.dx);
  for (int l = S.layers; l-- > 0;) {
    Activations& a = s.layers[l];
    clear(n, s.df);
    matmul_back(n, a.f, w.layers[l].fc2, s.dx, s.df, g.layers[l].fc2);
    for (int t = 0; t < n; ++t) {
      for (int c = 0; c < F; ++c) s.df[t][c] = a.f[t][c] > 0 ? s.df[t][c] : 0;
    }
    clear(n, s.dh);
    matmul_back(n, a.h2, w.layers[l].fc1, s.df, s.dh, g.layers[l].fc1);
    norm_back(n, a.h2, a.inv2, s.dh, s.dx);
    clear(n, s.dh);
    matmul_back(n, a.a, w.layers[l].wo, s.dx, s.dh, g.layers[l].wo);
    clear(n, s.dq);
    clear(n, s.dk);
    clear(n, s.dv);
    attend_back(n, a, s.dh, s.dq, s.dk, s.dv);
    clear(n, s.dh);
    matmul_back(n, a.h1, w.layers[l].wq, s.dq, s.dh, g.layers[l].wq);
    matmul_back(n, a.h1, w.layers[l].wk, s.dk, s.dh, g.layers[l].wk);
    matmul_back(n, a.h1, w.layers[l].wv, s.dv, s.dh, g.layers[l].wv);
    norm_back(n, a.h1, a.inv1, s.dh, s.dx);
  }
  for (int t = 0; t < n; ++t) {
    for (int c = 0; c < C; ++c) {
      g.wte[tokens_[t]][c] += s.dx[t][c];
      g.wpe[position_[t]][c] += s.dx[t][c];
    }
  }
}

template <class Real, Sizes S, int B>
int Gpt<Real, S, B>::stack(std::span<const Document> documents) {
  int n = 0;
  for (const Document document : documents) {
    for (int t = 0; t < T && static_cast<std::size_t>(t) + 1 < document.size(); ++t, ++n) {
      tokens_[n] = document[static_cast<std::size_t>(t)];
      targets_[n] = document[static_cast<std::size_t>(t) + 1];
      position_[n] = t;
    }
  }
  return n;
}

template <class Real, Sizes S, int B>
Real Gpt<Real, S, B>::learn(std::span<const Document> documents) {
  const int n = stack(documents);
  forward(n);
  Real loss = 0;
  for (int t = 0; t < n; ++t) {
    Real* p = state_->probabilities[t];
    const std::uint32_t target = targets_[t];
    Real largest = p[0], sum = 0;
    for (int v = 1; v < V; ++v) largest = p[v] > largest ? p[v] : largest;
    const Real logit = p[target] - largest;
    for (int v = 0; v < V; ++v) {
      p[v] = std::exp(p[v] - largest);
      sum += p[v];
    }
    loss += std::log(sum) - logit;
    const Real factor = 1 / (sum * static_cast<Real>(n));
    for (int v = 0; v < V; ++v) p[v] *= factor;
    p[target] -= 1 / static_cast<Real>(n);
  }
  backward(n);
  return loss / static_cast<Real>(n);
}

template <class Real, Sizes S, int B>
void Gpt<Real, S, B>::adam(Real learning_rate) {
  const Real beta1 = Real(0.85), beta2 = Real(0.99), epsilon = Real(1e-8);
  beta1_power_ *= beta1;
  beta2_power_ *= beta2;
  const Real step = learning_rate / (1 - beta1_power_), correction = 1 / (1 - beta2_power_);
  Real* w = weights();
  const Real* g = gradients();
  Real* m = reinterpret_cast<Real*>(&state_->m);
  Real* v = reinterpret_cast<Real*>(&state_->v);
  for (std::size_t i = 0; i < kParameters; ++i) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
    w[i] -= step * m[i] / (std::sqrt(v[i] * correction) + epsilon);
  }
}

template <class Real, Sizes S, int B>
Real Gpt<Real, S, B>::train(std::span<const Document> documents, Real learning_rate) {
  const Real loss = learn(documents);
  adam(learning_rate);
  return loss;
}

}  // namespace microgpt::yardstick
