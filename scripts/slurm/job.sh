# shellcheck shell=bash
# What the batch scripts of this folder share. They source it at the top of the
# repository; it does nothing by itself. Lines to adapt to the cluster follow a
# line marked "EDIT".

# EDIT: the modules the program was built with
# module load gcc openmpi boost

# EDIT: how the cluster starts MPI programs; "srun --mpi=list" shows the options
launcher=(srun --mpi=pmix --kill-on-bad-exit=1)
# launcher=(mpirun -n "$SLURM_NTASKS")

program=${PROGRAM:-build/bin/evolve_loss}
experiments=${EXPERIMENTS:-experiments}
max_restarts=20 # a run that never gets further must not go on for ever

# The unique name of this job: in an array, SLURM_JOB_ID may refer to all of it.
job=$SLURM_JOB_ID
if [[ -n ${SLURM_ARRAY_JOB_ID:-} ]]; then job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; fi
restarts=${SLURM_RESTART_COUNT:-0}

# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=scripts/supervise.sh
source scripts/supervise.sh

tell() {
    echo "slurm/job $job: $*"
}

fail() {
    tell "$*" >&2
    exit 2
}

# read_arguments ID ARGUMENTS...: sets `folder`, which is that of an earlier job
# if the arguments begin with --resume FOLDER, and `options`, the other arguments.
read_arguments() {
    folder=$experiments/job-$1
    shift
    if [[ ${1:-} == --resume ]]; then
        folder=${2:?--resume needs a folder}
        [[ -d $folder ]] || fail "--resume ($folder): there is no such folder"
        shift 2
    fi
    # shellcheck disable=SC2034 # for the batch scripts
    options=("$@")
}

# A step of a requeued job is numbered from 0 again, and a node that fell in the
# middle of such a step may still hold its PMIx socket: PMIx then fails there. So
# every start takes a new number.
skip_used_step_numbers() {
    local i
    [[ ${launcher[0]} == srun ]] || return 0
    for ((i = 0; i < restarts; ++i)); do
        srun --mpi=none --nodes=1 --ntasks=1 true || true
    done
}

# patiently COMMAND...: repeats it while it fails, for half a minute; its output is in
# `answer`.
patiently() {
    local tries
    for ((tries = 1; tries <= 6; ++tries)); do
        answer=$("$@") && return 0
        sleep "${PAUSE:-5}"
    done
    return 1
}

# end STATUS FOLDER: ends the job, or requeues it if that may help: when its time is
# up (75), or when it died after starting its journal. A job that was cancelled, or that
# Slurm requeued because of a lost node, is no longer running.
end() {
    local status=$1 folder=$2
    trap '' USR1
    case $status in
    0 | 2 | 130) exit "$status" ;;
    75) ;;
    *) [[ -s $folder/journal ]] || exit "$status" ;;
    esac
    # A controller that does not answer for a while says nothing of the job.
    if patiently squeue --noheader --jobs "$job" --format %T; then
        [[ $answer == RUNNING ]] || exit "$status"
    fi
    if ((restarts >= max_restarts)); then
        tell "ended with status $status, after $restarts restarts: that is enough"
        exit "$status"
    fi
    tell "ended with status $status; the job goes back into the queue"
    patiently scontrol requeue "$job" && exit 0 # Slurm does not look at it: the job is pending again
    tell "Slurm does not take it back; submit it again with: --resume (see scripts/slurm/README.md)"
    exit "$status"
}

# run_job FOLDER OPTIONS...: runs or resumes the search in this folder, and ends the
# job.
run_job() {
    local folder=$1 option=--folder status=0
    shift
    if [[ -e $folder/genome.json ]]; then
        tell "$folder: done already"
        exit 0
    fi
    [[ -x $program ]] ||
        fail "$program is missing: build first, submit from the top of the repository"
    if [[ -s $folder/journal ]]; then
        option=--resume
        # The lock of a node that was lost may outlive it, as file servers lease locks.
        flock --timeout "${LOCK_PATIENCE:-180}" "$folder/journal" true ||
            tell "$folder/journal is still locked"
    fi
    tell "start $((restarts + 1)) on $SLURM_JOB_NODELIST, $option $folder"
    trap 'end 75 "$folder"' USR1 # until the program hears of it
    skip_used_step_numbers
    mpi_environment
    # No restart here: requeueing does that, on other nodes if necessary.
    supervise 0 "${launcher[@]}" "$program" "$option=$folder" "$@" || status=$?
    end "$status" "$folder"
}
