"""What becomes of imports in the background: cancelled, given up, forgotten."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from yunying.apps.tracking.importing import services, storage
from yunying.apps.tracking.importing.models import CheckState, ImportRun, ImportStatus
from yunying.apps.tracking.importing.tasks import sweep_imports
from yunying.base import clock as clocks
from yunying.base.errors import Conflict, Unavailable
from yunying.platform.jobs.models import Job, State
from yunying.platform.jobs.testing import drain

if TYPE_CHECKING:
    from yunying.platform.products.access import ProductAccess
    from yunying.store import Store

VISITS = b"event,time,user_id\n" + b"".join(b"visit,2026-01-01 08:00:00,u%d\n" % n for n in range(20))


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files" / "imports" / "uploads"


@pytest.fixture
def draft(access: "ProductAccess") -> ImportRun:
    upload = storage.store_upload("visits.csv", [VISITS], len(VISITS))
    return services.draft_from_upload(access=access, upload=upload)


def test_an_import_that_waits_is_cancelled_at_once_and_can_go_on(
    draft: ImportRun, access: "ProductAccess", store: "Store"
) -> None:
    run = services.start(access=access, run=draft)
    services.cancel(access=access, run=run)
    assert drain() == 0
    run.refresh_from_db()
    assert (run.status, run.problem["code"], run.events) == (ImportStatus.STOPPED, "import.cancelled", 0)
    services.start(access=access, run=run)
    drain()
    run.refresh_from_db()
    assert (run.status, run.events) == (ImportStatus.DONE, 20)


def test_one_import_of_a_product_runs_at_a_time(draft: ImportRun, access: "ProductAccess", store: "Store") -> None:
    services.start(access=access, run=draft)
    longer = VISITS + b"visit,2026-01-02 08:00:00,u1\n"
    other = services.draft_from_upload(access=access, upload=storage.store_upload("b.csv", [longer], len(longer)))
    with pytest.raises(Conflict):
        services.start(access=access, run=other)
    drain()
    services.start(access=access, run=other)


def test_a_store_that_is_away_is_waited_for(
    draft: ImportRun, access: "ProductAccess", store: "Store", monkeypatch: pytest.MonkeyPatch
) -> None:
    run = services.start(access=access, run=draft)
    with monkeypatch.context() as patched:

        def away(*args: Any, **kwargs: Any) -> None:
            raise Unavailable("store.away", "The store is away.")

        patched.setattr("yunying.apps.tracking.importing.tasks.shared_ingest", away)
        with pytest.raises(Unavailable):
            drain()
    run.refresh_from_db()
    assert services.settled(run).status == ImportStatus.RUNNING
    drain(until_s=60)
    run.refresh_from_db()
    assert run.status == ImportStatus.DONE


def test_an_import_whose_job_was_given_up_is_a_stopped_one(
    draft: ImportRun, access: "ProductAccess", store: "Store"
) -> None:
    run = services.start(access=access, run=draft)
    Job.objects.filter(pk=run.job_id or 0).update(state=State.FAILED)
    assert services.settled(run).status == ImportStatus.STOPPED
    assert run.problem["code"] == "import.given_up"


def test_an_error_of_ours_is_said_and_not_tried_for_ever(
    draft: ImportRun, access: "ProductAccess", store: "Store", monkeypatch: pytest.MonkeyPatch
) -> None:
    services.check(access=access, run=draft)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret 4711 of the file")

    monkeypatch.setattr("yunying.apps.tracking.importing.tasks.check_file", broken)
    drain()
    draft.refresh_from_db()
    assert (draft.check_state, draft.problem["code"]) == (CheckState.STOPPED, "import.bug")
    assert "4711" not in str(draft.problem)


def test_what_nobody_goes_on_with_is_deleted_after_a_week(
    draft: ImportRun, access: "ProductAccess", files: Path
) -> None:
    (stored,) = files.iterdir()
    lost = files / "of-a-deleted-product.csv"
    lost.write_bytes(b"x")
    sweep_imports()
    assert {path.name for path in files.iterdir()} == {stored.name, lost.name}
    with clocks.fixed(clocks.now() + timedelta(days=8)):
        sweep_imports()
    assert list(files.iterdir()) == []
    assert not ImportRun.objects.exists()
