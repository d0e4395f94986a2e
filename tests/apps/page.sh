#!/usr/bin/env bash
# The reports of real runs in a real browser: an ordinary one, one with islands and failures, one for
# beauty, one that was stopped, one in which all failed, one of a single organism, and one whose texts
# look like HTML. What is looked at is in ../report/report_page.py.
source "$(dirname "${BASH_SOURCE[0]}")/check.sh" "$@"
command -v chromium >/dev/null || exit 77  # CTest: skipped
looks=("$python" "$4/tests/report/report_page.py")

echo '{"steps_min": 20, "steps_max": 120, "steps_draw": [20, 40, 80], "steps_moves": [20]}' >short.json
search=("$bin/evolve_loss" --input "$names" --space short.json)

expect_exit 0 mpirun -n 5 "$bin/evolve_loss" --input "$names" --folder ordinary
expect_exit 0 mpirun -n 4 "${search[@]}" --population 8 --generations 6 --islands 2 \
    --migration-interval 2 --inject throw:0.2 --folder islands
expect_exit 0 "$bin/evolve" --input "$names" --population 4 --generations 3 --samples 5 --folder beauty
expect_exit 75 "${search[@]}" --generations 100000 --time-limit 0.5 --folder stopped
expect_exit 2 "${search[@]}" --inject throw:1 --generations 2 --folder doomed
expect_exit 0 "${search[@]}" --population 1 --generations 1 --elite 0 --immigrants 0 --tournament 1 \
    --finalists 0 --folder single
cp -r islands 'html <b>'
sed -i 's/an exception (injected)/<b>bold<\/b> <img src=x onerror=alert(1)> \&amp; <\/script>/' 'html <b>/organisms.csv'
sed -i '2,$s/,[^,]*$/,<i>Łukasz 李<\/i>/' 'html <b>/names.csv'
expect_exit 0 "$bin/evolve_report" 'html <b>'

for run in ordinary islands beauty stopped doomed single; do
    expect_exit 0 "${looks[@]}" "$run/report.html"
done
expect_exit 0 "${looks[@]}" 'html <b>/report.html' --escaping

echo "page: $checks checks passed"
