#!/usr/bin/env bash
# Where output goes, and what comes of it where it cannot go there: devices, pipes, descriptors,
# links, files that are read too, and standard streams that are full or closed.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

creature() { "$bin/creature" --input "$names" --primordial -e 8 -h 2 -c 8 -f 2 -s 30 "$@"; }
search=(--input "$names" --space space.json --population 3 --generations 1 --finalists 0 --elite 1)
echo '{"steps_min": 20, "steps_max": 60, "steps_draw": [20, 40], "steps_moves": [20]}' >space.json
"$bin/evolve_loss" "${search[@]}" --folder run --genome-out genome.json >/dev/null
report=$bin/evolve_report

# exits CODE COMMAND...: runs a command of the shell, with redirections of its own.
exits() {
    local code=$1 status=0
    shift
    (eval "$*") 2>err || status=$?
    [[ $status == "$code" ]] || { cat err >&2; broken "exit code $status instead of $code: $*"; }
    checks=$((checks + 1))
}

# ---- A descriptor is written to, and what it leads to is not replaced ----
creature --trace trace.csv >text
grep -v "^trained in" text >expected
lines=$(($(wc -l <expected) + 31))
echo precious >file
exits 0 'creature --trace /dev/stdout >>file'
[[ $(head -n 1 file) == precious && $(grep -vc "^trained in" file) == $((lines + 1)) ]] ||
    broken "$(cat file)"
grep -v "^trained in" file | sed '1d' | head -n -32 | cmp - <(head -n -1 expected) ||
    broken "the trace does not come after what was printed before"
[[ $(tail -n 1 file) == "$(tail -n 1 expected)" ]] || broken "the closing line is not the last"
for place in /dev/fd/7 /proc/self/fd/7; do
    exits 0 "{ echo before; creature --trace $place --silent >silent; echo after >&7; } 7>file >&7"
    [[ $(head -n 1 file) == before && $(tail -n 1 file) == after ]] || broken "$(cat file)"
    sed '1d;$d' file | cmp - trace.csv || broken "$place: not the trace"
done
echo precious >file
exits 0 '"$report" run --format json -o /dev/stdout >>file'
[[ $(head -n 1 file) == precious ]] || broken "the report has replaced what was there"
sed 1d file | cmp - <("$report" run --format json) || broken "not the report alone"
echo precious >file
exits 0 '"$bin/evolve_loss" "${search[@]}" --quiet --genome-out /dev/stdout >>file'
[[ $(head -n 1 file) == precious ]] || broken "the genome has replaced what was there"
sed 1d file | cmp - genome.json || broken "not the genome"
refused "/dev/fd/9: cannot be written" -- creature --trace /dev/fd/9

# ---- Pipes ----
creature --save w >/dev/null
creature --save >(sha256sum >sum) >/dev/null
while [[ ! -s sum ]]; do sleep 0.05; done
[[ $(<sum) == "$(sha256sum <w)" ]] || broken "a pipe has other bytes than a file"
mkfifo pipe
sha256sum <pipe >sum &
creature --save pipe >/dev/null
wait $!
[[ $(<sum) == "$(sha256sum <w)" && -p pipe ]] || broken "not what went into the pipe"
# Whoever has seen enough ends nothing but himself.
exits 141 'creature --samples 20000 --save w2 | head -n 1 >line'
exits 141 'creature --samples 20000 --save w3 --trace /dev/stdout | head -n 1 >line'
exits 141 'creature --save w4 --trace >(exit) >/dev/null'
[[ ! -s err ]] || broken "a message that nobody needs: $(cat err)"
for file in w2 w3 w4; do
    for _ in {1..100}; do [[ -e $file ]] || sleep 0.05; done
    cmp "$file" w || broken "not the weights, because somebody has left"
done

# ---- Links stay ----
ln -s target link
exits 0 '"$bin/evolve_loss" "${search[@]}" --genome-out link >/dev/null'
[[ -L link ]] || broken "a link was replaced"
cmp target genome.json || broken "what the link leads to was not made"

