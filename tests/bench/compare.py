"""cvtool beside eager PyTorch, the newest PyTorch and Keras, or beside another build of itself. Called by run.sh."""
import argparse
import os
import pathlib
import shutil
import sys
import tempfile

import cases
import peers
import programs
import table
from measure import Failed, Missing, interrupt_on_signals, spinner

HERE = pathlib.Path(__file__).resolve().parent


def options():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    parser = argparse.ArgumentParser(prog="run.sh", description="cvtool beside its peers, in turns, alone and beside a spinning process: one table.",
                                     epilog="cases: " + ", ".join(case.name for case in cases.all_cases()))
    add = parser.add_argument
    add("--cvtool", default=HERE.parent.parent / "build/bin/cvtool", help="the program (default: build/bin/cvtool)")
    add("--data", default=os.environ.get("CVTOOL_TEST_DATA"), help="folder with datasets/ and weights/ (default: $CVTOOL_TEST_DATA)")
    add("--cases", default="", metavar="NAME,...", help="only these (default: all)")
    add("--one", metavar="CASE,...", help="only these cases, without PyTorch and Keras; with --against")
    add("--against", metavar="PROGRAM", action="append", default=[], help="another build of cvtool as the only peer; may be given again")
    add("--peers", default="eager,new,keras", metavar="NAME,...", help="of eager, new and keras (default: all)")
    add("--pairs", type=int, default=5, help="turns of each case (default: 5)")
    add("--quick", action="store_true", help="one turn of small sizes: shows that everything runs, measures nothing")
    add("--alone", action="store_true", help="leave the turns beside a spinning process out")
    add("--json", metavar="FILE", help="write every figure there too")
    add("--envs", default=os.environ.get("CVTOOL_BENCH_ENVS") or cache / "cvtool-bench", metavar="FOLDER",
        help="virtual environments of the peers (default: $CVTOOL_BENCH_ENVS, else ~/.cache/cvtool-bench)")
    add("--no-install", action="store_true", help="use only the virtual environments that are there")
    add("--eager-python", default="/usr/bin/python3", metavar="PROGRAM", help="the Python with the distribution's PyTorch (default: /usr/bin/python3)")
    add("--limit", type=float, default=3600, metavar="SECONDS", help="a single run that takes longer is ended and skipped (default: 3600)")
    return check(parser, parser.parse_args())


def check(parser, given):
    given.names = [name for name in (given.one or given.cases).split(",") if name]
    given.peers = [name for name in given.peers.split(",") if name]
    unknown = set(given.peers) - {"eager", "new", "keras"}
    if given.one and not given.against:
        parser.error("--one compares builds: name the other with --against PROGRAM")
    if unknown or given.pairs < 1:
        parser.error(f"unknown peer '{sorted(unknown)[0]}'; they are eager, new, keras" if unknown else "--pairs is at least 1")
    for program in (given.cvtool, *given.against):
        if not os.access(program, os.X_OK) or os.path.isdir(program):
            parser.error(f"no program {program}; build cvtool first or name it with --cvtool")
    if not given.data or not all((pathlib.Path(given.data) / "datasets" / name).is_dir() for name in cases.DATASETS):
        parser.error("set CVTOOL_TEST_DATA or --data to the folder that holds datasets/cats_dogs, datasets/car_truck_32px and weights/")
    known = [case.name for case in cases.all_cases()]
    for name in given.names:
        if name not in known:
            parser.error(f"unknown case '{name}'; the cases are {', '.join(known)}")
    given.chosen = [case for case in cases.all_cases() if not given.names or case.name in given.names]
    given.data = pathlib.Path(given.data).resolve()
    try:
        if given.json:
            table.write_json(given.json, {})  # else it would be known after hours
    except OSError as error:
        parser.error(f"--json cannot be written: {error}")
    if given.quick:
        given.pairs, given.chosen = 1, [case.for_quick() for case in given.chosen]
    return given


