#!/bin/sh
# From a bare Debian or Ubuntu to a trained classifier: installs, builds, makes a set of pictures, trains on it,
# evaluates and predicts. Safe to run again.
#   quickstart.sh          on pictures that are drawn on the spot
#   quickstart.sh --real   on real photos; also imports a pretrained backbone (npm packages, 141 MB)
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
. cmake/real_data.sh

case ${1:-} in
  '' | --real) ;;
  *)
    echo "usage: quickstart.sh [--real]" >&2
    exit 2
    ;;
esac

echo "Installs the packages that are missing (cmake/packages.txt), builds in build/, makes a set of pictures there, and trains on it. Nothing else is"
echo "changed. From a bare Debian this takes about 7 minutes on two cores, the next time one. Waits up to ten minutes where apt is busy."
ensure_packages build speed
[ "${1:-}" != --real ] || command -v npm >/dev/null || ensure_packages real
build_cvtool -DCVTOOL_TESTS=OFF -DCVTOOL_UNITY=ON

cvtool=$PWD/build/bin/cvtool

# evaluate_and_predict RUN DATA PICTURE
evaluate_and_predict() {
  say "Evaluating $1"
  "$cvtool" eval --data "$2" --model "$1"
  say "Predicting one picture"
  "$cvtool" predict "$3" --model "$1" --top 2
}

# report DATA WHAT-IT-IS RUN...
report() {
  say "Done"
  echo "program       $cvtool"
  echo "data set      $1 ($2)"
  shift 2
  for run in "$@"; do
    echo "run           $run"
    find "$run/" -name '*.png' -o -name '*.jpg' | sort | sed 's/^/  /'
  done
  echo "Next: $cvtool train --data FOLDER, with FOLDER/train/CLASS/*.jpg or FOLDER/CLASS/*.jpg of your own"
}

drawn() {
  photos=$PWD/build/quickstart/photos
  runs=$PWD/build/quickstart/runs
  say "Drawing a Car-or-Truck set"
  "$cvtool" data sample "$photos" --train-per-class 2000 --size 96
  say "Training a small net on it"
  "$cvtool" train --data "$photos" --imgsz 64 --epochs 5 --base none --project "$runs"
  run=$(cd "$runs/latest" && pwd -P)
  evaluate_and_predict "$run" "$photos" "$photos/test/Truck/truck_00001.jpg"
  report "$photos" "drawn, not photos" "$run"
}

real() {
  photos=$PWD/build/quickstart/cifar
  runs=$PWD/build/quickstart/real-runs
  base=$PWD/build/quickstart/mobilenet_v2_035.pt
  fetch_cars_and_trucks "$photos"
  import_small_base "$base"
  say "Training a convnet on them"
  "$cvtool" train --data "$photos" --recipe car-or-truck-convnet --imgsz 32 --epsilon 1e-7 --epochs 10 --project "$runs"
  run=$(cd "$runs/latest" && pwd -P)
  evaluate_and_predict "$run" "$photos" "$photos/valid/Truck/test_batch_00011.png"
  say "Training a head on the frozen backbone"
  "$cvtool" train --data "$photos" --base "$base" --head global_avg,dense --imgsz 96 --epochs 10 --project "$runs"
  transfer=$(cd "$runs/latest" && pwd -P)
  evaluate_and_predict "$transfer" "$photos" "$photos/valid/Truck/test_batch_00011.png"
  report "$photos" "CIFAR-10's cars and trucks" "$run" "$transfer"
}

if [ "${1:-}" = --real ]; then real; else drawn; fi
