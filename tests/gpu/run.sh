#!/bin/sh
# What cvtool does on this machine's GPU, in under ten minutes, as a table at the end: run.sh BUNDLE [--device cpu] [--quick] [--seconds N].
# BUNDLE: the file that tests/gpu/bundle.sh has made. Needs python3 with the version of PyTorch that it names, and nothing else; PYTHON
# names another interpreter. --device cpu: a dry run, in which what only a GPU can show is passed over; with --quick it takes few steps.
# Ends with 0 where everything was as it should be, 1 where something was not, 2 where it cannot run.
set -eu
python=${PYTHON:-python3}
[ $# -ge 1 ] && [ -f "$1" ] || { echo "run.sh BUNDLE [--device cpu]: name the file that tests/gpu/bundle.sh has made" >&2; exit 2; }
bundle=$1
shift

"$python" -c 'import torch' 2>/dev/null || { echo "run.sh: $python finds no PyTorch (pip install torch), or name one with PYTHON=" >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
# Python has the reader of xz within itself.
"$python" -m tarfile -e "$bundle" "$scratch"
"$python" "$scratch/cvtool-gpu/gpu_check.py" "$scratch" "$@"
