#!/usr/bin/env bash
# What is installed works where it is: the programs find their dataset, manual pages and completion
# say what --help says, another project builds with the libraries.
# Arguments: folder of the executables, dataset, build folder, sources.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"
build=$3 source=$4

expect_exit 0 cmake --install "$build" --prefix "$work/usr"
programs=(creature evolve_loss evolve evolve_report)

# Far from the sources, there is a dataset.
mkdir home && cd home
expect_exit 0 "$work/usr/bin/creature" --steps 20
expect_text out "$work/usr/share/microgpt/names.txt: 6,723 training"
expect_exit 0 mpirun -n 2 "$work/usr/bin/evolve_loss" --population 2 --generations 1 --elite 1 \
    --immigrants 0 --finalists 0
expect_exit 0 "$work/usr/bin/evolve_report" --help
cd ..

# Every option of --help is in the manual page and in the completion.
for program in "${programs[@]}"; do
    gunzip -c "$work/usr/share/man/man1/$program.1.gz" >page
    expect_text page ".SH OPTIONS" ".SH SEE ALSO" "$program \\-"
    if command -v man >/dev/null; then
        expect_exit 0 man --warnings -l page
        [[ ! -s err ]] || broken "$(cat err)"
    fi
    options=$("$bin/$program" --help | grep -oE '^ +(-[a-z],)*--[a-z-]+' | grep -oE -- '--[a-z-]+')
    [[ -n $options ]] || broken "$program --help has no options"
    for option in $options; do
        expect_text page "\\-\\-$(sed 's/^--//; s/-/\\-/g' <<<"$option")"
        expect_text "$work/usr/share/bash-completion/completions/$program" "$option"
    done
done

# completes WORD... -> the words that bash would offer in place of the last one.
completes() {
    bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "_$1"
        echo "${COMPREPLY[*]}"' _ "$work/usr/share/bash-completion/completions/$1" "$@"
}
[[ $(completes evolve_loss --strat) == --strategy ]] || broken "no completion of an option"
[[ $(completes evolve_loss --strategy g) == guided ]] || broken "no completion of a value"
[[ $(completes evolve_loss --mode = st) == steady-state ]] || broken "no completion after ="
[[ $(completes evolve_report --format "") == "html csv json markdown text" ]] || broken "no values"
[[ $(completes creature --input d) == "" ]] || broken "files are bash's business"

# An environment module leads to what was installed.
if [[ -e /usr/share/modules/init/bash ]]; then
    mkdir -p modules/microgpt && cp "$source/scripts/hpc/modulefile" modules/microgpt/0.4.0
    expect_exit 0 bash -c '. /usr/share/modules/init/bash
        module use "$1/modules" && MICROGPT_PREFIX=$1/usr module load microgpt/0.4.0 &&
        command -v creature' _ "$work"
    expect_text out "$work/usr/bin/creature"
fi

# A project that asks for the libraries finds them, from where they were installed.
library=$work/usr/share/doc/microgpt/examples/library
expect_exit 0 cmake -S "$library" -B mine -DCMAKE_PREFIX_PATH="$work/usr" -DCMAKE_BUILD_TYPE=Release
expect_exit 0 cmake --build mine
expect_exit 0 mine/logistic
expect_text out "the line: y = 0.48 x + 0.20"
expect_exit 0 mine/names "$names"
expect_text out "step 1000: loss" "on names that it has not seen: 2."
expect_exit 0 mine/minimum
expect_text out "80 evaluations: -0." "method fast"
for ranks in 1 3; do
    expect_exit 0 mpirun -n "$ranks" mine/evolved "$names"
    expect_text out "Champion: organism #" "Which genes matter"
    mv out "evolved.$ranks"
done
cmp evolved.1 evolved.3 || broken "another result on three ranks"

# Where there is no MPI, the layers that need none can be used.
expect_exit 0 cmake -S "$library" -B alone -DCMAKE_PREFIX_PATH="$work/usr" \
    -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON \
    -DCMAKE_DISABLE_FIND_PACKAGE_spdlog=ON
expect_exit 0 cmake --build alone --target logistic
expect_exit 0 alone/logistic
[[ ! -e alone/evolved ]] || broken "a program with MPI, without MPI"

echo "install: $checks checks passed"