class Comparison:
    def __init__(self, given, scratch):
        self.given = given
        environment = peers.environment()
        self.folders = programs.Folders(scratch, given.data, given.limit)
        self.first = programs.Cvtool("cvtool", pathlib.Path(given.cvtool).resolve(), self.folders, environment)
        self.lines, self.native_bf16 = peers.machine(self.first.version())
        self.others, self.missing, self.weights = [], [], None
        if given.against:
            for number, program in enumerate(given.against, 1):
                self.others.append(programs.Cvtool(f"cvtool, other {number}", pathlib.Path(program).resolve(), self.folders, environment))
                self.lines.append(f"other {number}: {self.others[-1].version()}, {program}")
        else:
            self.find_peers(environment)
        self.bare_load = programs.BareLoad(given.cvtool, self.folders, environment)

    def find_peers(self, environment):
        for peer in peers.all_peers(self.native_bf16):
            if peer.key not in self.given.peers:
                continue
            problem = peers.find(peer, pathlib.Path(self.given.envs), not self.given.no_install, self.given.eager_python)
            self.lines.append(f"{peer.key + ':':8} {peer.name}: {problem and 'skipped, ' + problem or peer.version}")
            if problem:
                self.missing.append({"program": peer.name, "why": problem})
            else:
                self.others.append(programs.Worker(peer, self.folders, environment))

    def vgg16_weights(self):
        """Random ones, made by the first Python that has PyTorch; nothing where none has."""
        candidates = [peer for peer in peers.all_peers(False) if "torch" in peer.worker]
        for peer in candidates if not self.weights else []:
            if not peers.find(peer, pathlib.Path(self.given.envs), False, self.given.eager_python):
                self.weights = programs.Worker(peer, self.folders, self.first.environment).vgg16_weights()
                break
        return self.weights

    def turn(self, case, rows, where):
        """Each program once. One that fails is skipped from then on."""
        turn_number = len(rows[0][1].seconds[where])
        for program, row in rows[::-1] if turn_number % 2 else rows:
            if row.error:
                continue
            try:
                seconds, peak = program.measured(case)
                row.seconds[where].append(seconds)
                row.peak_mb = max(row.peak_mb, peak)
                print(f"  {case.name}, turn {turn_number + 1}, {where}: {program.name} {seconds:.2f} s", file=sys.stderr, flush=True)
            except (Failed, OSError, ValueError, LookupError) as error:
                row.error = str(error)

    def measure(self, case):
        """Rows of (program, its measurements); the first is cvtool."""
        extra = [self.bare_load] if case.job["job"] == "predict_one" and not self.given.against else []
        rows = [(program, table.Row(program.name)) for program in [self.first, *self.others, *extra]]
        for program, row in rows:
            try:
                weights = self.vgg16_weights() if case.job["net"] == "vgg16" else None
                program.prepare(case, weights)
            except (Failed, OSError, ValueError, LookupError) as error:
                row.error, row.missing = str(error), isinstance(error, Missing)
        for _ in range(self.given.pairs):
            if rows[0][1].error:
                break
            self.turn(case, rows, "alone")
            if not self.given.alone:
                with spinner():
                    self.turn(case, rows, "beside")
        return [row for _, row in rows]

    def run(self):
        """Prints case by case. Returns the exit code: 1 where cvtool itself failed."""
        given, good = self.given, True
        document = {"machine": self.lines, "turns": given.pairs, "quick": given.quick, "missing": self.missing, "notes": cases.NOTES,
                    "cases": [], "skipped": []}
        print("\n".join(map(table.wrapped, self.lines)))
        print(f"turns:   {given.pairs}" + (", QUICK: small sizes, the figures mean nothing" if given.quick else ""))
        for case in given.chosen:
            if case.bf16 and not self.native_bf16:
                print(f"\n{case.name}: skipped, the processor has no bfloat16", flush=True)
                document["skipped"].append(case.name)
                continue
            rows = self.measure(case)
            images = programs.images_in(self.folders.photos_of(case)) if case.measure == "rate" else 0
            print("\n" + table.block(case, rows, images), flush=True)
            good = good and (not rows[0].error or rows[0].missing)
            document["cases"].append(table.case_json(case, rows, images))
            if given.json:
                table.write_json(given.json, document)
        if given.json:
            table.write_json(given.json, document)
        print("\n" + "\n".join(map(table.wrapped, cases.NOTES[:2] if given.against else cases.NOTES)))
        return 0 if good else 1


def main():
    interrupt_on_signals()
    given = options()
    scratch = tempfile.mkdtemp(prefix="cvtool-bench-")
    try:
        return Comparison(given, scratch).run()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
