"""Background work of dashboards: mails that are due."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from yunying.apps.insights.dashboards.mails import send_delivery
from yunying.apps.insights.dashboards.models import Delivery
from yunying.apps.insights.dashboards.subscriptions import due_deliveries
from yunying.base import clock
from yunying.platform.jobs import enqueue, job, schedule
from yunying.platform.notify import kinds
from yunying.platform.notify.services import notify

__all__ = ["mail_dashboard", "mail_dashboards", "soon"]

FAILED = kinds.register("dashboard.mail_failed", _("A dashboard could not be mailed"), mail=False)


@schedule("*/5 * * * *", queue="mail", label=_("Look which dashboards are due by mail"))
def mail_dashboards() -> None:
    """Every five minutes: one job for each occurrence that is due and not done."""
    for delivery_id in due_deliveries(clock.now()):
        soon(delivery_id)


def soon(delivery_id: int) -> None:
    """Mail an occurrence in the background."""
    enqueue(mail_dashboard, delivery_id=delivery_id, key=f"dashboard-mail:{delivery_id}")


@job(queue="mail", retries=3, label=_("Mail a dashboard"))
def mail_dashboard(delivery_id: int) -> None:
    """Send one occurrence. Who got it already gets it no second time; its maker is told once when it fails."""
    rows = Delivery.objects.select_related("subscription__dashboard__product", "subscription__variant")
    delivery = rows.filter(pk=delivery_id, done_at=None).first()
    if delivery is None:
        return
    try:
        send_delivery(delivery)
    except Exception:
        _tell(delivery)
        raise


def _tell(delivery: Delivery) -> None:
    dashboard = delivery.subscription.dashboard
    notify(
        user_ids=[delivery.subscription.created_by_id],
        title=_("A dashboard could not be mailed"),
        text=dashboard.name,
        url=reverse("insights:dashboard_mails", args=[dashboard.product.slug, dashboard.pk]),
        kind=FAILED,
        product_id=dashboard.product_id,
        key=f"dashboard-mail:{delivery.pk}",
    )
