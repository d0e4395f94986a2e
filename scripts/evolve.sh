#!/usr/bin/env bash
# Evolves a genome: installs what is missing, builds, and runs evolve_loss on
# RANKS MPI ranks (default 9). All arguments go to evolve_loss; paths among
# them are relative to the top of the repository, where genome.json is written.
#
# Supervises the run: if a rank or mpirun dies, it is restarted from the journal,
# at most RESTARTS times (default 10; or --restarts N).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=scripts/supervise.sh
source scripts/supervise.sh

arguments=() input=(--input data/names.txt)
while (($#)); do
    case $1 in
    --restarts) RESTARTS=${2:?--restarts needs a number} && shift 2 ;;
    --restarts=*) RESTARTS=${1#*=} && shift ;;
    *)
        # A run that goes on knows its dataset.
        [[ $1 != --resume && $1 != --resume=* ]] || input=()
        arguments+=("$1") && shift
        ;;
    esac
done

install_packages
build_targets creature evolve_loss evolve
mpi_environment
supervise "${RESTARTS:-10}" mpirun -n "${RANKS:-9}" build/bin/evolve_loss \
    ${input[@]+"${input[@]}"} ${arguments[@]+"${arguments[@]}"}
