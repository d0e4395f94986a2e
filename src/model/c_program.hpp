#pragma once

// The parts of an exported model that are the same for all: C99 that reads tokens and speaks.
// Between them stand the sizes, the tokens and the tensors.
namespace microgpt::model {

inline constexpr const char* kBeginning =
    R"(/* A GPT that speaks, as C99. Made by creature --export-c.

     cc -O2 -DMICROGPT_MAIN -x c FILE -o speak -lm
     ./speak [COUNT [TEMPERATURE [BEGINNING [SEED]]]]

   In a program of your own: mg_start(), mg_read() for each of the mg_tokens() of a beginning, then
   mg_next() and mg_read() in turn, until the token is MG_DELIMITER. mg_texts has the tokens. */
#ifndef MICROGPT_MODEL
#define MICROGPT_MODEL
#include <math.h>
#include <stdint.h>
#include <string.h>

)";

inline constexpr const char* kEnd = R"(
typedef struct {
  int tokens[MG_CONTEXT], count; /* that it has read */
  mg_real keys[MG_LAYERS][MG_CONTEXT][MG_EMB], values[MG_LAYERS][MG_CONTEXT][MG_EMB];
  mg_real logits[MG_VOCAB]; /* of what comes next */
  uint64_t random;
} mg_speaker;

/* y = W x */
static void mg_linear(mg_real *y, const mg_real *w, const mg_real *x, int outputs, int inputs) {
  for (int i = 0; i < outputs; ++i) {
    mg_real sum = 0;
    for (int j = 0; j < inputs; ++j) sum += w[i * inputs + j] * x[j];
    y[i] = sum;
  }
}

static void mg_add(mg_real *x, const mg_real *y, int n) {
  for (int i = 0; i < n; ++i) x[i] += y[i];
}

/* y = x / sqrt(mean of x^2 + epsilon) */
static void mg_norm(mg_real *y, const mg_real *x, int n) {
  mg_real sum = 0;
  for (int i = 0; i < n; ++i) sum += x[i] * x[i];
  const mg_real root = (mg_real)sqrt(sum / n + MG_EPSILON);
  for (int i = 0; i < n; ++i) y[i] = x[i] / root;
}

/* Queries or keys as attention wants them: normalised, and turned by their position. */
static void mg_place(mg_real *x, int position) {
  enum { width = MG_EMB / MG_HEADS, pairs = width / 2 };
  for (mg_real *head = x; head < x + MG_EMB; head += width) {
    if (MG_QK_NORM) mg_norm(head, head, width);
    for (int i = 0; MG_ROTARY && i < pairs; ++i) {
      const double angle = position * pow(MG_ROTARY_BASE, -(double)i / pairs);
      const mg_real c = (mg_real)cos(angle), s = (mg_real)sin(angle);
      const mg_real a = head[i], b = head[i + pairs];
      head[i] = a * c - b * s, head[i + pairs] = a * s + b * c;
    }
  }
}

/* Each head mixes the values of the tokens that its query is interested in. */
static void mg_attend(const mg_speaker *s, int layer, const mg_real *q, mg_real *mixed) {
  enum { width = MG_EMB / MG_HEADS };
  for (int head = 0; head < MG_EMB; head += width) {
    mg_real weight[MG_CONTEXT], largest = 0, sum = 0;
    for (int t = 0; t < s->count; ++t) {
      mg_real score = 0;
      for (int i = head; i < head + width; ++i) score += q[i] * s->keys[layer][t][i];
      weight[t] = score / (mg_real)sqrt((double)width);
      if (t == 0 || weight[t] > largest) largest = weight[t];
    }
    for (int t = 0; t < s->count; ++t) sum += weight[t] = (mg_real)exp(weight[t] - largest);
    for (int i = head; i < head + width; ++i) {
      mixed[i] = 0;
      for (int t = 0; t < s->count; ++t) mixed[i] += weight[t] / sum * s->values[layer][t][i];
    }
  }
}

static mg_real mg_sigmoid(mg_real x) { return 1 / (1 + (mg_real)exp(-x)); }

static void mg_feed_forward(const mg_layer *layer, const mg_real *x, mg_real *y) {
  mg_real hidden[MG_HIDDEN], gate[MG_HIDDEN];
  mg_linear(hidden, layer->fc1, x, MG_HIDDEN, MG_EMB);
  if (layer->gate) mg_linear(gate, layer->gate, x, MG_HIDDEN, MG_EMB);
  for (int i = 0; i < MG_HIDDEN; ++i) {
    const mg_real h = hidden[i];
    if (layer->gate) {
      hidden[i] = gate[i] * mg_sigmoid(gate[i]) * h;
    } else if (MG_GELU) {
      hidden[i] = h * mg_sigmoid((mg_real)1.5957691216057308 * (h + (mg_real)0.044715 * h * h * h));
    } else {
      hidden[i] = h > 0 ? (MG_SQUARED ? h * h : h) : 0;
    }
  }
  mg_linear(y, layer->fc2, hidden, MG_EMB, MG_HIDDEN);
}

/* The n-grams that end here share the rows of a table by a hash (FNV-1a). */
static void mg_add_ngrams(const mg_speaker *s, mg_real *x) {
  const int last = s->count - 1;
  uint32_t hash = (2166136261u ^ (uint32_t)s->tokens[last]) * 16777619u;
  for (int n = 2; n <= MG_NGRAM; ++n) {
    hash = (hash ^ (uint32_t)s->tokens[last < n - 1 ? 0 : last - n + 1]) * 16777619u;
    mg_add(x, &mg_ngram[((hash ^ hash >> 16) % MG_NGRAM_ROWS) * MG_EMB], MG_EMB);
  }
}

