import socket
import threading
from collections.abc import Sequence

import pytest
from django.db import OperationalError

from tests.conftest import Cast
from yunying import roles
from yunying.base.errors import InvalidInput, Unavailable, msg
from yunying.config import Config
from yunying.events.event import Event
from yunying.platform.jobs import runner
from yunying.platform.products.models import WriteKey
from yunying.roles import listening


def test_a_taken_port_is_named_and_another_proposed() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Unavailable) as error, listening("127.0.0.1", port):
            pass
    assert error.value.code == "serve.port_taken"
    assert str(port) in error.value.text and f"YUNYING_PORT={port + 1}" in error.value.text


def test_an_address_that_is_not_ours_is_explained() -> None:
    with pytest.raises(Unavailable) as error, listening("203.0.113.1", 0):
        pass
    assert error.value.code == "serve.address"


@pytest.mark.parametrize("role", [roles.web, roles.work])
def test_the_embedded_store_is_not_shared_between_processes(role: object) -> None:
    with pytest.raises(InvalidInput) as error:
        role(Config.from_env({"YUNYING_SECRET_KEY": "x"}))  # type: ignore[operator]
    assert error.value.code == "role.embedded"


def test_there_are_no_counts_without_a_collector() -> None:
    assert roles.metrics() == {}


@pytest.mark.django_db
def test_a_relational_store_that_is_away_is_no_fault_of_the_events() -> None:
    class Away:
        def write(self, events: Sequence[Event], *, token: str) -> None:
            raise OperationalError("server closed the connection")

        refuse = write

    with pytest.raises(Unavailable) as error:
        roles._LastingSink(Away()).write([], token="t")
    assert error.value.code == "database.away"


@pytest.mark.django_db
def test_a_used_key_says_when(people: Cast) -> None:
    class Takes:
        def write(self, events: Sequence[Event], *, token: str) -> None: ...

        refuse = write

    for name in ("used", "idle"):
        WriteKey.objects.create(product=people.product, name=name, token=name)
    sink = roles._LastingSink(Takes())
    sink.used_keys = lambda: {"used"}
    sink.write([], token="t")
    found = dict(WriteKey.objects.values_list("name", "last_used_at"))
    assert found["used"] is not None and found["idle"] is None


def test_a_jobs_runner_that_cannot_start_ends_the_process_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(config: Config) -> None:
        raise Unavailable("jobs.away", msg("The store of background jobs does not answer."))

    monkeypatch.setattr(runner, "start", away)
    jobs, told = roles.Jobs(Config.from_env({})), threading.Event()
    jobs.start(failed=told.set)
    assert told.wait(10)
    jobs.stop()
    with pytest.raises(Unavailable, match="does not answer"):
        jobs.check()


def test_a_stop_during_the_start_leaves_no_runner_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Config] = []
    monkeypatch.setattr(runner, "start", started.append)
    loading, go_on = threading.Event(), threading.Event()

    def load_pages() -> None:
        loading.set()
        go_on.wait(10)

    jobs = roles.Jobs(Config.from_env({}), after=load_pages)
    jobs.start(failed=lambda: None)
    assert loading.wait(10)
    stop = threading.Thread(target=jobs.stop)
    stop.start()
    assert jobs.stopping.wait(10)
    go_on.set()
    stop.join(10)
    jobs.check()
    assert not stop.is_alive()
    assert started == []
