"""The environment, parsed once into a frozen `Config`.

One URL per service; unset means embedded under one data directory. No other module reads the
environment, and no code asks "am I embedded?": it asks for a capability.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from yunying.base.errors import InvalidInput, msg
from yunying.base.ids import new_secret

__all__ = ["SETTINGS", "Config", "Setting", "masked"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, what it does and its default, as the documentation shows them."""

    name: str
    about: str
    default: str


SETTINGS = (
    Setting("YUNYING_DATA_DIR", "Folder of everything that is embedded.", "./yunying-data"),
    Setting(
        "YUNYING_DATABASE_URL", "Relational store: sqlite:///file or postgres://…", "sqlite file in the data folder"
    ),
    Setting("YUNYING_EVENTS_URL", "Event store: chdb:///folder or clickhouse://…?cluster=", "chDB in the data folder"),
    Setting("YUNYING_JOBS_URL", "Where job state is kept: sqlite:///file or postgres://…", "as the relational store"),
    Setting("YUNYING_SPOOL_URL", "Spool of accepted events: file:///folder", "folder in the data folder"),
    Setting("YUNYING_SPOOLS_BESIDE", "Folders of collectors beside this process, whose events it writes too.", "none"),
    Setting("YUNYING_FILES_URL", "Uploaded and exported files: file:///folder", "folder in the data folder"),
    Setting("YUNYING_MAIL_URL", "console: or smtp://user:password@host:port?tls=1", "console:"),
    Setting("YUNYING_MAIL_FROM", "Sender address of mails.", "yunying@localhost"),
    Setting("YUNYING_SECRET_KEY", "Signs sessions and encrypts secrets at rest.", "made once, kept in the data folder"),
    Setting("YUNYING_BASE_URL", "Address under which people reach the pages.", "http://HOST:PORT"),
    Setting("YUNYING_HOST", "Address to listen on.", "127.0.0.1"),
    Setting("YUNYING_PORT", "Port to listen on.", "8642"),
    Setting("YUNYING_ALLOWED_HOSTS", "Host names answered to, comma separated.", "host of the base URL and loopback"),
    Setting("YUNYING_SIGN_UP", "Who may create an account: open, invited or closed.", "invited"),
    Setting("YUNYING_OIDC", "OpenID Connect providers as JSON list of objects.", "none"),
    Setting("YUNYING_TRUSTED_PROXIES", "Addresses whose X-Forwarded-* headers are believed, comma separated.", "none"),
    Setting(
        "YUNYING_TLS_CERTIFICATE", "File of a certificate with its chain (PEM), to speak https without a proxy.", "off"
    ),
    Setting("YUNYING_TLS_KEY", "File of the key of that certificate (PEM, without a password).", "off"),
    Setting("YUNYING_WEB_THREADS", "Threads that serve pages.", "8"),
    Setting("YUNYING_JOB_THREADS", "Background jobs that run at once.", "4"),
    Setting("YUNYING_SPOOL_CAP_MB", "Size of the spool above which the collector answers 503.", "4096"),
    Setting(
        "YUNYING_LIMIT_KEY", "What one write key may send: events/s, MB/s, seconds of burst; 0 for no limit.", "0,0,10"
    ),
    Setting("YUNYING_LIMIT_ADDRESS", "What one address may send, written the same way.", "5000,20,10"),
    Setting("YUNYING_LAG_ALERT_S", "Seconds events may wait for the event store before administrators are told.", "60"),
    Setting("YUNYING_METRICS_TOKEN", "Opens /metrics to whoever sends it as bearer token.", "none: this machine only"),
    Setting("YUNYING_QUARANTINE_ROWS", "Refused events kept for each product; the oldest go first.", "100000"),
    Setting("YUNYING_QUARANTINE_MB", "Size of the refused events kept for each product.", "512"),
    Setting("YUNYING_IMPORT_CAP_MB", "Size of the largest file that may be uploaded for an import.", "2048"),
    Setting("YUNYING_IMPORT_FOLDER", "Folder on the server whose files may be imported from the pages.", "off"),
    Setting("YUNYING_QUERY_MEMORY_MB", "Memory one report may use before it spills and is then stopped.", "2048"),
    Setting("YUNYING_QUERY_TIMEOUT_S", "Seconds one report may take.", "30"),
    Setting("YUNYING_DEBUG", "1 shows tracebacks in pages; never on a public address.", "0"),
)


