#!/bin/sh
# The entry `standin` where the system's LibTorch is too old for it (see tests/CMakeLists.txt): in a Debian 13 of its own, whose
# LibTorch is 2.6. run.sh [ROOT]: the folder of that system, by default in the user's cache. It is made once, with debootstrap, as
# root, and used again; so are its compiler's results. Packages, the checkout and the build come to 5 GB. Where the system's own
# LibTorch is new enough, `ctest -R '^standin$'` is all that is needed.
set -eu
cd "$(dirname "$0")/../.."
. cmake/setup.sh

root=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/cvtool-standin/trixie}
# From where this system has its own packages.
mirror=${CVTOOL_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)}
[ "$(id -u)" -eq 0 ] || { echo "run.sh: needs root, to run programs in a Debian of its own"; exit 1; }

# What the processes of that system see; the mounts end with this one.
inside() {
  unshare --mount --fork sh -eu -c '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive CCACHE_DIR=/ccache "$@"
  ' inside "$root" "$@"
}

if [ ! -e "$root/etc/debian_version" ]; then
  say "Debian 13 in $root"
  [ -z "$(missing_of debootstrap)" ] || install_packages '' debootstrap
  mkdir -p "$(dirname "$root")"
  # Never through a mount that a run left behind; what debootstrap mounts ends with it.
  rm -rf --one-file-system "$root.part"
  unshare --mount debootstrap --variant=minbase trixie "$root.part" "$mirror" >"$root.log" 2>&1 ||
    { tail "$root.log"; exit 1; }
  mv "$root.part" "$root"
fi

packages="$(packages_of build plugin speed) doctest-dev python3"
if [ "$(cat "$root/etc/cvtool-packages" 2>/dev/null)" != "$packages" ]; then
  say "Its packages"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  inside sh -c "apt-get update -q && apt-get install -y -q --no-install-recommends $(echo $packages)" >"$root.log" 2>&1 ||
    { tail "$root.log"; exit 1; }
  printf '%s\n' "$packages" >"$root/etc/cvtool-packages"
fi

say "The checkout in it"
rm -rf --one-file-system "$root/cvtool"
mkdir "$root/cvtool"
# As new: what was built may be younger than a change here. What has not changed is in the compiler's cache.
tar -c --exclude='./build*' --exclude=./.git . | tar -x -m -C "$root/cvtool"
inside cmake -S /cvtool -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCVTOOL_UNITY=ON >"$root.log" 2>&1 ||
  { cat "$root.log"; exit 1; }
inside cmake --build /build -j "${CVTOOL_JOBS:-$(nproc)}" --target test_standin
inside ctest --test-dir /build -R '^standin$' --output-on-failure
