#!/usr/bin/env bash
# Looks for files that break a reader of files: builds the targets in fuzz/ with
# clang and runs one after another for SECONDS each (default 600).
#
#   fuzz.sh [SECONDS [READER...]]
#
# The corpus found in earlier runs is in build-fuzz/corpus/READER and is the
# starting point of a run. Fuzzing of a reader ends at the first file that breaks
# it, which is then in build-fuzz/found/READER: add it to fuzz/corpus/READER with
# the fix, so that the tests replay it. Fails if there is any.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

usage() {
    echo "usage: fuzz.sh [SECONDS [READER...]]" >&2
    exit 2
}

# Runs one reader; everything that libFuzzer says goes to its log. A hang is an
# input that takes longer than the timeout; a memory limit counts as a crash.
fuzz() {
    local reader=$1
    mkdir -p "build-fuzz/corpus/$reader"
    rm -rf "build-fuzz/found/$reader"
    mkdir -p "build-fuzz/found/$reader"
    "build-fuzz/bin/${reader}_fuzzer" -max_total_time="$seconds" -max_len=16384 \
        -rss_limit_mb=2048 -malloc_limit_mb=256 -timeout=10 -use_value_profile=1 \
        -print_final_stats=1 -artifact_prefix="build-fuzz/found/$reader/" \
        "build-fuzz/corpus/$reader" "fuzz/corpus/$reader" >"build-fuzz/$reader.log" 2>&1
}

# Prints the number of files with this prefix that broke a reader.
found() {
    local reader=$1
    shift
    find "build-fuzz/found/$reader" -type f \( -false "$@" \) | wc -l
}

report() {
    local reader=$1 executions
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "build-fuzz/$reader.log")
    printf '%-17s %11s executions  %s crashes  %s hangs\n' "$reader" "${executions:-?}" \
        "$(found "$reader" -o -name 'crash-*' -o -name 'leak-*' -o -name 'oom-*')" \
        "$(found "$reader" -o -name 'timeout-*')"
}

seconds=${1:-600}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || usage
readers=("${@:2}")
((${#readers[@]})) || mapfile -t readers < <(ls fuzz/corpus)

install_packages
install_packages fuzz/packages.txt
cmake --preset fuzz
cmake --build --preset fuzz
broken=0
for reader in "${readers[@]}"; do
    if fuzz "$reader"; then
        report "$reader"
    else
        broken=1
        report "$reader"
        tail -n 40 "build-fuzz/$reader.log"
    fi
done
exit "$broken"
