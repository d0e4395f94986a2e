# shellcheck shell=bash
# Starts a run, and starts it again from its journal when it dies. Source this
# file, do not execute it.

# Splits a command into `command`, without --folder and --resume, the `option` and
# `folder` that they name, and `rest`, which is -- and what follows: that of
# evolve_command. Without either option the folder is a new one in --experiments.
read_command() {
    local experiments=experiments
    command=() rest=() option='' folder=''
    while (($#)); do
        case $1 in
        --)
            rest=("$@")
            break
            ;;
        --folder | --resume) option=$1 folder=${2:?$1 needs a folder} && shift ;;
        --folder=* | --resume=*) option=${1%%=*} folder=${1#*=} ;;
        *) command+=("$1") ;;
        esac
        case $1 in
        --experiments) experiments=${2:-} ;;
        --experiments=*) experiments=${1#*=} ;;
        esac
        shift
    done
    if [[ -z $option ]]; then
        option=--folder
        folder=$experiments/$(date +%Y-%m-%d_%H-%M-%S)
        while [[ -e $folder ]]; do folder+=-2; done
    elif [[ $folder == latest ]]; then
        folder=$(latest_run "$experiments")
    fi
}

# The newest run, as the programs see it: the one that the link leads to, or the
# last by name.
latest_run() {
    if [[ -e $1/latest/journal ]]; then
        readlink -f "$1/latest"
    else
        dirname "$(find "$1" -mindepth 2 -maxdepth 2 -name journal | sort | tail -1)"
    fi
}

# supervise RESTARTS COMMAND...: runs the command, an evolve_loss, evolve or evolve_command
# with its launcher, until it has done its work (0), was given bad input (2), or was
# asked to stop: by a signal to this script, SIGUSR1 or --time-limit (75), or
# SIGINT (130). If it dies otherwise, it is resumed from the journal, at most
# RESTARTS times. (When a rank dies, mpirun sends the others SIGTERM, and rank 0
# exits with 143: that is not a request by the user.) Events are added to run.log.
#
# The command has its own session: a terminal would send Ctrl-C to mpirun as well,
# and two requests make mpirun exit at once, leaving its ranks behind.
supervise() {
    local restarts=$1 status started restarted=0 child asked=0
    local -a command rest
    local option folder
    shift
    read_command "$@"
    while true; do
        started=$SECONDS
        rm -f "$folder/stopped" # of an earlier start
        # In the background, so that a signal for this script is seen at once.
        setsid "${command[@]}" "$option=$folder" ${rest[@]+"${rest[@]}"} &
        child=$!
        trap 'asked=129; kill -TERM "$child" 2>/dev/null' HUP
        trap 'asked=130; kill -INT "$child" 2>/dev/null' INT
        trap 'asked=143; kill -TERM "$child" 2>/dev/null' TERM
        trap 'asked=75; kill -USR1 "$child" 2>/dev/null' USR1
        status=0
        wait "$child" || status=$?
        # A signal interrupts the wait, but does not end the child.
        while kill -0 "$child" 2>/dev/null; do wait "$child" || status=$?; done
        trap - HUP INT TERM USR1
        # The program's own exit code takes precedence over that of its launcher.
        # (Not for more than 2: bad input of another rank ends rank 0 by a signal.)
        if [[ $status == 2 ]]; then
            :
        elif [[ -e $folder/stopped ]]; then
            status=$(<"$folder/stopped")
        elif [[ -e $folder/genome.json ]]; then
            status=0
        fi
        case $status in
        0 | 2 | 75 | 130) return "$status" ;;
        esac
        ((asked == 0)) || return "$asked"
        if ((restarted == restarts)); then
            say "$folder" "the run died (code $status); no restart is left of $restarts"
            return "$status"
        fi
        restarted=$((restarted + 1))
        say "$folder" "the run died after $((SECONDS - started)) s (code $status);" \
            "restart $restarted of $restarts"
        # Before its first record there is nothing to resume.
        if [[ -s $folder/journal ]]; then option=--resume; fi
    done
}

# Says on standard error and in the log of a run.
say() {
    local folder=$1
    shift
    echo "evolve: $*" >&2
    [[ ! -d $folder ]] || echo "evolve: $*" >>"$folder/run.log"
}
