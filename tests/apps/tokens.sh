#!/usr/bin/env bash
# A text in byte pairs, and files of any bytes.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

quick=("$bin/evolve_loss" --population 3 --generations 2 --finalists 1 --replicates 1)

# Lines of Latin-1, which are no UTF-8, and one that would be a control character.
for i in $(seq 200); do printf 'caf\xE9 %s\x01of %s\n' "$i" "$((i * i % 37))"; done >latin.txt
refused "latin.txt: line 1" "unless it is cut into --tokens bytes" -- "${quick[@]}" --input latin.txt --folder no
for tokens in words bpe bpe:1 bpe:99999 ""; do
    refused "--tokens" -- "${quick[@]}" --input "$names" --tokens "$tokens" --folder no
done
refused "--tokens (bpe:20): the text has 26 different bytes" -- "${quick[@]}" --input "$names" --tokens bpe:20 --folder no
[[ ! -e no ]] || broken "a refused run left a folder"

# The same bytes at another number of ranks, and when the run goes on.
begin() { # NAME FILE TOKENS
    local name=$1
    local -a run=("${quick[@]}" --input "$2" --tokens "$3")
    expect_exit 0 "${run[@]}" --folder "$name" --genome-out "$name.json"
    cp out "$name.out"
    expect_exit 0 mpirun -n 3 "${run[@]}" --folder "$name-3" --genome-out "$name-3.json"
    cmp "$name/organisms.csv" "$name-3/organisms.csv" || broken "$name: other ranks, another run"
    cmp "$name/champion.safetensors" "$name-3/champion.safetensors" || broken "$name: other weights"
    expect_exit 75 "${run[@]}" --folder "$name-stopped" --genome-out stopped.json --time-limit 0.0001s
    expect_exit 0 "$bin/evolve_loss" --resume "$name-stopped"
    cmp "$name/organisms.csv" "$name-stopped/organisms.csv" || broken "$name: resumed, another run"
    expect_text "$name/settings.json" "\"tokenizer\": \"$3\""
    expect_text "$name.json" "\"tokenizer\": \"$3\""
}
begin pairs "$names" bpe:120
expect_text pairs.out "120 tokens (26 bytes and 94 merges)" "loss in nats per character"
begin raw latin.txt bytes
expect_text raw.out "17 bytes" "loss in nats per byte"

# The baselines are those of characters, whatever a model is made of.
expect_exit 0 "${quick[@]}" --input "$names" --folder characters --genome-out characters.json
[[ $(grep baselines out) == $(grep baselines pairs.out) ]] || broken "other baselines: $(cat out pairs.out)"
! grep -q tokenizer characters/settings.json characters.json || broken "characters are not worth a word"

# A genome trains as its run did, and its run's champion is kept for the same tokens alone.
expect_exit 0 "$bin/creature" --genome pairs.json --input "$names" --train --json --replicate 1
"$python" - pairs.json out <<'CODE' || broken "the genome promises another loss: $(cat out pairs.json)"
import json, sys
dna, creature = (json.load(open(file)) for file in sys.argv[1:])
assert creature["validation_loss"] == dna["loss"]
CODE
cp pairs.json pairs/genome.json
expect_exit 0 "$bin/creature" --genome pairs/genome.json --input "$names"
expect_text out "trained: replicate" "nats/character" "this creature, nats/token" "this creature, bits/byte"
expect_exit 0 "$bin/creature" --genome pairs/genome.json --input "$names" --tokens bpe:100
expect_text out "100 tokens"
! grep -q "trained: replicate" out || broken "weights of other tokens were taken"
expect_exit 0 "$bin/creature" --info pairs/champion.safetensors
expect_text out "120 tokens (26 bytes and 94 merges)" "in nats per character"
refused "its tokens are bpe, but those of the dataset characters" -- \
    "$bin/creature" --load pairs/champion.safetensors --input "$names" --tokens characters

# Weights of byte pairs read what their tokens know: another split, another text.
head -n 4000 "$names" >half.txt
for other in "--seed 2" "--split-seed 5" "--new --seed 2"; do
    # shellcheck disable=SC2086  # options and their values
    expect_exit 0 "$bin/creature" --load pairs/champion.safetensors --input "$names" $other
done
for way in --load "--primordial -e 16 -c 24 --init"; do
    # shellcheck disable=SC2086
    expect_exit 0 "$bin/creature" --save init.st --primordial -e 16 -c 24 --input "$names" --tokens bpe:120 --silent
    # shellcheck disable=SC2086
    expect_exit 0 "$bin/creature" $way init.st --input half.txt
    expect_text out "120 tokens"
