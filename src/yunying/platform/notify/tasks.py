"""Mails of notifications."""

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy

from yunying.base import clock
from yunying.platform.jobs import cancelled, enqueue, job, progress, schedule
from yunying.platform.notify.models import Notification

__all__ = ["send_mails", "send_what_is_left"]

log = logging.getLogger(__name__)

BATCH = 500
CLAIM = timedelta(minutes=10)


@job(queue="mail", retries=6, label=gettext_lazy("Send mails"))
def send_mails() -> None:
    """Mail the notifications that still wait for it, oldest first, at most 500 in a run.

    Level-triggered: it looks for rows that need a mail, so a run that was lost is made up for by the next. Each mail
    is marked once the server took it; a crash between the two sends that one twice rather than never.
    """
    waiting = Notification.objects.filter(mail_wanted=True, mailed_at=None).order_by("id")
    rows = list(waiting.select_related("user")[:BATCH])
    if not rows:
        return
    connection = get_connection()
    connection.open()
    try:
        for done, row in enumerate(rows, start=1):
            if cancelled():
                return
            _send(row, connection)
            progress(done, len(rows))
    finally:
        connection.close()
    if len(rows) == BATCH:
        enqueue(send_mails, key="send")


@schedule("*/10 * * * *", queue="mail", label=gettext_lazy("Send mails that are left"))
def send_what_is_left() -> None:
    """Mail what an earlier run could not."""
    send_mails()


def _send(row: Notification, connection: BaseEmailBackend) -> None:
    now = clock.now()
    free = Q(mail_claimed_at=None) | Q(mail_claimed_at__lt=now - CLAIM)
    mine = Notification.objects.filter(free, pk=row.pk, mailed_at=None, mail_wanted=True)
    # The claim keeps two runs from mailing the same message without holding a transaction while the server answers.
    if not mine.update(mail_claimed_at=now):
        return
    sent = Notification.objects.filter(pk=row.pk)
    try:
        _message(row, connection).send()
    except (SMTPRecipientsRefused, SMTPDataError) as refusal:
        # The server refused this one mail: the others go on, and only a refusal for now is tried again.
        sent.update(mail_wanted=_only_for_now(refusal))
        log.warning("mail of notification #%d was refused", row.pk)
    except Exception:
        sent.update(mail_claimed_at=None)
        raise
    else:
        sent.update(mailed_at=clock.now())


def _only_for_now(refusal: SMTPRecipientsRefused | SMTPDataError) -> bool:
    """Answers 400 to 499 ask to come again later (RFC 5321, 4.2.1)."""
    if isinstance(refusal, SMTPDataError):
        return refusal.smtp_code < 500
    return all(code < 500 for code, _text in refusal.recipients.values())


def _message(row: Notification, connection: BaseEmailBackend) -> EmailMessage:
    with translation.override(row.user.language or settings.LANGUAGE_CODE):
        parts = [row.text, urljoin(settings.CONFIG.base_url + "/", row.url) if row.url else "", _why()]
    body = "\n\n".join(part for part in parts if part)
    return EmailMessage(row.title, body, to=[row.user.email], connection=connection)


def _why() -> str:
    return gettext("You get this mail because of your notification settings in Yunying.")