@dataclass(frozen=True, slots=True)
class Config:
    data_dir: Path
    database_url: str
    events_url: str
    jobs_url: str
    spool_url: str
    spools_beside: tuple[Path, ...]
    files_url: str
    mail_url: str
    mail_from: str
    secret_key: str
    base_url: str
    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    sign_up: str
    oidc: str
    trusted_proxies: tuple[str, ...]
    tls_certificate: Path | None
    tls_key: Path | None
    web_threads: int
    job_threads: int
    spool_cap_mb: int
    limit_key: tuple[float, float, float]
    limit_address: tuple[float, float, float]
    lag_alert_s: int
    metrics_token: str
    quarantine_rows: int
    quarantine_mb: int
    import_cap_mb: int
    import_folder: Path | None
    query_memory_mb: int
    query_timeout_s: int
    debug: bool

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Config":
        """Parse `YUNYING_*`. Raises InvalidInput naming the variable that cannot be used."""
        data = Path(env.get("YUNYING_DATA_DIR") or "yunying-data").resolve()
        database = env.get("YUNYING_DATABASE_URL") or f"sqlite:///{data / 'yunying.sqlite3'}"
        host = env.get("YUNYING_HOST") or "127.0.0.1"
        port = _number(env, "YUNYING_PORT", 8642, 0, 65535)
        certificate, key = _certificate(env)
        scheme = "https" if certificate else "http"
        base_url = (env.get("YUNYING_BASE_URL") or f"{scheme}://{host}:{port}").rstrip("/")
        return cls(
            data_dir=data,
            database_url=_url(database, "YUNYING_DATABASE_URL", "sqlite", "postgres", "postgresql"),
            events_url=_url(
                env.get("YUNYING_EVENTS_URL") or f"chdb://{data / 'events'}", "YUNYING_EVENTS_URL", "chdb", "clickhouse"
            ),
            jobs_url=_url(
                env.get("YUNYING_JOBS_URL") or _jobs_url(database, data),
                "YUNYING_JOBS_URL",
                "sqlite",
                "postgres",
                "postgresql",
            ),
            spool_url=_url(env.get("YUNYING_SPOOL_URL") or f"file://{data / 'spool'}", "YUNYING_SPOOL_URL", "file"),
            spools_beside=tuple(Path(text) for text in _list(env.get("YUNYING_SPOOLS_BESIDE", ""))),
            files_url=_url(env.get("YUNYING_FILES_URL") or f"file://{data / 'files'}", "YUNYING_FILES_URL", "file"),
            mail_url=_url(env.get("YUNYING_MAIL_URL") or "console:", "YUNYING_MAIL_URL", "console", "smtp"),
            mail_from=env.get("YUNYING_MAIL_FROM") or "yunying@localhost",
            secret_key=env.get("YUNYING_SECRET_KEY") or _kept_secret(data),
            base_url=base_url,
            host=host,
            port=port,
            allowed_hosts=_hosts(env, base_url),
            sign_up=_choice(env, "YUNYING_SIGN_UP", "invited", "open", "closed"),
            oidc=env.get("YUNYING_OIDC") or "[]",
            trusted_proxies=_list(env.get("YUNYING_TRUSTED_PROXIES", "")),
            tls_certificate=certificate,
            tls_key=key,
            web_threads=_number(env, "YUNYING_WEB_THREADS", 8, 1, 256),
            job_threads=_number(env, "YUNYING_JOB_THREADS", 4, 1, 256),
            spool_cap_mb=_number(env, "YUNYING_SPOOL_CAP_MB", 4096, 1, 1 << 30),
            limit_key=_rate(env, "YUNYING_LIMIT_KEY", "0,0,10"),
            limit_address=_rate(env, "YUNYING_LIMIT_ADDRESS", "5000,20,10"),
            lag_alert_s=_number(env, "YUNYING_LAG_ALERT_S", 60, 5, 86_400),
            metrics_token=env.get("YUNYING_METRICS_TOKEN", ""),
            quarantine_rows=_number(env, "YUNYING_QUARANTINE_ROWS", 100_000, 100, 1 << 30),
            quarantine_mb=_number(env, "YUNYING_QUARANTINE_MB", 512, 1, 1 << 20),
            import_cap_mb=_number(env, "YUNYING_IMPORT_CAP_MB", 2048, 1, 1 << 20),
            import_folder=_folder(env, "YUNYING_IMPORT_FOLDER"),
            query_memory_mb=_number(env, "YUNYING_QUERY_MEMORY_MB", 2048, 64, 1 << 20),
            query_timeout_s=_number(env, "YUNYING_QUERY_TIMEOUT_S", 30, 1, 3600),
            debug=env.get("YUNYING_DEBUG", "0") == "1",
        )

    def path(self, url: str) -> Path:
        """The folder or file behind a `file:`, `sqlite:` or `chdb:` URL."""
        return Path(urlsplit(url).path)

    def shown(self) -> dict[str, str]:
        """Every value as text with secrets masked, for `yunying doctor`."""
        return {f.name: masked(f.name, str(getattr(self, f.name))) for f in fields(self)}


