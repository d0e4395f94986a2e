#!/usr/bin/env bash
# Every search comes to an end, with a champion and the same bytes on any number of ranks: small
# elites, exhausted spaces, spaces that afford little, ranges of two values, requests to stop.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

hash_of() { cat "$1/genome.json" "$1/organisms.csv" | sha256sum; }

# ends FOLDER COMMAND...: ends by itself, with a champion; the same on three ranks.
ends() {
    local folder=$1 program=$2
    shift 2
    expect_exit 0 timeout 60 "$bin/$program" --input "$names" --genome-out g.json --folder "$folder" "$@"
    expect_exit 0 timeout 60 mpirun -n 3 "$bin/$program" --input "$names" --genome-out g.json \
        --folder "$folder-3" "$@"
    [[ $(hash_of "$folder") == $(hash_of "$folder-3") ]] || broken "$folder: other bytes on 3 ranks"
}

# An elite that is larger than what has finished in the steady state.
echo '{"steps_min": 5, "steps_max": 5, "steps_draw": [5]}' >short.json
for seed in 1 2 3; do
    ends "elite-$seed" evolve --mode steady-state --elite 6 --population 8 --seed "$seed" --space short.json
done
ends whole evolve --mode steady-state --population 8 --generations 3 --space short.json
mkdir cut
head -n 18 whole/journal >cut/journal
expect_exit 0 "$bin/evolve" --resume cut
[[ $(hash_of cut) == $(hash_of whole) ]] || broken "resumed in the steady state: other bytes"

# Twelve genomes.
tiny='"n_emb": [8, 16, 24], "n_head": [1], "n_layer": [1], "n_ctx": [8], "n_ff_exp": [1, 2, 3, 4],
    "steps_min": 5, "steps_max": 5, "steps_draw": [5], "steps_moves": []'
echo "{$tiny, \"lr_min\": 0.01, \"lr_max\": 0.01}" >tiny.json
for mode in generational steady-state; do
    ends "budget-$mode" evolve_loss --space tiny.json --mode "$mode" --budget-flops 1e12 --finalists 0
    expect_text "budget-$mode/run.log" "the search space is exhausted"
done
ends large evolve_loss --space tiny.json --population 1000 --generations 3 --finalists 0
[[ $(grep -c . large/journal) == 13 ]] || broken "twelve genomes, but other than twelve trainings"

# A cap that leaves some of them.
echo "{$tiny, \"lr_min\": 0.01, \"lr_max\": 0.01, \"max_training_flops\": 500000}" >cap.json
for strategy in guided classic random; do
    ends "cap-$strategy" evolve_loss --space cap.json --strategy "$strategy" --population 4 \
        --generations 12 --finalists 0
done
echo "{$tiny, \"max_training_flops\": 1}" >nothing.json
refused "max_training_flops (1)" "cheap enough" -- "$bin/evolve_loss" --input "$names" --space nothing.json

# Learning rates: two neighbouring numbers, and the smallest there are.
for range in '"lr_min": 0.005, "lr_max": 0.005000000000000001' '"lr_min": 5e-324, "lr_max": 1e-323'; do
    echo "{$tiny, $range}" >lr.json
    for strategy in guided classic; do
        expect_exit 0 timeout 60 "$bin/evolve_loss" --input "$names" --genome-out g.json --space lr.json \
            --strategy "$strategy" --finalists 0
    done
done

# A request to stop is heard while everything is known already, or a large population is bred.
expect_exit 75 timeout 60 "$bin/evolve_loss" --resume large --time-limit 0.000001
expect_exit 75 timeout 60 "$bin/evolve_loss" --input "$names" --population 1000000 --time-limit 0.5 \
    --folder breeding --genome-out g.json

# And while workers train for minutes, in both schedules.
echo '{"steps_min": 9000000, "steps_max": 9000000, "steps_draw": [9000000], "steps_moves": []}' >long.json
for schedule in dynamic scatter; do
    expect_exit 75 timeout 60 mpirun -n 3 "$bin/evolve_loss" --input "$names" --space long.json \
        --schedule "$schedule" --time-limit 1 --folder "stop-$schedule" --genome-out g.json
    expect_text "stop-$schedule/stopped" 75
done

echo "endings: $checks checks passed"
