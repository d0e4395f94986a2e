#!/usr/bin/env bash
# What a trained creature is used for: its run keeps it, and it speaks, completes and judges.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

creature=("$bin/creature")
head -2000 "$names" >short.txt
echo '{"n_emb": [16], "steps": [300, 400], "lr": {"log": [0.004, 0.02]}}' >space.json
search=("$bin/evolve_loss" --input short.txt --space space.json --population 4 --generations 2
    --finalists 2 --replicates 2)

# ---- The champion is kept, whatever trains it, and speaks at once without its dataset ----
expect_exit 0 "${search[@]}"
expect_text out "(now run: creature)"
steps=$(grep -o '"steps": [0-9]*' genome.json | tr -d '":')
case $steps in
    *400 | *300) expect_text out "at the edge of the search space:" "$steps" ;;
    *) ! grep -q "at the edge of" out || broken "no edge, but it is said to be at one" ;;
esac
expect_text genome.json '"dataset_name": "short.txt"'
expect_text experiments/latest/settings.json '"input": "short.txt"'
expect_exit 0 mpirun -n 3 "${search[@]}" --folder again --genome-out again.json
expect_text out "(now run: creature --load again/champion.safetensors)"
cmp experiments/latest/champion.safetensors again/champion.safetensors || broken "another champion"
mv short.txt away.txt
expect_exit 0 "${creature[@]}"
expect_text out "=== MicroGPT [Evolved] ===" "of its run, experiments/latest/champion.safetensors" \
    "losses in nats/character on short.txt: validation" " 10. "
! grep -q "^trained in" out || broken "it was trained again"
last=$(tail -n 1 out)
expect_exit 0 "${creature[@]}" --genome again/genome.json --silent
[[ $(<out) == "$last" ]] || broken "'$(<out)' instead of '$last'"
expect_exit 0 "${creature[@]}" --load again/champion.safetensors --json
expect_text out '"validation_loss": 2.' '"training_flops": 0.0' '"replicate": '
expect_exit 0 "${creature[@]}" --info again/champion.safetensors
expect_text out "parameters in f64" "dataset     short.txt, lines, SHA-256" "training    replicate" "losses"
mv away.txt short.txt
# The loss that the file promises is the one it has.
expect_exit 0 "${creature[@]}" --silent --input short.txt
[[ $(<out) == "$last" ]] || broken "'$(<out)' instead of '$last'"
# Another genome, or another training, is trained.
for other in --train "--seed 5" "--replicate 1" "--lr 0.02" --primordial; do
    # shellcheck disable=SC2086 # several options
    expect_exit 0 "${creature[@]}" --input short.txt $other
    expect_text out "trained in"
done
head -2500 "$names" | tr 'a' 'b' >elsewhere.txt # with other characters, too
expect_exit 0 "${creature[@]}" --input elsewhere.txt
expect_text out "trained in" "evolved on another dataset"
sed 's/"lr": 0.0/"lr": 0.01/' genome.json >other.json
expect_exit 0 "${creature[@]}" --input short.txt --genome other.json
expect_text out "trained in"

# ---- Speaking ----
expect_exit 0 "${creature[@]}" --lines --samples 300
[[ $(wc -l <out) == 300 && ! -s err ]] || broken "not 300 lines"
cp out names.txt
expect_exit 0 "${creature[@]}" --lines --samples 20
cmp out <(head -20 names.txt) || broken "other names when there are fewer"
expect_exit 0 "${creature[@]}" --lines --samples 50 --prompt ma
! grep -qv '^ma' out || broken "a name that does not begin as it was told to"
expect_exit 0 "${creature[@]}" --lines --samples 50 --temperature 0
[[ $(sort -u out | wc -l) == 1 ]] || broken "several likeliest names"
cp out likeliest
expect_exit 0 "${creature[@]}" --lines --samples 50 --top-k 1 --temperature 2
cmp out likeliest || broken "--top-k 1 is not the likeliest"
expect_exit 0 "${creature[@]}" --lines --samples 50 --top-p 0.000001 --temperature 2
cmp out likeliest || broken "a small --top-p is not the likeliest"
expect_exit 0 "${creature[@]}" --lines --samples 200 --length 3 --temperature 1
[[ $(wc -L <out) == 3 ]] || broken "not at most three characters"
expect_exit 0 "${creature[@]}" --lines --samples 200 --new --input short.txt --temperature 1
[[ $(sort -u out | wc -l) == 200 ]] || broken "a name is there twice"
[[ -z $(sort short.txt out | uniq -d) ]] || broken "a name that is not new"
printf 'mar\nel\n' | "${creature[@]}" --interactive --samples 2 >out
[[ $(grep -c '^mar' out) == 2 && $(grep -c '^el' out) == 2 ]] || broken "no continuations"
echo "m7" | "${creature[@]}" --interactive >out
expect_text out "(character U+0037 is not in the vocabulary)"
if head -1 < <(exec "${creature[@]}" --lines --samples 100000) >/dev/null; then :; fi

# ---- Judging ----
printf 'maria\nxqzzk\nanna\n' >judged.txt
expect_exit 0 "${creature[@]}" --score judged.txt
sed -n 2p out | grep -q 'xqzzk$' || broken "the oddest is not the first"
[[ $(wc -l <out) == 4 ]] || broken "not a line for each document"
cp out expected
"${creature[@]}" --score <(cat judged.txt) | cmp - expected || broken "a pipe is judged otherwise"
expect_exit 0 "${creature[@]}" --score judged.txt --json
"$python" - out <<'END' || broken "the surprisals do not add up"
import json, math, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert [len(line["surprisals"]) for line in lines] == [len(line["text"]) + 1 for line in lines]
for line in lines:
    assert abs(sum(line["surprisals"]) - line["nats"]) < 1e-9
    bits = line["nats"] / math.log(2) / len(line["surprisals"])
    assert abs(bits - line["bits_per_character"]) < 1e-9
END

# ---- Bad input ----
refused "--prompt: the model does not know it: character U+00DF" -- "${creature[@]}" --prompt "ß"
echo "maß" >bad.txt
refused "bad.txt: the model does not know document 1: character U+00DF" -- \
    "${creature[@]}" --score bad.txt
refused "top-p (0) must be above 0" -- "${creature[@]}" --top-p 0
refused "--length (0) must be from 1" -- "${creature[@]}" --length 0
refused "--score and --interactive contradict" -- "${creature[@]}" --score judged.txt --interactive
refused "only" "new documents in" -- "${creature[@]}" --lines --new --input short.txt --temperature 0
refused "--load and --train contradict" -- "${creature[@]}" --load again/champion.safetensors --train
printf 'not weights' >broken.safetensors
refused "broken.safetensors" -- "${creature[@]}" --info broken.safetensors

echo "speech: $checks checks passed"
