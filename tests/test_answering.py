"""`yunying query`: what is read, and what is said when it cannot be."""

import io
import json
from pathlib import Path

import pytest

from tests.apps.insights.journey import walk
from yunying.answering import answer_text, product_called, read_question
from yunying.base.errors import InvalidInput, NotFound
from yunying.cli import parser
from yunying.platform.products.models import Product
from yunying.store import Store

FUNNEL = {
    "kind": "funnel",
    "range": {"from": "2026-03-01", "to": "2026-03-05"},
    "steps": [{"events": [{"event": "visit"}]}, {"events": [{"event": "sign up"}]}],
}


def test_a_question_is_read_from_a_file_and_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "funnel.json"
    file.write_text(json.dumps(FUNNEL), encoding="utf-8-sig")
    assert read_question(str(file)) == FUNNEL
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"spec": FUNNEL})))
    assert read_question("-") == FUNNEL


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '"funnel"', "\udcff"])
def test_what_is_no_question_is_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "question.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidInput) as refused:
        read_question(str(file))
    assert "question.json" in refused.value.text


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_question(str(tmp_path / "absent.json"))


def test_the_only_product_needs_no_name(product: Product) -> None:
    with pytest.raises(InvalidInput, match="there are: elsewhere, tea"):
        product_called(None)
    Product.objects.exclude(pk=product.pk).delete()
    assert product_called(None) == product
    assert product_called(product.slug) == product
    with pytest.raises(NotFound, match="there are: tea"):
        product_called("coffee")


def test_without_a_product_there_is_nothing_to_ask(db: None) -> None:
    with pytest.raises(InvalidInput, match="there are: none"):
        product_called(None)


@pytest.mark.usefixtures("clock")
def test_an_answer_comes_as_json_csv_and_table(store: Store, product: Product) -> None:
    walk(product)
    whole = json.loads(answer_text(product, FUNNEL, "json"))
    assert [step["count"] for step in whole["rows"][0]["steps"]] == [6, 4]
    assert whole["provenance"]["rows_read"] > 0
    lines = answer_text(product, FUNNEL, "csv").splitlines()
    assert lines[2].split(",")[:4] == ["2", "sign up", "4", "2"]
    assert "0.666667" in answer_text(product, FUNNEL, "table")


@pytest.mark.usefixtures("clock")
def test_a_question_that_cannot_be_asked_names_its_field(store: Store, product: Product) -> None:
    wrong = FUNNEL | {"steps": [{"events": [{"event": "visit"}]}] * 40}
    with pytest.raises(InvalidInput) as refused:
        answer_text(product, wrong, "table")
    assert refused.value.field == "steps"


def test_the_command_takes_a_file_a_product_and_a_format() -> None:
    options = parser().parse_args(["query", "-", "--product", "tea", "--format", "table"])
    assert (options.file, options.product, options.format) == ("-", "tea", "table")
