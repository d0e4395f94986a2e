#!/usr/bin/env bash
# What a run keeps and goes on from, its journal, its folder and a shared cache: on bad disks, from
# other folders, in bad hands, and together with other runs.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"
evolve_loss=$bin/evolve_loss bad_disk=$3/tests/libbad_disk.so
cp "$names" names.txt

echo '{"steps_min": 1, "steps_max": 60, "steps_draw": [1, 20, 60], "steps_moves": [1]}' >short.json
search=("$evolve_loss" --input names.txt --space short.json --population 4 --generations 3
    --replicates 2)

# same A B: two folders with the same result.
same() {
    local file
    for file in genome.json organisms.csv generations.csv names.csv replicates.csv pareto.csv; do
        cmp "$1/$file" "$2/$file" || broken "$1/$file is not that of $2"
    done
    checks=$((checks + 1))
}

# on_bad_disk SETTING... -- COMMAND...: with calls that fail, see bad_disk.cpp.
on_bad_disk() {
    local -a settings=()
    while [[ $1 != -- ]]; do
        settings+=("$1")
        shift
    done
    shift
    env "${settings[@]}" LD_PRELOAD="$bad_disk" ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0" "$@"
}

# stopped FOLDER OPTIONS...: a run that has just begun.
stopped() {
    local folder=$1
    shift
    expect_exit 75 "${search[@]}" --folder "$folder" --time-limit 0.0001s "$@"
}

expect_exit 0 "${search[@]}" --folder whole

# ---- For longer ----
# The classic strategy does not know how long a run will be: extended, it is what it would have been.
classic=("${search[@]}" --strategy classic)
expect_exit 0 "${classic[@]}" --generations 5 --folder classic-5
for generations in 3 5; do
    expect_exit 0 "${classic[@]}" --generations 3 --folder "classic-$generations-later"
done
expect_exit 0 "$evolve_loss" --resume classic-3-later --generations 4
expect_exit 0 "$evolve_loss" --resume classic-3-later --generations 5
same classic-3-later classic-5
expect_exit 0 "$evolve_loss" --resume classic-5-later --generations=5
same classic-5-later classic-5
# Killed while it is extended, it goes on with the extension, which it need not be told again.
expect_exit 0 "${search[@]}" --folder extended
cp -r extended killed
expect_exit 0 "$evolve_loss" --resume extended --generations 6
expect_exit 75 "$evolve_loss" --resume killed --generations 6 --time-limit 0.0001s
expect_exit 0 "$evolve_loss" --resume killed
same killed extended
[[ $(wc -l <extended/generations.csv) == 7 ]] || broken "not six generations"
head -n 4 extended/generations.csv | cmp - <(cat whole/generations.csv) || broken "another beginning"
refused "--generations (5) must not be smaller than before (6)" -- \
    "$evolve_loss" --resume extended --generations 5
refused "--budget-flops (1000" "the run has no budget" -- \
    "$evolve_loss" --resume extended --budget-flops 1e10
same killed extended
# A journal of a version that did not say how organisms are born.
cp -r whole older
python3 - older/journal <<'END'
import hashlib, re, sys
last, lines = "", []
for line in open(sys.argv[1], encoding="utf-8", newline="\n"):
    line = re.sub(r',"origin":"[a-z]+","parents":\[[0-9,]*\]', "", line[17:].rstrip("\n"))
    last = hashlib.sha256((last + line).encode()).hexdigest()[:16]
    lines.append(f"{last} {line}\n")
open(sys.argv[1], "w", encoding="utf-8").writelines(lines)
END
! grep -q origin older/journal || broken "the journal still says how organisms are born"
expect_exit 0 "$evolve_loss" --resume older
same older whole

# ---- From another folder ----
mkdir started elsewhere
cp short.json started/
for input in names.txt $'n\xff%41.txt'; do # the second one is no text
    cp "$names" "started/$input"
    expect_exit 75 env -C started "${search[@]}" --input "$input" --cache cache --folder run \
        --time-limit 0.0001s
    expect_exit 0 env -C elsewhere "$evolve_loss" --resume ../started/run
    grep -q '"dataset_name": "n' started/genome.json || broken "the dataset has no name"
    sed -i 's/"dataset_name": .*/"dataset_name": "names.txt",/' started/run/genome.json started/genome.json
    same started/run whole
    cmp started/genome.json whole/genome.json || broken "the genome is not where the run began"
    [[ -s started/cache ]] || broken "the cache is not where the run began"
    [[ -z $(ls elsewhere) ]] || broken "files are where the run went on"
    rm -r started/run started/genome.json started/cache
