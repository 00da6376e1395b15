"""Formulas over series."""

import pytest

from yunying.base.errors import InvalidInput
from yunying.engine.formula import Formula, parse_formula
from yunying.engine.reading import Node


def read(text: str) -> Formula:
    formula = parse_formula(Node(text, "formula"), "ABC")
    assert formula is not None
    return formula


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A+B*C", 14), ("(A+B)*C", 20), ("A-B-C", -5), ("C/A/B", 4 / 2 / 3), ("-A*B", -6), ("2*-A", -4),
        ("--A", 2), ("a / b * 100", 200 / 3), (".5*A", 1.0), ("100", 100), ("+A", 2),
    ],
)  # fmt: skip
def test_a_formula_means_what_school_taught(text: str, expected: float) -> None:
    assert read(text).value({"A": 2, "B": 3, "C": 4}) == pytest.approx(expected)


def test_no_data_and_division_by_zero_give_no_data() -> None:
    assert read("A+B").value({"A": None, "B": 1}) is None
    assert read("A/B").value({"A": 1, "B": 0}) is None
    assert read("0*(A/B)").value({"A": 1, "B": 0}) is None
    assert read("-A").value({"A": None}) is None


def test_a_result_that_is_no_finite_number_is_no_data() -> None:
    assert read("A*A").value({"A": 1e200}) is None
    assert read("*".join(["9" * 70] * 4)).value({}) == int("9" * 70) ** 4
    assert read("*".join(["9" * 70] * 4) + "/A").value({"A": 0.5}) == pytest.approx(float(int("9" * 70) ** 4) / 0.5)


def test_whole_numbers_stay_whole() -> None:
    assert read("A*2+1").value({"A": 10**16}) == 2 * 10**16 + 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("D+1", "formula.unknown_series"), ("AB", "formula.unknown_series"), ("A+", "formula.unfinished"),
        ("", "formula.unfinished"), ("(A", "formula.parenthesis"), ("A)", "formula.unexpected"),
        ("A B", "formula.unexpected"), ("A**B", "formula.unexpected"), ("A;B", "formula.character"),
        ("A=A", "formula.character"), ("٣", "formula.character"), ("__import__", "formula.character"),
        ("(" * 200 + "A", "formula.too_deep"),
        ("-" * 200 + "A", "formula.too_deep"), ("A+" * 200 + "A", "spec.too_long"),
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(text)
    assert (caught.value.code, caught.value.field) == (code, "formula")
    assert caught.value.text
