#!/bin/sh
# check_model.sh DATA OUT [FLAGS OF TRAIN...]: makes a model and lets it pass or not, as a step of CI.
#
# Looks at the photos, trains on a backbone that CI keeps, measures the model on the test photos, compares it with that of the last release,
# exports and verifies it. Ends with the exit code of the first command that fails; 3 is a gate that was missed. OUT keeps what there is:
#
#   data-check.json            what is odd about the photos
#   data-drift.json            how they differ from those of the last release
#   runs/model                 the run: its report, model card, curves and log
#   evaluation                 report, model card, metrics and predictions of the test photos
#   junit.xml, summary.md      the gates, for the pages of the job
#   release                    where all gates are met: model, ONNX file, model card, and metrics to compare the next one with
#
# The environment says the rest:
#
#   CVTOOL         the program (cvtool)
#   BASE           the backbone (mobilenet_v2); none: a net from scratch
#   MIN_ACCURACY   the least accuracy of the test photos (0.9)
#   FORMER_DATA    photos of the last release; the new ones are compared with them; empty: there are none
#   MAX_DRIFT      the most that their looks may differ: the AUC of telling the two apart, 0.5 to 1 (0.8)
#   BASELINE       metrics.json of the last release, with its predictions.csv beside it; empty: there is none
set -eu

cvtool=${CVTOOL:-cvtool} base=${BASE:-mobilenet_v2}
if [ $# -lt 2 ]; then
  echo "usage: check_model.sh DATA OUT [FLAGS OF TRAIN...]" >&2
  exit 2
fi
data=$1 out=$2
shift 2
mkdir -p "$out"

echo "== the photos"
"$cvtool" data check "$data" --json >"$out/data-check.json"
if [ -n "${FORMER_DATA:-}" ]; then
  "$cvtool" data drift "$FORMER_DATA" "$data" --base none --max "${MAX_DRIFT:-0.8}" --json >"$out/data-drift.json"
fi

echo "== training"
# Training fetches nothing where CI is set. What is imported here is kept by CI's cache, and found again by the next job.
if [ "$base" != none ] && [ ! -e "${XDG_DATA_HOME:-$HOME/.local/share}/cvtool/bases/$base.pt" ]; then
  "$cvtool" import "$base"
fi
"$cvtool" train --data "$data" --base "$base" --project "$out/runs" --name model "$@"

echo "== the test photos"
model=$out/runs/model
set -- --min "accuracy=${MIN_ACCURACY:-0.9}"
if [ -n "${BASELINE:-}" ]; then
  set -- "$@" --baseline "$BASELINE"
fi
"$cvtool" eval --data "$data" --model "$model" -o "$out/evaluation" --junit "$out/junit.xml" \
  --summary "${GITHUB_STEP_SUMMARY:-$out/summary.md}" "$@"

echo "== export"
mkdir -p "$out/release"
cp "$model/best.pt" "$out/evaluation/MODEL_CARD.md" "$out/evaluation/metrics.json" "$out/evaluation/predictions.csv" "$out/release"
"$cvtool" export --model "$model" --format onnx --verify-data "$data" -o "$out/release/model.onnx"
"$cvtool" verify "$out/release/best.pt"
"$cvtool" verify "$out/release/model.onnx"
