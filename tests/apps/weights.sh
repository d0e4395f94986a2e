#!/usr/bin/env bash
# Weights as files, and the trace of a training.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

creature() { "$bin/creature" --input "$names" "$@"; }
small=(--primordial -e 8 -h 2 -y 2 -c 8 -f 2 -s 60)
# What a creature says of its losses and its names.
voice() { sed -n '/^held-out/,/^  10\./p' out; }

# ---- What is saved can be loaded: the same losses, the same names ----
for precision in f64 f32; do
    expect_exit 0 creature "${small[@]}" --precision "$precision" --seed 5 --save "$precision.st"
    voice >trained
    [[ $(wc -l <trained) -ge 14 ]] || broken "no losses and names"
    closing=$(tail -n 1 out)
    expect_exit 0 creature --load "$precision.st"
    voice | cmp - trained || broken "the loaded creature is another than the saved one"
    expect_text out "=== MicroGPT [Loaded] ===" "$precision.st: weights in $precision" \
        "n_emb 8  n_head 2  n_layer 2  n_ctx 8  n_ff_exp 2" "parameters in $precision, seed 5"
    ! grep -q "^  step " out || broken "a loaded creature was trained"
    [[ $(tail -n 1 out) == "${closing/default/loaded}" ]] || broken "$(tail -n 1 out)"
done
! cmp -s f64.st f32.st || broken "two precisions, one file"

# Once more written, the same bytes; in the other precision, about the same loss.
expect_exit 0 creature --load f64.st --save copy.st
cmp copy.st f64.st || broken "loading and saving changed the weights"
expect_exit 0 creature --load f64.st --precision f32 --save half.st --silent
[[ $(wc -l <out) == 1 && $(tail -n 1 out) == "organism loaded  loss "* ]] || broken "$(cat out)"
(($(wc -c <half.st) < $(wc -c <f64.st) * 3 / 4)) || broken "f32 takes as much room as f64"
expect_exit 0 creature --load half.st --precision f64
expect_exit 0 creature --load f64.st --seed 6
expect_text out "seed 6" "note: trained with seed 5"

# ---- A training is its initial weights, its documents and its genome ----
expect_exit 0 creature "${small[@]}" --save-init a.st --save b.st --trace b.csv
expect_exit 0 creature "${small[@]}" --init a.st --save-init a2.st --save c.st --trace c.csv --silent
cmp a2.st a.st || broken "the initial weights are not those that were given"
cmp c.st b.st || broken "the same beginning, another end"
cmp c.csv b.csv || broken "the same training, another trace"
! cmp -s a.st b.st || broken "training changed nothing"
[[ $(head -n 1 b.csv) == step,document,loss ]] || broken "$(head -n 1 b.csv)"
[[ $(wc -l <b.csv) == 61 ]] || broken "$(wc -l <b.csv) lines for 60 steps"
awk -F, 'NR > 1 && ($1 != NR - 1 || $2 !~ /^"[a-z]+"$/ || !($3 > 0 && $3 < 9)) { exit 1 }' b.csv ||
    broken "step, document or loss is wrong in $(cat b.csv)"
sed '1d; s/^[0-9]*,"//; s/",.*//' b.csv | while read -r document; do
    grep -qxF "$document" "$names" || broken "$document is not in the dataset"
done
expect_exit 0 creature "${small[@]}" --init b.st --save d.st
! cmp -s d.st b.st || broken "training from other weights came to the same end"
expect_exit 0 creature "${small[@]}" --init a.st --precision f32

# Batches: a row for each document, and the loss of the step. After all documents a new epoch begins, in
# another order.
expect_exit 0 creature "${small[@]}" -b 5 -s 4 --trace batch.csv
[[ $(wc -l <batch.csv) == 21 && $(cut -d, -f 1,3 batch.csv | sort -u | wc -l) == 5 ]] ||
    broken "not 4 steps of 5 documents: $(cat batch.csv)"
for name in ada bo cleo dan eve flo gus hal ida '"jon"'; do echo "$name"; done >ten.txt
expect_exit 0 creature "${small[@]}" --input ten.txt -s 24 --trace round.csv
of_epoch() { sed -n "$((8 * $1 + 2)),$((8 * $1 + 9))p" round.csv | cut -d, -f 2; }
[[ $(of_epoch 0 | sort) == $(of_epoch 1 | sort) && $(of_epoch 0 | sort) == $(of_epoch 2 | sort) ]] ||
    broken "an epoch is not all documents: $(cat round.csv)"
