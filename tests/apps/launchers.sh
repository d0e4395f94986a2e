#!/usr/bin/env bash
# Processes that were started together but do not know of each other, ranks of different programs, a
# system that has no room for a process: one message, exit code 2, and nothing is written.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

search() { "$bin/evolve_loss" --input "$names" --population 2 --generations 1 --finalists 0 "$@"; }

# strangers TEXT VARIABLE=VALUE...: three processes, {} standing for the number of each.
strangers() {
    local text=$1 i
    shift
    for i in 0 1 2; do
        expect_exit 2 env "${@//\{\}/$i}" "$bin/evolve_loss" --input "$names" --generations 1
        [[ ! -s out ]] || broken "output on stdout: $*"
        if ((i == 0)); then
            expect_text err "$text" "has started 3 processes" "each would run the whole search"
        else
            [[ ! -s err ]] || broken "the message came more than once: $*"
        fi
    done
}
strangers "srun --mpi=pmix" SLURM_PROCID={} SLURM_NTASKS=3 SLURM_STEP_ID=0
strangers "srun --mpi=pmix" SLURM_PROCID={} SLURM_NTASKS=1 SLURM_STEP_NUM_TASKS=3 SLURM_STEP_ID=0
strangers "mpiexec of MPICH" PMI_RANK={} PMI_SIZE=3
strangers "mpirun of another Open MPI" OMPI_COMM_WORLD_RANK={} OMPI_COMM_WORLD_SIZE=3
strangers "MVAPICH" MV2_COMM_WORLD_RANK={} MV2_COMM_WORLD_SIZE=3
[[ ! -e experiments && ! -e genome.json ]] || broken "a refused run left something behind"

# One task of its own, a batch script, mpirun within a step: all is well.
expect_exit 0 env SLURM_PROCID=0 SLURM_NTASKS=1 SLURM_STEP_ID=0 "$bin/evolve_loss" --help
expect_exit 0 env SLURM_PROCID=0 SLURM_NTASKS=9 "$bin/evolve_loss" --help
expect_exit 0 env SLURM_PROCID=0 SLURM_NTASKS=3 SLURM_STEP_ID=0 mpirun -n 1 "$bin/evolve_loss" --help

expect_exit 2 mpirun -n 1 "$bin/evolve_loss" --input "$names" : -n 2 "$bin/evolve" --input "$names"
expect_text err "rank 1 runs evolve " "rank 0 runs evolve_loss " "all ranks must run the same program"
[[ $(grep -c "must run the same" err) == 1 ]] || broken "the message came more than once"
[[ ! -e experiments ]] || broken "a refused run left a folder behind"

# Too few file descriptors: 127 if they do not even suffice for loading the program's libraries.
messages=0
for files in {3..9}; do
    status=0
    prlimit --nofile="$files" "$bin/evolve_loss" --input nowhere.txt >out 2>err || status=$?
    ((status == 2 || status == 127)) || broken "exit code $status with $files files"
    ((status == 127)) || messages=$((messages + $(grep -c "^evolve_loss: " err)))
done
((messages >= 4)) || broken "no message where there are too few file descriptors"

echo "launchers: $checks checks passed"
