#!/usr/bin/env bash
# The lifecycle of a creature, as a user sees it.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

creature() { "$bin/creature" --input "$names" "$@"; }
closing() { tail -n 1 out; }

# Without a genome: primordial, and it says how to evolve.
expect_exit 0 creature
expect_text out "=== MicroGPT [Primordial] ===" "evolve_loss" "a bigram model" "knowing nothing" "  10. "
[[ $(closing) =~ ^organism\ default\ \ loss\ [0-9.]+\ \ parameters\ 4192$ ]] || broken "$(closing)"

# The same command gives the same bytes, but for the time it took.
grep -v "^trained in" out >first
expect_exit 0 creature
grep -v "^trained in" out | cmp - first || broken "two runs of one creature differ"

# Evolve, then read the genome: the loss lies where 95 % of new trainings are promised to end, that
# is within 2.78 sqrt(5 + 1) standard errors of the mean of five.
expect_exit 0 "$bin/evolve_loss" --input "$names" --population 3 --generations 1 --elite 1 \
    --immigrants 1 --seed 3
promised=$(sed -n 's/.*"loss": \([0-9]\.[0-9]\{4\}\).*/\1/p' genome.json)
expect_exit 0 creature
expect_text out "=== MicroGPT [Evolved] ===" "genome.json: generation 1, loss"
[[ $(closing) == "organism evolved  loss "* ]] || broken "$(closing)"
measured=$(closing | sed 's/.*loss \([0-9.]*\) .*/\1/')
error=$(sed -n 's/.*"standard_error": \([0-9.]*\).*/\1/p' genome.json)
near() { awk -v a="$1" -v b="$2" -v d="$3" 'BEGIN { exit !(a - b <= d && b - a <= d) }'; }
near "$promised" "$measured" "$(awk -v e="$error" 'BEGIN { print 6.8 * e }')" ||
    broken "promised $promised with standard error $error, measured $measured"

# Replicate 0 is the training that the search saw.
expect_exit 0 "$bin/evolve_loss" --input "$names" --population 3 --generations 1 --elite 1 \
    --immigrants 1 --seed 3 --finalists 0
seen=$(sed -n 's/.*"loss": \([0-9]\.[0-9]\{4\}\).*/\1/p' genome.json)
expect_exit 0 creature
near "$seen" "$(closing | sed 's/.*loss \([0-9.]*\) .*/\1/')" 0.0001 || broken "not what the search saw"
expect_exit 0 creature --replicate 1
! near "$seen" "$(closing | sed 's/.*loss \([0-9.]*\) .*/\1/')" 0.0000001 || broken "same luck"

# A file with the first ten keys only, from elsewhere.
echo '{"n_emb": 8, "n_ctx": 8, "n_layer": 1, "n_head": 2, "n_ff_exp": 1, "steps": 20, "lr": 0.01,
       "loss": 2.9, "generation": 4, "evolved": true}' >other.json
expect_exit 0 creature --genome other.json
expect_text out "other.json: generation 4, loss 2.9000" "n_emb 8"

# Flags override genome and defaults; --primordial ignores the genome; the last of two flags counts.
expect_exit 0 creature --genome other.json -s 10 -e 12 -h 3 -y 2 -c 9 -f 2 -l 0.02
expect_text out "n_emb 12  n_head 3  n_layer 2  n_ctx 9  n_ff_exp 2  lr 0.02  steps 10"
expect_exit 0 creature --primordial --steps 20 --steps 30
expect_text out "[Primordial]" "steps 30"

# --silent: the closing line alone. --samples: that many names.
expect_exit 0 creature --primordial --steps 20 --silent
[[ $(wc -l <out) == 1 ]] || broken "--silent printed more than one line"
expect_exit 0 creature --primordial --steps 20 --samples 3
expect_text out "   3. "
! grep -q "   4\. " out || broken "more than three names"

# Single precision learns as well.
expect_exit 0 creature --primordial --steps 100 --precision f32

expect_exit 0 creature --help
expect_text out "-h,--head" "--temperature"

echo "creature: $checks checks passed"
