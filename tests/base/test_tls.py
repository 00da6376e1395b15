"""Certificates: read, renewed while a server runs, and judged from outside."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from yunying.base import tls
from yunying.base.errors import InvalidInput
from yunying.base.tls import OwnCertificate, read, what_is_wrong

NOW = datetime.now(UTC)


class Authority:
    """Signs certificates; with `None` as authority one signs itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.file = folder / "authority.pem"
        own = self._certificate(
            self.name, self.key, self.name, self.key, ["authority"], NOW, NOW + timedelta(9), ca=True
        )
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def make(
        self,
        label: str,
        *names: str,
        start: datetime = NOW - timedelta(1),
        end: datetime = NOW + timedelta(9),
        own: bool = False,
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        issuer, signer = (subject, key) if own else (self.name, self.key)
        made = self._certificate(subject, key, issuer, signer, list(names), start, end)
        files = self.folder / f"{label}.pem", self.folder / f"{label}.key"
        files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        return files

    @staticmethod
    def _certificate(
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Name,
        signer: ec.EllipticCurvePrivateKey,
        names: list[str],
        start: datetime,
        end: datetime,
        *,
        ca: bool = False,
    ) -> x509.Certificate:
        shown = [x509.IPAddress(ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
        return (
            x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), start, end)
            .add_extension(x509.SubjectAlternativeName(shown), critical=False)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(signer, hashes.SHA256())
        )


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@contextmanager
def listening(context: ssl.SSLContext | None) -> Iterator[int]:
    """A port on which somebody shakes hands, with TLS or without."""
    sock = socket.create_server(("127.0.0.1", 0))
    sock.settimeout(0.1)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                peer, _ = sock.accept()
                peer.settimeout(1)
                if context is None:
                    peer.sendall(b"220 hello\r\n" * 10)
                    peer.close()
                else:
                    context.wrap_socket(peer, server_side=True).close()
            except OSError:
                continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        over.set()
        thread.join()
        sock.close()


def serving(files: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


def wrong(files: tuple[Path, Path]) -> str | None:
    with listening(serving(files)) as port:
        found = what_is_wrong(f"https://127.0.0.1:{port}")
    return found[0] if found else None


def test_a_sound_certificate_has_nothing_wrong(authority: Authority) -> None:
    assert wrong(authority.make("a", "127.0.0.1")) is None


def test_what_is_wrong_with_a_certificate_is_told_apart(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    day = timedelta(days=1)
    assert wrong(authority.make("own", "127.0.0.1", own=True)) == "tls.self_signed"
    assert wrong(authority.make("old", "127.0.0.1", start=NOW - 9 * day, end=NOW - day)) == "tls.expired"
    assert wrong(authority.make("new", "127.0.0.1", start=NOW + day)) == "tls.not_yet"
    assert wrong(authority.make("other", "shop.example")) == "tls.other_name"
    monkeypatch.delenv("SSL_CERT_FILE")
    assert wrong(authority.make("strange", "127.0.0.1")) == "tls.no_issuer"


def test_addresses_where_nobody_speaks_tls_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(None) as port:
        found = what_is_wrong(f"https://127.0.0.1:{port}")
        assert found and found[0] == "tls.not_spoken"
        assert what_is_wrong(f"http://127.0.0.1:{port}") is None
    assert (what_is_wrong(f"https://127.0.0.1:{port}") or [""])[0] == "tls.nobody"

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert (what_is_wrong("https://nowhere.invalid") or [""])[0] == "tls.no_name"


def test_a_certificate_tells_its_names_and_its_end(authority: Authority) -> None:
    found = read(authority.make("a", "shop.example", "10.0.0.1", end=NOW + timedelta(days=20, hours=1))[0])
    assert (found.names, found.days_left) == (("shop.example", "10.0.0.1"), 20)


def test_files_that_are_no_pair_are_refused_and_the_old_pair_stays(authority: Authority) -> None:
    old, new = authority.make("old", "127.0.0.1"), authority.make("new", "127.0.0.1")
    context = serving(old)
    for pair, code in (
        ((new[0], old[1]), "tls.key"),
        ((old[1], old[1]), "tls.certificate"),
        ((Path("/x"), old[1]), "tls.certificate"),
    ):
        with pytest.raises(InvalidInput) as error:
            OwnCertificate(*pair).load(context)
        assert error.value.code == code
    with listening(context) as port:
        assert what_is_wrong(f"https://127.0.0.1:{port}") is None


def test_a_renewed_certificate_is_used_without_a_restart(authority: Authority) -> None:
    from types import SimpleNamespace

    from yunying.front import renew

    files = authority.make("a", "127.0.0.1", start=NOW - timedelta(9), end=NOW - timedelta(1))
    own = OwnCertificate(*files)
    context = serving(files)

    async def later() -> None:
        task = asyncio.create_task(renew(SimpleNamespace(ssl=context), own, every_s=0.01))  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        new = authority.make("b", "127.0.0.1")
        files[0].write_bytes(new[0].read_bytes())
        await asyncio.sleep(0.05)  # the certificate before its key: not used
        files[1].write_bytes(new[1].read_bytes())
        await asyncio.sleep(0.2)
        task.cancel()

    with listening(context) as port:
        address = f"https://127.0.0.1:{port}"
        assert (what_is_wrong(address) or [""])[0] == "tls.expired"
        asyncio.run(later())
        assert what_is_wrong(address) is None
    assert tls.read(files[0]).days_left >= 8
