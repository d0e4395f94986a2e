#!/usr/bin/env bash
# The reports of real runs in a real browser: an ordinary one, one with islands and failures, one for
# beauty, one that was stopped, one in which all failed, one of a single organism, one whose texts look
# like HTML, and one in which all genes vary. What is looked at is in ../report/report_page.py.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"
command -v chromium >/dev/null || exit 77  # CTest: skipped
looks=("$python" "$4/tests/report/report_page.py")

echo '{"steps_min": 20, "steps_max": 120, "steps_draw": [20, 40, 80], "steps_moves": [20]}' >short.json
search=("$bin/evolve_loss" --input "$names" --space short.json)

expect_exit 0 mpirun -n 5 "$bin/evolve_loss" --input "$names" --folder ordinary
expect_exit 0 mpirun -n 4 "${search[@]}" --population 8 --generations 6 --islands 2 \
    --migration-interval 2 --inject throw:0.2 --folder islands
expect_exit 0 "$bin/evolve" --input "$names" --population 4 --generations 3 --samples 5 --folder beauty
expect_exit 75 "${search[@]}" --generations 100000 --time-limit 0.5 --folder stopped
expect_exit 2 "${search[@]}" --inject throw:1 --generations 2 --folder doomed
expect_exit 0 "${search[@]}" --population 1 --generations 1 --elite 0 --immigrants 0 --tournament 1 \
    --finalists 0 --folder single
cp -r islands 'html <b>'
sed -i 's/an exception (injected)/<b>bold<\/b> <img src=x onerror=alert(1)> \&amp; <\/script>/' 'html <b>/organisms.csv'
sed -i '2,$s/,[^,]*$/,<i>Łukasz 李<\/i>/' 'html <b>/names.csv'
expect_exit 0 "$bin/evolve_report" 'html <b>'

cat >wide.json <<'EOF'
{"n_emb": [8, 16], "n_head": [1, 2, 4], "n_layer": [1, 2], "n_ctx": [8, 16], "n_ff_exp": [1, 2, 4],
 "lr": {"log": [0.0005, 0.05]}, "steps": {"range": [20, 120], "draw": [20, 40, 80], "moves": [20]},
 "batch": [1, 2, 4], "activation": ["relu", "relu2", "gelu", "swiglu"], "init": ["uniform", "scaled"],
 "position": ["learned", "rotary", "both"], "lookback": [0, 1, 2, 3, 4], "ngram": [1, 3], "qk_norm": ["off", "on"],
 "tie": ["off", "on"], "schedule": ["linear", "constant", "cosine"], "warmup": [0, 0.02, 0.05, 0.1],
 "beta1": [0.8, 0.85, 0.9, 0.95], "beta2": [0.95, 0.98, 0.99, 0.995, 0.999],
 "weight_decay": [0, 0.01, 0.03, 0.1], "dropout": [0, 0.05, 0.1, 0.2]}
EOF
expect_exit 0 "$bin/evolve_loss" --input "$names" --space wide.json --population 10 --generations 8 \
    --folder wide
[[ $(grep -o '"categories":\[' wide/report.html | wc -l) -ge 6 ]] ||
    broken "the wide run has too few genes of categories"

# A command with genes of its own.
cat >own.json <<'EOF'
{"genes": {"x": {"kind": "real", "range": [-5, 10]}, "n": {"kind": "int", "range": [1, 9], "unit": "times"},
           "way": {"kind": "choice", "values": ["a", "<b>"]}, "fast": {"kind": "switch"}},
 "objective": {"name": "speed <i>", "unit": "m/s", "goal": "maximize"}}
EOF
expect_exit 0 "$bin/evolve_command" --space own.json --trials 40 --finalists 2 --ablate --folder command -- \
    sh -c 'echo "{\"speed <i>\": $((GENE_N * MICROGPT_TRIAL % 7))}"'
expect_exit 0 "${looks[@]}" command/report.html --command

for run in ordinary islands stopped doomed single; do
    expect_exit 0 "${looks[@]}" "$run/report.html"
done
for run in beauty wide; do
    expect_exit 0 "${looks[@]}" "$run/report.html" --lists
done
expect_exit 0 "${looks[@]}" 'html <b>/report.html' --escaping

# The champion speaks in the report, and alone in a page: as the program does.
expect_exit 0 "$bin/creature" --load ordinary/champion.safetensors --page me.html --silent
for page in me.html ordinary/report.html; do
    expect_exit 0 "$python" "$4/tests/report/speaker_page.py" $page ordinary/champion.safetensors "$bin/creature"
done
expect_exit 0 "$bin/creature" --primordial --input "$names" -e 12 -h 2 -y 2 -c 6 -s 300 --lr 0.02 --act swiglu \
    --pos both --lookback 2 --ngram 4 --ngram-rows 700 --qk-norm on --tie on --precision f32 --save wild.st --page wild.html --silent
expect_exit 0 "$bin/creature" --primordial --input "$names" --tokens bpe:90 -s 600 --lr 0.02 --save pairs.st --page pairs.html --silent
expect_exit 0 "$python" "$4/tests/report/speaker_page.py" pairs.html pairs.st "$bin/creature" "" el margaretha
expect_exit 0 "$python" "$4/tests/report/speaker_page.py" wild.html wild.st "$bin/creature" "" el margaretha

echo "page: $checks checks passed"
