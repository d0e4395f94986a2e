#!/usr/bin/env bash
# Texts of every kind, and what --effort makes of them.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

# Poems: paragraphs of three lines, with what other systems write.
for i in $(seq 60); do
    printf 'line one of %s\r\n  the\tsecond e\xCC\x81%s\r\nthird \xE2\x80\x8B%s\r\n\r\n' "$i" "$((i * 7))" "$((i % 10))"
done >poems.txt
tr -d '\n' <poems.txt | tr '\r' ' ' >stream.txt

quick=("$bin/evolve_loss" --population 3 --generations 2 --finalists 1 --replicates 1)
expect_exit 0 "${quick[@]}" --input poems.txt --folder poems --genome-out poems.json
expect_text out "48 training, 6 validation and 6 test paragraphs" \
    "(normalised: 60 tabs, 60 invisible characters, 60 lines with decomposed characters)"
expect_text poems/settings.json '"documents": "paragraphs"'
expect_exit 0 "${quick[@]}" --input stream.txt --folder stream --genome-out stream.json
expect_text out "test stretches of a stream"
expect_text stream/settings.json '"documents": "stream"'
expect_exit 0 "${quick[@]}" --input poems.txt --documents lines --folder lines --genome-out lines.json
expect_text out "113 training, 18 validation and 18 test lines"
refused "documents (verses) must be lines, paragraphs or stream" -- "${quick[@]}" --input poems.txt --documents verses --folder other
[[ ! -e other ]] || broken "a refused run left a folder"

# The same bytes at another number of ranks, and when the run goes on.
for kind in poems stream; do
    expect_exit 0 mpirun -n 3 "${quick[@]}" --input $kind.txt --folder $kind-3 --genome-out $kind-3.json
    cmp $kind/organisms.csv $kind-3/organisms.csv || broken "$kind: other ranks, another run"
    cmp $kind/champion.safetensors $kind-3/champion.safetensors || broken "$kind: other weights"
    expect_exit 75 "${quick[@]}" --input $kind.txt --folder $kind-stopped --genome-out stopped.json \
        --time-limit 0.0001s
    expect_exit 0 "$bin/evolve_loss" --resume $kind-stopped
    cmp $kind/organisms.csv $kind-stopped/organisms.csv || broken "$kind: resumed, another run"
done

# The champion reads and judges as it has learnt.
poet=("$bin/creature" --load poems/champion.safetensors)
expect_exit 0 "${poet[@]}" --score poems.txt
[[ $(wc -l <out) == 61 ]] || broken "not sixty paragraphs were judged"
expect_exit 0 "${poet[@]}" --lines --samples 3 --length 50 --temperature 1
[[ $(grep -c '^$' out) -ge 3 ]] || broken "paragraphs are not separated"
expect_exit 0 "${poet[@]}" --info poems/champion.safetensors
expect_text out "paragraphs"
# A genome says how the text was read, so that a training of it is that of its run.
expect_exit 0 "$bin/evolve_loss" --population 3 --generations 2 --finalists 0 --input poems.txt --documents lines \
    --split-seed 5 --folder bare --genome-out bare.json
expect_text bare.json '"documents": "lines"' '"split_seed": 5'
loss=$(sed -n 's/.*"loss": \([0-9.]\{6\}\).*/\1/p' bare.json)
expect_exit 0 "$bin/creature" --genome bare.json --input poems.txt --train --silent
grep -qF "loss $loss" out || broken "the genome promises $loss: $(cat out)"
# A model of a stream judges a text as a whole, and expects no end.
expect_exit 0 "$bin/creature" --load stream/champion.safetensors --score stream.txt --json
[[ $(wc -l <out) == 1 ]] || broken "a stream was judged in pieces"

# Runs of several seeds are scored on the same documents if they are told to, and the champion too.
for seed in 3 4; do
    expect_exit 0 "${quick[@]}" --input "$names" --seed $seed --split-seed 7 --folder split-$seed --genome-out split.json
    grep -F baselines out >baselines-$seed
