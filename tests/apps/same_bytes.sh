#!/usr/bin/env bash
# The result is a function of the seed and the settings alone: the same bytes of genome.json and of
# the history in one process and on 1, 2, 3, 5 and 9 ranks, for both engines and both precisions.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

echo '{"steps_min": 20, "steps_max": 120, "steps_draw": [20, 40, 80], "steps_moves": [20], "batch": [1, 8],
    "activation": ["relu", "gelu", "swiglu"], "position": ["learned", "rotary", "both"], "lookback": [0, 2],
    "ngram": [1, 3], "ngram_rows": [100, 1000], "ngram_dropout": [0, 0.5],
    "qk_norm": ["off", "on"], "init": ["uniform", "scaled"], "schedule": ["linear", "cosine"],
    "dropout": {"linear": [0, 0.2]}, "weight_decay": [0, 0.1]}' >short.json

# same PROGRAM OPTIONS...: one run in this process, and one at each number of ranks.
same() {
    local program=$1 ranks run table
    shift
    for ranks in 0 1 2 3 5 9; do
        run=$program-$ranks
        local -a launcher=(mpirun -n "$ranks")
        ((ranks > 0)) || launcher=()
        expect_exit 0 "${launcher[@]}" "$bin/$program" --input "$names" --space short.json "$@" \
            --genome-out "$run.json" --experiments "$run"
        cmp "$run.json" "$program-0.json" || broken "$program: genome.json differs at $ranks ranks"
        cmp "$run"/latest/organisms.csv "$program-0"/latest/organisms.csv ||
            broken "$program: the history differs at $ranks ranks"
        for table in pareto generations names; do
            cmp "$run/latest/$table.csv" "$program-0/latest/$table.csv" ||
                broken "$program: $table.csv differs at $ranks ranks"
        done
        if [[ $* == *--ablate* ]]; then
            cmp "$run/latest/ablations.csv" "$program-0/latest/ablations.csv" ||
                broken "$program: ablations.csv differs at $ranks ranks"
        fi
        cmp "$run"/latest/genome.json "$run.json" || broken "$program: the folder has another genome"
        cmp "$run"/latest/run.log out || broken "$program: run.log is not what the screen showed"
    done
    rm -rf "$program"-*
}

same evolve_loss --population 6 --generations 3 --seed 7 --replicates 2
same evolve_loss --population 6 --generations 3 --seed 7 --strategy classic --finalists 1 \
    --replicates 2 --ablate
same evolve_loss --population 4 --generations 3 --seed 7 --mode steady-state --slots 7 --replicates 2
same evolve_loss --population 4 --generations 3 --seed 9 --mode steady-state --schedule scatter \
    --finalists 0
same evolve_loss --population 4 --generations 4 --seed 7 --islands 3 --migration-interval 2 \
    --replicates 2
same evolve_loss --population 4 --generations 4 --seed 7 --islands 3 --migration-interval 1 \
    --mode steady-state --slots 3 --schedule scatter --finalists 0
# Islands whose budgets end at different times do not wait for each other.
same evolve_loss --population 4 --seed 7 --islands 3 --migration-interval 1 --budget-flops 3e8 \
    --finalists 0
same evolve_loss --population 4 --generations 2 --seed 8 --precision f32 --replicates 2
same evolve --population 4 --generations 2 --seed 7 --samples 10

# Another seed is another run.
for seed in 1 2; do
    expect_exit 0 "$bin/evolve_loss" --input "$names" --space short.json --population 4 \
        --generations 1 --seed "$seed" --genome-out "$seed.json"
done
! cmp -s 1.json 2.json || broken "two seeds gave the same genome.json"

# Runs that start together do not share a folder.
expect_exit 0 bash -c 'for i in 1 2 3; do "$@" --genome-out "$i.json" & done; wait' _ \
    "$bin/evolve_loss" --input "$names" --space short.json --population 3 --generations 1 \
    --experiments together
[[ $(find together -name genome.json | wc -l) == 3 ]] || broken "runs shared a folder"

# Neither is what is shown: where it is written, how much, or in place.
for view in --quiet --verbose "--log-level=off" "--live=always"; do
    expect_exit 0 "$bin/evolve_loss" --input "$names" --space short.json --population 4 \
        --generations 1 --seed 1 --genome-out view.json --experiments view "$view"
    cmp view.json 1.json || broken "$view changed the result"
    expect_text view/latest/run.log "generation 1/1: best" "Champion: organism"
    case $view in
    --quiet | --log-level=off) [[ ! -s out ]] || broken "$view was not quiet" ;;
    --verbose) expect_text out "    1. #" "generation 1/1" ;;
    --live=always)
        expect_text out "organisms  " "champion   #" $'\x1b[J'
        ! grep -q '^20.*#1 ' out || broken "organisms scroll by where progress stays in place"
        ;;
    esac
done

echo "same_bytes: $checks checks passed"
