#!/bin/sh
# run.sh BUILD_FOLDER SECONDS [READER...]: builds and runs the fuzz targets one after another.
set -eu
build=$1
seconds=$2
shift 2
here=$(dirname "$0")
[ $# -gt 0 ] || set -- h5 image pickle safetensors tfjs torch_legacy torch_zip
/usr/bin/python3 "$here/../model/weights/make_weight_files.py" "$build/weight_files"
mkdir -p "$build/pictures"
/usr/bin/python3 -W ignore "$here/../data/make_pictures.py" "$build/pictures"
/usr/bin/python3 "$here/make_seeds.py" "$build/weight_files" "$build/pictures" "$build/seeds"
for reader in "$@"; do
  cmake --build "$build" --target "fuzz_$reader" --parallel 1
  mkdir -p "$build/corpus/$reader"
  "$build/bin/fuzz_$reader" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$build/$reader-" "$build/corpus/$reader" "$build/seeds/$reader"
done
