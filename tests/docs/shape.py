"""The shape of an output: what is left of it when numbers, names of drawn classes and whatever a machine decides are taken out."""
import re

# Said or not, depending on the figures of a training or on what else the machine does.
NOW_AND_THEN = re.compile(r"overfitting: |more photos |photos of .* would help|the net is dead|still improving|labels to look at: |other programs keep|"
                          r"[^ ]+: feature[s]? of|outlier |.*unused for |cvtool: gate missed: ece |\S+/\S+ = \S+$")

RULES = [
    (r"/home/\S+?/\.(local/share|cache)/", r"HOME/.\1/"),
    (r"\s+", " "),
    (r" \*$", ""),
    (r"={3,}", "==="),
    (r"\b(?=[0-9]*[a-f])[0-9a-f]{12,64}\b", "DIGEST"),
    (r"\b(fp32|bf16): the processor has .*", "PRECISION"),
    (r"\b(Car|Truck|cats|dogs|cars|trucks)\b", "CLASS"),
    (r"\b(car|truck|cat|dog)([._])\d+", r"photo\2"),
    (r"\b(runs/\w+?)\d*(?=[/ ;:,)\"]|$)", r"\1"),
    (r"\b\d+x\d+\b", "#x#"),
    (r"(?<![\w])-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?", "#"),
    (r"# (days?|hours?|h|min|s|ms)\b( # (min|s)\b)*", "TIME"),
    (r"# (bytes?|kB|MB|GB|KiB|MiB|GiB)\b", "SIZE"),
    (r"# ([a-z]{2,}?)s\b", r"# \1"),
]


def shape_of_line(line):
    for pattern, by in RULES:
        line = re.sub(pattern, by, line)
    return line.strip()


def shape(lines):
    """The shapes of the lines; lines of one shape that follow each other (epochs) are one, also where `...` stands between."""
    shapes, last = [], ""
    for line in lines:
        one = shape_of_line(line)
        if one and not NOW_AND_THEN.match(line.strip()) and one != last:
            shapes.append(one)
            last = last if one == "..." else one
    return shapes


def _fits(wanted, got):
    return re.fullmatch(".*".join(re.escape(part) for part in wanted.split("...")), got) is not None


def difference(wanted_lines, got_lines):
    """"" where the output fits what the page shows; else which line does not. A line `...` stands for any number of lines, and `...`
    within a line for anything."""
    wanted, got = shape(wanted_lines), shape(got_lines)
    states = {0}  # how many of `wanted` may have been met
    for line in got:
        after = set()
        for state in _past_gaps(wanted, states):
            if state < len(wanted) and wanted[state] == "...":
                after.add(state)
            if state < len(wanted) and _fits(wanted[state], line):
                after |= {state + 1}
        if not after:
            met = max(_past_gaps(wanted, states))
            return f"the page shows '{wanted[met] if met < len(wanted) else 'nothing more'}', and it prints '{line}'"
        states = after
    if len(wanted) in _past_gaps(wanted, states):
        return ""
    return f"it does not print '{wanted[max(_past_gaps(wanted, states))]}'"


def _past_gaps(wanted, states):
    """The states, and those that are reached when a gap is empty."""
    reached = set(states)
    for state in sorted(states):
        while state < len(wanted) and wanted[state] == "...":
            state += 1
            reached.add(state)
    return reached
