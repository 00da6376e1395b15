"""SDKs for servers, run in Node.js.

`run(server, script)` runs `script`, a JavaScript module with top-level `await`, beside the packages of package.json
and against the address of `server`; then `server.kept(n)` has what arrived. In the script `HOST`, `KEY` and
`SENDER` are the collector's address, its write key and the name the product has in protocols without keys, `given`
holds the keyword arguments, `require` and `import` find the packages, `sleep(ms)` waits, and `tell(value)` adds to the
list that `run` returns. A script that fails, or does not end in time, fails the test with what it printed. A
server made with a certificate (fixture `secure`) is trusted.
"""

import json
import os
import shutil
import subprocess
from typing import Any

from tools.vendor import npm

from tests.collect.harness import KEY, SENDER, Live
from tests.collect.sdks.packages import FOLDER, need

__all__ = ["run"]

_PRELUDE = """
import { createRequire as __createRequire } from "node:module";
const require = __createRequire(process.cwd() + "/");
const { HOST, KEY, SENDER, given } = JSON.parse(process.env.GIVEN);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const tell = (value) => console.log("\\u0001" + JSON.stringify(value ?? null));
"""


def run(
    server: Live, script: str, *, timeout_s: float = 60, env: dict[str, str] | None = None, **given: Any
) -> list[Any]:
    """What the script told. Raises AssertionError with its output if it failed or did not end."""
    need()
    _, places = npm()
    settings = {"HOST": server.base, "KEY": KEY, "SENDER": SENDER, "given": given}
    around = places | {"GIVEN": json.dumps(settings), "NODE_NO_WARNINGS": "1"} | (env or {})
    if server.certificate:
        around["NODE_EXTRA_CA_CERTS"] = str(server.certificate)
    node = shutil.which("node", path=places.get("PATH", os.defpath))
    assert node, "npm is here, node is not"
    command = [node, "--input-type=module", "-"]
    try:
        done = subprocess.run(
            command,
            input=_PRELUDE + script,
            cwd=FOLDER,
            env=around,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as slow:
        said = slow.stdout.decode(errors="replace") if isinstance(slow.stdout, bytes) else slow.stdout
        raise AssertionError(f"the script did not end within {timeout_s:.0f} s:\n{said}") from slow
    assert done.returncode == 0, f"the script ended with {done.returncode}:\n{done.stdout}"
    return [json.loads(line[1:]) for line in done.stdout.splitlines() if line.startswith("\u0001")]
