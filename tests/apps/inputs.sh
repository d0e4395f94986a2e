#!/usr/bin/env bash
# What is read, and how much of it: values of options, pipes and devices, text that is shown.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

creature() { "$bin/creature" --input "$names" "$@"; }
search() { "$bin/evolve_loss" --input "$names" "$@"; }
small=(--population 3 --generations 1 --finalists 0 --elite 1)
echo '{"steps_min": 20, "steps_max": 60, "steps_draw": [20, 40], "steps_moves": [20]}' >space.json

# ---- Numbers are decimal ----
expect_exit 0 creature --steps 020 --seed 010
expect_text out "steps 20" "seed 10"
expect_exit 0 search "${small[@]}" --space space.json --seed 010 --folder ten
expect_text ten/settings.json '"seed": 10'
for number in 0x10 1e3 1.5 -1 +1 " 1" "1 " ten 18446744073709551616; do
    for option in --steps --emb --head --layer --ctx --ff --seed --samples --replicate; do
        refused "$option" "($number)" "whole number" -- creature "$option" "$number"
    done
    for option in --population --generations --islands --slots --finalists --replicates --elite \
        --immigrants --tournament --seed --retries --migration-interval; do
        refused "$option ($number)" "whole number" -- search "$option" "$number"
    done
    refused "--samples ($number)" "whole number" -- "$bin/evolve" --samples "$number"
    refused "--organism ($number)" "whole number" -- "$bin/evolve_report" --organism "$number"
done
refused "--steps" "4294967297" "more than 4294967295" -- creature --steps 4294967297
refused "--finalists" "more than 4294967295" -- search --finalists 4294967296
for number in inf nan 1e400 0x10 ""; do
    for program in creature evolve_loss evolve; do
        refused "--temperature" -- "$bin/$program" --input "$names" --temperature "$number"
    done
    refused "--budget-flops" -- search --budget-flops "$number"
    refused "--lr" -- creature --lr "$number"
done
for number in -1 1001; do
    for program in creature evolve_loss evolve; do
        refused "--temperature ($number)" "must be from 0 to 1000" -- \
            "$bin/$program" --input "$names" --temperature "$number"
    done
done

# ---- A shell variable that is not set is no value ----
for option in --input --genome --load --init --save --save-init --trace --precision; do
    refused "$option must not be empty" -- "$bin/creature" "$option" ""
    refused "$option must not be empty" -- "$bin/creature" "$option=" --silent
done
for option in --input --genome-out --cache --folder --experiments --space --resume --inject; do
    for program in evolve_loss evolve; do
        refused "$option must not be empty" -- "$bin/$program" "$option" ""
        refused "$option must not be empty" -- "$bin/$program" "$option=" --quiet
    done
done
refused "run must not be empty" -- "$bin/evolve_report" ""
for option in --output --experiments --compare --format; do
    refused "$option must not be empty" -- "$bin/evolve_report" "$option" ""
done
refused "--compare must not be empty" -- "$bin/evolve_report" --compare ten ""

# ---- What cannot be done is known before a folder is made ----
refused "budget-flops (1) is not enough for a single training" -- search --budget-flops 1
refused "not enough" -- search --budget-flops 1 --islands 3 --mode steady-state
expect_exit 0 search --budget-flops 3e7 --space space.json --finalists 0 --folder cheap
mkdir mine && echo mine >mine/genome.json
refused "there is a genome.json in it" -- search --folder mine
[[ $(ls mine) == genome.json ]] || broken "a refused run left a file behind"
[[ ! -e experiments && -z $(compgen -G "genome.json.*") ]] || broken "a refused run left something behind"
rm genome.json

