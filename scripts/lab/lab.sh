# shellcheck shell=bash
# Functions shared by the scripts of the lab. Source this file, do not execute it.
# The working directory must be the top of the repository.

# What the hosts share: pid files, logs, Slurm's configuration and state.
lab=${LAB_DIR:-/run/microgpt-lab}

# fail MESSAGE...: prints the message, with the name of the script, and exits.
fail() {
    echo "lab/$(basename "$0" .sh): $*" >&2
    exit 2
}

require_root() {
    ((EUID == 0)) || fail "run it as root: it makes namespaces and mounts"
}

# enter PID COMMAND...: runs a command in the namespaces of a process.
enter() {
    local pid=$1
    shift
    nsenter --target "$pid" --net --uts --ipc --mount --pid --wdns="$PWD" -- "$@"
}

# on_host HOST COMMAND...: runs a command on a host. The pid of a node is its
# number on the head: the nodes' process trees are branches of the head's.
on_host() {
    local host=$1 head
    shift
    [[ -s $lab/head.pid ]] || fail "the lab is not up (see scripts/lab/up.sh)"
    head=$(<"$lab/head.pid")
    if [[ $host == head ]]; then
        enter "$head" "$@"
    else
        [[ -s $lab/$host.pid ]] || fail "$host is not a host of the lab, or is off"
        enter "$head" nsenter --target "$(<"$lab/$host.pid")" --net --uts --ipc --mount --pid \
            --wdns="$PWD" -- "$@"
    fi
}

# Whether a host is up. The pid may be that of another process by now.
is_up() {
    local host=$1
    local -a as_seen_from=()
    [[ -s $lab/$host.pid ]] || return 1
    if [[ $host != head ]]; then
        is_up head || return 1
        as_seen_from=(on_host head)
    fi
    "${as_seen_from[@]}" grep --quiet --null-data 'lab/host\.sh$' \
        "/proc/$(<"$lab/$host.pid")/cmdline" 2>/dev/null
}

# wait_until SECONDS COMMAND...: repeats a command until it succeeds; fails when
# the time is over.
wait_until() {
    local tries=$(($1 * 20))
    shift
    until "$@"; do
        ((tries-- > 0)) || return 1
        sleep 0.05
    done
}
