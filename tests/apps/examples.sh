#!/usr/bin/env bash
# The examples do what they say, with what the programs have just written.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"
examples=$4/examples

# Almost without temperature a creature says its most likely name: the same in NumPy. So do they
# agree in each character's most likely successor.
for options in "--seed 1" "--seed 2 --layer 2 --head 2" "--seed 3 --precision f32 --ctx 8" \
    "--seed 4 --emb 24 --ff 2 --ctx 5" \
    "--seed 5 --act swiglu --pos rotary --qk-norm on --lookback 2 --tie on --layer 2" \
    "--seed 6 --act gelu --pos both --weight-init scaled --emb 18 --head 2 --ngram 4 --ngram-rows 300" \
    "--seed 7 --act relu2 --lookback 1 --dropout 0.1"; do
    # shellcheck disable=SC2086 # several options
    expect_exit 0 "$bin/creature" --primordial --input "$names" $options --save w.safetensors
    expect_exit 0 "$bin/creature" --load w.safetensors --input "$names" --temperature 0.001 \
        --samples 1 --json
    name=$("$python" -c 'import json; print(json.load(open("out"))["names"][0])')
    expect_exit 0 "$python" "$examples/speak.py" w.safetensors --temperature 0.001 --count 1
    [[ $(<out) == "$name" && -n $name ]] || broken "$options: '$(<out)' instead of '$name'"
done

# And in the loss: that of the first document, before the first step.
head -500 "$names" | sed 's/$/x/' >other.txt
mapfile -t others <other.txt
for options in "--seed 1" "--act swiglu --pos both --qk-norm on --lookback 3" \
    "--act gelu --pos rotary --tie on --ngram 3"; do
    # shellcheck disable=SC2086 # several options
    expect_exit 0 "$bin/creature" --primordial --input other.txt --steps 1 $options \
        --save-init w.safetensors --trace trace.csv
    expect_exit 0 "$python" "$examples/speak.py" w.safetensors --loss "${others[@]}"
    loss=$(awk -F, 'NR == 2 { print substr($3, 1, 11) }' trace.csv)
    grep -q "^$loss" out || broken "$options: no name has the loss $loss of the first document"
done

expect_exit 0 "$bin/evolve_loss" --input "$names" --population 8 --generations 2 --replicates 2
expect_exit 0 "$python" "$examples/explore_run.py" experiments/latest
expect_text out "16 organisms, 15 trained, 0 failed" "n_layer" "primordial" "correlation of FLOPs"

echo "examples: $checks checks passed"