def masked(name: str, value: str) -> str:
    """`value` fit to be printed: secrets and passwords inside URLs become ****."""
    if "secret" in name or "token" in name or name == "oidc":
        return "****" if value not in ("", "[]") else value
    parts = urlsplit(value) if "://" in value else None
    if parts is None or not parts.password:
        return value
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":****@")))


def _jobs_url(database: str, data: Path) -> str:
    # A queue in the same SQLite file makes page writes wait for it, so embedded jobs have a file of their own.
    return f"sqlite:///{data / 'jobs.sqlite3'}" if database.startswith("sqlite:") else database


def _url(value: str, name: str, *schemes: str) -> str:
    if urlsplit(value).scheme in schemes:
        return value
    raise InvalidInput(
        "config.url",
        msg("%(name)s must start with %(schemes)s."),
        field=name,
        name=name,
        schemes=" / ".join(s + ":" for s in schemes),
    )


def _certificate(env: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    """The files to speak https with: both or none."""
    certificate, key = (env.get(f"YUNYING_TLS_{name}") for name in ("CERTIFICATE", "KEY"))
    if not (certificate or key):
        return None, None
    for name, path in (("YUNYING_TLS_CERTIFICATE", certificate), ("YUNYING_TLS_KEY", key)):
        if not path or not Path(path).is_file():
            raise InvalidInput("config.file", msg("%(name)s must name a file."), field=name, name=name)
    return Path(str(certificate)).resolve(), Path(str(key)).resolve()


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if text.isdecimal() and low <= int(text) <= high:
        return int(text)
    raise InvalidInput(
        "config.number",
        msg("%(name)s must be a whole number from %(low)d to %(high)d."),
        field=name,
        name=name,
        low=low,
        high=high,
    )


def _rate(env: Mapping[str, str], name: str, default: str) -> tuple[float, float, float]:
    """Events/s, MB/s and seconds of burst."""
    parts = _list(env.get(name) or default)
    try:
        events_s, megabytes_s, burst_s = (float(part) for part in parts)
        if min(events_s, megabytes_s) >= 0 and 1 <= burst_s <= 3600 and events_s < 1e9 and megabytes_s < 1e6:
            return events_s, megabytes_s, burst_s
    except ValueError:
        pass
    raise InvalidInput(
        "config.rate",
        msg("%(name)s must be three numbers: events/s, MB/s and seconds of burst (from 1), such as 5000,20,10."),
        field=name,
        name=name,
    )


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    text = env.get(name, "")
    if not text:
        return None
    if not Path(text).is_absolute():
        raise InvalidInput(
            "config.folder", msg("%(name)s must be the whole path of a folder, from the root."), field=name, name=name
        )
    return Path(text)


def _choice(env: Mapping[str, str], name: str, *choices: str) -> str:
    value = env.get(name) or choices[0]
    if value in choices:
        return value
    raise InvalidInput(
        "config.choice", msg("%(name)s must be one of %(choices)s."), field=name, name=name, choices=", ".join(choices)
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _hosts(env: Mapping[str, str], base_url: str) -> tuple[str, ...]:
    named = _list(env.get("YUNYING_ALLOWED_HOSTS", ""))
    return named or (urlsplit(base_url).hostname or "localhost", "localhost", "127.0.0.1", "[::1]")


def _kept_secret(data: Path) -> str:
    path = data / "secret-key"
    if path.exists():
        return path.read_text().strip()
    data.mkdir(parents=True, exist_ok=True)
    secret = new_secret("yy", 48)
    # "x" closes the race of two processes that start at once: the loser reads the winner's file.
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret)
    except FileExistsError:
        return path.read_text().strip()
    return secret
