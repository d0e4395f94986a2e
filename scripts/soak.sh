#!/usr/bin/env bash
# Kills runs at random moments and compares their results with those of
# uninterrupted runs: all programs, both modes, islands, caches, and documents
# whose scoring takes longer than the training. Each run gets 1 to 5 kills
# (SIGKILL) of a training process, a worker, rank 0, mpirun, or everything
# including the supervising script. Prints a line for each run and fails if one
# ends with other bytes. 100 runs take some twenty minutes.
# usage: scripts/soak.sh [RUNS [SEED]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

runs=${1:-100}
RANDOM=${2:-1}
install_packages
build_targets evolve_loss evolve evolve_command
mpi_environment
work=$(mktemp -d)
trap 'pkill -KILL -f "$work" || true; rm -rf "$work"' EXIT
echo '{"steps_min": 100, "steps_max": 1000, "steps_draw": [200, 500, 1000], "steps_moves": [100], "batch": [1, 4]}' >"$work/space.json"

awk 'BEGIN { srand(1); for (l = 0; l < 200; ++l) { s = ""
    for (c = 0; c < 2000; ++c) s = s substr("abcdefghijklmnopqrstuvwxyz ", 1 + rand() * 27, 1)
    print s "x" } }' >"$work/long.txt"

echo '{"genes": {"x": {"kind": "real", "range": [-5, 10]}, "n": {"kind": "int", "range": [1, 64]},
    "way": {"kind": "choice", "values": ["a", "b"]}, "m": {"kind": "int", "range": [1, 9], "only_if": {"way": "b"}}}}' \
    >"$work/own.json"
cat >"$work/solve.sh" <<'END'
#!/bin/sh
sleep "0.0$((MICROGPT_TRIAL % 10))"
awk -v x="$1" -v n="$GENE_N" -v m="${GENE_M:-4}" 'BEGIN { printf "{\"loss\": %.6f}\n", (x - 3) * (x - 3) + n * m / 100 }'
END
chmod +x "$work/solve.sh"

settings=(
    "evolve_loss --mode generational"
    "evolve_loss --mode steady-state"
    "evolve_loss --mode generational --islands 2 --migration-interval 2"
    "evolve_loss --mode steady-state --islands 3 --migration-interval 2"
    "evolve_loss --mode steady-state --strategy classic --cache CACHE"
    "evolve_loss --mode generational --generations 6 --islands 2 --input $work/long.txt"
    "evolve --mode generational --elite 2 --samples 10"
    "evolve --mode steady-state --elite 6 --samples 10"
    "evolve_command --mode steady-state"
    "evolve_command --mode generational --islands 2 --migration-interval 2")

program_of() { echo "${settings[$1]%% *}"; }

# options SETTING RUN: those of all runs, as words. Each run has its own cache.
options() {
    local own=${settings[$1]#* }
    if [[ $(program_of "$1") == evolve_command ]]; then
        echo "--space $work/own.json --trials 120 --population 8 --finalists 2 --replicates 2 $own" \
            "--command=[\"$work/solve.sh\",\"{x}\"]"
        return
    fi
    echo "--input data/names.txt --space $work/space.json --population 8 --generations 16" \
        "--finalists 2 --replicates 2 ${own/CACHE/$work/cache-$2}"
}

hash_of() { cat "$1/genome.json" "$1/organisms.csv" | sha256sum | cut -d ' ' -f 1; }

# supervised RANKS PROGRAM OPTIONS...: in a session of its own; prints the supervisor.
supervised() {
    setsid bash -c 'source scripts/supervise.sh; ranks=$1 program=$2; shift 2
        supervise 20 mpirun -n "$ranks" "build/bin/$program" "$@"' _ "$@" \
        >>"$work/log" 2>&1 </dev/null &
    echo $!
}

# victim KIND FOLDER: the id of a process of this run, nothing if there is none now. Processes of
# a rank: the rank itself has many threads; its supervisor is its child, and the trainer the supervisor's.
victim() {
    local kind=$1 folder=$2 ranks pid parent
    mapfile -t ranks < <(pgrep -f "^build/bin/evolve.*$folder" || true)
    case $kind in
    mpirun) pgrep -f "^mpirun.*$folder" | head -1 || true ;;
    rank0 | worker | trainer)
        for pid in "${ranks[@]}"; do
            parent=$(ps -o ppid= -p "$pid" | tr -d ' ' || true)
            local name=worker
            if [[ " ${ranks[*]} " == *" $parent "* ]]; then
                local grandparent
                grandparent=$(ps -o ppid= -p "$parent" | tr -d ' ' || true)
                if [[ " ${ranks[*]} " == *" $grandparent "* ]]; then name=trainer; else name=supervisor; fi
            elif { tr '\0' '\n' <"/proc/$pid/environ"; } 2>/dev/null |
                grep -qx OMPI_COMM_WORLD_RANK=0; then
                name=rank0
            fi
            if [[ $name == "$kind" ]]; then echo "$pid"; fi
        done | shuf -n 1 --random-source=<(yes "$RANDOM")
        ;;
    esac
}

expected=()
for setting in "${!settings[@]}"; do
    # shellcheck disable=SC2046
    "build/bin/$(program_of "$setting")" $(options "$setting" expected) --genome-out "$work/expected.json" \
        --folder "$work/expected-$setting" >/dev/null
    expected+=("$(hash_of "$work/expected-$setting")")
done

broken=0
for ((run = 1; run <= runs; ++run)); do
    setting=$((RANDOM % ${#settings[@]}))
    rank_count=$((2 + RANDOM % 4))
    folder=$work/run-$run
    begin=$SECONDS
    # shellcheck disable=SC2046
    group=$(supervised "$rank_count" "$(program_of "$setting")" $(options "$setting" $run) \
        --genome-out "$work/$run.json" --folder "$folder")
    killed=''
    for ((kills = 1 + RANDOM % 5; kills > 0; --kills)); do
        sleep "$((RANDOM % 2)).$((RANDOM % 1000))" # the moment is what is random here
        kinds=(trainer worker rank0 mpirun group)
        kind=${kinds[RANDOM % 5]}
        if [[ $kind == group ]]; then
            kill -0 "$group" 2>/dev/null || continue
            kill -KILL "$group" 2>/dev/null || true
            pkill -KILL -f "$folder" || true # mpirun and all ranks
            killed+=" group"
            how=--folder
            [[ ! -s $folder/journal ]] || how=--resume
            # shellcheck disable=SC2046
            group=$(supervised "$rank_count" "$(program_of "$setting")" $(options "$setting" $run) \
                --genome-out "$work/$run.json" "$how" "$folder")
        else
            pid=$(victim "$kind" "$folder")
            if [[ -n $pid ]] && kill -KILL "$pid" 2>/dev/null; then killed+=" $kind"; fi
        fi
    done
    while kill -0 "$group" 2>/dev/null; do sleep 0.2; done
    found=none
    if [[ -e $folder/genome.json ]]; then found=$(hash_of "$folder"); fi
    cmp -s "$folder/genome.json" "$work/$run.json" || found="$found, another --genome-out"
    echo "run $run: ${settings[setting]}, $rank_count ranks, killed:${killed:- nobody}," \
        "$((SECONDS - begin)) s, ${found:0:16}"
    if [[ $found != "${expected[setting]}" ]]; then
        broken=$((broken + 1))
        tail -20 "$work/log" >&2
    fi
    rm -rf "$folder"
done
echo "soak: $((runs - broken)) of $runs runs ended with the bytes of the undisturbed run"
((broken == 0))
