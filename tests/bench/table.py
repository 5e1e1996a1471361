"""The table and the JSON of a comparison."""
import json
import statistics
import textwrap

WIDTH = 110


def wrapped(text):
    return textwrap.fill(text, WIDTH, subsequent_indent="    ")


def digits(value):
    """Three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "values": values} if values else None


def paired(above, below):
    return spread([a / b for a, b in zip(above, below)])


class Row:
    """The measurements of one program in one case. seconds[where]: of the same work, a value a turn."""

    def __init__(self, program):
        self.program, self.error, self.missing = program, "", False
        self.seconds, self.peak_mb = {"alone": [], "beside": []}, 0

    def as_json(self, first, images):
        result = {"program": self.program, "error": self.error or None, "peak_mb": round(self.peak_mb, 1)}
        for where, seconds in self.seconds.items():
            result[where] = spread(seconds)
            result["images_per_second_" + where] = spread([images / s for s in seconds]) if images else None
            result["cvtool_is_faster_" + where] = paired(seconds, first.seconds[where])
        result["keeps"] = paired(self.seconds["alone"], self.seconds["beside"])
        return result


def head(images):
    unit = "images/s" if images else "seconds"
    return f"  {unit:28}{'alone':>10} {'x cvtool':>20}{'beside':>10}{'keeps':>7} {'x cvtool':>20}{'MB':>8}"


def ratio(values):
    return f"{digits(values['median'])} ({digits(values['min'])}..{digits(values['max'])})" if values else "-"


def line(row, first, images):
    values = row.as_json(first, images)
    if row.error:
        return wrapped(f"  {row.program:28} {'skipped' if row.missing else 'failed'}: {row.error}")
    cells = []
    for where in ("alone", "beside"):
        number = values["images_per_second_" + where] if images else values[where]
        cells.append(digits(number["median"]) if number else "-")
        cells.append("1" if row is first and number else ratio(values["cvtool_is_faster_" + where]))
    keeps = f"{values['keeps']['median']:.2f}" if values["keeps"] else "-"
    return f"  {row.program:28}{cells[0]:>10} {cells[1]:>20}{cells[2]:>10}{keeps:>7} {cells[3]:>20}{row.peak_mb:>8.0f}"


def block(case, rows, images):
    """A case's lines: rows[0] is cvtool; images: of an epoch where the case is a rate, else 0."""
    return "\n".join([f"{case.name}: {case.heading()}", head(images), *(line(row, rows[0], images) for row in rows)])


def case_json(case, rows, images):
    return {"name": case.name, "title": case.heading(), "measure": case.measure, "photos_per_class": case.photos[1],
            "epochs": case.epochs, "programs": [row.as_json(rows[0], images) for row in rows]}


def write_json(path, document):
    with open(path, "w") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
