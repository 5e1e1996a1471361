#!/bin/sh
# gates_test.sh CVTOOL PYTHON: eval as a step of a shell script. Trains on the drawn set, then looks at exit codes, at
# stdout (results alone) and at stderr (one line a missed gate).
set -eu
cvtool=$1 python=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
  echo "$*"
  cat err
  exit 1
}

# expect CODE ARGUMENTS...: runs cvtool; stdout goes to `out`, stderr to `err`.
expect() {
  code=$1
  shift
  status=0
  "$cvtool" "$@" >out 2>err || status=$?
  [ "$status" -eq "$code" ] || fail "exit code $status, not $code: cvtool $*"
}
says() { grep -qF -- "$1" err || fail "stderr does not say: $1"; }
silent() { [ ! -s out ] || fail "stdout is not empty: $(cat out)"; }
json() { "$python" -c "import json; d = json.load(open('out')); assert $1, d" || fail "stdout is not the JSON with $1"; }
missed() { [ "$(grep -c 'gate missed' err)" -eq "$1" ] || fail "not $1 lines about missed gates"; }

cat >net.json <<'NET'
{"name": "small", "data": {"imgsz": 32},
 "model": {"layers": [
   {"kind": "conv2d", "filters": 16, "padding": "same", "bias": false}, {"kind": "batch_norm", "momentum": 0.8, "activation": "relu"},
   {"kind": "max_pool2d"},
   {"kind": "conv2d", "filters": 32, "padding": "same", "bias": false}, {"kind": "batch_norm", "momentum": 0.8, "activation": "relu"},
   {"kind": "max_pool2d"}, {"kind": "flatten"}, {"kind": "dense"}]},
 "train": {"epochs": 10, "batch": 32, "lr": 0.002}}
NET
expect 0 data sample photos --train-per-class 700 --valid-per-class 60 --test-per-class 60 --size 32
expect 0 train --data photos --recipe net.json --name first --threads 1
expect 0 eval --data photos --split train --json
json "d['metrics']['count'] == 1400"

expect 0 eval --data photos --min accuracy=0.9 --min f1.Car=0.85 --max ece=0.5 --json
missed 0
json "[g['met'] for g in d['gates']] == [True] * 3"

expect 2 eval --data photos --min accuracy=1.01
silent
says "--min accuracy=1.01: accuracy can only be from 0 to 1"
expect 2 eval --data photos --min acuracy=0.9
silent
says "did you mean 'accuracy'?"
expect 2 eval --data no-such-folder --min f1.Cra=0.9
silent
says "did you mean 'Car'?"

expect 3 eval --data photos --split train --min accuracy=1 --max log_loss=0 --min recall.Truck=0 --json
missed 2
says "gate missed: accuracy is 0."
json "[g['met'] for g in d['gates']] == [False, True, False]"
expect 3 eval --data photos --max log_loss=0
missed 1

# A model that has learnt next to nothing loses against the first one, on the same photos; not the other way round.
expect 0 train --data photos --recipe net.json --name second --threads 1 --epochs 1 --lr 1e-7
expect 3 eval --data photos --model runs/second --baseline runs/first --json
missed 1
says "a significant loss"
json "d['baseline']['p_value'] < 0.05 and d['baseline']['only_baseline_right'] > d['baseline']['only_this_right']"
expect 0 eval --data photos --model runs/first --baseline runs/second/eval-test/metrics.json
missed 0
grep -q "a significant gain" out || fail "no gain: $(cat out)"
expect 2 eval --data photos --model runs/first --split valid --baseline runs/second/eval-test/metrics.json
silent
says "evaluate both on the same data and split"

expect 0 compare runs/first runs/second --json
json "[r['run'] for r in d['runs']] == ['runs/first', 'runs/second'] and d['runs'][0]['accuracy'] > d['runs'][1]['accuracy']"
[ -s runs/compare.png ] || fail "no runs/compare.png"
echo "eval gates as it should"
