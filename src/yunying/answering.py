"""Questions asked from the command line: `yunying query`."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

from yunying.base.errors import InvalidInput, NotFound, msg

__all__ = ["FORMS", "answer_text", "product_called", "read_question"]

FORMS = ("json", "csv", "table")
_LARGEST_QUESTION = 1_000_000


def read_question(name: str) -> dict[str, Any]:
    """The question in the JSON file `name`, or on standard input for `-`. Raises InvalidInput when it is none."""
    try:
        text = sys.stdin.read(_LARGEST_QUESTION) if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidInput(
            "query.file", msg("The question in %(name)s cannot be read: %(why)s."), name=name, why=why
        ) from None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("query.json", msg("%(name)s is not JSON: %(why)s."), name=name, why=str(error)) from None
    # What the API takes and what its "copy" button gives: the question itself, or in a field called spec.
    if isinstance(found, dict) and isinstance(found.get("spec"), dict):
        found = found["spec"]
    if not isinstance(found, dict):
        raise InvalidInput("query.object", msg("%(name)s does not hold a question as a JSON object."), name=name)
    return found


def product_called(slug: str | None) -> Any:
    """The product with this short name, or the only one there is. Raises NotFound with those there are."""
    from yunying.platform.products.models import Product

    slugs = list(Product.objects.order_by("slug").values_list("slug", flat=True)[:21])
    if slug is None and len(slugs) == 1:
        slug = slugs[0]
    product = Product.objects.filter(slug=slug).first() if slug else None
    if product is not None:
        return product
    have = ", ".join(slugs[:20]) or "none"
    if slug is None:
        raise InvalidInput("query.product", msg("Say which product with --product; there are: %(have)s."), have=have)
    raise NotFound(
        "product.absent", msg("There is no product called “%(slug)s”; there are: %(have)s."), slug=slug, have=have
    )


def answer_text(product: Any, question: dict[str, Any], form: str) -> str:
    """The answer as text: all of it as JSON, or its numbers as CSV or as a table for the eye.

    Raises InvalidInput with the field at fault, LimitReached when the question is too long or too big.
    """
    from yunying.apps.insights.kinds import sheet_of
    from yunying.apps.insights.selectors import run_report
    from yunying.base.actor import SYSTEM
    from yunying.platform.products.access import looking_at

    answer = run_report(looking_at(product, SYSTEM), question, fresh=True)
    if form == "json":
        return json.dumps(answer.result.to_json(), ensure_ascii=False, indent=2) + "\n"
    sheet = sheet_of(question, answer)
    rows = [["" if value is None else value for value in row] for row in sheet.rows]
    return _csv(sheet.heads, rows) if form == "csv" else _table(sheet.heads, rows, answer.result.warnings)


def _csv(heads: Any, rows: list[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue()


def _table(heads: Any, rows: list[list[Any]], warnings: Any) -> str:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    text = io.StringIO()
    console = Console(file=text, width=None if sys.stdout.isatty() else 200)
    shown = Table()
    for index, head in enumerate(heads):
        numbers = bool(rows) and all(isinstance(row[index], int | float) or row[index] == "" for row in rows)
        shown.add_column(escape(str(head)), justify="right" if numbers else "left")
    for row in rows:
        shown.add_row(*(escape(_shown(value)) for value in row))
    console.print(shown)
    for warning in warnings:
        console.print(f"note: {escape(warning.text)}", soft_wrap=True)
    return text.getvalue()


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
