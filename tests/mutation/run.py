"""How many small faults the usual tests see: see README.md."""
import argparse
import json
import os
import shutil
import sys

import build as building
import judge as judging
import named
from subjects import SUBJECTS

SOURCE = os.path.dirname(os.path.dirname(building.HERE))
LEAST_KILLED = 0.9


def known_survivors():
    with open(os.path.join(building.HERE, "survivors.json")) as file:
        return json.load(file)


def chosen_mutants(builder, name, subject, most):
    """Those that compile, of each source; and the numbers of those that are run."""
    found = building.mutants_of(builder, subject)
    by_hand = named.mutants_of(SOURCE, name)
    every = [mutant for _, _, mutants in found for mutant in mutants]
    # Half as many again as are wanted, in an order that has nothing to do with their places: some will not compile.
    sample = sorted(every, key=lambda mutant: mutant.order())[:most + most // 2]
    for number, mutant in enumerate(by_hand + sample, 1):
        mutant.number = number
    built, sources = [], {name: source for name, source, _ in found}
    for file in sorted({mutant.file for mutant in by_hand + sample}):
        if file not in sources:
            with open(os.path.join(SOURCE, file), "rb") as opened:
                sources[file] = opened.read()
        own = [mutant for mutant in by_hand + sample if mutant.file == file]
        built += builder.compile_mutated(file, sources[file], own)
    lost = [mutant for mutant in by_hand if mutant not in built]
    if lost:
        raise building.Failure(f"does not compile: {lost[0].key()}")
    built.sort(key=lambda mutant: mutant.number)
    return built[:len(by_hand) + most], len(every)


def verdicts(builder, judge, subject, mutants):
    """{number: (result, test)} of those that a test has seen; and those that no test comes to."""
    left, seen, met = {mutant.number for mutant in mutants}, {}, set()
    for target, arguments in subject.tests:
        program = builder.link(target)
        own = [argument.format(source=SOURCE, **{target: program}) for argument in arguments]
        command = own if own[0].startswith("/") else [program, *own, "--abort-after=1"]
        name = " ".join([target, *arguments]) if own is not command else target + " (Python)"
        reached, limit = judge.clean(command)
        if reached is None:
            raise building.Failure(f"{name} fails without any mutant:\n{limit}")
        met |= reached
        print(f"  {name}: {len(left & reached)} of {len(left)} to be seen are come to", flush=True)
        for number in sorted(left & reached):
            result, _, _ = judge.run(command, number, limit_s=limit)
            if result != "passed":
                seen[number] = (result, name)
        left -= set(seen)
        if not left:
            break
    return seen, left - met


def run_subject(name, options):
    out = os.path.join(options.build, "mutation", name)
    shutil.rmtree(out, ignore_errors=True)
    builder = building.Build(SOURCE, options.build, out)
    builder.compile_switch()
    mutants, possible = chosen_mutants(builder, name, SUBJECTS[name], options.most)
    print(f"{name}: {len(mutants)} of {possible} possible mutants", flush=True)
    seen, unmet = verdicts(builder, judging.Judge(out, options.build), SUBJECTS[name], mutants)
    rows = []
    for mutant in mutants:
        result, test = seen.get(mutant.number, ("not come to" if mutant.number in unmet else "survived", ""))
        rows.append({"key": mutant.key(), "line": mutant.line, "number": mutant.number, "result": result, "test": test})
    result = {"possible": possible, "mutants": rows}
    with open(os.path.join(out, "results.json"), "w") as file:
        json.dump(result, file, indent=1)
    return result


def report(name, result, known):
    """Prints a subject's line and its survivors; returns whether all is as it should be. Mutants that change nothing, as
    survivors.json says, are not counted."""
    rows, explained = result["mutants"], known.get(name, {})
    left = [row for row in rows if row["result"] in ("survived", "not come to")]
    same = [row for row in left if explained.get(row["key"], "").startswith("equivalent: ")]
    killed, counted = len(rows) - len(left), len(rows) - len(same)
    print(f"{name:<14}{len(rows):>4} mutants, {len(same)} of them equivalent; {killed} killed, {100 * killed / max(1, counted):.1f} %")
    for row in left:
        reason = explained.get(row["key"])
        print(f"    {row['key']} (line {row['line']}, mutant {row['number']}): {reason or 'NOT EXPLAINED, ' + row['result']}")
    gone = set(explained) - {row["key"] for row in left}
    for key in sorted(gone):
        print(f"    survivors.json explains what does not survive (or is no mutant): {key}")
    return killed >= LEAST_KILLED * counted and all(row["key"] in explained for row in left) and not gone


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS) + " (default: all)")
    parser.add_argument("--build", default=os.path.join(SOURCE, "build"), help="a build folder whose sources were compiled one by one")
    parser.add_argument("--most", type=int, default=60, help="mutants of a subject, beside those of named.py")
    options = parser.parse_args()
    unknown = set(options.subjects) - set(SUBJECTS)
    if unknown:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    options.build = os.path.abspath(options.build)
    good, known = True, known_survivors()
    try:
        results = {name: run_subject(name, options) for name in options.subjects or SUBJECTS}
        for name, result in results.items():
            good &= report(name, result, known)
    except building.Failure as failure:
        sys.exit(str(failure))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