[[ $(of_epoch 0) != $(of_epoch 1) && $(of_epoch 1) != $(of_epoch 2) ]] || broken "$(cat round.csv)"
expect_exit 0 creature "${small[@]}" --input ten.txt -b 8 -s 3 --trace rounds.csv
[[ $(cut -d, -f 2 rounds.csv) == $(cut -d, -f 2 round.csv) ]] ||
    broken "batches see the documents in another order"
grep -q '"""jon"""' round.csv || broken "a quote is not doubled"

# ---- As C99: it speaks and continues as the program does ----
cc -std=c99 -Wall -Wextra -xc -fsyntax-only /dev/null || broken "there is no C compiler"
exports=(
    "--act relu"
    "--act gelu --pos both --lookback 2 --qk-norm on"
    "--act swiglu --pos rotary --tie on -e 12 -h 2 --precision f32"
    "--act relu2 --lookback 1 -h 1 -y 2 -c 3 --ngram 5 --ngram-rows 300"
)
for options in "${exports[@]}"; do
    # shellcheck disable=SC2086  # options and their values
    expect_exit 0 creature --primordial --input "$names" -e 8 -c 8 -s 300 --lr 0.02 $options \
        --export-c model.h --save model.st --silent
    expect_exit 0 cc -std=c99 -O1 -Wall -Wextra -Werror -DMICROGPT_MAIN -x c model.h -o speaker -lm
    for beginning in "" an mar x; do
        given=(${beginning:+--prompt "$beginning"})
        expect_exit 0 creature --load model.st --lines --samples 1 --temperature 0 "${given[@]}"
        mv out expected
        expect_exit 0 ./speaker 1 0 "$beginning"
        cmp out expected || broken "$options, '$beginning': $(cat out) instead of $(cat expected)"
    done
    # Names of its own, from another random stream: most of them are different.
    expect_exit 0 ./speaker 20 1
    [[ $(sort -u out | wc -l) -ge 10 ]] || broken "it repeats itself: $(cat out)"
    expect_exit 2 ./speaker 1 0 "é"
done

# ---- What does not fit is refused, and nothing is written or overwritten ----
echo precious >kept
cp kept out.st && cp kept out.csv
writing=(--save out.st --save-init new.st --trace out.csv)
from_a() { creature "${small[@]}" --init a.st "${writing[@]}" "$@"; }
refused a.st '"wte"' "[27, 8]" "[27, 12]" -- from_a -e 12
refused a.st '"wpe"' "[8, 8]" "[9, 8]" -- from_a -c 9
refused a.st '"layers.0.fc1"' "[16, 8]" "[24, 8]" -- from_a -f 3
refused a.st '"layers.2.wq"' "[8, 8]" -- from_a -y 3
refused a.st '"layers.1.fc1"' "[16, 8]" -- from_a -y 1
refused a.st "n_head is 2" "4" -- from_a -h 4
refused a.st "vocabulary has 26 characters" -- from_a --input ten.txt
refused a.st "vocabulary has 26 characters" -- creature --load a.st --input ten.txt
refused missing.st "no such file" -- creature --load missing.st
refused ten.txt "not the weights of a GPT" -- creature --load ten.txt
head -c 1000 a.st >cut.st
refused cut.st "not the weights of a GPT" -- from_a --init cut.st
sed 's/"rms_eps":"1e-05"/"rms_eps":"1e-06"/' a.st >eps.st
refused eps.st "rms_eps (1e-06)" -- creature --load eps.st
printf '\xff\xff\xff\xff\xff\xff\xff\x7f{}' >huge.st
refused huge.st "9223372036854775807 bytes" -- creature --load huge.st

for flags in "--init a.st" "--save-init new.st" "--trace new.csv" "--genome a.json" --primordial \
    "-s 5" "--lr 0.1" "--emb 8" "--head 2" "--layer 2" "--ctx 8" "--ff 2"; do
    # shellcheck disable=SC2086  # a flag and its value
    refused "--load" "contradict" -- creature --load a.st $flags
done
refused "--save" "--trace" "the same file" -- creature --save new.st --trace ./new.st
refused "--save must not be empty" -- creature --save ""
refused "nowhere/w.st" "cannot be written" -- creature --save nowhere/w.st
refused "directory" -- creature --trace .

# A training that diverges, from weights that are finite but as large as can be.
head -c -64 a.st >wild.st
for _ in {1..8}; do printf '\xff\xff\xff\xff\xff\xff\xef\x7f' >>wild.st; done
expect_exit 2 from_a --init wild.st
expect_text err "diverged"

for file in out.st out.csv; do cmp "$file" kept || broken "$file was overwritten"; done
[[ ! -e new.st && ! -e new.csv ]] || broken "a refused run left a file behind"
! compgen -G "*.tmp" || broken "a temporary file was left behind"

echo "weights: $checks checks passed"
