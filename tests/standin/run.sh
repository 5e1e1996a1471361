#!/bin/sh
# The entry `standin` where the system's LibTorch is too old for it (see tests/CMakeLists.txt): in a Debian 13 of its own, whose
# LibTorch is 2.6. run.sh [FOLDER]: where that system, what is built in it and its compiler's results are kept for the next time
# (3 GB), by default in the user's cache. Needs root and, the first time, the network. Ends with ctest's exit code, or with 77 where
# this machine cannot have such a system. Where the system's own LibTorch is new enough, `ctest -R '^standin$'` is all that is needed.
set -eu
cd "$(dirname "$0")/../.."
. cmake/setup.sh

folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/cvtool-standin}
# clang, which takes half of GCC's time; OpenCV by parts: see opencv/OpenCVConfig.cmake.
packages="$(packages_of build plugin speed | grep -v -e '^g++$' -e '^libopencv-dev$')
  clang doctest-dev libomp-dev libopencv-dnn-dev libopencv-imgproc-dev python3-minimal rsync"
packages=$(echo $packages | tr ' ' ',')

cannot() {
  echo "The stand-in is not tested here: $1"
  exit 77
}

# In a namespace of its own: when that ends, in whatever way, so do its mounts and its processes.
child=
apart() {
  unshare --mount --pid --mount-proc --fork --kill-child "$@" &
  child=$!
  status=0
  wait "$child" || status=$?
  child=
  return $status
}
trap '[ -z "$child" ] || kill -KILL "$child"' EXIT
trap 'exit 130' INT TERM HUP

[ "$(id -u)" -eq 0 ] || cannot "it needs root, to run programs in a Debian of its own"
apart true 2>/dev/null || cannot "this system allows no namespaces (unshare)"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
exec 9>"$folder/lock"
flock -n 9 || { echo "Waiting for another run in $folder"; flock 9; }

if [ "$(cat "$folder/system/packages" 2>/dev/null)" != "$packages" ]; then
  say "Debian 13 in $folder"
  # Where this system has its own packages from, if it is a Debian.
  mirror=${CVTOOL_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
    grep -v security | head -n 1)}
  [ -n "$mirror" ] || cannot "this system's lists of packages name no Debian (CVTOOL_DEBIAN_MIRROR=ADDRESS names one)"
  /usr/lib/apt/apt-helper download-file "${mirror%/}/dists/trixie/InRelease" "$folder/log" >/dev/null 2>&1 ||
    cannot "the packages of Debian 13 cannot be fetched from $mirror (CVTOOL_DEBIAN_MIRROR names another place)"
  [ -z "$(missing_of mmdebstrap)" ] || install_packages '' mmdebstrap >"$folder/log" 2>&1 || { tail "$folder/log"; exit 1; }
  rm -rf --one-file-system "$folder/system" "$folder/system.part" "$folder/build" "$folder/source"
  apart mmdebstrap --mode=root --variant=apt --include="$packages" --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    trixie "$folder/system.part" "$mirror" >"$folder/log" 2>&1 || { tail "$folder/log"; exit 1; }
  echo "$packages" >"$folder/system.part/packages"
  mv "$folder/system.part" "$folder/system"
fi

# Not optimised: what takes time in these tests is LibTorch's. By rsync only what differs gets a new date, whichever checkout was here
# before.
cat >"$folder/system/test.sh" <<'END'
set -eu
rsync -rlp --checksum --delete --exclude='/build*' --exclude=/.git /checkout/ /source/
cmake -S /source -B /build -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER=clang++ \
  -DCMAKE_CXX_FLAGS="-O0 -Xclang -fno-pch-timestamp" -DCVTOOL_UNITY=ON -DOpenCV_DIR=/source/tests/standin/opencv \
  >/build/configure.log 2>&1 || { cat /build/configure.log; exit 1; }
cmake --build /build -j "$1" --target test_standin
ctest --test-dir /build -R '^standin$' --output-on-failure
END

say "The stand-in for a GPU, in Debian 13"
apart sh -eu -c '
  folder=$1 root=$1/system
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  for part in build ccache source; do
    mkdir -p "$folder/$part" "$root/$part"
    mount --bind "$folder/$part" "$root/$part"
  done
  mkdir -p "$root/checkout"
  mount --bind -o ro "$2" "$root/checkout"
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 CCACHE_DIR=/ccache CCACHE_MAXSIZE=1G sh /test.sh "$3"
' inside "$folder" "$PWD" "${CVTOOL_JOBS:-$(nproc)}"
