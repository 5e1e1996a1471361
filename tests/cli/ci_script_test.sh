#!/bin/sh
# ci_script_test.sh CVTOOL PYTHON EXAMPLES: examples/ci/check_model.sh on the drawn set, with a training of seconds: where all gates are met,
# where one is missed, and against the release before. The files for GitHub and GitLab are read as YAML where Python has it.
set -eu
cvtool=$1 python=$2 examples=$3 here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
  echo "$*"
  cat log
  exit 1
}

# expect CODE ARGUMENTS...: runs the script; what it says goes to `log`.
expect() {
  code=$1
  shift
  status=0
  sh "$examples/check_model.sh" "$@" >log 2>&1 || status=$?
  [ "$status" -eq "$code" ] || fail "exit code $status, not $code: check_model.sh $*"
}
holds() { for file; do [ -s "$file" ] || fail "$file is not there"; done; }

cat >net.json <<'NET'
{"name": "small", "data": {"imgsz": 32},
 "model": {"layers": [{"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same", "activation": "relu"},
                      {"kind": "max_pool2d"}, {"kind": "flatten"}, {"kind": "dense"}]},
 "train": {"epochs": 1, "batch": 16}}
NET
"$cvtool" data sample photos --train-per-class 24 --valid-per-class 12 --test-per-class 9 --size 40x56 >log 2>&1
export CVTOOL="$cvtool" BASE=none
unset GITHUB_STEP_SUMMARY BASELINE

: >log
expect 2 photos
grep -q '^usage: check_model.sh' log || fail "the usage is not told"

MIN_ACCURACY=0 expect 0 photos first --recipe net.json
holds first/data-check.json first/junit.xml first/summary.md first/runs/model/MODEL_CARD.md first/evaluation/report.html
for file in best.pt model.onnx MODEL_CARD.md metrics.json predictions.csv; do holds "first/release/$file"; done

# Photos of another size are not those of the last release.
"$cvtool" data sample former --train-per-class 24 --valid-per-class 12 --test-per-class 9 --size 96x96 >log 2>&1
FORMER_DATA=former expect 3 photos drifted --recipe net.json
holds drifted/data-drift.json
[ ! -e drifted/runs ] || fail "photos that have drifted are trained on"

# The same again is no loss; a gate that is missed leaves the reports, and no release.
BASELINE=first/release/metrics.json MIN_ACCURACY=1.0 GITHUB_STEP_SUMMARY=page.md expect 3 photos second --recipe net.json
holds page.md second/junit.xml second/evaluation/report.html
[ ! -e second/release ] || fail "there is a release of a model that has missed its gates"
[ ! -e second/summary.md ] || fail "the summary is not where GitHub wants it"
"$python" "$here/check_junit.py" second/junit.xml >cases
grep -q '"cases": \["accuracy at least 1", "not worse than the baseline first/release/metrics.json"\]' cases || fail "$(cat cases)"

"$python" - "$examples" <<'CHECK' || fail "the files for GitHub and GitLab are wrong"
import pathlib, sys
try:
    import yaml
except ImportError:
    sys.exit(print("left out: github.yml and gitlab.yml are not read (python3-yaml is not installed)"))
github, gitlab = (yaml.safe_load((pathlib.Path(sys.argv[1]) / name).read_text()) for name in ("github.yml", "gitlab.yml"))
steps = github["jobs"]["model"]["steps"]
assert any("check_model.sh photos out" in step.get("run", "") for step in steps), steps
assert steps[-1]["if"] == "always()" and steps[-1]["with"]["path"] == "out", steps
assert any("check_model.sh photos out" in line for line in gitlab["model"]["script"]), gitlab
assert gitlab["model"]["artifacts"]["when"] == "always" and gitlab["model"]["artifacts"]["reports"]["junit"] == "out/junit.xml", gitlab
CHECK
if command -v shellcheck >/dev/null; then
  shellcheck "$examples/check_model.sh" >log || fail "shellcheck complains"
fi
echo "check_model.sh lets models pass and fail as it should"
