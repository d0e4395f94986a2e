#!/usr/bin/env bash
# How long a page with 10,000 organisms takes to make and to open, and how large
# it is: runs a search with trainings of a few steps, then opens its report five
# times in headless Chromium. Takes a minute or two.
#
#   report_bench.sh [GENERATIONS of 100, default 100]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

install_packages
install_packages tests/packages.txt
build_targets evolve_loss evolve_report
mpi_environment
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

head -300 data/names.txt >"$work/names.txt"
echo '{"n_emb": [8, 12, 16], "n_layer": [1], "steps_min": 1, "steps_max": 9,
    "steps_draw": [1, 3, 9], "steps_moves": [1]}' >"$work/space.json"
mpirun -n 9 build/bin/evolve_loss --quiet --input "$work/names.txt" --space "$work/space.json" \
    --strategy classic --population 100 --generations "${1:-100}" --elite 2 --immigrants 20 \
    --inject throw:0.02 --folder "$work/run" --genome-out "$work/genome.json"
echo "$(($(wc -l <"$work/run/organisms.csv") - 1)) organisms, $(($(wc -l <"$work/run/timings.csv") - 1)) trainings"
time build/bin/evolve_report "$work/run"
for _ in 1 2 3 4 5; do
    /usr/bin/python3 tests/report/report_page.py "$work/run/report.html" --timing 3 | tail -2 || true
done
