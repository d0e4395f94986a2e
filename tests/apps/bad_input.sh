#!/usr/bin/env bash
# Bad input gets a message that names the place, the value and the rule; exit code 2; and nothing is
# lost or overwritten.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

creature=$bin/creature evolve_loss=$bin/evolve_loss evolve=$bin/evolve

# ---- Datasets ----
: >empty.txt
printf '\n  \n\r\n' >blank.txt
printf 'a\n' >letter.txt
for _ in $(seq 50); do echo a; done >same.txt
head -c 4096 /dev/urandom >junk.txt
printf '\xff\xfe\n' >>junk.txt
printf 'anna\nb\xe9la\n' >latin1.txt
printf 'anna\nbo\x01b\n' >control.txt
for program in "$creature" "$evolve_loss" "$evolve"; do
    refused missing.txt "no such file" -- "$program" --input missing.txt
    refused empty.txt "empty" -- "$program" --input empty.txt
    refused blank.txt "empty" -- "$program" --input blank.txt
    refused letter.txt "1 documents (1 distinct) are too few" -- "$program" --input letter.txt
    refused same.txt "50 documents (1 distinct) are too few" -- "$program" --input same.txt
    refused junk.txt "line " -- "$program" --input junk.txt
    refused latin1.txt "line 2" "invalid UTF-8" -- "$program" --input latin1.txt
    refused control.txt "line 2" "U+0001" -- "$program" --input control.txt
    refused "directory" -- "$program" --input .
done

