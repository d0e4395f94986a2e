#!/usr/bin/env bash
# Checks the program on a cluster of the lab: one search must give the same
# genome.json alone, over three hosts with mpirun and with srun, and as a job of
# scripts/slurm/evolve.sbatch whose time is up too early, or that loses a node.
#   scripts/lab/check.sh [OPTIONS OF evolve_loss]
# Takes about four minutes on two cores. Needs root, and a lab that is not up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=scripts/lab/lab.sh
source scripts/lab/lab.sh

program=build/bin/evolve_loss
work=$lab/check
search=(--input data/names.txt --population 8 --generations 150 --strategy random --finalists 0 "$@")

on_the_head() {
    scripts/lab/exec.sh head "$@"
}

# expect_same NAME: whether that run's genome is the lone run's.
expect_same() {
    cmp "$work/alone.json" "$work/$1.json" || fail "$1: another genome"
    echo "lab/check: $1: the same genome"
}

# run NAME COMMAND...: one search, started by the command.
run() {
    local name=$1
    shift
    "$@" "$program" "${search[@]}" --genome-out "$work/$name.json" \
        --experiments "$work/$name" >"$work/$name.log" 2>&1 || fail "$name failed: $work/$name.log"
    expect_same "$name"
}

# submit NAME OPTIONS...: queues a search as a job, with options of sbatch; prints its id.
submit() {
    local name=$1
    shift
    EXPERIMENTS=$work/$name on_the_head sbatch --parsable --output="$work/$name.log" \
        --ntasks=6 --ntasks-per-node=3 "$@" scripts/slurm/evolve.sbatch "${search[@]:2}" \
        --genome-out "$work/$name.json"
}

# job_is ID PATTERN: whether what Slurm says of a job matches.
job_is() {
    on_the_head scontrol show job "$1" | grep -qE "$2"
}

# expect_requeued NAME ID: waits for the end of a job that must not have got there at once.
expect_requeued() {
    local name=$1 id=$2
    wait_until 300 job_is "$id" 'JobState=(COMPLETED|FAILED|TIMEOUT|CANCELLED)' ||
        fail "$name: no end of job $id: see $work/$name.log"
    job_is "$id" 'JobState=COMPLETED' || fail "$name: job $id failed: see $work/$name.log"
    job_is "$id" 'Restarts=[1-9]' || fail "$name: job $id was not interrupted: let it search longer"
    expect_same "$name"
}

check_time_limit() {
    local id
    id=$(submit time-limit --time=1 --signal=B:USR1@45)
    expect_requeued time-limit "$id"
}

check_node_loss() {
    local id
    id=$(submit node-loss --time=10)
    wait_until 30 job_is "$id" 'NodeList=node\[1-2\]' || fail "job $id does not start"
    sleep 5
    scripts/lab/down.sh node2
    expect_requeued node-loss "$id"
}

# What a failure left is worth a look; a success leaves nothing.
clean_up() {
    local status=$?
    ((status == 0)) && scripts/lab/down.sh
    exit "$status"
}

require_root
is_up head && fail "the lab is up already; end it with scripts/lab/down.sh"
install_packages scripts/packages.txt
build_targets evolve_loss
scripts/lab/slurm_up.sh 3
trap clean_up EXIT
mkdir -p "$work"
run alone env
run mpirun on_the_head mpirun --host node1:2,node2:2,node3:1
run srun on_the_head srun --mpi=pmix --nodes=3 --ntasks=5
check_time_limit
check_node_loss
