"""The Markdown of README.md and docs/ as the tests need it: blocks of code with the mark before them, headings, links, words in code."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def documents():
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


class Block:
    """A fenced block. mark: the comment in the line before it (`<!-- not run: needs a network -->`), or "". next: the block that
    follows with nothing between, or None."""

    def __init__(self, page, number, language, mark):
        self.page, self.number, self.language, self.mark = page, number, language, mark
        self.lines, self.next = [], None

    def place(self):
        return f"{self.page.name()}:{self.number}"

    def reason_not_run(self):
        return self.mark[len("not run: "):] if self.mark.startswith("not run: ") else ""


class Page:
    def __init__(self, path):
        self.path = path
        self.blocks, self.prose = [], []  # prose: (number of the line, line)
        self._read(path.read_text().split("\n"))

    def name(self):
        return str(self.path.relative_to(ROOT)) if ROOT in self.path.parents else str(self.path)

    def _read(self, lines):
        block, ended = None, None  # ended: the block that ended in the line before
        for number, line in enumerate(lines, 1):
            if block is not None:
                if line.startswith("```"):
                    block, ended = None, block
                else:
                    block.lines.append(line)
            elif line.startswith("```"):
                mark = re.fullmatch(r"<!-- (.*) -->", lines[number - 2]) if number > 1 else None
                block = Block(self, number, line[3:], mark[1] if mark else "")
                self.blocks.append(block)
                if ended is not None:
                    ended.next = block
            else:
                self.prose.append((number, line))
                ended = None

    def anchors(self):
        """As GitHub makes them of the headings."""
        found = set()
        for _, line in self.prose:
            heading = re.match(r"#+ (.*)", line)
            if heading:
                slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()).replace(" ", "-")
                number = 0
                while slug + (f"-{number}" if number else "") in found:
                    number += 1
                found.add(slug + (f"-{number}" if number else ""))
        return found

    def links(self):
        """(line, target) of all links; one may be broken over two lines."""
        text = "\n".join(line for _, line in self.prose)
        numbers = [number for number, _ in self.prose]
        for link in re.finditer(r"\]\(([^)\s]+)\)", text):
            yield numbers[text.count("\n", 0, link.start())], link[1]

    def words_in_code(self):
        """(line, text) of all that stands in single backquotes."""
        for number, line in self.prose:
            for span in re.findall(r"`([^`]+)`", line):
                yield number, span
