"""Where the files of imports lie: uploads below the data folder, and the folder on the server that may be read."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from yunying.apps.tracking.importing.models import ImportRun, Place
from yunying.apps.tracking.importing.readers import FORMATS, PACKED
from yunying.base.errors import InvalidInput, LimitReached, NotFound, msg

__all__ = [
    "FolderFile",
    "Receiver",
    "Upload",
    "cap_bytes",
    "folder_files",
    "folder_of",
    "in_folder",
    "path_of",
    "remove",
    "require_room",
    "shown_name",
    "store_upload",
    "sweep",
]

# So much of the disk stays free, whatever is uploaded: the stores need it.
RESERVE_BYTES = 512 << 20
MAX_LISTED = 500
_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was stored: its name below the folder of uploads, what it was called, size, and SHA-256."""

    stored: str
    name: str
    size_bytes: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of the product's import folder; `path` is relative to it."""

    path: str
    size_bytes: int
    changed_at: datetime


def cap_bytes() -> int:
    """The largest file that may be uploaded."""
    return int(settings.CONFIG.import_cap_mb) << 20


class Receiver:
    """Takes a file piece by piece and writes it below the data folder; nothing stays when it is dropped.

    Raises LimitReached at once when the disk has no room, and when more comes than may be uploaded.
    """

    def __init__(self, name: str, expected_bytes: int) -> None:
        require_room(expected_bytes)
        self._name = shown_name(name)
        self._stored = f"{uuid4().hex}{_ending(name)}"
        self._path = _uploads() / self._stored
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("xb")
        self._size = 0
        self._hash = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > cap_bytes():
            raise _too_large()
        self._file.write(piece)
        self._hash.update(piece)

    def finish(self) -> Upload:
        """The whole file is there. Raises InvalidInput for an empty one."""
        self._file.close()
        if not self._size:
            self.drop()
            raise InvalidInput("import.empty", msg("The file is empty."), field="file")
        return Upload(self._stored, self._name, self._size, self._hash.hexdigest())

    def drop(self) -> None:
        """Forget what came."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def store_upload(name: str, pieces: Iterable[bytes], size_bytes: int) -> Upload:
    """Store a file of `size_bytes`. Raises as Receiver does, and InvalidInput when it comes incomplete."""
    receiver = Receiver(name, size_bytes)
    try:
        for piece in pieces:
            receiver.write(piece)
        upload = receiver.finish()
        if upload.size_bytes != size_bytes:
            raise InvalidInput("import.incomplete", msg("The file did not arrive whole."), field="file")
    except BaseException:
        receiver.drop()
        raise
    return upload


def require_room(size_bytes: int) -> None:
    """Raises LimitReached when a file of that size is not taken."""
    if size_bytes > cap_bytes():
        raise _too_large()
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(settings.MEDIA_ROOT).free < size_bytes + RESERVE_BYTES:
        raise LimitReached(
            "import.disk_full", msg("The server has not enough room on its disk for this file."), field="file"
        )


def shown_name(name: str) -> str:
    """What a file was called, without folders and characters that are none."""
    last = re.split(r"[\\/]", name)[-1]
    return "".join(one for one in last if one.isprintable()).strip()[:255] or "file"


def folder_of(slug: str) -> Path | None:
    """The product's folder on the server, None when there is none or the setting is off."""
    root: Path | None = settings.CONFIG.import_folder
    if root is None or "/" in slug or slug in ("", ".", ".."):
        return None
    folder = root / slug
    return folder if folder.is_dir() and not folder.is_symlink() else None


def folder_files(slug: str) -> list[FolderFile]:
    """What may be imported from the product's folder, newest first, at most MAX_LISTED files; links are left out."""
    root = folder_of(slug)
    if root is None:
        return []
    found: list[FolderFile] = []
    for folder, names, files in os.walk(root, followlinks=False):
        depth = len(Path(folder).relative_to(root).parts)
        names[:] = sorted(n for n in names if not n.startswith(".")) if depth < _DEPTH else []
        for name in files:
            path = Path(folder) / name
            if name.startswith(".") or path.is_symlink() or not path.is_file() or not _known(path):
                continue
            state = path.stat()
            changed = datetime.fromtimestamp(state.st_mtime, UTC)
            found.append(FolderFile(str(path.relative_to(root)), state.st_size, changed))
    return sorted(found, key=lambda one: (-one.changed_at.timestamp(), one.path))[:MAX_LISTED]


def in_folder(slug: str, relative: str) -> Path:
    """A file of the product's folder. Raises NotFound for everything that is not plainly inside it, and for links."""
    root = folder_of(slug)
    parts = Path(relative).parts
    if root is None or not parts or "\x00" in relative or Path(relative).is_absolute() or ".." in parts:
        raise _absent(relative)
    path = root
    for part in parts:
        path = path / part
        # Each step, because a link in the middle leads out as well as one at the end.
        if path.is_symlink():
            raise _absent(relative)
    if not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
        raise _absent(relative)
    return path


def path_of(run: ImportRun) -> Path:
    """Where the file of an import lies now. Raises NotFound when it is gone."""
    if run.place == Place.FOLDER:
        return in_folder(run.product.slug, run.stored)
    path = _uploads() / run.stored
    if not run.stored or not path.is_file():
        raise NotFound("import.file_gone", msg("The uploaded file is not kept any more. Upload it again."))
    return path


def remove(run: ImportRun) -> None:
    """Delete an uploaded file; files of the server's folder are never touched."""
    if run.place == Place.UPLOAD and run.stored:
        (_uploads() / run.stored).unlink(missing_ok=True)
        ImportRun.objects.filter(pk=run.pk).update(stored="")
        run.stored = ""


def sweep(uploads_before: datetime, errors_before: datetime) -> None:
    """Delete uploads no import knows of (of a deleted product, or cut off by a crash), and old lists of faults."""
    known = set(ImportRun.objects.exclude(stored="").values_list("stored", flat=True))
    for path in _files(_uploads(), uploads_before):
        if path.name not in known:
            path.unlink(missing_ok=True)
    for path in _files(_uploads().parent, errors_before):
        path.unlink(missing_ok=True)


def _files(folder: Path, before: datetime) -> list[Path]:
    if not folder.is_dir():
        return []
    return [one for one in folder.iterdir() if one.is_file() and one.stat().st_mtime < before.timestamp()]


def _uploads() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports" / "uploads"


def _known(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return bool(suffixes) and (suffixes[-1] in FORMATS or suffixes[-1] in PACKED)


def _ending(name: str) -> str:
    """The last endings of a name, if they are ones we know; for people who look into the folder."""
    suffixes = [suffix.lower() for suffix in Path(shown_name(name)).suffixes[-2:]]
    return "".join(suffix for suffix in suffixes if suffix in FORMATS or suffix in PACKED)


def _too_large() -> LimitReached:
    return LimitReached(
        "import.file_too_large",
        msg("The file is larger than %(limit)d MB, the most that may be uploaded. Pack it, or cut it in pieces."),
        field="file",
        limit=cap_bytes() >> 20,
    )


def _absent(relative: str) -> NotFound:
    return NotFound(
        "import.not_in_folder", msg("There is no file %(path)s in the import folder of this product."), path=relative
    )
