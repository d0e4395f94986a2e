#!/usr/bin/env bash
# Whatever happens to a run, it ends with the bytes of one that nobody disturbed, or says what is
# wrong and loses nothing.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/check.sh" "$@"
# shellcheck source=scripts/supervise.sh
source "$here/../../scripts/supervise.sh"

echo '{"steps_min": 100, "steps_max": 600, "steps_draw": [200, 600], "steps_moves": [100]}' >space.json
options=(--input "$names" --space space.json --population 6 --generations 6 --finalists 2
    --replicates 2 --seed 3)

hash_of() { cat "$1/genome.json" "$1/organisms.csv" | sha256sum; }

# same FOLDER EXPECTED WHAT
same() {
    [[ $(hash_of "$1") == $(hash_of "$2") ]] || broken "$3: other bytes than those of an undisturbed run"
    checks=$((checks + 1))
}

# wait_for_records FOLDER N PID: until its journal has so many lines, or the process has gone.
wait_for_records() {
    while kill -0 "$3" 2>/dev/null; do
        [[ ! -e $1/journal || $(wc -l <"$1/journal") -lt $2 ]] || return 0
    done
}

for mode in generational steady-state; do
    whole=whole-$mode
    expect_exit 0 "$bin/evolve_loss" "${options[@]}" --mode "$mode" --folder "$whole" \
        --genome-out "$whole.json"

    # Killed without warning after any number of records; resumed on other numbers of ranks.
    folder=killed-$mode
    "$bin/evolve_loss" "${options[@]}" --mode "$mode" --folder "$folder" --genome-out k.json \
        >/dev/null 2>&1 &
    pid=$!
    for records in 2 9 17; do
        wait_for_records "$folder" "$records" "$pid"
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        mpirun -n 3 "$bin/evolve_loss" --resume "$folder" >/dev/null 2>&1 &
        pid=$!
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    expect_exit 0 mpirun -n 2 "$bin/evolve_loss" --resume "$folder"
    same "$folder" "$whole" "$mode, killed three times"
    cmp k.json "$whole.json" || broken "--genome-out of the first start was forgotten"

    # Asked to stop.
    for signal in INT:130 TERM:143 HUP:129 USR1:75; do
        folder=stopped-$mode-${signal#*:}
        # On a busy machine a run may end before the signal comes: then once more.
        for attempt in {1..20}; do
            rm -rf "$folder"
            # setsid: bash lets background jobs ignore SIGINT, and so would what it starts.
            setsid -f bash -c 'trap - INT; echo $$ >pid; exec "$@"' _ "$bin/evolve_loss" \
                "${options[@]}" --mode "$mode" --folder "$folder" --genome-out s.json >out 2>&1
            while [[ ! -s pid ]]; do :; done
            pid=$(<pid)
            rm pid
            wait_for_records "$folder" 5 "$pid"
            kill "-${signal%:*}" "$pid" 2>/dev/null || true
            while kill -0 "$pid" 2>/dev/null; do :; done
            [[ -e $folder/genome.json && ! -e $folder/stopped ]] || break
        done
        [[ $attempt -lt 20 && $(<"$folder/stopped") == "${signal#*:}" ]] || broken "$signal: not stopped as it should"
        expect_text "$folder/run.log" "resume with: evolve_loss --resume $folder"
        expect_exit 0 "$bin/evolve_loss" --resume "$folder"
        same "$folder" "$whole" "$mode, $signal"
        [[ ! -e $folder/stopped ]] || broken "a finished run is marked as stopped"
    done

    # The time is up at once, on several ranks.
    expect_exit 75 mpirun -n 3 "$bin/evolve_loss" "${options[@]}" --mode "$mode" \
        --folder "late-$mode" --time-limit 0.0001s
    expect_exit 0 "$bin/evolve_loss" --resume "late-$mode"
    same "late-$mode" "$whole" "$mode, time limit"
done

# The supervisor starts a run again that loses a worker, and a training that is killed does not count.
# A run so long that it cannot end while a process of it is looked for.
long=("${options[@]}" --generations 150)
expect_exit 0 "$bin/evolve_loss" "${long[@]}" --folder whole-long --genome-out l.json
supervise 5 mpirun -n 3 "$bin/evolve_loss" "${long[@]}" --folder watched --genome-out w.json \
    >supervised 2>&1 &
pid=$!
wait_for_records watched 4 "$pid"
# Of the ranks 1 and 2 the first that is found; supervisors and training processes are their children.
for rank in $(pgrep -P "$(pgrep -f "^mpirun.*--folder=watched")"); do
    if tr '\0' '\n' <"/proc/$rank/environ" | grep -qx OMPI_COMM_WORLD_RANK=1; then
        kill -KILL "$rank"
    fi
done
wait "$pid" || broken "the supervised run ended with code $?"
same watched whole-long "supervised"
expect_text watched/run.log "the run died" "restart 1 of 5"

# Failures on purpose: each named in the history, the same bytes on any number of ranks.
inject=nan:0.1,throw:0.1,hang:0.03,segv:0.1,oom:0.05
for ranks in 1 3 9; do
    expect_exit 0 mpirun -n "$ranks" "$bin/evolve_loss" "${options[@]}" --inject "$inject" --retries 1 \
        --memory-limit 100 --deadline-factor 5 --folder "injected-$ranks"
    same "injected-$ranks" injected-1 "injected failures on $ranks ranks"
done
for failure in "the loss is nan" "an exception" "killed by SIGSEGV"; do
    expect_text injected-1/organisms.csv "$failure"
done

# What cannot go on says why, and changes nothing.
cp -r killed-generational copy
refused "seed is 4 now" "started with 3" -- "$bin/evolve_loss" --resume copy --seed 4
tac "$names" >other.txt
refused "dataset is" -- "$bin/evolve_loss" --resume copy --input other.txt
refused "search space's n_emb is [16] now" -- "$bin/evolve_loss" --resume copy --space <(echo '{}')
refused "program is" -- "$bin/evolve" --resume copy
refused "--folder (copy): there is a run in it" -- "$bin/evolve_loss" "${options[@]}" --folder copy
refused "--resume (nowhere): there is no journal" -- "$bin/evolve_loss" --resume nowhere
refused "nowhere: no run" -- "$bin/evolve_loss" --resume latest --experiments nowhere
refused "--folder excludes --resume" -- "$bin/evolve_loss" --resume copy --folder x
refused "--inject and --cache exclude each other" -- "$bin/evolve_loss" --inject nan:0.1 --cache c
refused "inject (nan)" -- "$bin/evolve_loss" --inject nan
refused "--deadline-factor (0.5)" -- "$bin/evolve_loss" --deadline-factor 0.5
same copy killed-generational "refused"
sed -i '5s/loss/lost/' copy/journal
refused "copy/journal: line 5: its checksum is wrong" -- "$bin/evolve_loss" --resume copy

echo "survival: $checks checks passed"
