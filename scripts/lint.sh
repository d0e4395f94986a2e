#!/usr/bin/env bash
# Looks for mistakes that compile: shellcheck over all scripts (seconds), and
# clang-tidy over the sources (some ten minutes) with the checks of .clang-tidy.
#
#   lint.sh [shell | cpp [PATTERN]]
#
#   shell          only the scripts, as scripts/test.sh does
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
cpp) lint_cpp "${2:-}" ;;
all) lint_shell && lint_cpp ;;
*) echo "usage: lint.sh [shell | cpp [PATTERN]]" >&2 && exit 2 ;;
esac
