"""Reading notifications and preferences of one person."""

from django.db.models import QuerySet

from yunying.platform.notify.kinds import Kind, kinds
from yunying.platform.notify.models import Notification, Preference

__all__ = ["notifications", "preferences", "unread_count"]


def notifications(user_id: int, *, unread_only: bool = False) -> QuerySet[Notification]:
    """What this person was told, newest first."""
    mine = Notification.objects.filter(user_id=user_id).order_by("-id")
    return mine.filter(read_at=None) if unread_only else mine


def unread_count(user_id: int, *, at_most: int = 100) -> int:
    """How many are unread, counted up to `at_most` so that the bell stays cheap. One query."""
    return Notification.objects.filter(user_id=user_id, read_at=None)[:at_most].count()


def preferences(user_id: int) -> list[tuple[Kind, bool]]:
    """Every declared kind and whether this person gets mails of it. One query."""
    chosen = dict(Preference.objects.filter(user_id=user_id).values_list("kind", "mail"))
    return [(kind, chosen.get(kind.name, kind.mail)) for kind in kinds()]
