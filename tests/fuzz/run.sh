#!/bin/sh
# run.sh BUILD_FOLDER SECONDS [READER...]: builds and runs the fuzz targets one after another. Prints for each how many inputs it was
# given, how many edges they reached, and when the last new one was found. Exit code 1 where one was broken.
set -eu
build=$1
seconds=$2
shift 2
here=$(dirname "$0")
[ $# -gt 0 ] || set -- archive checkpoint csv h5 image_bmp image_gif image_heif image_jpeg image_png image_pnm image_tiff image_webp \
  model net onnx pickle recipe run safetensors tfjs torch_legacy torch_zip
/usr/bin/python3 "$here/../model/weights/make_weight_files.py" "$build/weight_files"
mkdir -p "$build/pictures"
/usr/bin/python3 -W ignore "$here/../data/make_pictures.py" "$build/pictures"
/usr/bin/python3 "$here/make_seeds.py" "$build/weight_files" "$build/pictures" "$build/seeds"
# Inputs that are files lie in memory where the system has a place for that.
[ ! -d /dev/shm ] || export TMPDIR=/dev/shm
broken=0
for reader in "$@"; do
  cmake --build "$build" --target "fuzz_$reader" --parallel 1
  /usr/bin/python3 "$here/measure.py" "$build" "$reader" "$seconds" || broken=1
done
exit $broken
