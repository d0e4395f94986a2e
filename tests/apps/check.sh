# shellcheck shell=bash
# Shared by the tests of the executables. Arguments of the tests: the folder of the executables and
# a dataset. They run in an empty temporary folder.
set -euo pipefail
# shellcheck disable=SC2034 # for the tests
bin=$1 names=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
checks=0
# Debian's, which has NumPy and pandas, before any other.
# shellcheck disable=SC2034 # for the tests
python=$(command -v /usr/bin/python3 || command -v python3)

# Says what went wrong and ends the test.
broken() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect_exit CODE COMMAND...: runs the command; its output is in ./out and ./err.
expect_exit() {
    local code=$1 status=0
    shift
    "$@" >out 2>err </dev/null || status=$?
    if [[ $status != "$code" ]]; then
        cat out err >&2
        broken "exit code $status instead of $code: $*"
    fi
    checks=$((checks + 1))
}

# expect_text FILE TEXT...: each text stands in the file.
expect_text() {
    local file=$1 text
    shift
    for text in "$@"; do
        if ! grep -qF -- "$text" "$file"; then
            cat "$file" >&2
            broken "'$text' is not in $file"
        fi
    done
}

# refused TEXT... -- COMMAND...: exit code 2, one message with all the texts, nothing on stdout.
refused() {
    local -a texts=()
    while [[ $1 != -- ]]; do
        texts+=("$1")
        shift
    done
    shift
    expect_exit 2 "$@"
    expect_text err "${texts[@]}"
    [[ ! -s out ]] || broken "output on stdout: $*"
}
