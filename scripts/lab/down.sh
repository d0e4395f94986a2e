#!/usr/bin/env bash
# Ends the lab, with everything that runs on its hosts, and leaves nothing:
#   scripts/lab/down.sh
# With names of nodes, only these are switched off, as if their power were cut
# (up.sh or slurm_up.sh switches them on again):
#   scripts/lab/down.sh node2
# To cut a link only: scripts/lab/exec.sh node2 ip link set eth0 down
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lab/lab.sh
source scripts/lab/lab.sh

# The link goes down first: a host without power closes no connection.
switch_off() {
    local node=$1
    is_up "$node" || fail "$node is not a node of the lab, or is off"
    on_host head ip link del "port${node#node}"
    on_host head bash -c "kill -KILL $(<"$lab/$node.pid")"
    rm "$lab/$node.pid"
}

# All processes of all hosts end with the first one of the head, and all
# networks and mounts with them.
switch_off_all() {
    if is_up head; then
        local head
        head=$(<"$lab/head.pid")
        kill -KILL "$head"
        wait_until 10 test ! -e "/proc/$head" || fail "the head does not end"
    fi
    rm -rf --one-file-system "$lab"
}

require_root
for node in "$@"; do
    [[ $node == node* ]] || fail "$node is not a node"
    switch_off "$node"
done
(($#)) || switch_off_all
