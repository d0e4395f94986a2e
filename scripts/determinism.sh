#!/usr/bin/env bash
# Checks that results do not depend on the number of ranks or the schedule, for all modes, strategies
# and numbers of islands. Prints one line for each setting with the SHA-256 that all its runs agree on. Takes five minutes.
# Arguments are options of evolve_loss for all runs, for example --seed 3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

install_packages
build_targets evolve_loss
mpi_environment
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '{"steps_min": 20, "steps_max": 400, "steps_draw": [20, 80, 400], "steps_moves": [20], "batch": [1, 8]}' >"$work/space.json"

# hash_of RANKS OPTIONS...: one run; the hash of its genome and of its history.
hash_of() {
    local ranks=$1
    shift
    rm -rf "$work/run"
    mpirun -n "$ranks" build/bin/evolve_loss --input data/names.txt --space "$work/space.json" \
        --population 8 --generations 5 --genome-out "$work/genome.json" --experiments "$work/run" \
        "$@" >"$work/log"
    cat "$work/genome.json" "$work"/run/latest/organisms.csv | sha256sum | cut -d ' ' -f 1
}

for strategy in guided classic random; do
    for islands in 1 3; do
        for mode in generational steady-state; do
            expected=
            for schedule in dynamic scatter; do
                for ranks in 1 2 3 5 9 17; do
                    found=$(hash_of "$ranks" --strategy "$strategy" --mode "$mode" \
                        --schedule "$schedule" --islands "$islands" --migration-interval 2 \
                        --finalists 2 --replicates 2 "$@")
                    expected=${expected:-$found}
                    if [[ $found != "$expected" ]]; then
                        echo "determinism: $strategy, $islands islands, $mode, $schedule, $ranks" \
                            "ranks: $found" >&2
                        exit 1
                    fi
                done
            done
            echo "$strategy, islands $islands, $mode: $expected on 1, 2, 3, 5, 9 and 17 ranks," \
                "both schedules"
        done
    done
done