/* Reads a token that has room in the context. */
static void mg_step(mg_speaker *s, int token) {
  const int position = s->count++;
  mg_real x[MG_EMB], y[MG_EMB], q[MG_EMB], mixed[MG_EMB];
  s->tokens[position] = token;
  memcpy(x, &mg_wte[token * MG_EMB], sizeof x);
  if (mg_wpe) mg_add(x, &mg_wpe[position * MG_EMB], MG_EMB);
  for (int d = 1; mg_before[d - 1]; ++d) {
    const int before = s->tokens[position < d ? 0 : position - d];
    mg_add(x, &mg_before[d - 1][before * MG_EMB], MG_EMB);
  }
  if (mg_ngram) mg_add_ngrams(s, x);
  for (int i = 0; i < MG_LAYERS; ++i) {
    const mg_layer *layer = &mg_layers[i];
    mg_norm(y, x, MG_EMB);
    mg_linear(q, layer->wq, y, MG_EMB, MG_EMB);
    mg_linear(s->keys[i][position], layer->wk, y, MG_EMB, MG_EMB);
    mg_linear(s->values[i][position], layer->wv, y, MG_EMB, MG_EMB);
    mg_place(q, position);
    mg_place(s->keys[i][position], position);
    mg_attend(s, i, q, mixed);
    mg_linear(y, layer->wo, mixed, MG_EMB, MG_EMB);
    mg_add(x, y, MG_EMB);
    mg_norm(y, x, MG_EMB);
    mg_feed_forward(layer, y, q);
    mg_add(x, q, MG_EMB);
  }
  mg_norm(y, x, MG_EMB);
  mg_linear(s->logits, mg_head, y, MG_VOCAB, MG_EMB);
}

/* Reads a token. A full context slides: what is left of it gets new positions. */
static void mg_read(mg_speaker *s, int token) {
  if (s->count == MG_CONTEXT) {
    s->count = 0;
    for (int i = 1; i < MG_CONTEXT; ++i) mg_step(s, s->tokens[i]);
  }
  mg_step(s, token);
}

/* Begins a document. */
static void mg_start(mg_speaker *s, uint64_t seed) {
  s->random = ((seed + 1) * 0x9E3779B97F4A7C15u) | 1; /* seeds that are alike give other numbers */
  s->count = 0;
  mg_read(s, MG_DELIMITER);
}

/* Draws the next token; at temperature 0 it is the likeliest one. */
static int mg_next(mg_speaker *s, double temperature) {
  int likeliest = 0;
  double sum = 0, left;
  for (int i = 1; i < MG_VOCAB; ++i) {
    if (s->logits[i] > s->logits[likeliest]) likeliest = i;
  }
  if (temperature <= 0) return likeliest;
  for (int i = 0; i < MG_VOCAB; ++i) sum += exp((s->logits[i] - s->logits[likeliest]) / temperature);
  s->random ^= s->random << 13, s->random ^= s->random >> 7, s->random ^= s->random << 17;
  left = (double)(s->random >> 11) / 9007199254740992.0 * sum;
  for (int i = 0; i < MG_VOCAB; ++i) {
    left -= exp((s->logits[i] - s->logits[likeliest]) / temperature);
    if (left < 0) return i;
  }
  return likeliest;
}

/* The character or byte at the beginning of a text as a token; -1 if it is none. */
static int mg_single(const char *text) {
  for (int i = 0; i < MG_SINGLE; ++i) {
    if (strncmp(text, mg_texts[i], mg_lengths[i]) == 0) return i;
  }
  return -1;
}

/* The tokens of a text, at most as many as it has bytes; returns their number, or, where there is no
   token, -1 - the place in the text. */
static int mg_tokens(const char *text, int *tokens) {
  int count = 0;
  for (const char *at = text; *at; at += mg_lengths[tokens[count++]]) {
    tokens[count] = mg_single(at);
    if (tokens[count] < 0) return -1 - (int)(at - text);
  }
  for (int merge = 0; merge < MG_DELIMITER - MG_SINGLE; ++merge) {
    int left = 0; /* that are kept */
    for (int i = 0; i < count; ++left) {
      const int joins = i + 1 < count && tokens[i] == mg_merges[merge][0] &&
                        tokens[i + 1] == mg_merges[merge][1];
      tokens[left] = joins ? MG_SINGLE + merge : tokens[i];
      i += joins ? 2 : 1;
    }
    count = left;
  }
  return count;
}

#ifdef MICROGPT_MAIN
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  static mg_speaker s;
  const int texts = argc > 1 ? atoi(argv[1]) : 10;
  const double temperature = argc > 2 ? atof(argv[2]) : 0.5;
  const uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
  for (int i = 0; i < texts; ++i) {
    const char *beginning = argc > 3 ? argv[3] : "";
    int *tokens = malloc((strlen(beginning) + 1) * sizeof *tokens);
    const int count = tokens ? mg_tokens(beginning, tokens) : 0;
    if (count < 0) return fprintf(stderr, "the model does not know %s\n", beginning - 1 - count), 2;
    mg_start(&s, seed + (uint64_t)i);
    printf("%s", beginning);
    for (int t = 0; t < count; ++t) mg_read(&s, tokens[t]);
    free(tokens);
    for (int length = count; length < 200; ++length) {
      const int token = mg_next(&s, temperature);
      if (token == MG_DELIMITER) break;
      fwrite(mg_texts[token], 1, mg_lengths[token], stdout);
      mg_read(&s, token);
    }
    printf("\n");
  }
  return 0;
}
#endif
#endif
)";

}  // namespace microgpt::model
