"""The mails of subscriptions: pictures inline, the numbers as text beside them, a link, and a way out."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from email.mime.image import MIMEImage
from smtplib import SMTPRecipientsRefused
from urllib.parse import urljoin

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from yunying.apps.insights.dashboards.bar import Bar, bar_of
from yunying.apps.insights.dashboards.drawing import draw_alone
from yunying.apps.insights.dashboards.faces import Face, Viewer
from yunying.apps.insights.dashboards.following import narrowed_in_words
from yunying.apps.insights.dashboards.models import Delivery, Mailing, Recipient, Subscription
from yunying.apps.insights.dashboards.tiles import faces_of, sight_of, tiles_of
from yunying.base import clock
from yunying.base.actor import SYSTEM
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import looking_at, role_in
from yunying.platform.ui import formats

__all__ = ["recipient_of", "send_delivery", "unsubscribed", "way_out"]

log = logging.getLogger(__name__)

CLAIM = timedelta(minutes=10)
MOST_PICTURES, MOST_ROWS = 24, 12
_SALT = "yunying.dashboards.mails"


class Mail(EmailMultiAlternatives):
    """Whose attachments are the pictures that the text shows (RFC 2387)."""

    mixed_subtype = "related"


def send_delivery(delivery: Delivery) -> None:
    """Mail one occurrence to all who still want it and still may see the product. Safe to run again: who got it
    already gets it no second time. Raises what the mail server raises once all others were served.
    """
    subscription = delivery.subscription
    failed: Exception | None = None
    for recipient in _wanting(subscription):
        mailing, _made = Mailing.objects.get_or_create(delivery=delivery, recipient=recipient)
        try:
            _send(mailing, subscription)
        except Exception as error:
            log.warning("mailing %d of a dashboard failed: %s", mailing.pk, type(error).__name__)
            Mailing.objects.filter(pk=mailing.pk).update(claimed_at=None)
            # A mailbox that does not exist will not exist the next time either.
            failed = failed if isinstance(error, SMTPRecipientsRefused) else error
    if failed is not None:
        Delivery.objects.filter(pk=delivery.pk).update(error=type(failed).__name__)
        raise failed
    Delivery.objects.filter(pk=delivery.pk).update(done_at=clock.now(), error="")


def way_out(recipient: Recipient) -> str:
    """The path that ends the mails of this recipient."""
    return reverse("shared:unsubscribe", args=[signing.dumps(recipient.pk, salt=_SALT)])


def recipient_of(signed: str) -> Recipient:
    """Whose mails a path speaks of. Raises NotFound for one that was not made here or is of a subscription no more."""
    try:
        number = signing.loads(signed, salt=_SALT)
    except signing.BadSignature:
        number = None
    found = Recipient.objects.select_related("subscription__dashboard").filter(pk=number).first()
    if found is None:
        raise NotFound("subscription.over", msg("These mails have ended already."))
    return found


def unsubscribed(recipient: Recipient) -> None:
    """Note that this person wants no more of these mails."""
    Recipient.objects.filter(pk=recipient.pk, unsubscribed_at=None).update(unsubscribed_at=clock.now())


def _wanting(subscription: Subscription) -> list[Recipient]:
    product = subscription.dashboard.product
    rows = Recipient.objects.filter(subscription=subscription, unsubscribed_at=None, user__is_active=True)
    # Who left the product since then sees its numbers no more.
    return [row for row in rows.select_related("user", "subscription__dashboard") if role_in(row.user, product)]


def _send(mailing: Mailing, subscription: Subscription) -> None:
    now = clock.now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM)
    # The claim keeps two runs from mailing the same person while the mail server answers.
    if not Mailing.objects.filter(free, pk=mailing.pk, sent_at=None).update(claimed_at=now):
        return
    _message(mailing.recipient, subscription).send()
    Mailing.objects.filter(pk=mailing.pk).update(sent_at=clock.now())


def _message(recipient: Recipient, subscription: Subscription) -> EmailMultiAlternatives:
    dashboard = subscription.dashboard
    language = recipient.user.language or settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(dashboard.product.zone):
        viewer = Viewer(looking_at(dashboard.product, SYSTEM))
        faces = _faces(subscription, viewer)
        url = _whole(reverse("insights:dashboard", args=[dashboard.product.slug, dashboard.pk]), _query(subscription))
        out = _whole(way_out(recipient))
        drawn = [(f"tile-{index}", face.chart) for index, face in enumerate(faces) if face.chart and _drawn(face)]
        pictures = dict(drawn[:MOST_PICTURES])
        parts = [(face, f"tile-{index}" if f"tile-{index}" in pictures else "") for index, face in enumerate(faces)]
        told = {
            "dashboard": dashboard,
            "variant": subscription.variant,
            "narrowed": narrowed_in_words(_bar(subscription), viewer.titles),
            "day": formats.date(clock.now(), "full"),
            "parts": [(face, cid, _rows(face)) for face, cid in parts],
            "url": url,
            "out": out,
            "language": formats.language_tag(language),
        }
        title = _("%(dashboard)s · %(product)s") % {"dashboard": dashboard.name, "product": dashboard.product.name}
        headers = {"List-Unsubscribe": f"<{out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        plain = render_to_string("insights/dashboards/mail.txt", told)
        mail = Mail(title, plain, to=[recipient.user.email], headers=headers)
        mail.attach_alternative(render_to_string("insights/dashboards/mail.html", told), "text/html")
        for cid, chart in pictures.items():
            mail.attach(_inline(cid, draw_alone(chart)))
    return mail


def _inline(cid: str, content: bytes) -> MIMEImage:
    image = MIMEImage(content, "png")
    image.add_header("Content-ID", f"<{cid}>")
    image.add_header("Content-Disposition", "inline", filename=f"{cid}.png")
    return image


def _faces(subscription: Subscription, viewer: Viewer) -> list[Face]:
    tiles = tiles_of(subscription.dashboard)
    sight = sight_of(subscription.dashboard, _bar(subscription), viewer, tiles)
    return [face for _tile, face in faces_of(tiles, sight)]


def _bar(subscription: Subscription) -> Bar:
    return bar_of(QueryDict(_query(subscription))) if subscription.variant else Bar()


def _query(subscription: Subscription) -> str:
    return subscription.variant.query if subscription.variant else ""


def _drawn(face: Face) -> bool:
    return face.chart is not None and not face.chart.empty and not face.as_table


def _rows(face: Face) -> tuple[Sequence[str], list[tuple[str, list[str]]]]:
    """The numbers of a chart as text: the last rows of a course, all of a short list."""
    if face.grid is not None:
        return face.grid.heads[1:], [
            (row.head, [cell.text for cell in row.cells]) for row in face.grid.rows[:MOST_ROWS]
        ]
    if face.chart is None:
        return (), []
    heads = [one.name for one in face.chart.series]
    rows = [(_row_head(label, partial), [text for text, _link in row]) for label, partial, row in face.chart.rows]
    return heads, rows[-MOST_ROWS:]


def _row_head(label: object, partial: bool) -> str:
    # The second line of a step's label is its rate, which is in the row already.
    name = str(label).split("\n")[0]
    return f"{name} ({_('not over yet')})" if partial else name


def _whole(path: str, query: str = "") -> str:
    return urljoin(settings.CONFIG.base_url + "/", path.lstrip("/")) + (f"?{query}" if query else "")