# ---- genome.json ----
genome() {  # genome KEY VALUE: a good genome with one value replaced
    local n_emb=16 n_ctx=16 n_layer=1 n_head=4 n_ff_exp=4 steps=50 lr=0.005 loss=2.5 \
        generation=3 evolved=true
    [[ $# -lt 2 ]] || local "$1=$2"
    printf '{"n_emb":%s,"n_ctx":%s,"n_layer":%s,"n_head":%s,"n_ff_exp":%s,"steps":%s,"lr":%s,"loss":%s,"generation":%s,"evolved":%s}' \
        "$n_emb" "$n_ctx" "$n_layer" "$n_head" "$n_ff_exp" "$steps" "$lr" "$loss" "$generation" "$evolved"
}
bad_genome() {  # bad_genome TEXT...: genome.json, as it stands, is refused and left alone
    local before
    before=$(sha256sum genome.json)
    refused genome.json "$@" -- "$creature" --input "$names"
    [[ $(sha256sum genome.json) == "$before" ]] || broken "genome.json was changed"
}
: >genome.json;                             bad_genome "empty"
genome | head -c 40 >genome.json;           bad_genome "not valid JSON"
echo '[1, 2]' >genome.json;                 bad_genome "must hold a JSON object" "[1,2]"
echo 'null' >genome.json;                   bad_genome "must hold a JSON object"
head -c 300 /dev/urandom >genome.json;      bad_genome "not valid JSON"
genome n_emb '"16"' >genome.json;           bad_genome n_emb '"16"' "whole number"
genome lr '"fast"' >genome.json;            bad_genome lr '"fast"' "must be a number"
genome n_emb 17 >genome.json;               bad_genome "n_emb (17)" "multiple of n_head (4)"
genome lr -1 >genome.json;                  bad_genome "lr (-1)" "above 0"
genome lr 0 >genome.json;                   bad_genome "lr (0)" "above 0"
genome steps 0 >genome.json;                bad_genome "steps (0)" "from 1"
genome n_ctx 1000000000 >genome.json;       bad_genome "n_ctx (1000000000)" "from 1 to 4096"
genome n_ctx 100000000000000 >genome.json;  bad_genome "n_ctx (100000000000000)" "whole number"
genome n_layer -1 >genome.json;             bad_genome "n_layer (-1)" "whole number"
genome n_layer 1.5 >genome.json;            bad_genome "n_layer (1.5)" "whole number"
genome n_emb 1024 | sed 's/"n_layer":1/"n_layer":64/' >genome.json
bad_genome "parameters" "50,000,000"
genome | sed 's/n_emb/n_embd/' >genome.json;              bad_genome 'unknown key "n_embd"'
genome | sed 's/"lr":0.005,//' >genome.json;              bad_genome 'key "lr" is missing'
genome | sed 's/{/{"lr":0.1,/' >genome.json;              bad_genome '"lr" is there twice'
genome | sed 's/}/,"precision":"f16"}/' >genome.json;     bad_genome "precision (f16)" "f64 or f32"
genome >genome.json
refused elsewhere.json "no such file" -- "$creature" --genome elsewhere.json --input "$names"

# ---- Flags ----
expect_exit 0 "$creature" --input "$names" --silent  # the genome itself is good
refused "--unknown" -- "$creature" --unknown
refused "emb" -- "$creature" --emb twelve --input "$names"
refused "n_emb (10)" "n_head (4)" -- "$creature" -e 10 --input "$names"
refused "steps (0)" -- "$creature" -s 0 --input "$names"
refused "--temperature (-1) must be from 0 to 1000" -- "$creature" --temperature -1 --input "$names"
refused "--temperature (inf)" finite -- "$creature" --temperature inf --input "$names"
refused "--temperature (1e400)" finite -- "$creature" --temperature 1e400 --input "$names"
refused "--lr (nan)" finite -- "$creature" --lr nan --input "$names"
for number in 0x10 -1 1e3 99999999999999999999; do
    refused "--steps ($number)" "whole number" -- "$creature" --steps "$number" --input "$names"
done
refused "4294967297" -- "$creature" --steps 4294967297 --input "$names"
expect_exit 0 "$creature" --input "$names" --primordial --json --steps 0100 --seed 010
expect_text out '"steps": 100' '"seed": 10'
refused "precision (f16)" -- "$creature" --precision f16 --input "$names"

sha256sum genome.json >genome.sum
search() { "$evolve_loss" --input "$names" "$@"; }
refused "--unknown" -- search --unknown
refused "population (0)" "from 1" -- search --population 0
refused "tournament (9)" "population (8)" "distinct" -- search --strategy classic --tournament 9
refused "generations (0)" -- search --generations 0
refused "elite (7)" "immigrants (2)" "population (8)" -- search --strategy classic --elite 7
refused "population" -- search --population -3
refused "elite (0)" -- "$evolve" --input "$names" --elite 0
touch file
refused "file: a folder for this run cannot be made" -- search --experiments file
refused "/proc/nowhere" -- search --experiments /proc/nowhere
refused "nowhere/genome.json" "cannot be written" -- search --genome-out nowhere/genome.json
echo '{"n_emb": [8, 12], "n_heads": [4]}' >space.json
refused space.json 'unknown key "n_heads"' -- search --space space.json
echo '{"n_emb": [9], "n_head": [4]}' >space.json
refused space.json "n_emb (9)" "n_head" -- search --space space.json
echo '{"activation": ["silu"]}' >space.json
refused space.json "activation (silu) must be relu, relu2, gelu or swiglu" -- search --space space.json
refused "activation (silu) must be relu, relu2, gelu or swiglu" -- "$creature" --act silu
refused "--ablate needs --finalists" -- search --ablate --finalists 0
echo '{"n_emb": []}' >space.json
refused space.json "n_emb must have at least one value" -- search --space space.json
echo '{"lr_min": 0.1}' >space.json
refused space.json "lr must rise: 0.05 follows 0.1" -- search --space space.json
refused "budget-flops (1)" "single training" -- search --budget-flops 1
refused "budget-flops (0.5 for each island)" -- search --budget-flops 1 --islands 2
refused "--temperature (inf)" finite -- search --temperature inf
refused "--seed (010x)" "whole number" -- search --seed 010x
refused "--budget-flops (inf)" finite -- search --budget-flops inf

# ---- Empty values, as of a variable that is not set ----
for option in --input --genome --precision --save --trace --load --init; do
    refused "$option" empty -- "$creature" --input "$names" "$option" ""
done
for option in --input --genome-out --cache --folder --experiments --space --resume --mode; do
    refused "$option" empty -- "$evolve_loss" --input "$names" "$option" ""
done
refused "run must not be empty" -- "$bin/evolve_report" ""
refused "--output" empty -- "$bin/evolve_report" . -o ""

# ---- Terminal escapes in what others wrote are shown, not obeyed ----
genome | sed 's/{/{"\\u001b[2Jx":1,/' >escape.json
refused 'unknown key "\x1b[2Jx"' -- "$creature" --genome escape.json --input "$names"
refused '\x1b[2J.txt: no such file' -- "$creature" --input $'\e[2J.txt'
refused '\xff.txt: no such file' -- "$evolve_loss" --input $'\xff.txt'

# ---- Standard error that is closed or full: the exit code still counts ----
for program in "$creature" "$evolve_loss" "$evolve" "$bin/evolve_report"; do
    for bad in '2>&-' '2>/dev/full'; do
        status=0
        bash -c '"$@" --nonsense '"$bad" _ "$program" || status=$?
        [[ $status == 2 ]] || broken "exit code $status: $program --nonsense $bad"
        checks=$((checks + 1))
    done
done
sha256sum --check --quiet genome.sum || broken "genome.json was changed"
[[ ! -e experiments ]] || broken "a refused run left a folder behind"

# ---- On several ranks: one message, the same exit code, and no rank hangs ----
expect_exit 2 mpirun -n 3 "$evolve_loss" --input missing.txt
expect_text err "missing.txt"
[[ $(grep -c "no such file" err) == 1 ]] || broken "the message came more than once"
expect_exit 2 mpirun -n 3 "$evolve_loss" --population 0 --input "$names"
expect_exit 0 mpirun -n 3 "$evolve_loss" --help
[[ $(grep -c -- "--population" out) == 1 ]] || broken "help came more than once"

echo "bad_input: $checks checks passed"
