#!/bin/sh
# From a bare Debian or Ubuntu to a trained classifier: installs, builds, draws a set of pictures, trains on it,
# evaluates and predicts. Safe to run again.
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh

ensure_packages build speed
build_cvtool -DCVTOOL_TESTS=OFF

cvtool=$PWD/build/bin/cvtool
photos=$PWD/build/quickstart/photos
runs=$PWD/build/quickstart/runs

say "Drawing a Car-or-Truck set"
"$cvtool" data sample "$photos" --train-per-class 2000 --size 96

say "Training a small net on it"
"$cvtool" train --data "$photos" --imgsz 64 --epochs 5 --project "$runs"

say "Evaluating it on the test pictures"
"$cvtool" eval --data "$photos" --model "$runs/latest"

say "Predicting one picture"
"$cvtool" predict "$photos/test/Truck/truck_00001.jpg" --model "$runs/latest" --top 2

say "Done"
run=$(cd "$runs/latest" && pwd -P)
echo "program       $cvtool"
echo "data set      $photos (drawn, not photos)"
echo "run           $run"
echo "pictures:"
find "$run" -name '*.png' -o -name '*.jpg' | sort | sed 's/^/  /'
echo "Next: $cvtool train --data FOLDER, with FOLDER/train/CLASS/*.jpg or FOLDER/CLASS/*.jpg of your own"
