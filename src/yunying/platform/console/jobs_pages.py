"""Background jobs: what waits, runs and failed, and what may be done about it. One page for the installation."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from yunying.base.errors import NotFound, YunyingError, msg
from yunying.platform.jobs import selectors, services
from yunying.platform.jobs.models import State
from yunying.platform.jobs.registry import QUEUES
from yunying.platform.products.http import actor_of, user_of
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

__all__ = ["urlpatterns"]

QUEUE_NAMES = {
    "default": pgettext_lazy("queue", "Default"),
    "heavy": pgettext_lazy("queue", "Heavy work"),
    "mail": pgettext_lazy("queue", "Mails and other servers"),
}
SHOWN = 50


def administrators_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for administrators of the installation, whose jobs are of all products; to others the page is absent."""

    @login_required
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not user_of(request).administers:
            raise NotFound("page.absent", msg("There is no such page, or you have no access to it."))
        return view(request, *args, **kwargs)

    return inner


@administrators_only
def show(request: HttpRequest) -> HttpResponse:
    context = {
        "queues": [(QUEUE_NAMES.get(row.name, row.name), row) for row in selectors.queues()],
        "running": [(selectors.label_of(job.name), job) for job in selectors.running()[:SHOWN]],
        "failed": [(selectors.label_of(job.name), job) for job in selectors.failed()[:SHOWN]],
        "schedules": selectors.schedule_rows(),
        "workers": selectors.workers(),
        "table": _table(request),
        "tab": "jobs",
        "help_page": "jobs",
    }
    return render(request, "console/jobs.html", context)


def _table(request: HttpRequest) -> Table:
    columns = [
        Column("id", pgettext_lazy("of a job", "Number"), sort=True, fixed=True),
        Column("name", gettext_lazy("Job"), value=lambda job: selectors.label_of(job.name), sort=True, search=True),
        Column("queue", gettext_lazy("Queue"), value=lambda job: QUEUE_NAMES.get(job.queue, job.queue), sort=True),
        Column("state", gettext_lazy("State"), value="get_state_display", sort=True),
        Column("attempt", pgettext_lazy("of a job", "Try"), kind="number", sort=True),
        Column("created_at", gettext_lazy("Asked for"), kind="when", sort=True),
        Column("ended_at", gettext_lazy("Ended"), kind="when", sort=True),
        Column("code", gettext_lazy("Function"), value="name", hidden=True),
        Column("error", gettext_lazy("Error"), value=lambda job: job.error.get("type", ""), hidden=True),
    ]
    filters = [
        Filter("state", gettext_lazy("State"), State.choices, "state"),
        Filter("queue", gettext_lazy("Queue"), [(name, QUEUE_NAMES[name]) for name in QUEUES], "queue"),
    ]
    empty = Empty(gettext_lazy("No job yet"), gettext_lazy("Jobs appear here as soon as there is background work."))
    return Table(
        columns=columns,
        rows=selectors.jobs(),
        request=request,
        name="jobs",
        filters=filters,
        sort="-id",
        empty=empty,
        caption=gettext_lazy("All jobs"),
    )


def _acting(act: Callable[..., None], said: Any) -> Callable[..., HttpResponse]:
    @require_POST
    @administrators_only
    def view(request: HttpRequest, job: int) -> HttpResponse:
        try:
            act(actor=actor_of(request), job_id=job)
        except YunyingError as error:
            messages.error(request, _(error.message) % error.data)
        else:
            messages.success(request, said)
        return redirect("console:jobs")

    return view


retry = _acting(services.retry_job, gettext_lazy("The job is tried again."))
discard = _acting(services.discard_job, gettext_lazy("The job is discarded."))
cancel = _acting(services.cancel_job, gettext_lazy("The job is told to stop."))

urlpatterns = [
    path("jobs/", show, name="jobs"),
    path("jobs/<int:job>/retry/", retry, name="job_retry"),
    path("jobs/<int:job>/discard/", discard, name="job_discard"),
    path("jobs/<int:job>/cancel/", cancel, name="job_cancel"),
]
