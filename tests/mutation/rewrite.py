"""Writes a source anew with all its mutants in it, each asleep behind mutated(NUMBER), and tells whose fault a compiler's error is."""
import re

FORMS = ["statement", "discarded", "value"]  # of the same place, from the outside in


class Site:
    """A place of the source with all mutants of one form that stand there."""

    def __init__(self, start, end, form, mutants):
        self.start, self.end, self.form, self.mutants = start, end, form, mutants
        self.inner = []


def sites_of(mutants):
    """Nested as in the source; what would overlap without nesting is left out."""
    places = {}
    for mutant in mutants:
        places.setdefault((mutant.start, -mutant.end, FORMS.index(mutant.form)), []).append(mutant)
    top, open_sites = [], []
    for (start, negative_end, form), group in sorted(places.items(), key=lambda place: place[0]):
        site = Site(start, -negative_end, FORMS[form], group)
        while open_sites and open_sites[-1].end <= site.start:
            open_sites.pop()
        if open_sites and site.end > open_sites[-1].end:
            continue
        (open_sites[-1].inner if open_sites else top).append(site)
        open_sites.append(site)
    return top


def variable_starts(source, mutants):
    """Constants whose values have mutants are computed when the program starts: {place of 'constexpr': its length}."""
    starts = {}
    for match in re.finditer(rb"\bconstexpr\b(?!\s+(if|auto\s*\[))", source):
        end = source.find(b";", match.end())
        head = source[match.end():end].split(b"=")[0]
        if end >= 0 and b"{" not in head and b"(" not in head and any(match.end() < m.start and m.end <= end for m in mutants):
            starts[match.start()] = len(match.group(0))
    return starts


class Rewriter:
    def __init__(self, source, mutants):
        self.source, self.out, self.length = source, [], 0
        self.spans = []  # (start, end, numbers) in what is written
        self.starts = variable_starts(source, mutants)
        self.emit(b'#include "mutant.h"\n')
        self.range(0, len(source), sites_of(mutants))

    def emit(self, text):
        self.out.append(text)
        self.length += len(text)

    def plain(self, start, end):
        for place in sorted(p for p in self.starts if start <= p < end):
            self.emit(self.source[start:place])
            # In a function, static: so lambdas need not capture it, as they need not capture a constexpr.
            indented = self.source[self.source.rfind(b"\n", 0, place) + 1:place].isspace()
            self.emit(b"static const" if indented else b"const")
            start = place + self.starts[place]
        self.emit(self.source[start:end])

    def range(self, start, end, sites):
        for site in sites:
            self.plain(start, site.start)
            self.site(site)
            start = site.end
        self.plain(start, end)

    def alternative(self, mutant, before, text, after):
        begin = self.length
        self.emit((before.format(mutant.number) + text + after).encode())
        self.spans.append((begin, self.length, [mutant.number]))

    def site(self, site):
        begin = self.length
        if site.form == "statement":
            self.emit(b"{ ")
            for mutant in site.mutants:
                self.alternative(mutant, "if (::mutated({})) {{ ", mutant.text, " } else ")
            self.emit(b"{ ")
            self.range(site.start, site.end, site.inner)
            self.emit(b" } }")
        else:
            cast = next((m.cast for m in site.mutants if m.cast), "")
            cast = "void" if site.form == "discarded" else cast
            self.emit(f"static_cast<{cast}>(".encode() if cast and cast != "void" else b"(")
            for mutant in site.mutants:
                text = f"static_cast<{cast}>({mutant.text})" if cast and cast != "void" else f"({mutant.text})"
                self.alternative(mutant, "::mutated({}) ? ", text, " : ")
            self.emit(f"static_cast<{cast}>(".encode() if cast else b"(")
            self.range(site.start, site.end, site.inner)
            self.emit(b"))")
        self.spans.append((begin, self.length, [m.number for m in site.mutants]))

    def bytes(self):
        return b"".join(self.out)


def guilty(rewriter, messages):
    """The numbers of the mutants that the compiler refuses. messages: [(kind, line, column)] of this file, in their order."""
    text = rewriter.bytes()
    lines = [0]
    for match in re.finditer(b"\n", text):
        lines.append(match.end())
    numbers, unexplained = set(), 0
    waiting = False  # for a note that says what an error is about
    for kind, line, column in messages:
        place = lines[line - 1] + column - 1
        around = [span for span in rewriter.spans if span[0] <= place < span[1]]
        if kind == "error":
            unexplained += waiting
            waiting = not around
        elif not (waiting and kind == "note"):
            continue
        if not around and kind == "note":  # a constant is declared here, and its value follows
            around = [span for span in rewriter.spans if place <= span[0] and span[1] <= text.find(b";", place)]
            numbers.update(number for span in around for number in span[2])
            waiting = waiting and not around
        elif around:
            numbers.update(min(around, key=lambda span: span[1] - span[0])[2])
            waiting = False
    return numbers, unexplained + waiting
