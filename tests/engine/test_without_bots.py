"""Every kind of report leaves bots out where the product wants it, numbers and the people behind them alike."""

from dataclasses import replace
from typing import Any

import pytest

from tests.engine.test_trends import Shop
from yunying.engine import ANYTHING, parse, people_behind, run
from yunying.store import Store

RANGE = {"from": "2024-03-04", "to": "2024-03-06"}
QUESTIONS: list[dict[str, Any]] = [
    {"kind": "trends", "range": RANGE, "series": [{"event": "visit", "measure": "people"}]},
    {
        "kind": "funnel",
        "range": RANGE,
        "steps": [{"events": [{"event": "visit"}]}, {"events": [{"event": "order"}]}],
    },
    {"kind": "retention", "range": RANGE, "period": "day", "start": {"event": "visit"}, "return": {"event": "order"}},
]


@pytest.fixture
def shop(store: Store) -> Shop:
    made = Shop(store)
    for who, bot in ((1, {}), (2, {}), (3, {"$bot": "Googlebot"})):
        made.did(who, "visit", "2024-03-05T10:00", **bot)
        made.did(who, "order", "2024-03-05T11:00", **bot)
    made.keep()
    return made


class NoBotsSeen:
    def knows_event(self, name: str) -> bool:
        return True

    def knows_property(self, of: str, name: str) -> bool:
        return name != "$bot"


def counted(asked: dict[str, Any], context: Any) -> str:
    answer: dict[str, Any] = run(parse(asked), context).to_json()
    answer.pop("provenance", None)
    return str(answer)


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked["kind"])
def test_a_report_leaves_bots_out_as_a_filter_would(shop: Shop, asked: dict[str, Any]) -> None:
    by_hand = asked | {"filters": {"op": "and", "items": [{"property": "$bot", "operator": "is_not_set"}]}}
    quiet = replace(shop.context, without_bots=True)
    assert counted(asked, quiet) == counted(by_hand, shop.context) != counted(asked, shop.context)


def test_own_filters_hold_as_well(shop: Shop) -> None:
    either = {"op": "or", "items": [{"property": "$bot", "operator": "is_set"}]}
    assert shop.ask(QUESTIONS[0]["series"][0], filters=either).rows[0].total == 1
    shop.context = replace(shop.context, without_bots=True)
    assert shop.ask(QUESTIONS[0]["series"][0], filters=either).rows[0].total == 0


def test_the_people_behind_a_number_are_the_same(shop: Shop) -> None:
    spec, point = parse(QUESTIONS[0]), {"series": "A", "bucket": 1, "values": [], "remainder": False}
    assert people_behind(spec, point, shop.context).total == 3
    assert people_behind(spec, point, replace(shop.context, without_bots=True)).total == 2


def test_where_no_bot_was_ever_seen_the_question_stays_as_cheap(shop: Shop) -> None:
    quiet = replace(shop.context, without_bots=True, catalogue=NoBotsSeen())
    assert counted(QUESTIONS[0], quiet) == counted(QUESTIONS[0], replace(shop.context, catalogue=ANYTHING))