done
stopped moved
mv names.txt moved elsewhere/
refused "$work/names.txt: the dataset of this run is no longer there" "--input says" -- \
    env -C elsewhere "$evolve_loss" --resume moved
expect_exit 0 env -C elsewhere "$evolve_loss" --resume moved --input names.txt --genome-out here.json
cmp elsewhere/here.json whole/genome.json || broken "an option was not taken from where it was given"
same elsewhere/moved whole
mv elsewhere/names.txt .

# ---- Islands ----
# All begin with the same organism, which one coordinator trains once. Who trains is of no account.
for ranks in 1 2 9; do
    expect_exit 0 mpirun -n "$ranks" "${search[@]}" --islands 4 --folder "islands-$ranks"
    same "islands-$ranks" islands-1
    ((ranks < 3)) || continue
    "$python" - "islands-$ranks" <<'END' || broken "a genome was trained twice on $ranks ranks"
import csv, sys
genomes = {row["id"]: tuple(row.values())[5:12]
           for row in csv.DictReader(open(sys.argv[1] + "/organisms.csv"))}
trained = [genomes[row["id"]] for row in csv.DictReader(open(sys.argv[1] + "/timings.csv"))
           if row["replicate"] == "0" and row["rank"] != "-1"]
assert len(trained) == len(set(genomes.values())), len(trained)
END
done
cp -r islands-1 islands
head -n 6 islands-1/journal >islands/journal
expect_exit 0 "$evolve_loss" --resume islands
same islands islands-1
cmp <(grep -o '[0-9]* skipped' islands/run.log | sort -u) \
    <(grep -o '[0-9]* skipped' islands-1/run.log) || broken "resumed, another count of trainings"

# ---- One cache, two runs ----
# Some of the names have 256 letters, and make lines of more than a kilobyte.
echo '{"n_emb": [8], "n_head": [1], "n_layer": [1], "n_ctx": [256], "n_ff_exp": [1], "steps_min": 1,
    "steps_max": 3, "steps_draw": [1, 2, 3], "steps_moves": [1]}' >wide.json
together() {
    "$evolve_loss" --input names.txt --space wide.json --strategy random --population 16 \
        --generations 12 --finalists 0 --temperature 0.001 --cache shared --folder "together-$1" \
        --seed "$1" --genome-out "$1.json"
}
together 1 >one.out 2>&1 &
expect_exit 0 together 2
wait $! || broken "one of two runs with one cache failed"
"$python" - shared together-1 together-2 <<'END' || broken "the cache is not what was trained"
import json, sys
keys = ("n_emb", "n_head", "n_layer", "n_ctx", "n_ff_exp", "lr", "steps")
lines = [json.loads(line) for line in open(sys.argv[1])]
journals = [[json.loads(line[17:]) for line in open(run + "/journal")][1:] for run in sys.argv[2:]]
assert len(lines) == sum(map(len, journals)), len(lines)
assert {tuple(l[k] for k in keys) for l in lines} == {tuple(l[k] for k in keys) for j in journals for l in j}
END
rm -r together-1
expect_exit 0 together 1
! grep -q warning out || broken "a sound cache gave a warning"
[[ $(wc -l <together-1/journal) == 1 ]] || broken "what is in the cache was trained again"

# ---- A cache that is not sound ----
expect_exit 0 "${search[@]}" --cache cache --folder cached
cp cache sound
line=$(head -1 sound)
{
    echo "${line/\"loss\":/\"loss\":-}"
    echo "${line:0:200}$line" # two that were written into each other
    echo "${line/\"replicate\":0/\"replicate\":1}"
    echo "${line/\"names\":[\"/\"names\":[\"\\udc00}"
    sed 1d sound
    printf '%s' "${line:0:50}"
} >cache
expect_exit 0 "${search[@]}" --cache cache --folder dropped --live always
expect_text out "cache: line 1: " "it and 3 more are left out" \
    "cache: the last line was cut short, 50 bytes"
same dropped whole
cp names.txt other_names.txt
refused "other_names.txt: is no cache of evaluations" -- "${search[@]}" --cache other_names.txt
printf mine >mine.txt
refused "mine.txt: is no cache of evaluations" -- "${search[@]}" --cache mine.txt
[[ $(<mine.txt) == mine ]] || broken "a file that is no cache was changed"
cmp names.txt "$names" || broken "a file that is no cache was changed"

