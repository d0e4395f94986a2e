#!/usr/bin/env bash
# Evolves a genome: installs what is missing, builds, and runs evolve_loss on
# RANKS MPI ranks (default 9). All arguments go to evolve_loss; paths among
# them are relative to the top of the repository, where genome.json is written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

install_packages
build_targets creature evolve_loss evolve
mpi_environment
mpirun -n "${RANKS:-9}" build/bin/evolve_loss --input data/names.txt "$@"
