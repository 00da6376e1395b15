"""The numbered migrations as statements, in the form for one node or for a cluster.

Three placeholders are all that differs:

    {on_cluster}            nothing, or ON CLUSTER 'name'
    {local}                 nothing, or _local: the replicated table behind a Distributed one
    {engine sharded Name(…)} / {engine everywhere Name(…)}   Name(…), or its Replicated form

`{cluster}`, `{database}` and `{login}` are filled from the store's address in both forms.
A statement that only one form has begins with the comment `-- only: one` or `-- only: cluster`.
"""

import re
from dataclasses import dataclass
from importlib.resources import files

__all__ = ["Form", "Script", "scripts"]

_ENGINE = re.compile(r"\{engine (sharded|everywhere) (\w+)(?:\(([^)]*)\))?\}")
_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)")


@dataclass(frozen=True, slots=True)
class Form:
    """`cluster` is empty for one node, embedded or a server; `login` is how a dictionary reads its own server."""

    cluster: str = ""
    database: str = "default"
    login: str = ""

    def render(self, statement: str) -> str:
        """`statement` with its placeholders filled."""
        on_cluster = f"ON CLUSTER '{self.cluster}'" if self.cluster else ""
        local = "_local" if self.cluster else ""
        text = statement.replace(" {on_cluster}", f" {on_cluster}".rstrip()).replace("{local}", local)
        for name, value in (("cluster", self.cluster), ("database", self.database), ("login", self.login)):
            text = text.replace("{" + name + "}", value)
        table = _TABLE.search(text)
        return _ENGINE.sub(lambda found: self._engine(found, table.group(1) if table else ""), text)

    def keeps(self, statement: str) -> bool:
        other = "one" if self.cluster else "cluster"
        return f"-- only: {other}" not in statement

    def _engine(self, found: re.Match[str], table: str) -> str:
        spread, name, given = found.group(1), found.group(2), found.group(3)
        if not self.cluster:
            return f"{name}({given})" if given else name
        path = f"'/yunying/{{shard}}/{table}'" if spread == "sharded" else f"'/yunying/all/{table}'"
        return f"Replicated{name}({', '.join(filter(None, (path, _replica(spread), given)))})"


def _replica(spread: str) -> str:
    # A table that is whole everywhere has one replica per node, so the shard belongs to the replica's name.
    return "'{replica}'" if spread == "sharded" else "'{shard}-{replica}'"


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    text: str

    def statements(self, form: Form) -> list[str]:
        parts = [part.strip() for part in re.split(r";\s*(?:\n|$)", self.text)]
        return [_bare(form.render(part)) for part in parts if _bare(part) and form.keeps(part)]


def _bare(statement: str) -> str:
    lines = [line for line in statement.splitlines() if not line.lstrip().startswith("--")]
    return "\n".join(lines).strip()


def scripts() -> list[Script]:
    """All migrations of this version, in order."""
    folder = files("yunying.store") / "migrations"
    found = [
        Script(entry.name[:-4], entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".sql")
    ]
    return sorted(found, key=lambda script: script.name)
