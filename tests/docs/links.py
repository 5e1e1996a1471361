"""Whether the links of pages lead somewhere. As a program, for the pages of an installed tree, none of whose links may lead out of it:

    python3 tests/docs/links.py PREFIX
"""
import pathlib
import re
import sys

from pages import Page


def broken_links(pages, root):
    """Links to what is not there, or not below root, and to headings that a page has not. What has a scheme is not looked up."""
    anchors = {}
    for page in pages:
        for number, target in page.links():
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.path.parent / path).resolve() if path else page.path
            if not file.exists() or root.resolve() not in file.resolve().parents:
                yield f"{page.name()}:{number}: {target}: there is no such file"
            elif anchor:
                if file not in anchors:
                    anchors[file] = Page(file).anchors()
                if anchor not in anchors[file]:
                    yield f"{page.name()}:{number}: {target}: the page has no such heading"


def main():
    root = pathlib.Path(sys.argv[1])
    # A package's are reached by the link share/doc/cvtool/models too.
    pages = [Page(path) for path in sorted({path.resolve() for path in root.rglob("*.md")})]
    problems = list(broken_links(pages, root))
    if not pages:
        problems.append(f"{root} has no pages")
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
