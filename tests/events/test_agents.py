"""User agents as browsers, apps and bots send them (agents.txt), and that nothing anybody sends makes it fall."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunying.events.agents import describe
from yunying.events.bots import BotKind, bot_of

NAMES = (
    "$browser",
    "$browser_version",
    "$os",
    "$os_version",
    "$device_type",
    "$device_manufacturer",
    "$device_model",
    "$mini_program",
    "$bot",
    "$bot_kind",
)
LINES = Path(__file__).with_name("agents.txt").read_text(encoding="utf-8").splitlines()
AGENTS = list(zip(LINES[::2], LINES[1::2], strict=True))


@pytest.mark.parametrize(("agent", "line"), AGENTS, ids=range(len(AGENTS)))
def test_an_agent_says_what_it_is(agent: str, line: str) -> None:
    values = [value.strip() for value in line.split("|")]
    assert describe(agent) == {name: value for name, value in zip(NAMES, values, strict=True) if value}


def test_an_http_client_is_a_bot_only_where_it_claims_to_see_a_page() -> None:
    assert "$bot" not in describe("curl/8.4.0")
    assert describe("curl/8.4.0", browsing=True)["$bot_kind"] == BotKind.TOOL
    assert "$bot" not in describe("okhttp/4.12.0", browsing=True)


def test_telephones_of_cubot_are_no_bots() -> None:
    assert bot_of("Mozilla/5.0 (Linux; Android 9; CUBOT X19) Mobile") is None
    assert bot_of("Robotics fan's browser") is None


@given(st.text(max_size=2_000))
def test_no_agent_makes_it_fall(agent: str) -> None:
    for name, value in describe(agent, browsing=True).items():
        assert name.startswith("$") and value


@given(st.lists(st.sampled_from(sorted({word for agent, _ in AGENTS for word in agent.split()})), max_size=40))
def test_no_mixture_of_agents_makes_it_fall(words: list[str]) -> None:
    describe(" ".join(words))
