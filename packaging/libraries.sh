#!/bin/sh
# libraries.sh WORK PREFIX: builds, from the sources of this Debian, those libraries of the archive that the distribution links with what the
# archive must not or need not carry, and installs them into PREFIX:
#   libheif  without x265 (GPL), which only writes HEIC; it reads HEIC by libde265 and AVIF by dav1d
#   libtiff  without JBIG (GPL), a format of fax machines
#   libcurl  with TLS alone: without LDAP, Kerberos, SSH, RTMP and what these need
# Takes about three minutes on two cores.
set -eu
[ $# -eq 2 ] || { echo "usage: libraries.sh WORK PREFIX" >&2; exit 2; }
work=$1
prefix=$2
mkdir -p "$work" "$prefix"
work=$(cd "$work" && pwd -P)
prefix=$(cd "$prefix" && pwd -P)

# The sources of the distribution, without a change to the system's own lists.
mkdir -p "$work/lists/partial"
# From where the system has its packages.
apt-get indextargets --format 'deb-src $(REPO_URI) $(CODENAME) main' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
  sort -u >"$work/sources.list"
set -- -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
cd "$work"
apt-get -qq "$@" update
apt-get -q "$@" --only-source source libheif tiff curl >apt.log 2>&1 || { tail -n 5 apt.log >&2; exit 1; }
rm -rf lists

jobs=${JOBS:-$(nproc)}
export CFLAGS="-O2 -DNDEBUG -fPIC -ffile-prefix-map=$work=. -ffile-prefix-map=$prefix=." LDFLAGS="-Wl,-O1 -Wl,-z,relro"
export CXXFLAGS="$CFLAGS"
# build FOLDER CMAKE-ARGUMENT...
build() {
  source=$1
  shift
  cmake -S "$source" -B "$source/build-archive" -G Ninja -DCMAKE_BUILD_TYPE=None -DBUILD_SHARED_LIBS=ON -DBUILD_TESTING=OFF \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_SKIP_RPATH=ON "$@" >"$source.log" 2>&1 &&
    cmake --build "$source/build-archive" -j "$jobs" >>"$source.log" 2>&1 &&
    cmake --install "$source/build-archive" >>"$source.log" 2>&1 || { tail -n 20 "$source.log" >&2; exit 1; }
}
build "$(echo libheif-*/ | sed 's|/$||')" -DENABLE_PLUGIN_LOADING=OFF -DWITH_LIBDE265=ON -DWITH_DAV1D=ON -DWITH_X265=OFF \
  -DWITH_AOM=OFF -DWITH_AOM_DECODER=OFF -DWITH_AOM_ENCODER=OFF -DWITH_RAV1E=OFF -DWITH_SvtEnc=OFF -DWITH_EXAMPLES=OFF -DWITH_LIBSHARPYUV=OFF
build "$(echo tiff-*/ | sed 's|/$||')" -Djbig=OFF -Dlerc=OFF -Dwebp=OFF -Dtiff-tools=OFF -Dtiff-tests=OFF -Dtiff-docs=OFF -Dtiff-contrib=OFF -Dcxx=OFF
build "$(echo curl-*/ | sed 's|/$||')" -DBUILD_CURL_EXE=OFF -DCURL_USE_OPENSSL=ON -DHTTP_ONLY=ON -DCURL_USE_LIBSSH2=OFF -DUSE_LIBIDN2=OFF \
  -DUSE_NGHTTP2=OFF -DCURL_USE_LIBPSL=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DCURL_USE_GSSAPI=OFF -DCURL_CA_FALLBACK=ON \
  -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=/etc/ssl/certs -DENABLE_MANUAL=OFF
for package in libheif tiff curl; do
  echo "$package $(dpkg-parsechangelog -l"$(echo $package-*/debian/changelog)" -S Version)"
done >"$prefix/versions.txt"
