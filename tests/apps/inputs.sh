#!/usr/bin/env bash
# What is read, and how much of it: values of options, pipes and devices, text that is shown.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

creature() { "$bin/creature" --input "$names" "$@"; }
search() { "$bin/evolve_loss" --input "$names" "$@"; }
small=(--population 3 --generations 1 --finalists 0 --elite 1)
echo '{"steps_min": 20, "steps_max": 60, "steps_draw": [20, 40], "steps_moves": [20]}' >space.json

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
    sleep 0.5
    kill -0 $pid 2>/dev/null || broken "does not wait: $* $(cat err)"
    local begin=${EPOCHREALTIME/./}
    kill "-$signal" $pid
    wait $pid || status=$?
    [[ $status == "$code" ]] || broken "exit code $status instead of $code: $* $(cat err)"
    ((${EPOCHREALTIME/./} - begin < 500000)) || broken "$signal came late: $*"
    checks=$((checks + 1))
}
for option in --input --genome --load --init; do stopped TERM 143 "$bin/creature" "$option" pipe; done
for option in --input --space --cache; do
    stopped TERM 143 "$bin/evolve_loss" --input "$names" "$option" pipe
    stopped USR1 75 "$bin/evolve" --input "$names" "$option" pipe
done
[[ ! -e experiments ]] || broken "a folder was made before all was read"
rm piped/settings.json && mkfifo piped/settings.json
refused "piped/settings.json: is no regular file" -- "$bin/evolve_report" piped

echo "inputs: $checks checks passed"
