#!/usr/bin/env bash
# Stands in for ssh on the head of the lab: mpirun there starts its daemons on
# the nodes with it (exec.sh says so to mpirun).
#   scripts/lab/rsh.sh NODE COMMAND...
set -euo pipefail
# shellcheck source=scripts/lab/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

node=$1
shift
[[ -s $lab/$node.pid ]] || fail "$node is not a host of the lab, or is off"
cd / # where the command begins; like ssh, it gets one string for a shell
enter "$(<"$lab/$node.pid")" /bin/sh -c "$*"