# ---- All that is written in one go, or nothing ----
echo precious >kept && cp kept out.st
refused "/dev/full: cannot be written: No space left" -- creature --save out.st --silent --trace /dev/full
cmp out.st kept || broken "one of the outputs was overwritten"
[[ -z $(compgen -G "out.st.*") ]] || broken "a temporary file was left behind"

# ---- Standard output that cannot be written ----
for program in creature evolve_loss evolve evolve_report; do
    for flag in --help --version --man --completion; do
        exits 2 "$bin/$program $flag >/dev/full"
        expect_text err "$program: standard output: cannot be written: No space left on device"
        exits 2 "$bin/$program $flag >&-"
        expect_text err "$program: standard output: cannot be written: Bad file descriptor"
    done
done
for output in ">/dev/full" ">&-"; do
    rm -f w2
    exits 2 "creature --json --save w2 $output"
    expect_text err "standard output: cannot be written"
    cmp w2 w || broken "the weights were lost too"
    exits 2 "creature $output"
    exits 2 "\"$report\" run --format json $output"
done
# A search goes on without its screen.
exits 0 '"$bin/evolve_loss" "${search[@]}" --folder full --genome-out full.json >/dev/full'
expect_text err "standard output could not be written: No space left"
exits 0 '"$bin/evolve_loss" "${search[@]}" --folder closed --genome-out closed.json >&-'
[[ ! -s err ]] || broken "a message about a closed screen: $(cat err)"
for file in full closed; do cmp "$file.json" genome.json || broken "$file: another genome"; done

# ---- Standard error that cannot be written ----
for error in "2>&-" "2>/dev/full"; do
    exits 2 "creature --lr 99 $error"
    exits 2 "\"$report\" nowhere $error"
    exits 2 "$bin/evolve_loss --population 0 $error"
    exits 2 "$bin/evolve --population 0 $error"
done
exits 0 'creature --save w2 --silent <&- 2>&- >out'
cmp w2 w || broken "other weights"
[[ $(wc -l <out) == 1 ]] || broken "something else was written to a standard stream: $(cat out)"

# ---- Outputs that would overwrite an input ----
cp "$names" data.txt && ln -s data.txt data.link && ln data.txt data.hard
cp genome.json dna.json
sha256sum data.txt dna.json w space.json >sums
for file in data.txt ./data.txt data.link data.hard; do
    for flag in --save --save-init --trace; do
        refused "$flag" "must not overwrite --input" -- creature --input data.txt "$flag" "$file"
    done
    refused "--genome-out" "must not overwrite --input" -- \
        "$bin/evolve_loss" "${search[@]}" --input data.txt --genome-out "$file"
done
refused "must not overwrite --genome" -- "$bin/creature" --genome dna.json --save dna.json
refused "must not overwrite --genome" -- "$bin/creature" --trace genome.json
refused "must not overwrite --init" -- creature --init w --save w
refused "must not overwrite --load" -- "$bin/creature" --load w --save w
refused "must not overwrite --space" -- "$bin/evolve_loss" "${search[@]}" --genome-out space.json
refused "the same file" -- "$bin/evolve_loss" "${search[@]}" --genome-out c --cache c
refused "must not overwrite a file of the run" -- \
    "$bin/evolve_loss" "${search[@]}" --folder new --genome-out new/../new/journal
[[ ! -e new ]] || broken "a refused run left a folder behind"
refused "must not overwrite a file of the run" -- \
    "$bin/evolve_loss" --resume run --cache run/organisms.csv
cp -r run copy
for file in journal settings.json organisms.csv genome.json stopped; do
    refused "$file" "must not overwrite a file of the run" -- "$report" run --format json -o "run/$file"
done
refused "must not overwrite a file of the run" -- "$report" --compare run copy -o copy/names.csv
diff -r run copy || broken "a file of a run was changed"
sha256sum --check --quiet sums || broken "an input was overwritten"

echo "outputs: $checks checks passed"