# ---- What is no file ----
mkfifo pipe
ln -s /dev/zero zero
for special in pipe zero; do
    refused "$special: is no regular file" -- timeout 20 "${search[@]}" --cache "$special"
    for file in journal journal-2 run.log settings.json space.json organisms.csv timings.csv; do
        stopped bad --islands 2
        ln -sf "../$special" "bad/$file"
        refused "bad/$file: is no regular file" -- timeout 20 "$evolve_loss" --resume bad
        rm -r bad
    done
    mkdir bad
    ln -s "../$special" bad/run.log
    refused "bad/run.log: is no regular file" -- timeout 20 "${search[@]}" --folder bad
    rm -r bad
done
refused "pipe: is a pipe that nobody reads" -- timeout 20 "${search[@]}" --genome-out pipe
cat pipe >piped &
expect_exit 0 "${search[@]}" --genome-out pipe --folder to-pipe
wait $!
cmp piped whole/genome.json || broken "the pipe did not get the genome"

# ---- Bad disks ----
expect_exit 0 on_bad_disk "BAD_FLOCK=37 *" -- "${search[@]}" --folder unlocked --cache unlocked-cache
expect_text out "unlocked/journal: cannot be locked on this file system" \
    "unlocked-cache: cannot be locked on this file system"
same unlocked whole
expect_exit 0 on_bad_disk "BAD_WRITE=4 */interrupted/*" -- "${search[@]}" --folder interrupted
same interrupted whole
expect_exit 2 on_bad_disk "BAD_FDATASYNC=5 */journal" -- "${search[@]}" --folder unsynced
expect_text err "unsynced/journal: cannot be written: Input/output error"
expect_exit 2 on_bad_disk "BAD_WRITE=28 */journal" -- "${search[@]}" --folder no-room
expect_text err "no-room/journal: cannot be written: No space left on device"

# Log, tables and page are a comfort. If there is room again in the end, the tables are whole.
for file in run.log organisms.csv generations.csv names.csv timings.csv; do
    expect_exit 0 on_bad_disk "BAD_WRITE=28 */$file" -- "${search[@]}" --folder "full-$file"
    [[ $(grep -c "full-$file/$file: cannot be written: No space left on device" out) == 1 ]] ||
        broken "$file: not one warning"
    same "full-$file" whole
done
[[ $(wc -l <full-timings.csv/timings.csv) == $(wc -l <whole/timings.csv) ]] ||
    broken "timings.csv is not whole"
for file in settings.json organisms.csv timings.csv replicates.csv pareto.csv report.html; do
    expect_exit 0 on_bad_disk "BAD_WRITE=28 */$file*" -- "${search[@]}" --folder "never-$file"
    expect_text out "No space left on device"
    cmp "never-$file/genome.json" whole/genome.json || broken "without $file, another genome"
done
expect_exit 75 on_bad_disk "BAD_WRITE=28 */stopped*" -- "${search[@]}" --folder never \
    --time-limit 0.0001s
expect_exit 0 on_bad_disk "BAD_WRITE=28 */full-cache" -- "${search[@]}" --folder uncached \
    --cache full-cache
expect_text out "full-cache: cannot be written: No space left on device; what is learnt is not kept"
same uncached whole

# ---- What a journal may say ----
"$python" - cached/journal hostile <<'END'
import hashlib, json, os, sys
def lines(change):
    last = ""
    for number, line in enumerate(open(sys.argv[1]), 1):
        record = line.rstrip("\n")[17:]
        if number == 3:
            record = json.dumps(change(json.loads(record)), separators=(",", ":"))
        last = hashlib.sha256((last + record).encode()).hexdigest()[:16]
        yield f"{last} {record}\n"
changes = {"loss": -5, "fitness": 1e300, "names": ["\udc00"], "seconds": -1, "replicate": 4,
           "host": "\udfff"}
for key, value in changes.items():
    os.makedirs(f"hostile-{key}")
    with open(f"hostile-{key}/journal", "w") as file:
        file.writelines(lines(lambda record: record | {key: value}))
END
for folder in hostile-*; do
    refused "$folder/journal: line 3: " -- "$evolve_loss" --resume "$folder"
done

echo "resume: $checks checks passed"
