#!/usr/bin/env bash
# evolve_command: any program as the organism, from the command line to its report.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

cat >space.json <<'E2'
{"genes": {"x": {"kind": "real", "range": [-5, 10]},
           "passes": {"kind": "int", "range": [1, 64], "unit": "passes"},
           "shift": {"kind": "int", "range": [-2, 2]},
           "solver": {"kind": "choice", "values": ["cg", "gmres"]},
           "restart": {"kind": "int", "values": [10, 20, 50], "only_if": {"solver": "gmres"}},
           "fast": {"kind": "switch"}},
 "forbidden": ["solver == cg and fast == true"],
 "objective": {"name": "seconds", "unit": "s"}}
E2
cat >solve.sh <<'E2'
#!/bin/sh
# Reads its parameters from arguments and from the environment.
test "$GENE_SOLVER$GENE_FAST" != cgtrue || exit 7
awk -v x="$1" -v n="$GENE_PASSES" -v s="$GENE_SHIFT" -v r="${GENE_RESTART:-0}" 'BEGIN {
    print "solving"
    printf "{\"seconds\": %.6f, \"cost\": %d}\n", (x - 3) * (x - 3) + n / 100 + s * s + r / 1000, n }'
E2
chmod +x solve.sh
search=("$bin/evolve_command" --space space.json --trials 40)