done
cmp baselines-3 baselines-4 || broken "other documents are held out"
expect_exit 0 "${quick[@]}" --input "$names" --seed 7 --folder split-7 --genome-out split.json
grep -F baselines out | cmp - baselines-3 || broken "the split of seed 7 is another one"
expect_exit 0 "$bin/creature" --load split-3/champion.safetensors --input "$names" --silent
mv out own
expect_exit 0 "$bin/creature" --load split-3/champion.safetensors --silent
cmp out own || broken "the champion is scored on other documents: $(cat out own)"
expect_exit 75 "${quick[@]}" --input "$names" --seed 3 --split-seed 7 --folder split-stop --genome-out split.json \
    --time-limit 0.0001s
expect_exit 0 "$bin/evolve_loss" --resume split-stop
cmp split-3/organisms.csv split-stop/organisms.csv || broken "resumed with another split"

# A champion of another text is kept when one takes its place.
cp poems.json both.json
expect_exit 0 "${quick[@]}" --input stream.txt --folder after --genome-out both.json
expect_text out "both.json was evolved for loss on poems.txt (" "); it is both.json.old now"
cmp poems.json both.json.old || broken "the other champion is lost"
expect_exit 0 "${quick[@]}" --input stream.txt --folder again --genome-out both.json --seed 2
cmp poems.json both.json.old || broken "one of the same text was kept"

cp both.json loss.json
expect_exit 0 "$bin/evolve" --population 3 --elite 1 --generations 1 --input stream.txt --folder lovely --genome-out both.json
expect_text out "both.json was evolved for loss on stream.txt (" "it is both.json.old2 now"
cmp loss.json both.json.old2 || broken "the champion of the loss is lost"
expect_text both.json '"fitness": "beauty"'

# What --effort chooses depends on the operations, the slots and the text alone, not on the ranks.
effort=("$bin/evolve_loss" --effort 8e9 --slots 4 --input "$names")
expect_exit 0 "${effort[@]}" --folder one --genome-out one.json
expect_text out "effort     the same again: --effort 8000000000 --slots 4" "steady-state" "f32"
expect_exit 0 mpirun -n 3 "${effort[@]}" --folder three --genome-out three.json
cmp one/organisms.csv three/organisms.csv || broken "other ranks, another run"
cmp one.json three.json || broken "other ranks, another champion"
cmp one/champion.safetensors three/champion.safetensors || broken "other ranks, other weights"
expect_exit 75 "${effort[@]}" --folder halted --genome-out halted.json --time-limit 0.01s
expect_exit 0 mpirun -n 3 "$bin/evolve_loss" --resume halted
cmp one/organisms.csv halted/organisms.csv || broken "resumed, another run"
cmp one.json halted.json || broken "resumed, another champion"

# It learns what a bigram does not know, however small it is.
"$python" - one.json one/settings.json <<'END' || broken "it is no better than a bigram"
import json, sys
champion, settings = (json.load(open(file)) for file in sys.argv[1:])
assert champion["loss"] < settings["bigram_loss"], (champion["loss"], settings["bigram_loss"])
END

expect_exit 75 "$bin/evolve_loss" --effort 1M --input "$names" --folder units --genome-out u.json --time-limit 0.01S
expect_text out "effort     1M: " "floating-point operations, at "
for value in 5x 1s 0 -3 1e3 10mm nan 1e40; do
    refused "--effort" "($value)" "must be a time of at least 10 seconds" -- \
        "$bin/evolve_loss" "--effort=$value" --input "$names"
done
refused "--effort" "--space" -- "${effort[@]}" --space x.json
refused "--effort" "--replicates" -- "${effort[@]}" --replicates 5
refused "--slots (1) must be at least 2 with --effort" -- "${effort[@]}" --slots 1
refused "--effort" "--budget-flops" -- "${effort[@]}" --budget-flops 1e9
refused "are too few: the smallest model needs" -- "$bin/evolve_loss" --effort 1e9 --input "$names"
[[ ! -e experiments && ! -e genome.json ]] || broken "a refused run left files"

echo "texts: $checks checks"
