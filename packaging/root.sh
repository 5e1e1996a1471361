# Sourced by cmake/release.sh: Debian systems in a folder, made by debootstrap, entered by chroot in mount namespaces of their own, so that nothing of
# them is left mounted. As root.

# make_root SUITE FOLDER: a minimal system (bookworm, trixie) in FOLDER, where there is none.
make_root() {
  [ -e "$2/.complete" ] && return 0
  command -v debootstrap >/dev/null || { echo "debootstrap is not installed: apt-get install debootstrap" >&2; return 1; }
  say "Making a minimal $1 in $2 (about two minutes)"
  rm -rf --one-file-system "$2"
  debootstrap --variant=minbase "$1" "$2" >"$2.log" 2>&1 || { tail -n 5 "$2.log" >&2; return 1; }
  # With what Debian has mended since, from where this system has that.
  security=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian-Security' | head -n 1)
  [ -z "$security" ] || echo "deb $security $1-security main" >>"$2/etc/apt/sources.list"
  # What is installed in it need not outlive a failure of the power: half the time.
  echo force-unsafe-io >"$2/etc/dpkg/dpkg.cfg.d/unsafe-io"
  touch "$2/.complete"
}

# inside FOLDER COMMAND...: runs the command in the root FOLDER, with /proc and /dev. What lies in BIND (a folder of the machine; may be empty) is seen as /bound.
inside() {
  unshare --mount --fork sh -eu -c '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    if [ -n "${BIND:-}" ]; then
      mkdir -p "$root/bound"
      mount --bind "$BIND" "$root/bound"
    fi
    exec chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive ${SOURCE_DATE_EPOCH:+"SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH"} \
      ${JOBS:+"JOBS=$JOBS" "CMAKE_BUILD_PARALLEL_LEVEL=$JOBS"} "$@"
  ' inside "$@"
}

# in_copy_of FOLDER WORK COMMAND...: the same in a copy of the root that is thrown away: FOLDER stays as it is. WORK is a folder for what is written.
in_copy_of() {
  copy_of=$1
  copy_work=$2
  shift 2
  rm -rf --one-file-system "$copy_work"
  mkdir -p "$copy_work/upper" "$copy_work/work" "$copy_work/root"
  unshare --mount --fork sh -eu -c '
    of=$1 work=$2
    shift 2
    mount -t overlay overlay -o "lowerdir=$of,upperdir=$work/upper,workdir=$work/work" "$work/root"
    . packaging/root.sh
    inside "$work/root" "$@"
  ' in_copy_of "$copy_of" "$copy_work" "$@" && status=0 || status=$?
  rm -rf --one-file-system "$copy_work"
  return $status
}
