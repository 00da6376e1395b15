"""Pages of the frame itself: switches, the command palette and help."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from yunying.platform.ui.help import help_page, help_pages
from yunying.platform.ui.page import render
from yunying.platform.ui.preferences import keep_language, keep_theme
from yunying.platform.ui.shell import palette_for


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    response = HttpResponseRedirect(_back(request))
    keep_language(request, response, request.POST.get("language", ""))
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    response = HttpResponseRedirect(_back(request))
    keep_theme(request, response, request.POST.get("theme", ""))
    return response


@require_POST
def columns(request: HttpRequest, table: str) -> HttpResponse:
    """Keep the columns chosen for a table with the session."""
    kept = dict(request.session.get("tables", {}))
    if request.POST.get("reset"):
        kept.pop(table, None)
    elif len(kept) < 200:
        kept[table] = [name[:50] for name in request.POST.getlist("col")][:100]
    request.session["tables"] = kept
    return HttpResponseRedirect(_back(request))


@require_GET
@login_required
def palette(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:100]
    groups = palette_for(request, request.GET.get("product") or None, query)
    context = {"groups": groups, "query": query}
    return render(request, "ui/palette.html", context, partial="ui/_palette.html")


@require_GET
def help(request: HttpRequest, page: str) -> HttpResponse:
    return render(request, "ui/help.html", {"page": help_page(page), "pages": help_pages()})


def _back(request: HttpRequest) -> str:
    """The page the switch was on, when it is one of ours."""
    target = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if allowed else settings.LOGIN_REDIRECT_URL or "/"
