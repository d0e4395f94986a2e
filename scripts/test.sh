#!/usr/bin/env bash
# Checks the project: builds everything with warnings as errors, checks the
# formatting and the scripts, and runs the tests. All arguments go to ctest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

# Prints the C++ files of the project. Outside a git work tree (an unpacked
# archive, a repository of another owner) git lists none: then look for them.
cpp_files() {
    local files
    files=$(git ls-files -- '*.cpp' '*.hpp' 2>/dev/null) || files=
    if [[ -z $files ]]; then
        files=$(find include src tests bench fuzz -name '*.cpp' -o -name '*.hpp')
    fi
    echo "$files"
}

check_format() {
    local -a files
    mapfile -t files < <(cpp_files)
    clang-format --dry-run --Werror "${files[@]}"
    echo "format: ${#files[@]} files are formatted"
}

install_packages
install_packages tests/packages.txt
build -DMICROGPT_WERROR=ON
check_format
scripts/lint.sh shell
scripts/lint.sh api
mpi_environment
ctest --preset release --output-on-failure -j "$(nproc)" "$@"
