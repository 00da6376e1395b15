"""The cockpit of a product: where we stand, what changed, what needs me."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from yunying.apps.goals.selectors import at_risk, cards, check_ins_due, forest, top_cards
from yunying.apps.insights.selectors import last_event_day, metrics_of, today_of
from yunying.apps.today import selectors
from yunying.apps.today.pictures import change_cards
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render


@require_GET
@product_view()
def home(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    trees, metrics = forest(access), metrics_of(access)
    goals = cards(access, trees=trees)
    newest, today = last_event_day(access.product), today_of(access.product)
    context = {
        "today": today,
        "newest": newest,
        "goals": top_cards(access, trees),
        "risks": at_risk(goals),
        "changes": change_cards(access, selectors.changes(metrics)),
        "metrics": metrics,
        "needs": selectors.needs(access, goals, check_ins_due(access), newest, today),
        "steps": selectors.steps(access, metrics=len(metrics), goals=goals, newest=newest),
        "may_edit": access.may(Permission.EDIT_GOALS),
        "help_page": "today",
    }
    return render(request, "today/home.html", context)
