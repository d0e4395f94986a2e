#!/usr/bin/env bash
# Tests the program on a cluster of the lab: a search must give the same
# genome.json in a single process and under the failures of clusters:
#   mpirun over three hosts, one of which loses power, or its link
#   a job (scripts/slurm/evolve.sbatch) whose time is up, or that loses a node
#   a job that is cancelled, and resumed by another one
#   an array of jobs (seeds.sbatch) of which one has to go back into the queue
# Usage: scripts/lab/check.sh [OPTIONS OF evolve_loss]
# Takes about four minutes on two cores; on a quick machine it may ask for more
# --generations. Needs root and a lab that is not up. Where this machine cannot
# have a lab, it says why and succeeds. PROGRAM=FILE is used instead of building.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=scripts/lab/lab.sh
source scripts/lab/lab.sh

work=$lab/check
program=$work/evolve_loss # a copy: a build in the meantime is of no concern
longest=15                # seconds until mpirun must have noticed a lost host
search=(--input data/names.txt --population 8 --generations 100 --strategy random
    --finalists 0 "$@")
long=("${search[@]}" --generations 170 "$@") # Slurm looks at the clock every 30 s

skip() {
    echo "lab/check: skipped: $*"
    exit 0
}

require_lab() {
    ((EUID == 0)) || skip "only root can make the hosts of the lab"
    is_up head && fail "the lab is up already; end it with scripts/lab/down.sh"
    # In a shell of its own, which it ends where there is nothing to install from.
    ([[ -n ${PROGRAM:-} ]] || install_packages) || skip "packages cannot be installed"
    (install_packages scripts/lab/packages.txt) || skip "packages cannot be installed"
    unshare --net --uts --ipc --mount --pid --fork true ||
        skip "this machine does not let root make namespaces"
}

say() {
    echo "lab/check: $SECONDS s: $*"
}

on_the_head() {
    scripts/lab/exec.sh head "$@"
}

over_hosts() {
    on_the_head mpirun --host "$1" "${@:2}"
}

# begin_alone NAME OPTIONS...: begins a search in one process, to compare others with.
declare -A alone
begin_alone() {
    local name=$1
    shift
    "$program" "$@" --genome-out "$work/$name.json" --folder "$work/$name" \
        >"$work/$name.log" 2>&1 &
    alone[$name]=$!
}

# expect_same NAME EXPECTED FOLDER: whether the run in a folder has the genome and the
# history of a lone run.
expect_same() {
    local name=$1 expected=$2 folder=$3 file
    if [[ -n ${alone[$expected]} ]]; then
        wait "${alone[$expected]}" || fail "$expected failed: see $work/$expected.log"
        alone[$expected]=''
    fi
    for file in genome.json organisms.csv; do
        cmp "$work/$expected/$file" "$folder/$file" || fail "$name: other bytes than $expected"
    done
    cmp "$folder/genome.json" "$work/$name.json" || fail "$name: --genome-out was forgotten"
    say "$name: the same bytes; genome.json: $(sha256sum <"$folder/genome.json" | cut -d ' ' -f 1)"
}

# has_learnt FOLDER N: whether so many trainings are in its journal.
has_learnt() {
    [[ -e $1/journal && $(wc -l <"$1/journal") -gt $2 ]]
}

has_ended() {
    ! kill -0 "$1" 2>/dev/null
}

# check_lost_host NAME COMMAND...: the command takes node2 away from mpirun.
check_lost_host() {
    local name=$1 pid begin seconds
    shift
    over_hosts node1:2,node2:2,node3:1 "$program" "${search[@]}" \
        --genome-out "$work/$name.json" --folder "$work/$name" >"$work/$name.log" 2>&1 &
    pid=$!
    wait_until 60 has_learnt "$work/$name" 200 || fail "$name does not start: see $work/$name.log"
    begin=$EPOCHREALTIME
    "$@"
    wait_until 60 has_ended "$pid" || fail "$name: mpirun has not noticed it after 60 s"
    seconds=$(((${EPOCHREALTIME/./} - ${begin/./}) / 100000))
    ! wait "$pid" || fail "$name: the search was over before: let it search longer"
    say "$name: mpirun ended ${seconds%?}.${seconds: -1} s later"
    ((seconds <= longest * 10)) || fail "$name: that is more than $longest s"
    over_hosts node1:2,node3:1 "$program" --resume "$work/$name" >>"$work/$name.log" 2>&1 ||
        fail "$name: cannot be resumed: see $work/$name.log"
    expect_same "$name" alone "$work/$name"
}

cut_link() {
    scripts/lab/exec.sh "$1" ip link set eth0 down
}

# submit NAME OPTIONS OF sbatch... SCRIPT OPTIONS OF THE PROGRAM...: prints the job's id.
submit() {
    local name=$1
    shift
    PROGRAM=$program EXPERIMENTS=$work/$name.runs on_the_head sbatch --parsable "$@"
}

# submit_search NAME OPTIONS OF sbatch... -- OPTIONS OF evolve.sbatch...
submit_search() {
    local name=$1
    local -a options=()
    shift
    while [[ $1 != -- ]]; do options+=("$1") && shift; done
    submit "$name" --output="$work/$name.log" --mem-per-cpu=100M "${options[@]}" \
        scripts/slurm/evolve.sbatch "${@:2}" --genome-out "$work/$name.json"
}

