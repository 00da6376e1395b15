"""Uploads go to disk as they come: a handler in place of Django's, which would write them elsewhere or keep them."""

from collections.abc import Iterator
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from yunying.apps.tracking.importing.storage import Receiver, Upload, require_room, store_upload
from yunying.base.errors import InvalidInput, msg

__all__ = ["Stored", "ToDisk", "from_body"]

_PIECE = 1 << 20


class Stored:
    """What the form's `FILES` holds: the stored file. Django closes it with the request."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.name = upload.name
        self.size = upload.size_bytes

    def close(self) -> None:
        """Nothing is open any more."""


class ToDisk(FileUploadHandler):
    """Writes the first file of a form to disk; `drop_unclaimed` removes it unless `claim` took it over."""

    chunk_size = _PIECE

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._receiver: Receiver | None = None
        self._expected = 0
        self._claimed = False

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        self._expected = content_length
        require_room(content_length)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self._receiver is not None:
            raise InvalidInput("import.one_file", msg("Upload one file at a time."), field="file")
        self._receiver = Receiver(self.file_name or "", self._expected)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self._receiver is not None
        self._receiver.write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        assert self._receiver is not None
        return Stored(self._receiver.finish())

    def claim(self) -> None:
        """The file belongs to an import from now on."""
        self._claimed = True

    def drop_unclaimed(self) -> None:
        """Remove what nobody took over."""
        if self._receiver is not None and not self._claimed:
            self._receiver.drop()


def from_body(request: HttpRequest, name: str) -> Upload:
    """Store the body of a request as it is. Raises LimitReached, and InvalidInput when it is empty or incomplete."""
    if not name.strip():
        raise InvalidInput("import.no_name", msg("Say what the file is called (?name=)."), field="name")
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    return store_upload(name, _pieces(request), size)


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    while piece := request.read(_PIECE):
        yield piece
