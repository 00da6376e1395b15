"""`/api/v1/products/{product}/data/imports`: bring a file, map it, try it, import it. Parse, call, answer."""

from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Path, Query, Router
from ninja.pagination import paginate
from ninja.responses import Status

from yunying.apps.tracking.importing import schemas, services, storage
from yunying.apps.tracking.importing.access import import_for
from yunying.apps.tracking.importing.errorlog import listed
from yunying.apps.tracking.importing.mapping import parse
from yunying.apps.tracking.importing.models import ImportRun
from yunying.apps.tracking.importing.trial import preview
from yunying.apps.tracking.importing.uploads import from_body
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.rest import Id, Pages, Text, api_access

__all__ = ["router"]

router = Router(tags=["Imports"])


class _Imports(Sequence[schemas.ImportOut]):
    """Imports, newest first, of which only the page asked for is read."""

    def __init__(self, access: ProductAccess) -> None:
        self._found = ImportRun.objects.filter(product=access.product).defer("carry").order_by("-id")

    def __len__(self) -> int:
        return self._found.count()

    def __getitem__(self, part: Any) -> Any:
        return [schemas.ImportOut.of(services.settled(run)) for run in self._found[part]]


def _access(request: HttpRequest, product: str) -> ProductAccess:
    return api_access(request, product, Permission.MANAGE_DATA)


def _import(request: HttpRequest, product: str, number: int) -> tuple[ProductAccess, ImportRun]:
    access = _access(request, product)
    return access, services.settled(import_for(access, number))


@router.get("", response=list[schemas.ImportOut], summary="Imports, newest first")
@paginate(Pages)
def list_imports(request: HttpRequest, product: Path[str]) -> Sequence[schemas.ImportOut]:
    return _Imports(_access(request, product))


@router.post(
    "/upload",
    response={201: schemas.ImportOut},
    summary="Bring a file",
    description=(
        "The body is the file itself, its length in `Content-Length`: `curl -X POST -T orders.csv '…?name=orders.csv'`."
        " Answers a draft; its `mapping` is a guess, or null when the columns do not tell enough."
    ),
)
def upload(
    request: HttpRequest, product: Path[str], name: Annotated[Text, Query(max_length=255)]
) -> Status[schemas.ImportOut]:
    access = _access(request, product)
    return Status(201, schemas.ImportOut.of(services.draft_from_upload(access=access, upload=from_body(request, name))))


@router.get("/folder", response=list[schemas.FolderFileOut], summary="Files in the product's folder on the server")
def list_folder(request: HttpRequest, product: Path[str]) -> list[storage.FolderFile]:
    return storage.folder_files(_access(request, product).product.slug)


@router.post("/folder", response={201: schemas.ImportOut}, summary="Bring a file of the server's folder")
def from_folder(request: HttpRequest, product: Path[str], body: schemas.FolderIn) -> Status[schemas.ImportOut]:
    access = _access(request, product)
    return Status(201, schemas.ImportOut.of(services.draft_from_folder(access=access, relative=body.path)))


@router.get("/{number}", response=schemas.ImportOut, summary="One import")
def get_import(request: HttpRequest, product: Path[str], number: Id) -> schemas.ImportOut:
    return schemas.ImportOut.of(_import(request, product, number)[1])


@router.delete("/{number}", response={204: None}, summary="Delete a draft and its uploaded file")
def delete_import(request: HttpRequest, product: Path[str], number: Id) -> Status[None]:
    access, run = _import(request, product, number)
    services.discard(access=access, run=run)
    return Status(204, None)


@router.put("/{number}/mapping", response=schemas.ImportOut, summary="Say how rows become events")
def set_mapping(request: HttpRequest, product: Path[str], number: Id, body: schemas.MappingIn) -> schemas.ImportOut:
    access, run = _import(request, product, number)
    services.choose_document(access=access, run=run, document=body.mapping)
    return schemas.ImportOut.of(import_for(access, number))


@router.get("/{number}/preview", response=list[schemas.PreviewOut], summary="The first rows as events")
def get_preview(
    request: HttpRequest, product: Path[str], number: Id, rows: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[schemas.PreviewOut]:
    run = _import(request, product, number)[1]
    services.require_document(run)
    found = preview(run.product, storage.path_of(run), parse(run.document or {}), rows)
    return [schemas.PreviewOut.of(row) for row in found]


@router.post("/{number}/check", response={202: schemas.ImportOut}, summary="Begin a dry run; its report is `check`")
def begin_check(request: HttpRequest, product: Path[str], number: Id) -> Status[schemas.ImportOut]:
    access, run = _import(request, product, number)
    services.check(access=access, run=run)
    return Status(202, schemas.ImportOut.of(run))


@router.post(
    "/{number}/start",
    response={202: schemas.ImportOut},
    summary="Import, or go on with an import that was stopped",
    description=(
        "Answers an earlier import when the same file was imported with the same mapping: nothing is added. A file of"
        " the server's folder is read in the background first; was it imported before, the import is a draft again"
        " and `problem` says why."
    ),
)
def start_import(
    request: HttpRequest, product: Path[str], number: Id, body: schemas.StartIn
) -> Status[schemas.ImportOut]:
    access, run = _import(request, product, number)
    begun = services.start(access=access, run=run, max_errors=body.max_errors, again=body.again)
    return Status(202, schemas.ImportOut.of(begun))


@router.post("/{number}/cancel", response={202: schemas.ImportOut}, summary="Stop a dry run or an import")
def cancel_import(request: HttpRequest, product: Path[str], number: Id) -> Status[schemas.ImportOut]:
    access, run = _import(request, product, number)
    services.cancel(access=access, run=run)
    return Status(202, schemas.ImportOut.of(import_for(access, number)))


@router.post("/{number}/take-back", response={202: schemas.ImportOut}, summary="Remove the events an import added")
def take_back_import(request: HttpRequest, product: Path[str], number: Id) -> Status[schemas.ImportOut]:
    access, run = _import(request, product, number)
    services.take_back(access=access, run=run)
    return Status(202, schemas.ImportOut.of(run))


@router.get(
    "/{number}/errors",
    response=list[schemas.RowErrorOut],
    summary="Rows at fault",
    description="Of the dry run while it is a draft, afterwards of the import. Rows count from 1, without the header.",
)
def list_errors(
    request: HttpRequest,
    product: Path[str],
    number: Id,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1_000,
) -> list[schemas.RowErrorOut]:
    run = _import(request, product, number)[1]
    rows = islice(listed(services.errors_file(run)), offset, offset + limit)
    return [schemas.RowErrorOut(row=row, column=column, value=value, reason=why) for row, column, value, why in rows]
