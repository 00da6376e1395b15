"""Telling people something, and what they do with it."""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise

from yunying.base import clock
from yunying.platform.jobs import enqueue
from yunying.platform.notify.kinds import kind_named, kinds
from yunying.platform.notify.models import Notification, Preference

__all__ = ["mark_all_read", "mark_read", "notify", "set_preferences"]


@transaction.atomic
def notify(
    *,
    user_ids: Iterable[int],
    title: str | Promise,
    text: str | Promise = "",
    url: str = "",
    kind: str = "general",
    product_id: int | None = None,
    key: str = "",
) -> int:
    """Tell people something in the app, and by mail those who want this kind; returns how many were newly told.

    Lazy texts are rendered in each person's language. `url` is a path of this site or a whole address. Whoever
    already got the same `key` gets nothing, so a job that runs twice may call this twice. Inactive people are left
    out. Mails leave in a job after the caller's transaction. A few queries, however many people.
    """
    from yunying.platform.notify.tasks import send_mails

    people = _active(user_ids)
    told = (
        set(Notification.objects.filter(user__in=people, key=key).values_list("user_id", flat=True)) if key else set()
    )
    mail = _want_mail(people, kind)
    rows = [
        _message(user_id, language, title, text, url=url, kind=kind, product_id=product_id, key=key, mail=mail[user_id])
        for user_id, language in people.items()
        if user_id not in told
    ]
    # Another run may tell the same key right now: the constraint keeps one message.
    Notification.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    if any(row.mail_wanted for row in rows):
        enqueue(send_mails, key="send")
    return len(rows)


def mark_read(*, user_id: int, notification_id: int) -> bool:
    """Mark one message of this person read; False if they have no such message."""
    mine = Notification.objects.filter(pk=notification_id, user_id=user_id)
    return bool(mine.filter(read_at=None).update(read_at=clock.now())) or mine.exists()


def mark_all_read(*, user_id: int) -> int:
    """Mark everything read; returns how many were unread."""
    return Notification.objects.filter(user_id=user_id, read_at=None).update(read_at=clock.now())


@transaction.atomic
def set_preferences(*, user_id: int, mail: Mapping[str, bool]) -> None:
    """Say of each named kind whether mails are wanted. Names nothing declared are passed over."""
    known = {kind.name for kind in kinds()}
    rows = [Preference(user_id=user_id, kind=name, mail=wanted) for name, wanted in mail.items() if name in known]
    Preference.objects.bulk_create(rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["mail"])


def _active(user_ids: Iterable[int]) -> dict[int, str]:
    users = get_user_model()._default_manager.filter(pk__in=set(user_ids), is_active=True)
    return dict(users.order_by("pk").values_list("pk", "language"))


def _told(people: Iterable[int], key: str) -> set[int]:
    return set(Notification.objects.filter(user__in=people, key=key).values_list("user_id", flat=True))


def _want_mail(people: Iterable[int], kind: str) -> dict[int, bool]:
    declared = kind_named(kind)
    default = declared.mail if declared else False
    chosen = dict(Preference.objects.filter(user__in=people, kind=kind).values_list("user_id", "mail"))
    return {user_id: chosen.get(user_id, default) for user_id in people}


def _message(
    user_id: int,
    language: str,
    title: str | Promise,
    text: str | Promise,
    *,
    url: str,
    kind: str,
    product_id: int | None,
    key: str,
    mail: bool,
) -> Notification:
    with translation.override(language or settings.LANGUAGE_CODE):
        return Notification(
            user_id=user_id,
            kind=kind,
            title=str(title)[:200],
            text=str(text),
            url=url,
            product_id=product_id,
            key=key,
            mail_wanted=mail,
        )
