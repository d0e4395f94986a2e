#!/usr/bin/env bash
# Strategies, budgets, finals, the shared cache, and what other programs are told about a creature.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

echo '{"steps_min": 20, "steps_max": 120, "steps_draw": [20, 40, 80], "steps_moves": [20]}' >short.json
search=("$bin/evolve_loss" --input "$names" --space short.json --population 6 --generations 3)

# Every strategy ends with a genome that carries the means of its replicates.
for strategy in classic guided random; do
    expect_exit 0 "${search[@]}" --strategy "$strategy" --genome-out "$strategy.json" \
        --experiments "$strategy"
    expect_text out "search     $strategy" "Which genes matter" "Pareto front of loss and parameters" \
        "Finalists, each retrained 5 times" "expected of a new training"
    expect_text "$strategy.json" '"replicates": 5' '"standard_error"' '"test_loss"'
    [[ $(wc -l <"$strategy/latest/replicates.csv") == 16 ]] || broken "not 15 replicates"
done
! cmp -s classic.json random.json || broken "classic and random gave the same genome"
expect_exit 0 "$bin/creature" --genome guided.json --input "$names"
expect_text out "(means of 5 trainings)"

# Without finals the genome promises what the search saw, and no more.
expect_exit 0 "${search[@]}" --finalists 0 --genome-out plain.json
! grep -q replicates plain.json || broken "a genome without finals speaks of replicates"

# A budget instead of generations.
expect_exit 0 "$bin/evolve_loss" --input "$names" --space short.json --budget-flops 2e8 \
    --genome-out budget.json
expect_text out "2e+08 FLOPs in generations of 8" "generation 2: best"
refused "budget-flops (1)" "not enough for a single training" -- \
    bash -c '"$@" >/dev/null' _ "$bin/evolve_loss" --input "$names" --space short.json \
    --budget-flops 1 --genome-out none.json
[[ ! -e none.json ]] || broken "a genome without a training"

# What a shared cache knows is not trained again, on any number of ranks, and changes nothing.
expect_exit 0 "${search[@]}" --genome-out a.json --cache cache
expect_text out "0 skipped"
lines=$(wc -l <cache)
expect_exit 0 mpirun -n 3 "${search[@]}" --genome-out b.json --cache cache --experiments b
expect_text out "$lines skipped"
cmp a.json b.json || broken "the cache changed the result"
! grep -v '^[0-9]*,[1-9]' <(tail -n +2 b/latest/timings.csv) | grep -qv ',-1,cache,' ||
    broken "an organism of the search was trained again"
lines=$(wc -l <cache)  # idle workers may have begun with finals that were not needed
cmp a.json guided.json || broken "guided is not the default"
echo "nonsense" >>cache
expect_exit 0 "${search[@]}" --genome-out c.json --cache cache
expect_text out "cache: line $((lines + 1)): not a JSON object; it is left out"
cmp a.json c.json || broken "a damaged line of the cache changed the result"

# The old measure is there for demonstration, and says what it is.
expect_exit 0 "${search[@]}" --fitness last-step --strategy classic --genome-out last.json
expect_text out "last training loss"

# One JSON object, and nothing else.
expect_exit 0 "$bin/creature" --genome guided.json --input "$names" --json --samples 3 \
    --replicate 2 --save w.safetensors
expect_text out '"validation_loss": 2.' '"test_loss": 2.' '"parameters": ' '"training_flops": ' \
    '"seconds": ' '"names": [' '"replicate": 2'
[[ $(head -c 1 out) == "{" && $(tail -n 1 out) == "}" ]] || broken "not one JSON object"
[[ ! -s err ]] || broken "creature --json wrote to standard error"
expect_exit 0 "$bin/creature" --load w.safetensors --input "$names" --json
expect_text out '"training_flops": 0.0'

refused "strategy (lucky) must be classic, random or guided" -- "${search[@]}" --strategy lucky
refused "--fitness (first) must be held-out or last-step" -- "${search[@]}" --fitness first
refused "--replicates (0) must be from 1 to 1000" -- "${search[@]}" --replicates 0
refused "budget-flops (-1)" -- "${search[@]}" --budget-flops -1
refused "--load and --replicate contradict" -- "$bin/creature" --load w.safetensors --replicate 1

echo "strategies: $checks checks passed"
