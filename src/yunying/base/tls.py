"""Certificates: one's own for listening, and what is wrong with the one an address shows, in words."""

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from yunying.base import clock
from yunying.base.errors import InvalidInput, msg

__all__ = ["Certificate", "OwnCertificate", "read", "what_is_wrong"]

# Codes of OpenSSL's X509_verify_cert_error (x509_vfy.h) that have an advice of their own.
_SELF_SIGNED, _EXPIRED, _NOT_YET, _NO_ISSUER, _OTHER_NAME = (18, 19), 10, 9, (2, 20, 21), (62, 64)
_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """Names it is for, and until when it holds (aware UTC)."""

    names: tuple[str, ...]
    until: datetime

    @property
    def days_left(self) -> int:
        """Whole days; negative when it is over."""
        return (self.until - clock.now()).days


def read(path: Path) -> Certificate:
    """The first certificate of a PEM file. Raises InvalidInput (`tls.certificate`)."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [str(name) for name in alternative.get_values_for_type(x509.DNSName)]
        names += [str(address) for address in alternative.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        names = []
    except (OSError, ValueError) as error:
        raise InvalidInput(
            "tls.certificate",
            msg("%(file)s is not a certificate in PEM form that can be read."),
            field="YUNYING_TLS_CERTIFICATE",
            file=str(path),
        ) from error
    return Certificate(tuple(names), found.not_valid_after_utc)


class OwnCertificate:
    """Two files in PEM form. They are read again when they change: whoever renews them need not restart."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate, self.key = certificate, key
        self._seen = self._state()

    def load(self, context: ssl.SSLContext) -> None:
        """Use the files from the next connection on. Raises InvalidInput (`tls.certificate`, `tls.key`)."""
        read(self.certificate)
        try:
            # Tried first: a pair that does not fit would leave the context of a running server without any.
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.certificate, self.key)
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInput(
                "tls.key",
                msg("%(file)s is not the key of the certificate, or cannot be read, or has a password."),
                field="YUNYING_TLS_KEY",
                file=str(self.key),
            ) from error

    def changed(self) -> bool:
        """Whether a file is another one than at the last call."""
        before, self._seen = self._seen, self._state()
        return self._seen != before

    def _state(self) -> tuple[tuple[int, int, int], ...]:
        found = []
        for path in (self.certificate, self.key):
            try:
                state = path.stat()
            except OSError:
                found.append((0, 0, 0))
            else:
                found.append((state.st_mtime_ns, state.st_size, state.st_ino))
        return tuple(found)


def what_is_wrong(url: str, *, timeout_s: float = _PATIENCE_S) -> tuple[str, str] | None:
    """A stable code and a message (marked, without placeholders) for what keeps others from `url`; None for nothing.

    Looks at https addresses only, from this very machine.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 443), timeout_s) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return _of_certificate(error.verify_code)
    except ssl.SSLError:
        return "tls.not_spoken", msg("What listens at this address does not speak TLS.")
    except socket.gaierror:
        return "tls.no_name", msg("The name in this address is not known: check its DNS entry.")
    except OSError:
        return "tls.nobody", msg("Nobody answers at this address, as far as this server can see.")


def _of_certificate(code: int) -> tuple[str, str]:
    if code in _SELF_SIGNED:
        return "tls.self_signed", msg("The certificate is self-signed: browsers and SDKs refuse it.")
    if code == _EXPIRED:
        return "tls.expired", msg("The certificate has expired: renew it.")
    if code == _NOT_YET:
        return "tls.not_yet", msg("The certificate is not valid yet: check the clock of the server.")
    if code in _NO_ISSUER:
        return "tls.no_issuer", msg("The certificate comes without those it was issued by: use the full chain.")
    if code in _OTHER_NAME:
        return "tls.other_name", msg("The certificate is for another name than this address has.")
    return "tls.refused", msg("The certificate is refused.")
