#!/usr/bin/env bash
# evolve_report and the folder that a run leaves: every format, a genome taken out, runs compared,
# runs that are not finished, and input that is no run.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"

echo '{"steps_min": 20, "steps_max": 120, "steps_draw": [20, 40, 80], "steps_moves": [20]}' >short.json
search=(--input "$names" --space short.json --population 6 --generations 3 --replicates 2)
report=$bin/evolve_report

expect_exit 0 "$bin/evolve_loss" "${search[@]}" --seed 1 --inject throw:0.2
run=$(readlink -f experiments/latest)
for file in settings.json space.json organisms.csv generations.csv names.csv timings.csv pareto.csv \
    replicates.csv journal run.log genome.json report.html; do
    [[ -s $run/$file ]] || broken "the run has no $file"
done

# The page that the run wrote is the one that is made of its folder.
mv "$run/report.html" page.html
expect_exit 0 "$report"
expect_text out "$run/report.html"
cmp "$run/report.html" page.html || broken "another page than that of the run"
expect_exit 0 "$report" experiments/latest --output -
cmp out page.html || broken "standard output has another page"
! grep -qE '(src|href)="[^d#]' page.html || broken "the page refers to another file"

# Tables for programs, texts for people.
expect_exit 0 "$report" "$run" --format csv
cmp out "$run/organisms.csv" || broken "the table is not that of the run"
expect_exit 0 "$report" "$run" --format json -o run.json
"$python" - run.json "$run/organisms.csv" <<'END' || broken "the JSON does not say what the CSV does"
import csv, json, sys
run = json.load(open(sys.argv[1]))
rows = list(csv.DictReader(open(sys.argv[2])))
for column in ("id", "n_emb", "steps", "flops", "generation"):
    assert [float(row[column]) for row in rows] == run["organisms"][column], column
assert [row["fitness"] or None for row in rows] == [
    None if score is None else repr(score) for score in run["organisms"]["score"]]
assert len(run["failures"]) == sum(row["failure"] != "" for row in rows) > 0
assert len(run["timings"]["id"]) == run["summary"]["trainings"] > 0
assert run["run"]["state"] == "finished" and len(run["generations"]) == 3
END
expect_exit 0 "$report" "$run" --format markdown
expect_text out "| state | finished |" "## The best organisms" "## Which genes matter"
expect_exit 0 "$report" "$run" --format text
expect_text out "Champion: organism #" "Finalists, each retrained 2 times"

# A genome that is taken out is that organism: it trains to the same loss, digit for digit.
# The ids of organisms that have a fitness and are no elite, or that have none.
ids_with() {
    "$python" -c 'import csv, sys
for row in csv.DictReader(open(sys.argv[1])):
    if (row["fitness"] != "") == (sys.argv[2] == "fitness") and row["origin"] != "elite":
        print(row["id"])' "$run/organisms.csv" "$1"
}
mapfile -t ids < <(ids_with fitness)
for id in "${ids[@]}"; do
    expect_exit 0 "$report" "$run" --organism "$id"
    mv out genome.json
    expect_exit 0 "$bin/creature" --genome genome.json --input "$names" --train --json
    "$python" - "$run/organisms.csv" "$id" out <<'END' || broken "organism $id has another loss"
import csv, json, sys
row = {row["id"]: row for row in csv.DictReader(open(sys.argv[1]))}[sys.argv[2]]
assert float(row["loss"]) == json.load(open(sys.argv[3]))["validation_loss"]
END
done
champion=$("$python" -c 'import json; print(json.load(open("run.json"))["champion"]["id"])')
expect_exit 0 "$report" "$run" --organism "$champion"
cmp out "$run/genome.json" || broken "the champion's genome is not that of the run"
# Also where the finals trained longer, and so dropped more n-grams.
echo '{"n_emb": [8], "steps": {"range": [20, 40], "draw": [20, 40], "moves": [10]}, "batch": [64], "ngram": [3],
  "ngram_rows": [500], "ngram_dropout": {"linear": [0, 0.3]}}' >ngrams.json
head -400 "$names" >few.txt
expect_exit 0 "$bin/evolve_loss" --input few.txt --space ngrams.json --population 4 --generations 1 --replicates 2 \
    --final-steps 3 --folder longer --genome-out longer.json
