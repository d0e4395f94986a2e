#!/usr/bin/env bash
# Runs a command on a host of the lab, as root and in the current folder:
#   scripts/lab/exec.sh head sinfo
#   scripts/lab/exec.sh head mpirun --host node1:2,node2:2 build/bin/evolve_loss
# Each host has a /tmp of its own, so programs, data and results belong elsewhere.
# Needs root.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
source "$here/../setup.sh"
# shellcheck source=scripts/lab/lab.sh
source "$here/lab.sh"

require_root
(($# > 1)) || fail "usage: exec.sh HOST COMMAND..."
mpi_environment
# How mpirun on the head reaches the nodes, and that it does so itself.
export OMPI_MCA_plm_rsh_agent=$here/rsh.sh OMPI_MCA_plm_rsh_no_tree_spawn=1
on_host "$@"
