"""What drivers explain: the parts add up to the whole change, by sum and by product."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunying.apps.goals.decomposition import Move, explain_product, explain_sum

value = st.floats(-1e6, 1e6)
factor = st.floats(1e-3, 1e4)


@given(st.lists(st.tuples(value, value), min_size=1, max_size=8))
def test_addends_of_a_true_sum_explain_the_whole_change(pairs: list[tuple[float, float]]) -> None:
    parts = [Move(*pair) for pair in pairs]
    whole = Move(math.fsum(pair[0] for pair in pairs), math.fsum(pair[1] for pair in pairs))
    found = explain_sum(whole, parts)
    assert found.rest == pytest.approx(0, abs=1e-6)
    assert found.brings == tuple(pair[1] - pair[0] for pair in pairs)


@given(st.lists(st.tuples(factor, factor), min_size=1, max_size=5))
def test_factors_of_a_true_product_explain_the_whole_change(pairs: list[tuple[float, float]]) -> None:
    whole = Move(math.prod(pair[0] for pair in pairs), math.prod(pair[1] for pair in pairs))
    found = explain_product(whole, [Move(*pair) for pair in pairs])
    assert found.change is not None
    size = max(abs(found.change), *(abs(one or 0) for one in found.brings))
    assert found.rest == pytest.approx(0, abs=1e-7 * max(size, whole.after or 0))


@given(st.permutations([(2.0, 3.0), (5.0, 4.0), (0.5, 0.9)]))
def test_the_order_of_factors_does_not_matter(pairs: list[tuple[float, float]]) -> None:
    whole = Move(5.0, 10.8)
    found = explain_product(whole, [Move(*pair) for pair in pairs])
    brought = dict(zip(pairs, found.brings, strict=True))
    expected = explain_product(whole, [Move(2.0, 3.0), Move(5.0, 4.0), Move(0.5, 0.9)])
    assert brought[(2.0, 3.0)] == pytest.approx(expected.brings[0])


def test_a_factor_that_did_not_move_brings_nothing() -> None:
    found = explain_product(Move(10, 20), [Move(2, 2), Move(5, 10)])
    assert found.brings == (0.0, pytest.approx(10))
    assert found.share(1) == pytest.approx(1)
    assert found.exact


def test_equal_wholes_share_nothing_but_still_add_up() -> None:
    found = explain_product(Move(10, 10), [Move(2, 4), Move(5, 2.5)])
    assert sum(one or 0 for one in found.brings) == pytest.approx(0)
    assert found.share(0) is None
    assert found.exact


def test_what_the_drivers_do_not_make_up_is_told_as_the_rest() -> None:
    found = explain_sum(Move(10, 20), [Move(1, 2), Move(3, 5)])
    assert (found.rest, found.exact) == (7, False)


@pytest.mark.parametrize("parts", [[Move(0, 1)], [Move(-1, 1)], [Move(1, 0)]])
def test_zero_and_negative_factors_are_refused_with_a_reason(parts: list[Move]) -> None:
    found = explain_product(Move(1, 2), parts)
    assert "zero or negative" in found.problem
    assert found.brings == (None,)


def test_missing_values_explain_nothing() -> None:
    found = explain_sum(Move(1, 2), [Move(None, 2), Move(1, 1)])
    assert "missing" in found.problem
    assert not found.exact