expect_exit 0 "$report" longer --format json
champion=$("$python" -c 'import json; print(json.load(open("out"))["champion"]["id"])')
expect_exit 0 "$report" longer --organism "$champion"
cmp out longer/genome.json || broken "the champion of longer finals is not that of the run"
"$python" -c 'import json; assert json.load(open("longer.json"))["ngram_dropout"] > 0.3' ||
    broken "the finals did not drop more n-grams"

failed=$(ids_with none | sed -n 1p)
refused "organism $failed has no loss" "(injected)" -- "$report" "$run" --organism "$failed"
refused "there is no organism 999; the last one is 17" -- "$report" "$run" --organism 999

# Two runs beside each other.
expect_exit 0 "$bin/evolve_loss" "${search[@]}" --seed 2 --strategy random --folder other
expect_exit 0 "$report" --compare "$run" other
expect_text out "strategy " "random" "guided" "seed" "Test loss of the second minus that of the first"
! grep -q '^precision' out || broken "settings that are equal are shown"
expect_exit 0 "$report" --compare "$run" other --format json
"$python" -c 'import json, sys; a, b = json.load(open("out")); assert b["seed"] == 2, b' ||
    broken "the comparison is no JSON"
expect_exit 0 "$report" --compare "$run" other "$run" --format csv
[[ $(wc -l <out) == 4 && $(cut -d, -f1 out | sed -n 3p) == other ]] || broken "not a row for each run"
head -1 out | grep -q '^,.*seed,.*test loss$' || broken "the columns are not figures"
expect_exit 0 "$report" --compare "$run" other "$run" other "$run"
expect_text out "Mean of 5 runs and its standard error: validation loss"
[[ $(grep -c '^other ' out) == 2 ]] || broken "not a row for each run"

# The last generation of a search that has ended is whole, though a budget may have cut it short.
cp -r "$run" short && rm short/genome.json short/replicates.csv && sed -i '$d' short/organisms.csv
expect_exit 0 "$report" short --format json
expect_text out '"organisms":17,'
rm short/pareto.csv
expect_exit 0 "$report" short --format json
expect_text out '"organisms":12,'

# A run that was killed, or goes on: as far as it was recorded, whatever the last byte.
cp -r "$run" part && rm part/genome.json part/replicates.csv part/pareto.csv
size=$(stat -c %s part/organisms.csv)
header=$(head -1 part/organisms.csv | wc -c)
for left in $((size - 1)) $((size / 2)) $((size / 3)) $((header + 10)); do
    truncate -s "$left" part/organisms.csv
    expect_exit 0 "$report" part
    for format in json markdown csv; do expect_exit 0 "$report" part --format "$format"; done
done
expect_exit 0 "$report" part --format json
expect_text out '"state":"unfinished"' '"champion":null' '"id":[]'
echo 75 >part/stopped
expect_exit 0 "$report" part --format json
expect_text out '"state":"stopped"'
expect_exit 75 "$bin/evolve_loss" --input "$names" --generations 100000 --time-limit 0.5 --folder limit
expect_text limit/report.html '"state":"stopped"'

# Where all fail, and where beauty counts, there is a page too.
expect_exit 2 "$bin/evolve_loss" "${search[@]}" --seed 1 --inject throw:1 --folder doomed
expect_text doomed/report.html '"champion":null' '"state":"failed"'
expect_exit 0 "$bin/evolve" --input "$names" --population 3 --generations 2 --samples 5 --folder beauty
expect_text beauty/report.html '"better":"higher"'

# Scores are what was searched for, losses are losses, and luck is what the search saw too much.
expect_exit 0 "$bin/evolve" --input "$names" --population 4 --generations 2 --samples 9 --finalists 2 \
    --replicates 3 --folder beautiful
expect_exit 0 "$report" beautiful --format json -o beautiful.json
expect_exit 0 "$bin/evolve_loss" "${search[@]}" --fitness last-step --strategy classic --folder last
expect_exit 0 "$report" last --format json -o last.json
"$python" - <<'END' || broken "scores and losses are mixed up"
import json
for name, sign in ("beautiful", -1), ("last", 1):
    run = json.load(open(name + ".json"))
    for finalist in run["finalists"]:
        score = run["organisms"]["score"][run["organisms"]["id"].index(finalist["id"])]
        assert abs(finalist["luck"] - (score - finalist["mean_score"]["mean"])) < 1e-9, finalist
        assert 2 < finalist["validation"]["mean"] < 4 and finalist["mean_score"] != finalist["validation"]
    assert run["champion"]["mean_score"] == run["finalists"][0]["mean_score"]
