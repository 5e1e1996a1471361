#!/bin/sh
# limits_test.sh CVTOOL: the program at the system's limits, as CI and containers set them: few threads, little memory, small files,
# no home, no terminal, closed descriptors. Each command ends with the right exit code and words, never in a crash.
set -u
cvtool=$1
folder=$(mktemp -d)
trap 'chmod -R u+rwX "$folder" 2>/dev/null; rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder" || exit 1
export XDG_CACHE_HOME="$folder/cache" XDG_DATA_HOME="$folder/data"

fail() {
  echo "$*"
  cat err
  exit 1
}

# Runs a command line of the shell for at most a minute; stdout goes to `out`, stderr to `err`.
run() {
  status=0
  timeout 60 sh -c "$1" cvtool "$cvtool" >out 2>err || status=$?
}
# expect CODE COMMAND-LINE, in which $1 is the program.
expect() {
  run "$2"
  [ "$status" -eq "$1" ] || fail "exit code $status, not $1: $2"
  ! grep -q 'internal error\|terminate called' err || fail "an internal error: $2"
}
says() { grep -qF -- "$1" err || fail "stderr does not say: $1"; }
whole() { ! find "$1" -name '*.part*' | grep -q . || fail "half-written files: $(find "$1" -name '*.part*')"; }

cat >net.json <<'NET'
{"name": "small", "data": {"imgsz": 32},
 "model": {"layers": [{"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same", "activation": "relu"}, {"kind": "flatten"}, {"kind": "dense"}]},
 "train": {"epochs": 1, "batch": 16, "lr": 0.002}}
NET
expect 0 '"$1" data sample photos --train-per-class 16 --valid-per-class 8 --test-per-class 4 --size 32'

# A pipeline as in CI, without a terminal, a home and an input.
unset TERM
expect 0 'exec "$1" train --data photos --recipe net.json --name first <&-'
expect 3 'env -u HOME -u XDG_CACHE_HOME -u XDG_DATA_HOME "$1" eval --data photos --model runs/first --min accuracy=1 --max loss=0'
[ ! -e .cache ] || rm -r .cache
expect 0 '"$1" export --model runs/first --format onnx -o model.onnx'
expect 0 'HOME=/proc/none XDG_CACHE_HOME= "$1" predict photos/test --model runs/first --json'
[ "$(wc -l <out)" -eq 8 ] || fail "not a line per photo"

# Outputs that are no files.
expect 0 '"$1" export --model runs/first -o /dev/null'
[ -c /dev/null ] || fail "/dev/null is no device any more"
expect 0 '"$1" export --model runs/first -o /dev/stdout 2>err2 >model.pt'
expect 0 '"$1" verify model.pt'
mkfifo pipe
expect 0 'cat pipe >piped.pt & "$1" export --model runs/first -o pipe && wait'
[ -p pipe ] || fail "the FIFO is gone"
cmp -s piped.pt model.pt || fail "what came through the FIFO is another model"
expect 1 '"$1" export --model runs/first -o /dev/full'
says 'No space left on device'
expect 1 '"$1" export --model runs/first -o photos'
says 'Is a directory'
expect 1 '"$1" export --model runs/first -o none/model.pt'
says 'make its folder first'

# Descriptors that are closed, and readers that go.
expect 0 '"$1" predict photos/test --model runs/first -q 2>&-'
expect 1 '"$1" predict photos/test --model runs/first >&-'
expect 1 '"$1" summary net.json >&-'
expect 0 '"$1" export --model runs/first -o blind.pt <&- 2>&-'
expect 0 '"$1" verify blind.pt'
expect 0 '"$1" predict photos/test --model runs/first | head -n 1'
[ "$(wc -l <out)" -eq 1 ] || fail "not one line"

# Files that may not grow, and a folder for temporary files that is full or missing.
expect 1 'ulimit -f 8; "$1" train --data photos --recipe net.json --name large'
says 'ulimit -f'
whole runs
expect 1 'ulimit -f 8; "$1" export --model runs/first -o large.pt'
whole .
[ ! -e large.pt ] || fail "large.pt is there"
expect 0 'TMPDIR=/dev/full "$1" export --model runs/first -o no-tmp.pt'

# Memory: enough, and far too little.
expect 0 'ulimit -v 8000000; "$1" predict photos/test --model runs/first'
for memory in 100000 700000; do
  run "ulimit -v $memory; \"\$1\" train --data photos --recipe net.json --name v$memory"
  [ "$status" -le 1 ] || fail "exit code $status with $memory kB of memory"
done

# Threads, as a user who is not root (whom no limit binds).
if [ "$(id -u)" -ne 0 ]; then
  nobody=
elif setpriv --reuid=65534 --regid=65534 --clear-groups sh -c "\"$cvtool\" --version" >/dev/null 2>&1; then
  nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
else
  echo "limits of threads are not tried: no other user can be taken, or it cannot run $cvtool"
  exit 0
fi
mkdir nobody
[ -z "$nobody" ] || chown 65534:65534 nobody
for threads in 1 6; do
  work="ulimit -u $threads; cd nobody; export XDG_CACHE_HOME=$folder/nobody"
  run "exec $nobody sh -c '$work; \"\$1\" predict ../photos/test --model ../runs/first -j 200 --threads 8' cvtool \"\$1\""
  [ "$status" -eq 0 ] || fail "exit code $status where $threads processes are allowed"
  [ "$(wc -l <out)" -eq 8 ] || fail "not a line per photo where $threads processes are allowed"
done
run "exec $nobody sh -c '$work; \"\$1\" train --data ../photos --recipe ../net.json --name few -j 200 --threads 8' cvtool \"\$1\""
[ "$status" -eq 0 ] || fail "exit code $status of a training with few threads"
if [ -n "$nobody" ]; then
  mkdir locked && chmod 555 locked
  expect 1 "exec $nobody sh -c 'cd locked; \"\$1\" train --data ../photos --recipe ../net.json' cvtool \"\$1\""
  says 'choose a folder that you may write to'
  cp model.pt read-only.pt && chmod 644 read-only.pt
  expect 1 "exec $nobody sh -c '\"\$1\" export --model runs/first -o read-only.pt' cvtool \"\$1\""
  says 'read-only.pt'
  expect 0 "exec env HOME=$folder/locked XDG_CACHE_HOME= XDG_DATA_HOME= $nobody sh -c '\"\$1\" predict photos/test --model runs/first' cvtool \"\$1\""
fi
echo "cvtool keeps to the system's limits"
