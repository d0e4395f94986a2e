#!/usr/bin/env bash
# Brings up a small cluster on this machine, in two seconds:
#   scripts/lab/up.sh [NODES]
# The hosts are head and node1 to nodeN (3 if not said otherwise). Each has its
# own network, host name, process tree, /tmp and /dev/shm, made of namespaces; a
# bridge of their own joins them, and no real interface is touched. Hosts that
# are up already are left alone, so this also switches nodes on again that
# down.sh switched off. Needs root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=scripts/lab/lab.sh
source scripts/lab/lab.sh
nodes=${1:-3}

write_hosts() {
    echo '127.0.0.1 localhost'
    echo '10.77.0.1 head'
    local i
    for ((i = 1; i <= nodes; ++i)); do
        echo "10.77.0.$((10 + i)) node$i"
    done
}

# start_host HOST [COMMAND...]: starts a host; the command, if any, does it from
# inside another.
start_host() {
    local host=$1
    shift
    rm -f "$lab/$host.pid"
    # --kill-child: nobody but the host's first process keeps the host alive.
    "$@" setsid unshare --net --uts --ipc --mount --propagation private --pid --fork \
        --kill-child scripts/lab/host.sh "$host" </dev/null >"$lab/$host.log" 2>&1 &
    wait_until 10 test -s "$lab/$host.pid" || fail "$host did not start: see $lab/$host.log"
}

start_head() {
    start_host head
    on_host head ip link add br0 type bridge
    on_host head ip addr add 10.77.0.1/24 dev br0
    on_host head ip link set br0 up
}

start_node() {
    local i=$1
    start_host "node$i" on_host head
    on_host head ip link add "port$i" type veth peer name eth0 netns "$(<"$lab/node$i.pid")"
    on_host head ip link set "port$i" master br0 up
    on_host "node$i" ip addr add "10.77.0.$((10 + i))/24" dev eth0
    on_host "node$i" ip link set eth0 up
}

require_root
[[ $nodes =~ ^[1-9][0-9]?$ ]] || fail "the number of nodes must be 1 to 99"
install_packages scripts/lab/packages.txt
mkdir -p "$lab"
write_hosts >"$lab/hosts"
is_up head || start_head
for ((i = 1; i <= nodes; ++i)); do
    is_up "node$i" || start_node "$i"
done