# folder_of NAME ID
folder_of() {
    echo "$work/$1.runs/job-$2"
}

# job_is ID PATTERN: whether what Slurm says of a job matches.
job_is() {
    [[ $(on_the_head scontrol show job "$1") =~ $2 ]]
}

# expect_job NAME ID PATTERN: waits for the end of a job, which must match.
expect_job() {
    local name=$1 id=$2
    wait_until 120 job_is "$id" 'JobState=(COMPLETED|FAILED|TIMEOUT|CANCELLED)' ||
        fail "$name: no end of job $id: see $work/$name.log"
    job_is "$id" "$3" || fail "$name: job $id is not $3: see $work/$name.log"
}

# With one worker, so that it takes long enough.
check_time_limit() {
    local id
    id=$(submit_search time-limit --ntasks=2 --time=1 --signal=B:USR1@45 -- "${long[@]}")
    wait_until 90 job_is "$id" 'Restarts=1|JobState=COMPLETED' ||
        fail "job $id is not requeued: see $work/time-limit.log"
    on_the_head scontrol update JobId="$id" TimeLimit=10 ||
        fail "time-limit: the search was over before: let it search longer"
    say "time-limit: requeued"
    expect_job time-limit "$id" 'JobState=COMPLETED'
    expect_same time-limit alone-long "$(folder_of time-limit "$id")"
}

check_node_loss() {
    local id folder
    id=$(submit_search node-loss --ntasks=6 --ntasks-per-node=3 -- "${search[@]}")
    folder=$(folder_of node-loss "$id")
    wait_until 60 has_learnt "$folder" 200 || fail "job $id does not start"
    job_is "$id" 'NodeList=node\[1-2\]' || fail "job $id is not on node1 and node2"
    scripts/lab/down.sh node2
    say "node-loss: node2 is off"
    wait_until 90 job_is "$id" 'Restarts=1|JobState=COMPLETED' || fail "job $id is not requeued"
    job_is "$id" Restarts=1 || fail "node-loss: the search was over before: let it search longer"
    say "node-loss: requeued"
    expect_job node-loss "$id" 'JobState=COMPLETED'
    expect_same node-loss alone "$folder"
}

check_cancelled() {
    local id cancelled folder
    id=$(submit_search cancelled --ntasks=4 -- "${search[@]}")
    folder=$(folder_of cancelled "$id")
    wait_until 60 has_learnt "$folder" 200 || fail "job $id does not start"
    on_the_head scancel "$id"
    expect_job cancelled "$id" 'JobState=CANCELLED'
    say "cancelled: ended"
    cancelled=$id
    id=$(submit_search cancelled --ntasks=5 -- --resume "$folder" "${search[@]}")
    expect_job cancelled "$id" 'JobState=COMPLETED'
    job_is "$cancelled" 'JobState=CANCELLED' || fail "cancelled: job $cancelled came back"
    expect_same cancelled alone "$folder"
}

check_seeds() {
    local id folder
    id=$(submit seeds --array=1-2 --ntasks=3 --mem-per-cpu=100M --output="$work/seeds-%a.log" \
        scripts/slurm/seeds.sbatch "${search[@]}")
    folder=$(folder_of seeds "$id")
    wait_until 60 has_learnt "$folder/seed-2" 100 || fail "job $id does not start"
    on_the_head scancel --batch --signal=USR1 "${id}_2"
    expect_job seeds-2 "${id}_2" 'JobState=COMPLETED'
    expect_job seeds-1 "${id}_1" 'JobState=COMPLETED'
    job_is "${id}_2" Restarts=1 || fail "seeds: ${id}_2 was over before: let it search longer"
    job_is "${id}_1" Restarts=0 || fail "seeds: ${id}_1 was requeued as well"
    cp "$folder"/seed-?.json "$work"
    expect_same seed-1 alone "$folder/seed-1"
    expect_same seed-2 alone-2 "$folder/seed-2"
}

# After a failure the files are kept for inspection; a success leaves nothing.
clean_up() {
    local status=$?
    local pid
    for pid in "${alone[@]}"; do
        [[ -z $pid ]] || kill "$pid" 2>/dev/null || true
    done
    ((status == 0)) && scripts/lab/down.sh
    exit "$status"
}

require_lab
[[ -n ${PROGRAM:-} ]] || build_targets evolve_loss
trap clean_up EXIT
scripts/lab/up.sh 3
mkdir -p "$work"
cp "${PROGRAM:-build/bin/evolve_loss}" "$program"

begin_alone alone "${search[@]}"
check_lost_host power-cut scripts/lab/down.sh node2
scripts/lab/up.sh 3
check_lost_host link-cut cut_link node2
scripts/lab/down.sh node2 # it still runs what nobody waits for
scripts/lab/slurm_up.sh 3
begin_alone alone-long "${long[@]}" # while Slurm waits for a node that is off
check_node_loss
scripts/lab/slurm_up.sh 3
begin_alone alone-2 "${search[@]}" --seed 2
check_time_limit
check_cancelled
check_seeds
say "all is well"
