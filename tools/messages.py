"""Message catalogues without gettext's programs: babel reads Python, Django's own lexer reads templates.

    python tools/messages.py update     collect visible texts into src/yunying/locale/*/LC_MESSAGES/django.po
    python tools/messages.py compile    write the .mo files the program reads (not kept in git)
    python tools/messages.py check      fail on missing, doubtful or stale entries and on wrong placeholders
    python tools/messages.py missing    print what is not translated yet, as JSON lines

English needs no catalogue: the message ids are the English texts.
"""

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/yunying"
LOCALE = SOURCE / "locale"
LANGUAGES = ("zh_Hans", "zh_Hant")
CONTEXT, PLURAL = ((1, "c"), 2), ((1, "c"), 2, 3)
KEYWORDS: dict[str, object] = {
    "_": None,
    "msg": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": CONTEXT,
    "pgettext_lazy": CONTEXT,
    "npgettext": PLURAL,
    "npgettext_lazy": PLURAL,
}
PLACEHOLDER = re.compile(r"%\((\w+)\)")
MARKUP = re.compile(r"</?[a-zA-Z]")


def sources() -> Iterator[tuple[str, str]]:
    """Every file that may hold visible texts, as (path in the clone, text that babel reads as Python)."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted([*SOURCE.rglob("templates/**/*.html"), *SOURCE.rglob("templates/**/*.txt")]):
        text = templatize(path.read_text(encoding="utf-8"))
        # What is no message became X's; without the page's indentation Python's tokenizer takes it.
        yield path.relative_to(ROOT).as_posix(), "\n".join(line.lstrip() for line in text.splitlines())


def singular_and_context(function: str, messages: object) -> tuple[str | None, object]:
    """babel's raw arguments → (context, message id), None as id when an argument is no plain text."""
    values = messages if isinstance(messages, tuple) else (messages,)
    context = None
    if function.startswith(("pgettext", "npgettext")):
        context, values = values[0], values[1:]
    if function.startswith(("ngettext", "npgettext")):
        values = values[:2]
        return context, values if all(values) and len(values) == 2 else None
    return context, values[0] if values else None


def template() -> Catalog:
    """All visible texts of the program as they stand in the code now."""
    found = Catalog(project="Yunying", charset="utf-8")
    for name, text in sources():
        for _line, function, messages, comments in extract_python(
            io.BytesIO(text.encode()), KEYWORDS, ("Translators:",), {}
        ):
            context, ident = singular_and_context(function, messages)
            if ident:
                flags = ("python-format",) if PLACEHOLDER.search(str(ident)) else ()
                found.add(ident, locations=[(name, 0)], context=context, auto_comments=comments, flags=flags)
    return found


def path_of(language: str, suffix: str = ".po") -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django{suffix}"


def load(language: str) -> Catalog:
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, project="Yunying", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update() -> int:
    fresh = template()
    for language in LANGUAGES:
        catalog = load(language)
        catalog.update(fresh, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=120, sort_output=True, include_lineno=False, omit_header=False)
        done = sum(1 for message in catalog if message.id and translated(message))
        print(f"{language}: {done} of {len(catalog)} texts translated")
    return 0


def compile_all() -> int:
    for path in sorted(LOCALE.rglob("*.po")):
        with path.open("rb") as source:
            catalog = read_po(source, locale=path.parts[-3])
        with path.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalog)
    return 0


def strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string or "",)


def translated(message: Message) -> bool:
    return all(strings(message)) and not message.fuzzy


def wrong_placeholders(message: Message) -> bool:
    """A translation must use the names of its original, all of them (a singular may leave the number out)."""
    ids = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    wanted = set(PLACEHOLDER.findall(" ".join(ids)))
    return any(text and set(PLACEHOLDER.findall(text)) != wanted for text in strings(message))


def problems(language: str, fresh: Catalog) -> Iterator[str]:
    catalog = load(language)
    for message in fresh:
        if not message.id:
            continue
        one = catalog.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
        if one is None or not translated(one):
            yield f"{language}: not translated: {message.id!r}"
        elif wrong_placeholders(one):
            yield f"{language}: other placeholders than the original: {message.id!r}"


def check() -> int:
    fresh = template()
    found = [
        f"markup inside a text: {m.id!r} ({m.locations[0][0]})" for m in fresh if m.id and MARKUP.search(str(m.id))
    ]
    for language in LANGUAGES:
        found.extend(problems(language, fresh))
    print("\n".join(found[:60]))
    print(f"{len(fresh)} texts, {len(found)} problems" + (" (first 60 shown)" if len(found) > 60 else ""))
    return 1 if found else 0


def missing() -> int:
    fresh = template()
    for message in fresh:
        lacking = [lang for lang in LANGUAGES if message.id and not translated(_entry(load_once(lang), message))]
        if lacking:
            where = sorted({name for name, _line in message.locations})
            entry = {"id": message.id, "context": message.context, "languages": lacking, "in": where}
            print(json.dumps(entry, ensure_ascii=False))
    return 0


_loaded: dict[str, Catalog] = {}


def load_once(language: str) -> Catalog:
    return _loaded.setdefault(language, load(language))


def _entry(catalog: Catalog, message: Message) -> Message:
    ident = message.id if isinstance(message.id, str) else message.id[0]
    return catalog.get(ident, message.context) or Message(ident)


COMMANDS = {"update": update, "compile": compile_all, "check": check, "missing": missing}


def main() -> int:
    command = COMMANDS.get(sys.argv[1] if len(sys.argv) == 2 else "")
    if command is None:
        print(__doc__)
        return 2
    return command()


if __name__ == "__main__":
    raise SystemExit(main())