# Nothing may be left of any trial: no process works in its folder.
nothing_left() {
    local process
    for process in /proc/[0-9]*; do
        case $(readlink "$process/cwd" 2>/dev/null) in
        "$work"/*/trials/*) broken "$process is left behind: $(tr '\0' ' ' <"$process/cmdline")" ;;
        esac
    done
}

expect_exit 0 "$bin/evolve_command" --help
expect_text out "--trials UINT=100" "--trial-time FLOAT=0" "--cores-per-trial" "--space TEXT"
! grep -qe --input -e --budget-flops -e --effort out || broken "options of GPTs"

# What is wrong is said before the first trial.
refused "a command must follow --" -- "${search[@]}"
refused "--space FILE must say which genes the command has" -- "$bin/evolve_command" -- ./solve.sh
refused "the command (solve.sh) is no program in PATH; if it is here: ./solve.sh" -- \
    "${search[@]}" -- solve.sh
refused "the command (./space.json) must be a program that may be executed" -- \
    "${search[@]}" -- ./space.json
refused "--trial-time (-1) must be from 0 to" -- "${search[@]}" --trial-time -1 -- ./solve.sh
echo '{"n_emb": [8, 16]}' >gpt.json
refused 'gpt.json: key "genes" is missing' -- "$bin/evolve_command" --space gpt.json -- ./solve.sh
refused "space.json: has genes of its own, which only evolve_command searches" -- \
    "$bin/evolve_loss" --space space.json --input "$names"
echo '{"genes": {"x": {"kind": "real", "range": [1, 0]}}}' >wrong.json
refused "wrong.json: gene x: range must rise: 0 follows 1" -- \
    "$bin/evolve_command" --space wrong.json -- ./solve.sh
echo '{"genes": {"x": {"kind": "real", "range": [0, 1]}}, "forbidden": ["x >= 0"]}' >nothing.json
refused "none of 1000 genomes drawn from the space is allowed in it" -- \
    "$bin/evolve_command" --space nothing.json -- ./solve.sh
[[ ! -e experiments && ! -e best.json ]] || broken "something was written"

# The same bytes at any number of ranks, in both modes.
for mode in steady-state generational; do
    for ranks in 1 2 3 5; do
        expect_exit 0 mpirun -n "$ranks" "${search[@]}" --mode $mode --folder "$mode-$ranks" \
            --genome-out "$mode-$ranks.json" -- ./solve.sh '{x}'
        for file in organisms.csv generations.csv genome.json; do
            cmp "$mode-1/$file" "$mode-$ranks/$file" || broken "$mode: $file with $ranks ranks"
        done
    done
    cmp $mode-1.json $mode-1/genome.json || broken "two champions"
    ! grep -q failed,7 "$mode-1/organisms.csv" || broken "a forbidden genome was tried"
done
expect_text steady-state-1/run.log "seconds in s, less is better; 6 genes" "Champion: organism" \
    "40 trials in the search"
"$python" - <<'E2' || broken "best.json or a trial"
import json
best = json.load(open("steady-state-1.json"))
trial = f"steady-state-1/trials/{best['trial']:06}/"
assert best["genome"] == json.load(open(trial + "genome.json")), best
last = json.loads(open(trial + "stdout").read().splitlines()[-1])
assert last["seconds"] == best["result"] < 2 and best["measure"] == "seconds", best
assert "restart" in best["genome"] or best["genome"]["solver"] == "cg", best
E2
nothing_left

# A run that is killed, with a trial in progress, goes on to the same bytes.
cat >deadly.sh <<'E2'
#!/bin/sh
if test "$MICROGPT_TRIAL" = 17 && mkdir ../../../killed 2>/dev/null; then
    kill -9 $(cat ../../../pid)
    sleep 1000
fi
exec ../../../solve.sh "$1"
E2
chmod +x deadly.sh
for ranks in 1 3; do
    rm -rf killed
    status=0
    # shellcheck disable=SC2016 # for the shell that is started
    mpirun -n "$ranks" bash -c 'test "${OMPI_COMM_WORLD_RANK:-0}" != 0 || echo $$ >pid; exec "$@"' _ \
        "${search[@]}" --folder "dead-$ranks" --genome-out dead.json -- ./deadly.sh '{x}' \
        >out 2>err </dev/null || status=$?
    [[ $status != 0 && -d killed && ! -e dead.json ]] || broken "it was not killed"
    expect_exit 0 mpirun -n 2 "$bin/evolve_command" --resume "dead-$ranks" -- ./deadly.sh '{x}'
    cmp "dead-$ranks/organisms.csv" steady-state-1/organisms.csv || broken "another history"
    nothing_left
    rm dead.json
done

# Without the command, which the journal knows.
expect_exit 0 "$bin/evolve_command" --resume steady-state-1 --trials 44
expect_text out "44 trials in the search" "40 evaluations are known"
refused "command is" "/solve.sh" "a run goes on as it began" -- "$bin/evolve_command" --resume steady-state-1 -- ./deadly.sh

# A stop ends the trial in progress.
cat >long.sh <<'E2'
#!/bin/sh
trap '' TERM
kill -TERM $(cat ../../../pid)
sleep 1000 &
wait; sleep 1000
E2
chmod +x long.sh
# shellcheck disable=SC2016 # for the shell that is started
expect_exit 143 bash -c 'echo $$ >pid; exec "$@"' _ "${search[@]}" --folder stopped -- ./long.sh
expect_text stopped/run.log "resume with: evolve_command --resume"
nothing_left

# Failures cost their trial, and are told; if all fail there is no champion.
cat >moody.sh <<'E2'
#!/bin/sh
case $(($MICROGPT_TRIAL % 6)) in
0) echo '{"seconds": '$GENE_PASSES', "constraints": [-1]}' ;;
1) echo "out of luck" >&2; exit 3 ;;
2) echo '{"seconds": nan}' ;;
3) echo "3,5" ;;
4) kill -SEGV $$ ;;
5) echo '{"seconds": 1, "constraints": [0.5]}' ;;
esac
E2
chmod +x moody.sh
expect_exit 0 mpirun -n 3 "${search[@]}" --folder moody --genome-out moody.json -- ./moody.sh
expect_text moody/organisms.csv "the command ended with code 3: out of luck" \
    "is not one JSON object" "no result: neither" "the command was killed by SIGSEGV" \
    "constraint 1 is violated: 0.5 is above 0"
echo mine >kept.json
expect_exit 2 "${search[@]}" --trials 12 --folder none --genome-out kept.json -- false
expect_text err "every training failed, the last one because the command ended with code 1"
[[ $(cat kept.json) == mine ]] || broken "a file was overwritten"

# More is better, with other options of a search; what is known begins it.
sed 's/"unit": "s"/"goal": "maximize"/' space.json >more.json
expect_exit 0 "$bin/evolve_command" --space more.json --trials 24 --strategy classic --finalists 2 \
    --replicates 2 --ablate --enqueue steady-state-1.json --folder more --genome-out more-best.json \
    -- ./solve.sh '{x}'
expect_text out "more is better" "#0 " "Finalists, each retrained 2 times" "What each change is worth"
expect_text more/organisms.csv ",enqueued,"
"$python" -c 'import json; b = json.load(open("more-best.json")); assert b["result"] > 40, b' ||
    broken "the champion is not large"
expect_exit 0 "${search[@]}" --warm-start steady-state-1 --seed 2 --folder warm -- ./solve.sh '{x}'
expect_text out "results of an earlier run"
refused "its genes are others" -- "$bin/evolve_command" --space more.json --warm-start warm \
    --folder not -- ./solve.sh '{x}'

# What there is to read afterwards.
expect_exit 0 "$bin/evolve_report" more --format text
expect_text out "Which genes matter" "Champion: organism"
expect_exit 0 "$bin/evolve_report" more --format json
"$python" - out <<'E2' || broken "the page's data"
import json, sys
data = json.load(open(sys.argv[1]))
assert data["objective"] == {"name": "maximum", "label": "seconds", "unit": "", "loss_unit": "",
                             "better": "higher"}, data["objective"]
assert [gene["name"] for gene in data["genes"]] == ["x", "passes", "shift", "solver", "restart", "fast"]
assert data["champion"]["score"] > 40
E2
expect_exit 0 "$bin/evolve_report" more --organism 0
expect_text out '"command": [' '"trial": 0'
expect_exit 0 "$bin/evolve_report" --compare steady-state-1 warm
expect_text out "seed" "champion"
refused "its genes are others than those of" -- "$bin/evolve_report" --compare steady-state-1 more
[[ -s more/report.html ]] || broken "no page"

# A champion of another kind is kept.
cp "$4/genome.json" other.json
expect_exit 0 "${search[@]}" --trials 12 --folder other --genome-out other.json -- ./solve.sh '{x}'
expect_text out "other.json was evolved for loss on a dataset (" "it is other.json.old now"
cmp "$4/genome.json" other.json.old || broken "the other champion is lost"
expect_exit 0 "$bin/evolve_loss" --input "$names" --population 2 --generations 1 --finalists 0 \
    --folder other-2 --genome-out other.json
expect_text out "other.json was evolved for seconds of " "it is other.json.old2 now"

# From a script: trials are written, results are read; who stops in the middle can go on.
expect_exit 0 "$4/examples/ask_tell.py" "$bin/evolve_command"
expect_text out "the best of 80: 0.4"
ask=("$bin/evolve_command" --ask-tell --space space.json --trials 3 --slots 2)
expect_exit 2 bash -c 'echo "{\"trial\": 7, \"seconds\": 1}" | "$@"' _ "${ask[@]}" --folder asked
expect_text err "trial 7, replicate 0, was not asked for"
expect_exit 2 bash -c 'echo "{\"trial\": 1, \"seconds\": 2.5}" | "$@"' _ "${ask[@]}" --folder asked-2
expect_text err "standard input has ended, but 1 results are still to come"
expect_exit 0 bash -c 'printf "%s\n" "{\"trial\": 0, \"seconds\": 4}" "" "{\"trial\": 2, \"failure\": \"none\"}" | "$@"' \
    _ "$bin/evolve_command" --resume asked-2
expect_text out '{"best":{"trial":1,"seconds":2.5,"genome":{'
refused "--ask-tell is for one process without a command" -- "${ask[@]}" -- ./solve.sh

echo "commands: $checks checks"
