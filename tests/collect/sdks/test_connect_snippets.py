"""What the Connect page says to paste for SDKs of others, run as it stands there."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.collect.harness import KEY, Live
from yunying.apps.tracking.live.snippets import way


@pytest.mark.parametrize(("key", "name"), [("sensors", "Order"), ("snowplow", "event")])
def test_the_lines_for_python_send_an_event(server: Live, tmp_path: Path, key: str, name: str) -> None:
    text = next(text for _, _, text in way(key).filled(server.base, KEY) if "import" in text)
    script = tmp_path / "app.py"
    script.write_text(text)
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True, timeout=30)
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id, event.protocol) == (name, "user-1", key)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_the_lines_for_the_command_line_send_an_event(server: Live) -> None:
    ((_, _, text),) = way("cloudevents").filled(server.base, KEY)
    subprocess.run(
        ["/bin/sh", "-c", text.replace("curl ", "curl -sS ", 1)], check=True, capture_output=True, timeout=30
    )
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id, event.props["amount"]) == ("order", "user-1", 25)
