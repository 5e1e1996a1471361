"""What README.md and docs/ say that can be looked up: links and their anchors, flags, the program's messages, the README's length.

    python3 tests/docs/check_text.py build/bin/cvtool
"""
import pathlib
import re
import sys

from flags import FOREIGN, Flags
from links import broken_links
from pages import ROOT, Page, documents

README_LINES = 300
LITERAL = r'"(?:[^"\\\n]|\\.)*"'


def unlinked(pages):
    """Each page of docs stands in its index, and can be reached from the README."""
    for index in (ROOT / "README.md", ROOT / "docs/README.md"):
        targets = {(index.parent / target.partition("#")[0]).resolve() for _, target in Page(index).links()}
        for page in pages:
            if page.path.resolve() not in targets | {index.resolve()} and page.path.parent.name == "docs":
                yield f"{index.relative_to(ROOT)}: no link to {page.name()}"


def wrong_flags(pages, flags):
    for page in pages:
        for number, words in page.words_in_code():
            for wrong in flags.wrong_in(words):
                yield f"{page.name()}:{number}: {wrong}"
            if words.startswith("--"):
                for flag in re.findall(r"(?<![\w-])--[a-zA-Z][\w+-]*", words):
                    if flag not in flags.all() | FOREIGN:
                        yield f"{page.name()}:{number}: no command has the flag {flag}"


def literals():
    """All texts of the sources, those that stand side by side joined."""
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix in (".cpp", ".h"):
            for found in re.finditer(LITERAL + r"(?:\s*" + LITERAL + ")*", path.read_text()):
                parts = [text[1:-1] for text in re.findall(LITERAL, found[0])]
                yield "".join(parts).replace('\\"', '"').replace("{}", "...").replace("{:.0f}", "...")


def lost_messages(page):
    """Messages of troubleshooting.md's tables of which a piece stands in no source; `...` parts the pieces."""
    texts, messages = "\n".join(literals()), 0
    for number, line in page.prose:
        row = re.match(r"\| `([^`]+)` \|", line)
        if not row:
            continue
        messages += 1
        for piece in row[1].split("..."):
            if re.search(r"\w{2}", piece) and piece.strip(" ;'") not in texts:
                yield f"{page.name()}:{number}: no source says '{piece.strip()}'"
    if messages < 25:
        yield f"{page.name()}: only {messages} messages; has its table another form?"


def main():
    pages = [Page(path) for path in documents()]
    flags = Flags(pathlib.Path(sys.argv[1]).resolve())
    wrong = [*broken_links(pages, ROOT), *unlinked(pages), *wrong_flags(pages, flags), *lost_messages(Page(ROOT / "docs/troubleshooting.md"))]
    lines = (ROOT / "README.md").read_text().count("\n")
    if lines > README_LINES:
        wrong.append(f"README.md has {lines} lines, more than {README_LINES}; move what is not for beginners to docs/")
    print("\n".join(wrong) or f"{len(pages)} pages: links, flags and messages are right")
    sys.exit(1 if wrong else 0)


main()
