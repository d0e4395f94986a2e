#!/usr/bin/env bash
# Looks for mistakes that compile: shellcheck over all scripts and doxygen over the headers
# (seconds), and clang-tidy over the sources (some ten minutes) with the checks of .clang-tidy.
#
#   lint.sh [shell | api | cpp [PATTERN]]
#
#   shell          only the scripts, as scripts/test.sh does
#   api            only what doxygen makes of headers and documents, into build/api/html/
#   cpp [PATTERN]  only the sources, or those whose path matches
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

lint_shell() {
    local -a scripts
    mapfile -t scripts < <(find scripts tests .ci \( -name '*.sh' -o -name '*.sbatch' -o -path .ci/run \))
    shellcheck "${scripts[@]}"
    echo "lint: ${#scripts[@]} scripts are clean"
}

lint_api() {
    mkdir -p build
    doxygen docs/Doxyfile
    echo "lint: the reference is complete: build/api/html/index.html"
}

# Without precompiled headers, which are g++'s. What the compiler warns of is the build's business.
lint_cpp() {
    cmake --preset tidy >/dev/null
    if ! run-clang-tidy -quiet -p build-tidy -j "$(nproc)" "$PWD/src/.*${1:-}" >build-tidy/lint.log 2>/dev/null; then
        grep -E -A3 '(warning|error): ' build-tidy/lint.log >&2
        exit 1
    fi
    echo "lint: the sources are clean"
}

install_packages
install_packages tests/packages.txt
case ${1:-all} in
shell) lint_shell ;;
api) lint_api ;;
cpp) lint_cpp "${2:-}" ;;
all) lint_shell && lint_api && lint_cpp ;;
*) echo "usage: lint.sh [shell | api | cpp [PATTERN]]" >&2 && exit 2 ;;
esac