END

# One training says nothing of its error.
expect_exit 0 "$bin/evolve_loss" "${search[@]}" --replicates 1 --genome-out one.json --folder one
! grep -q standard_error one.json || broken "a standard error of one measurement"
expect_exit 0 "$bin/creature" --genome one.json --input "$names" --steps 20
expect_text out "(of one training)"
expect_exit 0 "$report" --compare one other
! grep -q "±.*±" out || broken "an error of one measurement"
# Settings that only one of the runs has are shown, in whatever order.
for order in "beauty other" "other beauty"; do
    # shellcheck disable=SC2086 # two runs
    expect_exit 0 "$report" --compare $order
    expect_text out "samples" "tournament"
done

# Only trainings have a timing, whoever began with the finals early.
expect_exit 0 mpirun -n 5 "$bin/evolve_loss" "${search[@]}" --replicates 4 --folder early
! grep -q ',-1,' early/timings.csv || broken "a result without a training has a timing"
[[ -z $(cut -d, -f1,2 early/timings.csv | sort | uniq -d) ]] || broken "a training is there twice"

# Names depend on the temperature, so a run goes on with its own.
refused "temperature is 3.0 now, but the run was started with 0.5" -- \
    "$bin/evolve_loss" --resume limit --temperature 3

# A finished run that is resumed leaves nothing of its end behind until it is there again.
cp -r "$run" again && head -n -3 "$run/journal" >again/journal
expect_exit 75 "$bin/evolve_loss" --resume again --time-limit 0.001
expect_exit 0 "$report" again --format json
expect_text out '"state":"stopped"' '"finalists":[]'
[[ ! -e again/replicates.csv && ! -e again/pareto.csv ]] || broken "old tables in a run that goes on"

# Nobody's files are overwritten, and nothing changes where a run is refused.
mkdir mine && echo mine >mine/genome.json
refused "--folder (mine): there is a genome.json in it" -- \
    "$bin/evolve_loss" "${search[@]}" --folder mine
[[ $(<mine/genome.json) == mine ]] || broken "a file was overwritten"
link=$(readlink experiments/latest)
refused "there is a run in it" -- "$bin/evolve_loss" "${search[@]}" --folder experiments/latest
[[ $(readlink experiments/latest) == "$link" ]] || broken "a refused run moved the link"
mkfifo pipe
cat pipe >text &
expect_exit 0 "$report" "$run" --format text -o pipe
wait $!
[[ -p pipe ]] || broken "a pipe was replaced"
expect_text text "Champion: organism #"

# What is no run, or a damaged one.
refused "nowhere" "No such file or directory" -- "$report" nowhere
refused "no run with a journal" -- "$report" --experiments nowhere
refused "format (pdf) must be html" -- "$report" "$run" --format pdf
refused "--format (html) is not for --compare" -- "$report" --compare "$run" other --format html
refused "--organism (-1) must be a whole number" -- "$report" "$run" --organism -1
refused "--generations (-1) must be a whole number" -- "$bin/evolve_loss" --generations -1
refused "run excludes --compare" -- "$report" nowhere --compare "$run" other
rm -f broken && cp -r other broken && rm broken/names.csv && mkfifo broken/names.csv
refused "broken/names.csv: is no regular file" -- "$report" broken
rm -r broken
refused "must name two runs" -- "$report" --compare "$run"
refused "is not for --organism" -- "$report" "$run" --organism 1 --format csv
refused "no/such/place" -- "$report" "$run" --output no/such/place/report.html
cp -r other broken
sed -i '3s/^1,/one,/' broken/organisms.csv
refused "broken/organisms.csv: row 3: id (one) must be a whole number" -- "$report" broken
cp other/organisms.csv broken/ && sed -i '2s/^\([0-9]*,1\),/\1,99,/' broken/replicates.csv
refused "broken/replicates.csv: row 2 has 8 fields" -- "$report" broken
echo '{"program": 1}' >broken/settings.json
refused "broken/settings.json" '"program" must be a string' -- "$report" broken

echo "report: $checks checks passed"
