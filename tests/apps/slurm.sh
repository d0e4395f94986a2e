#!/usr/bin/env bash
# The job scripts, with a Slurm that is not there: a controller that does not answer for a while, a
# lock that outlives its job, a command of one's own.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"
sources=$4

mkdir tools
# Each tool fails as often as its file says, and writes down how it was called.
for tool in squeue scontrol; do
    cat >tools/$tool <<'E2'
#!/usr/bin/env bash
name=${0##*/}
echo "$*" >>"$WORK/$name.calls"
left=$(cat "$WORK/$name.failures")
if ((left > 0)); then
    echo $((left - 1)) >"$WORK/$name.failures"
    echo "slurm_load_jobs error: Unable to contact slurm controller" >&2
    exit 1
fi
[[ $name != squeue ]] || cat "$WORK/state"
E2
done
cat >tools/srun <<'E2'
#!/usr/bin/env bash
while [[ $1 == --* ]]; do shift; done
exec "$@"
E2
cat >program <<'E2'
#!/usr/bin/env bash
printf '%s\n' "$@" >"$WORK/arguments"
for option in "$@"; do
    case $option in
    --folder=*) mkdir -p "${option#*=}" && echo begun >"${option#*=}/journal" ;;
    esac
done
exit "$(cat "$WORK/code")"
E2
chmod +x tools/* program

# job CODE STATE SQUEUE-FAILURES SCONTROL-FAILURES ARGUMENTS...: a job whose program ends with CODE.
job() {
    rm -f ./*.calls
    echo "$1" >code
    echo "$2" >state
    echo "$3" >squeue.failures
    echo "$4" >scontrol.failures
    shift 4
    env WORK="$work" PATH="$work/tools:$PATH" PROGRAM="$work/program" EXPERIMENTS="$work/runs" PAUSE=0 \
        SLURM_SUBMIT_DIR="$sources" SLURM_JOB_ID=17 SLURM_JOB_NODELIST=node1 SLURM_NTASKS=3 \
        bash "$sources/scripts/slurm/evolve.sbatch" "$@"
}

expect_exit 0 job 75 RUNNING 0 0 --seed 3
expect_text scontrol.calls "requeue 17"
expect_text arguments "--folder=$work/runs/job-17" "--seed"
expect_exit 0 job 75 RUNNING 2 3
expect_text arguments "--resume=$work/runs/job-17"
[[ $(wc -l <squeue.calls) == 3 && $(wc -l <scontrol.calls) == 4 ]] || broken "the controller's silence counted"
expect_exit 0 job 75 RUNNING 99 0 # it may still take the job back
expect_text scontrol.calls "requeue 17"
expect_exit 75 job 75 RUNNING 0 99
expect_text out "Slurm does not take it back"
expect_exit 75 job 75 COMPLETING 0 0
[[ ! -e scontrol.calls ]] || broken "a job that was cancelled was requeued"
expect_exit 2 job 2 RUNNING 0 0
[[ ! -e scontrol.calls ]] || broken "bad input was requeued"

# Somebody still holds the lock: the start waits, and says so if that does not help.
exec 8>>runs/job-17/journal
flock 8
LOCK_PATIENCE=0.1 expect_exit 0 job 75 RUNNING 0 0
expect_text out "journal is still locked"
exec 8>&-

# What follows -- belongs to the command.
expect_exit 2 job 2 RUNNING 0 0 --space space.json -- ./train.sh --resume=x '{genome}'
[[ $(tr '\n' ' ' <arguments) == "--space space.json --resume=$work/runs/job-17 -- ./train.sh --resume=x {genome} " ]] ||
    broken "the arguments of a command: $(cat arguments)"

echo "slurm: $checks checks"
