#!/usr/bin/env bash
# Runs all four programs (steady state, islands, resume, three ranks, reports) with checks for memory
# errors, and the unit tests in the builds that need one of their own:
#   asan      AddressSanitizer and UndefinedBehaviorSanitizer
#   debug     no optimisation, with the standard library's checks
#   odr       whole-program optimisation, in which two definitions of one name are an error
#   valgrind  the release build
# usage: scripts/sanitize.sh [asan|debug|odr|valgrind]...   (default: all; some 25 minutes)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names=$work/names.txt
head -n 300 data/names.txt >"$names"
echo '{"steps_min": 5, "steps_max": 20, "steps_draw": [5, 10, 20], "steps_moves": [5],
      "batch": [1, 4]}' >"$work/space.json"

# clean COMMAND...: must exit with code 0 and print no report of a checker.
clean() {
    local status=0
    "$@" >"$work/out" 2>&1 </dev/null || status=$?
    if ((status != 0)) || grep -qE 'ERROR: |runtime error: |Assertion|^==[0-9]+== [^ ]' "$work/out"; then
        grep -E '^==|ERROR: |runtime error: |Assertion' "$work/out" | head -60 >&2 || true
        tail -20 "$work/out" >&2
        echo "sanitize: exit code $status: $*" >&2
        exit 1
    fi
}

hash_of() { cat "$1/genome.json" "$1/organisms.csv" | sha256sum; }

# same FOLDER FOLDER
same() {
    [[ $(hash_of "$1") == $(hash_of "$2") ]] || { echo "sanitize: $2: other bytes than $1" >&2 && exit 1; }
}

# programs NAME BIN [PREFIX...]: all programs of a build, each started by the prefix.
programs() {
    local name=$1 bin=$2 folder=$work/$1
    shift 2
    local -a search=(--input "$names" --space "$work/space.json" --population 8 --generations 4
        --finalists 2 --replicates 2 --genome-out "$work/genome.json")
    local mode setting
    for mode in generational steady-state; do
        for setting in evolve "evolve_loss --strategy classic" "evolve_loss --islands 2 --migration-interval 1"; do
            local -a options=(--mode "$mode" "${search[@]}")
            local run="$folder/$mode-${setting// /}"
            # shellcheck disable=SC2206  # the setting is several words
            local -a program=($bin/$setting)
            [[ $setting != evolve ]] || options+=(--elite 6 --samples 5)
            clean "$@" "${program[@]}" "${options[@]}" --folder "$run"
            clean mpirun -n 3 "$@" "${program[@]}" "${options[@]}" --folder "$run-3"
            same "$run" "$run-3"
            mkdir "$run-cut"
            head -n 12 "$run/journal" >"$run-cut/journal"
            clean "$@" "${program[0]}" --resume "$run-cut"
            same "$run" "$run-cut"
        done
    done
    clean "$@" "$bin/creature" --genome "$work/genome.json" --input "$names" --samples 3 \
        --save "$folder/w" --save-init "$folder/i" --trace "$folder/t"
    clean "$@" "$bin/creature" --load "$folder/w" --input "$names" --json --samples 3
    local format
    for format in html csv json markdown text; do
        clean "$@" "$bin/evolve_report" "$run" --format "$format" -o "$folder/report"
    done
    clean "$@" "$bin/evolve_report" --compare "$run" "$run-3"
    echo "sanitize: $name: the programs are clean"
}

# tests NAME: the unit tests of a build, and those of MPI with three ranks. Tests of memory limits are
# left out: they do not work under a sanitizer.
tests() {
    clean ctest --preset "$1" -L unit -E takes_too_much_memory -j "$(nproc)" --output-on-failure
    clean ctest --preset "$1" -R '^cluster\.np3$' --output-on-failure
    echo "sanitize: $1: the unit tests are clean"
}

# checked_build PRESET OPTIONS...: with warnings allowed; sanitizers cause false warnings in gcc.
checked_build() {
    local preset=$1
    shift
    if ! cmake --preset "$preset" -DMICROGPT_BUILD_BENCH=OFF "$@" >"$work/build.log" ||
        ! cmake --build --preset "$preset" >>"$work/build.log"; then
        tail -50 "$work/build.log" >&2
        exit 1
    fi
}

check_asan() {
    export ASAN_OPTIONS=detect_leaks=0 # Open MPI's
    checked_build asan
    tests asan
    programs asan build-asan/bin
}

check_debug() {
    checked_build debug
    tests debug
    programs debug build-debug/bin
}

check_odr() {
    checked_build odr
    programs odr build-odr/bin
}

# Highway's library runs rdtscp when it is loaded, which valgrind refuses on machines that hide that
# instruction. Our programs call only one function of that library, so a stub replaces it.
without_rdtscp() {
    mkdir -p "$work/lib"
    echo 'HWY_0 { global: *; };' >"$work/lib/versions"
    g++ -x c++ -std=c++20 -shared -fPIC -Wl,-soname,libhwy.so.1 \
        -Wl,--version-script="$work/lib/versions" -o "$work/lib/libhwy.so.1" - <<'CODE'
#include <hwy/highway.h>
namespace hwy {
HWY_DLLEXPORT int64_t SupportedTargets() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? HWY_AVX2 : HWY_SCALAR;
}
}
CODE
    export LD_LIBRARY_PATH=$work/lib
}

check_valgrind() {
    build_targets creature evolve_loss evolve evolve_report
    local -a valgrind=(valgrind --quiet --error-exitcode=99 --trace-children=yes
        --trace-children-skip='*/hostname,*/orted,*/sh' --num-callers=30
        --suppressions=/usr/share/openmpi/openmpi-valgrind.supp --suppressions=scripts/valgrind.supp)
    "${valgrind[@]}" build/bin/creature --version >"$work/out" 2>&1 || without_rdtscp
    programs valgrind build/bin "${valgrind[@]}"
}

install_packages
install_packages tests/packages.txt
mpi_environment
(($#)) || set -- asan debug odr valgrind
for check in "$@"; do
    begin=$SECONDS
    "check_$check"
    echo "sanitize: $check: clean, $((SECONDS - begin)) s"
done