done
refused "latin.txt" "invalid UTF-8" -- "$bin/creature" --load pairs/champion.safetensors --input latin.txt
printf 'one!\n%.0s' $(seq 30) | cat -n >unknown.txt
refused "unknown.txt" "is not in the vocabulary" -- "$bin/creature" --load pairs/champion.safetensors --input unknown.txt

# Neither a genome nor a journal goes on with other tokens.
cp characters/champion.safetensors pairs/
expect_exit 0 "$bin/creature" --genome pairs/genome.json --input "$names" --silent
expect_text out "organism evolved"
expect_exit 0 "$bin/creature" --genome pairs/genome.json --input "$names"
! grep -q "trained: replicate" out || broken "weights of characters were taken for those of byte pairs"
cp pairs-3/champion.safetensors pairs/
expect_exit 75 "${quick[@]}" --input "$names" --tokens bytes --folder cut --genome-out cut.json --time-limit 0.0001s
refused "the run was started with" "bytes" -- "$bin/evolve_loss" --resume cut --tokens characters

# The report has the unit of its losses.
expect_exit 0 "$bin/evolve_report" raw --format json
expect_text out '"unit":"nats per byte"'
expect_exit 0 "${quick[@]}" --input "$names" --tokens bpe:60 --fitness last-step --folder steps --genome-out steps.json
expect_exit 0 "$bin/evolve_report" steps --format json
expect_text out '"unit":"nats per token"' '"bigram":null'

# What begins a text of bytes is left as it is.
for i in $(seq 40); do printf 'e\xCC\x81t%s\n' "$i"; done >decomposed.txt
expect_exit 0 "$bin/creature" --primordial --input decomposed.txt --tokens bytes --save decomposed.st --silent
expect_exit 0 "$bin/creature" --load decomposed.st --prompt $'e\xCC\x81t' --samples 1 --lines

# They judge texts of their kind, and write valid JSON.
expect_exit 0 "$bin/creature" --load pairs/champion.safetensors --score <(printf 'anna\nbo\n') --json
"$python" - out <<'CODE' || broken "wrong surprisals: $(cat out)"
import json, math, sys
for judged in map(json.loads, open(sys.argv[1])):
    assert abs(judged["nats"] - sum(judged["surprisals"])) < 1e-9
    bits = judged["nats"] / math.log(2) / (len(judged["text"]) + 1)
    assert abs(judged["bits_per_character"] - bits) < 1e-9
CODE
expect_exit 0 "$bin/creature" --load raw/champion.safetensors --score latin.txt --json
[[ $(wc -l <out) == 200 ]] || broken "not every line was judged"
"$python" -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <out || broken "invalid JSON"
expect_exit 0 "$bin/creature" --load raw/champion.safetensors --json --temperature 2
"$python" -c 'import json, sys; json.load(sys.stdin)' <out || broken "invalid JSON"
expect_exit 0 "$bin/creature" --load raw/champion.safetensors --score latin.txt
expect_text out "bits/byte"
refused "byte 0x7A is not in the vocabulary" -- "$bin/creature" --load raw/champion.safetensors --prompt z

# In C and in Python they say and judge the same.
expect_exit 0 "$bin/creature" --primordial --input "$names" --tokens bpe:90 -b 8 -s 600 --lr 0.02 --ngram 3 --ngram-rows 300 \
    --save model.st --export-c model.h --silent
cc -std=c99 -O1 -Wall -Wextra -Werror -DMICROGPT_MAIN -xc model.h -o speak -lm
for beginning in "" an margare; do
    ./speak 1 0 "$beginning" >said
    given=(${beginning:+--prompt "$beginning"})
    expect_exit 0 "$bin/creature" --load model.st --temperature 0 --samples 1 --lines "${given[@]}"
    cmp out said || broken "in C it goes on with $(cat said) after '$beginning'"
done
expect_exit 2 ./speak 1 0 "an!"
expect_text err "the model does not know !"
expect_exit 0 "$bin/creature" --load model.st --score <(echo margaret) --json
"$python" "$4/examples/speak.py" model.st --loss margaret >judged
"$python" - judged out <<'CODE' || broken "NumPy judges otherwise: $(cat judged out)"
import json, sys
surprisals = json.loads(open(sys.argv[2]).readline())["surprisals"]
mean = sum(surprisals) / len(surprisals)
assert abs(float(open(sys.argv[1]).read().split()[0]) - mean) < 1e-9
CODE

echo "tokens: $checks checks passed"
