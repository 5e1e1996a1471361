# Shared by quickstart.sh and test.sh, which source it from the project's root: packages, configuration, build.

say() { printf '\n== %s\n' "$*"; }

# The Debian packages of the given groups of cmake/packages.txt.
packages_of() {
  for group in "$@"; do
    sed -n "s/^$group  *\([^ ]*\) .*/\1/p" cmake/packages.txt
  done
}

# Those of the given packages that are not installed.
missing_of() {
  for package in "$@"; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
      *' installed') ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

# Those of the given packages that apt knows: a distribution may have one inside another.
known_of() {
  for package in "$@"; do
    [ -z "$(apt-cache show --no-all-versions "$package" 2>/dev/null)" ] || printf '%s ' "$package"
  done
}

list_by_hand() {
  echo "Install these with your system's package manager (names of Debian, and what they are):"
  for group in "$@"; do
    sed -n "s/^$group  */  /p" cmake/packages.txt
  done
}

# patiently COMMAND...: runs apt-get; waits up to ten minutes for another process that holds one of apt's locks, as an update in the background does.
patiently() {
  waited=0
  errors=$(mktemp)
  while ! LC_ALL=C "$@" 2>"$errors" </dev/null; do
    if ! grep -qE 'Could not get lock|Unable to (lock|acquire)' "$errors" || [ $waited -ge 600 ]; then
      cat "$errors" >&2
      rm -f "$errors"
      return 1
    fi
    [ $waited -gt 0 ] || echo "Another process holds apt's lock; waiting for it."
    sleep 5
    waited=$((waited + 5))
  done
  rm -f "$errors"
}

# install_packages SUDO PACKAGE...: by apt, without questions.
install_packages() {
  sudo=$1
  shift
  patiently $sudo env LC_ALL=C apt-get update -qq || echo "The package lists could not be refreshed; going on with those that are there."
  # Known only when the lists are there.
  set -- "$@" $(known_of $(missing_of $(packages_of plugin)))
  patiently $sudo env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# ensure_packages GROUP...: installs what is missing; where that is not possible, says what to do and goes on, since
# the libraries may be there in another way (the configuration tells).
ensure_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "This system has no apt"
    list_by_hand "$@"
    return 0
  fi
  missing="$(missing_of $(packages_of "$@"))$(known_of $(missing_of $(packages_of plugin)))"
  [ -n "$missing" ] || return 0
  say "Installing $missing"
  if [ "$(id -u)" -eq 0 ]; then
    install_packages '' $missing && return 0
  elif command -v sudo >/dev/null; then
    # Without a terminal nobody could type the password.
    if [ -t 0 ] && [ -t 2 ]; then with_sudo=sudo; else with_sudo='sudo -n'; fi
    $with_sudo true && install_packages "$with_sudo" $missing && return 0
  fi
  echo "The packages could not be installed from here. As root, run:"
  echo "  apt-get update && apt-get install --no-install-recommends $missing"
  echo "Going on with what is there."
}

# build_cvtool CMAKE-ARGUMENT...: the release preset, in build/.
build_cvtool() {
  if ! command -v cmake >/dev/null || ! command -v ninja >/dev/null; then
    echo "cmake and ninja are needed; install the packages named above and run this again." >&2
    return 1
  fi
  say "Configuring"
  mkdir -p build
  if ! cmake --preset release "$@" >build/configure.log 2>&1; then
    cat build/configure.log >&2
    echo >&2
    echo "The configuration failed; the lines above say why, such as a library that is missing. Libraries in a place of" >&2
    echo "their own are found with CMAKE_PREFIX_PATH=/path/to/libtorch." >&2
    list_by_hand build >&2
    return 1
  fi
  # CMake limits the number of compilers by memory (cmake/Settings.cmake).
  say "Building in build/ (the first time about five minutes on two cores, with tests ten; then what has changed)"
  cmake --build --preset release
}
