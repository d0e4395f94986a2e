// A GPT from a safetensors file: docs/weights.md has the format and the forward pass.
window.microgpt = {};

(function (microgpt) {
  "use strict";

  function bytesOf(base64) {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  }

  // The matrices of a file by name, and its metadata.
  function parse(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const begin = 8 + view.getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, begin)));
    const metadata = header.__metadata__;
    delete header.__metadata__;
    const matrices = {};
    for (const [name, entry] of Object.entries(header)) {
      const [from, to] = entry.data_offsets;
      const Numbers = entry.dtype === "F64" ? Float64Array : Float32Array;
      const values = new Numbers(bytes.slice(begin + from, begin + to).buffer);
      matrices[name] = { rows: entry.shape[0], columns: entry.shape[1], values };
    }
    return { matrices, metadata };
  }

  // The tokens as bytes, and the pairs of them that become one, in their order.
  function vocabularyOf(metadata) {
    if (!metadata.tokens) {
      const encoder = new TextEncoder();
      return { texts: [...metadata.vocab].map((character) => [...encoder.encode(character)]), merges: [] };
    }
    const { bytes, merges } = JSON.parse(metadata.tokens);
    const texts = bytes.map((byte) => [byte]);
    const pairs = [];
    for (let i = 0; i < merges.length; i += 2) pairs.push([merges[i], merges[i + 1]]);
    for (const [left, right] of pairs) texts.push([...texts[left], ...texts[right]]);
    return { texts, merges: pairs };
  }

  // Bytes that are no text, as a part of a character is none, show as U+FFFD.
  const textOf = (bytes) => new TextDecoder().decode(Uint8Array.from(bytes));

  const row = ({ values, columns }, i) => values.subarray(i * columns, (i + 1) * columns);

  function add(x, y) {
    for (let i = 0; i < x.length; ++i) x[i] += y[i];
  }

  function dot(a, b, begin, end) {
    let sum = 0;
    for (let i = begin; i < end; ++i) sum += a[i] * b[i];
    return sum;
  }

  function product(matrix, x) {
    const y = new Float64Array(matrix.rows);
    for (let i = 0; i < matrix.rows; ++i) y[i] = dot(row(matrix, i), x, 0, matrix.columns);
    return y;
  }

  const largestOf = (numbers) => numbers.reduce((a, b) => (a > b ? a : b));

  function softmax(scores) {
    const largest = largestOf(scores);
    const weights = scores.map((score) => Math.exp(score - largest));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((weight) => weight / sum);
  }

  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  const activations = {
    relu: (h) => Math.max(h, 0),
    relu2: (h) => Math.max(h, 0) ** 2,
    gelu: (h) => h * sigmoid(Math.sqrt(8 / Math.PI) * (h + 0.044715 * h ** 3)),
    swiglu: (h, gate) => gate * sigmoid(gate) * h,
  };

  class Model {
    constructor(base64) {
      const { matrices, metadata } = parse(bytesOf(base64));
      this.matrices = matrices;
      const { texts, merges } = vocabularyOf(metadata);
      this.bytes = texts;
      this.texts = texts.map(textOf);
      this.merges = merges;
      this.delimiter = texts.length;
      this.isBytes = "tokens" in metadata;
      this.isText = !this.isBytes || JSON.parse(metadata.tokens).kind !== "bytes";
      this.heads = Number(metadata.n_head);
      this.epsilon = Number(metadata.rms_eps);
      this.activation = metadata.activation || "relu";
      this.normalises = "qk_norm" in metadata;
      this.rotaryBase = Number(metadata.rotary_base || 0); // 0: nothing is rotated
      this.longestNgram = Number(metadata.ngram || 1);
      this.context = Number(metadata.n_ctx || 0) || matrices.wpe.rows;
      this.channels = matrices.wte.columns;
      this.layers = Object.keys(matrices).filter((name) => name.endsWith(".wq")).length;
      const training = metadata.training ? JSON.parse(metadata.training) : {};
      this.notes = { dataset: training.dataset_name || "", documents: training.documents || "" };
    }

    normalised(x, begin = 0, end = x.length) {
      const y = x.slice();
      const root = Math.sqrt(dot(x, x, begin, end) / (end - begin) + this.epsilon);
      for (let i = begin; i < end; ++i) y[i] = x[i] / root;
      return y;
    }

    // Queries or keys as attention wants them: normalised by head, and turned by their position.
    placed(x, position) {
      const width = this.channels / this.heads;
      const pairs = Math.floor(width / 2);
      for (let head = 0; head < x.length; head += width) {
        if (this.normalises) x = this.normalised(x, head, head + width);
        for (let i = head; this.rotaryBase && i < head + pairs; ++i) {
          const angle = position * this.rotaryBase ** (-(i - head) / pairs);
          const [a, b, c, s] = [x[i], x[i + pairs], Math.cos(angle), Math.sin(angle)];
          [x[i], x[i + pairs]] = [a * c - b * s, a * s + b * c];
        }
      }
      return x;
    }

    embedded(tokens, position) {
      const x = Float64Array.from(row(this.matrices.wte, tokens[position]));
      if (this.matrices.wpe) add(x, row(this.matrices.wpe, position));
      for (let d = 1; this.matrices["wte-" + d]; ++d) {
        add(x, row(this.matrices["wte-" + d], tokens[Math.max(position - d, 0)]));
      }
      if (this.matrices.ngram) this.addNgrams(x, tokens, position);
      return x;
    }

    // The n-grams that end with a token share the rows of a table by a hash (FNV-1a).
    addNgrams(x, tokens, position) {
      const { ngram } = this.matrices;
      const joined = (hash, token) => Math.imul(hash ^ token, 16777619);
      let hash = joined(2166136261, tokens[position]);
      for (let before = 1; before < this.longestNgram; ++before) {
        hash = joined(hash, tokens[Math.max(position - before, 0)]);
        add(x, row(ngram, ((hash ^ (hash >>> 16)) >>> 0) % ngram.rows));
      }
    }

    // Nothing read yet. By layer, the keys and values of the tokens.
    start() {
      const layers = Array.from({ length: this.layers }, () => ({ keys: [], values: [] }));
      return { seen: [], layers, logits: [], attention: [] };
    }

    // Reads one more token, for which there must be room in the context: `logits` are then the scores
    // of what may follow, `attention` how much each head attended to each token.
    push(state, token) {
      const position = state.seen.length;
      const width = this.channels / this.heads;
      state.seen.push(token);
      state.attention = [];
      const x = this.embedded(state.seen, position);
      state.layers.forEach(({ keys, values }, number) => {
        const weights = (name) => this.matrices[`layers.${number}.${name}`];
        const input = this.normalised(x);
        const query = this.placed(product(weights("wq"), input), position);
        keys.push(this.placed(product(weights("wk"), input), position));
        values.push(product(weights("wv"), input));
        const mixed = new Float64Array(this.channels);
        for (let head = 0; head < this.heads; ++head) {
          const [from, to] = [head * width, (head + 1) * width];
          const scores = keys.map((key) => dot(query, key, from, to) / Math.sqrt(width));
          const shares = softmax(scores);
          shares.forEach((share, t) => {
            for (let i = from; i < to; ++i) mixed[i] += share * values[t][i];
          });
          state.attention.push({ layer: number, head, shares });
        }
        add(x, product(weights("wo"), mixed));
        const y = this.normalised(x);
        const gates = weights("gate") ? product(weights("gate"), y) : [];
        const act = activations[this.activation];
        const hidden = product(weights("fc1"), y).map((h, i) => act(h, gates[i]));
        add(x, product(weights("fc2"), hidden));
      });
      const head = this.matrices.lm_head || this.matrices.wte;
      state.logits = [...product(head, this.normalised(x))];
    }

    // Of the last tokens that fit into the context.
    read(tokens) {
      const state = this.start();
      for (const token of tokens.slice(-this.context)) this.push(state, token);
      return state;
    }

    // The tokens of a text after the delimiter. Throws an error for a character that it does not know.
    encode(text) {
      const encoder = new TextEncoder();
      const single = (part) => this.bytes.findIndex((bytes) => bytes.length === part.length && bytes.every((b, i) => b === part[i]));
      const tokens = [...(this.isText ? text.normalize("NFC") : text)].flatMap((character) => {
        const bytes = [...encoder.encode(character)];
        const found = this.isBytes ? bytes.map((byte) => single([byte])) : [single(bytes)];
        if (found.includes(-1)) throw new Error(`The model does not know the character “${character}”.`);
        return found;
      });
      return [this.delimiter, ...this.joined(tokens)];
    }

    joined(tokens) {
      this.merges.forEach(([left, right], i) => {
        const made = this.delimiter - this.merges.length + i;
        for (let at = 0; at + 1 < tokens.length; ++at) {
          if (tokens[at] === left && tokens[at + 1] === right) tokens.splice(at, 2, made);
        }
      });
      return tokens;
    }

    decode(tokens) {
      return textOf(tokens.flatMap((token) => this.bytes[token] || []));
    }

    // The probabilities of the next token; at temperature 0 the likeliest has all.
    chances(logits, temperature) {
      if (temperature > 0) return softmax(logits.map((logit) => logit / temperature));
      const likeliest = logits.indexOf(largestOf(logits));
      return logits.map((_, token) => (token === likeliest ? 1 : 0));
    }

    // A document that begins with a text. `random` gives numbers from 0 to 1.
    speak(text, temperature, length, random) {
      const tokens = this.encode(text);
      let state = this.read(tokens);
      while (tokens.length <= length) {
        const chances = this.chances(state.logits, temperature);
        let left = random();
        const found = chances.findIndex((chance) => (left -= chance) < 0);
        const token = found < 0 ? chances.indexOf(largestOf(chances)) : found;
        if (token === this.delimiter) break;
        tokens.push(token);
        if (state.seen.length < this.context) this.push(state, token);
        else state = this.read(tokens); // the context slides
      }
      return this.decode(tokens);
    }
  }

  microgpt.Model = Model;
})(window.microgpt);
