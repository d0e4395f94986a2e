#!/usr/bin/env bash
# Measures the engine against its yardstick and prints the table of docs/performance.md. All
# arguments go to Google Benchmark, for example --benchmark_filter='/S/'. Takes about six minutes;
# nothing else should run on the machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

install_packages
build_targets microgpt_bench
lscpu | sed -n 's/^Model name: */processor: /p'
taskset -c 0 build/bin/microgpt_bench "${NAMES:-data/names.txt}" \
    --benchmark_min_time=0.05 --benchmark_repetitions=9 \
    --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=false "$@"
