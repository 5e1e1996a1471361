#!/bin/sh
# What tests/gpu/run.sh needs on a machine that has a GPU and PyTorch's wheel and nothing else, in one file of at most 60 MiB:
# bundle.sh [BUILD [FILE]]. BUILD: a folder that the preset torch-pip has built (default: build-torch-pip); the bundle runs beside that
# version of the wheel. FILE: by default cvtool-gpu.tar.xz in BUILD. Needs python3 with torch and torchvision, for the bases.
set -eu
cd "$(dirname "$0")/../.."

build=${1:-build-torch-pip}
bundle=${2:-$build/cvtool-gpu.tar.xz}
limit_mib=60
python=$(sed -n 's/^CVTOOL_TORCH_PYTHON:STRING=//p' "$build/CMakeCache.txt" 2>/dev/null || true)
[ -n "$python" ] || { echo "bundle.sh: $build is not of the preset torch-pip (cmake --preset torch-pip)" >&2; exit 2; }
[ -x "$build/bin/cvtool" ] || { echo "bundle.sh: no $build/bin/cvtool; build it first (cmake --build --preset torch-pip)" >&2; exit 2; }
cmake --build "$build" --target test_cuda >/dev/null
wheel=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))') ||
  { echo "bundle.sh: $python finds no PyTorch; activate the environment that $build was configured in" >&2; exit 2; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
root=$scratch/cvtool-gpu
mkdir "$root"

DESTDIR= cmake --install "$build" --prefix "$root" --strip >/dev/null
rm -rf "$root/share/man" "$root/share/bash-completion" "$root/share/zsh" "$root/share/fish" "$root/share/doc"
cp "$build/bin/test_cuda" "$root/bin/"
strip "$root/bin/test_cuda"

# Every library but the wheel's, CUDA's and the C library's own.
engine=$(find "$root" -name 'libcvtool_engine.so*' | head -n 1)
ldd "$engine" "$root/bin/cvtool" "$root/bin/test_cuda" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u |
  grep -v -e "^$(dirname "$wheel")/" -e '/lib\(c\|m\|dl\|rt\|pthread\|resolv\|util\)\.so' |
  while read -r library; do
    cp -L "$library" "$root/lib/"
    strip "$root/lib/$(basename "$library")" 2>/dev/null || true
  done
find "$root" -type f \( -name '*.so*' -o -path '*/bin/*' \) -exec objdump -T {} + 2>/dev/null |
  sed -n 's/.*GLIBC_\([0-9][0-9.]*\).*/\1/p' | sort -uV | tail -n 1 >"$root/glibc"
"$python" -c 'import torch; print(torch.__version__)' >"$root/torch"

"$build/bin/cvtool" data sample "$root/photos" -q --train-per-class 400 --valid-per-class 40 --test-per-class 0 >/dev/null
"$build/bin/cvtool" data sample "$root/few" -q --train-per-class 4 --valid-per-class 2 --test-per-class 0 >/dev/null
"$python" tests/gpu/sign_bases.py "$scratch"
mkdir "$root/bases"
for base in vgg16 inception_v1 mobilenet_v2; do
  "$build/bin/cvtool" import "$base" -q --weights "$scratch/$base.safetensors" -o "$root/bases/$base.pt" >/dev/null
done

cp tests/gpu/*.py tests/bench/nets_torch.py "$root/"
tar -C "$scratch" -c cvtool-gpu | xz -2 >"$scratch/bundle"
mib=$(($(wc -c <"$scratch/bundle") / 1048576 + 1))
[ "$mib" -le "$limit_mib" ] || { echo "bundle.sh: $mib MiB, more than $limit_mib" >&2; exit 1; }
cp "$scratch/bundle" "$bundle"
echo "$bundle: $mib MiB, for PyTorch $(cat "$root/torch") and glibc $(cat "$root/glibc") or newer; sh tests/gpu/run.sh $bundle"
