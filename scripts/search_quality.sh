#!/usr/bin/env bash
# Compares the search strategies at equal floating-point operations and prints the tables of
# docs/search-quality.md. Arguments: an empty folder for the results, then options of
# search_quality, for example --seeds 10. Thirty seeds take about a quarter of an hour on two cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

out=${1:?usage: scripts/search_quality.sh FOLDER [OPTIONS]}
shift
install_packages
build_targets search_quality
build/bin/search_quality "${NAMES:-data/names.txt}" "$out" "$@"
if command -v gnuplot >/dev/null; then
    gnuplot -e "results='$out/anytime.csv'; picture='$out/anytime.svg'" bench/anytime.gp
    echo "plot: $out/anytime.svg"
fi
