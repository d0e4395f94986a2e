#!/usr/bin/env bash
# Searches that begin with what is known: genomes, or an earlier run; and searches for a front.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

echo '{"steps_min": 20, "steps_max": 120, "steps_draw": [20, 40, 80], "steps_moves": [20]}' >short.json
search=("$bin/evolve_loss" --input "$names" --space short.json --population 6 --generations 3)
expect_exit 0 "${search[@]}" --genome-out guided.json --folder first

# Genomes to begin with; another seed's champion, for example.
expect_exit 0 "${search[@]}" --population 4 --generations 1 --finalists 0 \
    --seed 5 --genome-out five.json --experiments five
for mode in generational steady-state; do
    with=("${search[@]}" --mode "$mode" --finalists 0 --enqueue five.json --enqueue guided.json)
    expect_exit 0 "${with[@]}" --genome-out enqueued.json --folder "enqueued-$mode"
    [[ $(grep -c ',enqueued,' "enqueued-$mode/organisms.csv") == 2 ]] || broken "not two enqueued"
    sed -n 2p "enqueued-$mode/organisms.csv" | grep -q ',enqueued,' || broken "it is not the first"
    # A stopped run goes on with them, wherever the files are by then.
    expect_exit 75 "${with[@]}" --genome-out stopped.json --folder "stopped-$mode" --time-limit 0.0001s
    mv five.json away.json
    expect_exit 0 "$bin/evolve_loss" --resume "stopped-$mode"
    mv away.json five.json
    cmp "stopped-$mode/organisms.csv" "enqueued-$mode/organisms.csv" || broken "resumed, another run"
    cmp stopped.json enqueued.json || broken "resumed, another champion"
done
echo '{"n_emb": [8], "n_head": [4], "steps": [100]}' >narrow.json
refused "--enqueue (five.json): n_emb (" "is not in the search space" -- \
    "${search[@]}" --space narrow.json --enqueue five.json
refused "--enqueue (five.json): the same organism is enqueued twice" -- \
    "${search[@]}" --enqueue five.json --enqueue five.json
refused "budget-flops (10000) is not enough for a single training" -- \
    "${search[@]}" --enqueue five.json --budget-flops 1e4
refused "nowhere.json" -- "${search[@]}" --enqueue nowhere.json
refused "--resume" "--enqueue" -- "${search[@]}" --resume stopped-generational --enqueue five.json

# An earlier run teaches: of another seed, space and precision. The result does not depend on the
# ranks, nor on whether the earlier run is still there when this one goes on.
# (Coordinators must agree on what is too large, too.)
echo '{"n_emb": [12, 16, 24], "n_head": [4], "steps": [40, 60], "lr": {"log": [0.001, 0.02]},
    "activation": ["relu", "gelu"], "max_parameters": 6000}' >other.json
for mode in generational steady-state; do
    with=("${search[@]}" --space other.json --seed 9 --precision f32 --mode "$mode" --islands 2
        --migration-interval 1 --finalists 1)
    expect_exit 0 "${with[@]}" --warm-start first --genome-out warm.json --folder "warm-$mode"
    expect_text out "results of an earlier run"
    expect_text "warm-$mode/settings.json" '"warm_start": ['
    ! grep -q ',primordial,' "warm-$mode/organisms.csv" || broken "it began anew"
    expect_exit 0 mpirun -n 5 "${with[@]}" --warm-start first --genome-out more.json --folder "more-$mode"
    cmp "warm-$mode/organisms.csv" "more-$mode/organisms.csv" || broken "other ranks, another run"
    expect_exit 75 "${with[@]}" --warm-start first --genome-out stopped.json \
        --folder "halted-$mode" --time-limit 0.0001s
    mv first away
    expect_exit 0 mpirun -n 4 "$bin/evolve_loss" --resume "halted-$mode"
    mv away first
    cmp "warm-$mode/organisms.csv" "halted-$mode/organisms.csv" || broken "resumed, another run"
    cmp warm.json stopped.json || broken "resumed, another champion"
done
expect_exit 0 "${search[@]}" --seed 2 --generations 1 --population 7 --finalists 0 --folder few
refused "an earlier search must have at least 8 results to teach anything, not 7" -- \
    "${search[@]}" --warm-start few
refused "strategy (classic) learns nothing from an earlier search: only guided does" -- \
    "${search[@]}" --warm-start first --strategy classic
refused "--warm-start (first): its fitness is held-out, but this run's is last-step" -- \
    "${search[@]}" --warm-start first --fitness last-step
refused "nowhere" -- "${search[@]}" --warm-start nowhere
refused "--resume" "--warm-start" -- "${search[@]}" --resume first --warm-start first
refused "--warm-start" -- "$bin/evolve" --input "$names" --warm-start first

# A front of loss and size.
for cost in parameters flops; do
    expect_exit 0 "${search[@]}" --objective "loss,$cost" --genome-out front.json --folder "front-$cost"
    expect_text out "hypervolume" "nats x e-folds"
    expect_text "front-$cost/settings.json" "\"objective\": \"loss,$cost\"" '"largest_cost"'
    "$bin/evolve_report" "front-$cost" --format text >again
    grep -F "hypervolume" again | cmp - <(grep -F "hypervolume" out) || broken "another hypervolume"
    "$bin/evolve_report" "front-$cost" --format json >again
    expect_text again '"goal":' '"hypervolume":'
    # Finalists are members of the front, and lead to genomes.
    for id in $(cut -d , -f 1 "front-$cost/replicates.csv" | tail -n +2 | sort -u); do
        grep -q "^$cost,$id," "front-$cost/pareto.csv" || broken "finalist $id is not of the front"
        "$bin/evolve_report" "front-$cost" --organism "$id" >member.json
        expect_text member.json '"replicates": 5'
    done
    expect_exit 0 mpirun -n 3 "${search[@]}" --objective "loss,$cost" --genome-out more.json \
        --folder "fronts-$cost"
    cmp "front-$cost/organisms.csv" "fronts-$cost/organisms.csv" || broken "other ranks, another run"
done
refused "objective (loss,flops) needs the guided strategy" -- \
    "${search[@]}" --objective loss,flops --strategy random
refused "objective (size) must be loss, loss,parameters or loss,flops" -- \
    "${search[@]}" --objective size

echo "known: $checks checks passed"