# ---- Pipes and devices: where they are named, and no more of them than makes sense ----
creature --primordial -e 8 -h 2 -s 20 --save w >/dev/null
expect_exit 0 "$bin/creature" --input <(cat "$names") --primordial --steps 20
expect_exit 0 creature --load <(cat w)
expect_exit 0 search --space <(cat space.json) "${small[@]}" --folder piped --genome-out g.json
status=0
"$bin/creature" --input "$names" --genome /dev/stdin --steps 20 <g.json >out || status=$?
[[ $status == 0 ]] || broken "a genome from standard input"
expect_text out "[Evolved]"
for option in --input --load --init --genome; do
    refused "/dev/zero: is larger than" -- creature "$option" /dev/zero
done
refused "/dev/zero: is larger than 16,777,216 bytes" -- search --space /dev/zero
truncate -s 20G huge
refused "huge: is larger than 2,147,483,648 bytes" -- creature --input huge
refused "huge: is larger than 16,777,216 bytes" -- creature --genome huge
refused "huge: is larger than 1,073,741,824 bytes" -- creature --load huge
"$python" -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
refused "socket: cannot be opened" -- creature --genome socket
mkfifo pipe
ln -s pipe genome.json
refused "genome.json: is no regular file" -- creature
rm genome.json

# stopped SIGNAL CODE COMMAND...: a command that waits for ever ends at once when it should.
stopped() {
    local signal=$1 code=$2 status=0
    shift 2
    "$@" >out 2>err &
    local pid=$!
    until readlink /proc/$pid/fd/* 2>/dev/null | grep -q '/pipe$'; do
        kill -0 $pid 2>/dev/null || broken "does not wait: $* $(cat err)"
    done
    kill "-$signal" $pid
    wait $pid || status=$?
    [[ $status == "$code" ]] || broken "exit code $status instead of $code: $* $(cat err)"
    checks=$((checks + 1))
}
for option in --input --genome --load --init; do stopped TERM 143 "$bin/creature" "$option" pipe; done
for option in --input --space; do
    stopped TERM 143 "$bin/evolve_loss" --input "$names" "$option" pipe
    stopped USR1 75 "$bin/evolve" --input "$names" "$option" pipe
done
[[ ! -e experiments ]] || broken "a folder was made before all was read"
rm -r ten/settings.json && mkfifo ten/settings.json
refused "ten/settings.json: is no regular file" -- "$bin/evolve_report" ten

# ---- What is shown is no command for the terminal ----
printf '{"\\u001b[2Jx\\u009b\\u202e\\u007f": 1}' >genome.json
refused 'unknown key "\x1b[2Jx\u009b\u202e\x7f"' -- creature
refused '\x1b[2J: no such file' -- creature --genome $'\e[2J'
refused '\x1b[2J' -- creature $'--\e[2J'
rm genome.json
shows_nothing() { ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' "$@"; }
for name in ada bo cleo dan eve flo gus hal ida jon; do printf '%s\u202e\n' "$name"; done >$'bidi\e[2J'
expect_exit 0 "$bin/creature" --primordial -s 200 --temperature 1 --input $'bidi\e[2J'
expect_text out '\x1b[2J' 'normalised: 10 invisible characters'
shows_nothing out || broken "the terminal is told what to do by names"
cp -r cheap $'evil\e[2J<b>'
sed -i 's/"inject": ""/"inject": "\\u001b[2J<i>"/' $'evil\e[2J<b>/settings.json'
sed -i '2s/[^,]*$/\x1b[2J/;3,$s/,[^,]*,[^,]*,[^,]*,[^,]*,[^,]*$/,,,,,/' $'evil\e[2J<b>/organisms.csv'
for format in text markdown; do
    expect_exit 0 "$bin/evolve_report" $'evil\e[2J<b>' --format "$format"
    shows_nothing out || broken "$format: the terminal is told what to do"
done
expect_text out '# evil\\x1b[2J\<b>'
expect_exit 0 "$bin/evolve_report" --compare cheap $'evil\e[2J<b>'
expect_text out 'evil\x1b[2J<b>' '\x1b[2J<i>'
shows_nothing out || broken "the comparison tells the terminal what to do"

echo "inputs: $checks checks passed"
