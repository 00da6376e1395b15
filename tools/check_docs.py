"""Check the documents by themselves: links lead somewhere, every page is reachable, both READMEs tell the same.

What the documents say about the program (settings, commands, endpoints, reports) is checked by tests/test_docs.py.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
TOPS = ("README.md", "README.zh-Hans.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "demo/README.md")
# Hosts and folders that only exist where somebody worked on the project.
PRIVATE = re.compile(r"(?:^|[\s(`'\"])/(?:work|tmp|root|home)/")


def pages() -> list[Path]:
    return [ROOT / name for name in TOPS] + sorted((ROOT / "docs").rglob("*.md"))


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Links of a page that stay in the clone: as written, the file, the anchor."""
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        yield link, (page.parent / file).resolve() if file else page, anchor


def broken() -> Iterator[str]:
    for page in pages():
        for link, target, anchor in links(page):
            name = page.relative_to(ROOT)
            if not target.exists():
                yield f"{name}: {link} leads nowhere"
            elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8")):
                yield f"{name}: {link}: there is no such heading"


def unreachable() -> Iterator[str]:
    linked = {target for page in pages() for _link, target, _anchor in links(page)}
    for page in pages():
        # The program shows a twin in another language (today.zh-hans.md) wherever its original is linked.
        original = page.with_name(page.name.split(".")[0] + ".md")
        if (
            "docs" in page.parts
            and page.name != "README.md"
            and original not in linked
            and original.name != "README.md"
        ):
            yield f"{page.relative_to(ROOT)}: no page links here"


def untwinned() -> Iterator[str]:
    """The Chinese README has the same headings, commands and rows as the English one."""
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in TOPS[:2])
    for what, pattern in {
        "headings": r"^#+ ",
        "commands": r"^(?:make|\.venv)",
        "rows": r"^\|",
        "points": r"^- ",
    }.items():
        here, there = (len(re.findall(pattern, text, re.M)) for text in (english, chinese))
        if here != there:
            yield f"README.zh-Hans.md: {there} {what}, README.md has {here}"


def private() -> Iterator[str]:
    for page in pages():
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            if PRIVATE.search(line):
                yield f"{page.relative_to(ROOT)}:{number}: a path of somebody's machine"


def main() -> int:
    found = [*broken(), *unreachable(), *untwinned(), *private()]
    print("\n".join(found) if found else f"{len(pages())} pages, no problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
