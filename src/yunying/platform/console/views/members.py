"""Invitations, membership and roles."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from yunying.base.errors import InvalidInput, msg
from yunying.platform.accounts.adapter import INVITED
from yunying.platform.accounts.models import User
from yunying.platform.console.forms import InviteForm, RoleForm, carry_out
from yunying.platform.console.views.organisations import organisation_page
from yunying.platform.products import selectors, services
from yunying.platform.products.access import Permission, ProductAccess, organisation_for
from yunying.platform.products.http import actor_of, product_view, user_of
from yunying.platform.products.models import Role
from yunying.platform.ui.page import render


@require_POST
@login_required
def invite(request: HttpRequest, organisation: int) -> HttpResponse:
    access = organisation_for(user_of(request), actor_of(request), organisation, Permission.MANAGE_MEMBERS)
    form = InviteForm(request.POST)
    invited = carry_out(form, services.invite, access=access, **form.cleaned_data) if form.is_valid() else None
    if invited is None:
        return organisation_page(request, access, invite_form=form)
    email = invited.invitation.email
    if not invited.mailed:
        messages.warning(
            request, _("The mail to %(email)s could not be sent. Invite them again later.") % {"email": email}
        )
    elif settings.MAIL_LEAVES:
        messages.success(request, _("%(email)s has mail with a link to join.") % {"email": email})
    else:
        # Without a mail server the link would reach nobody, so the inviter hands it over. With one it stays in the
        # mail: whoever holds it has then shown that the mailbox is theirs.
        text = _("No mail server is set up. Give %(email)s this link; it works once and for 14 days: %(link)s")
        messages.success(request, text % {"email": email, "link": invited.link})
    return redirect("console:organisation", organisation=organisation)


@require_POST
@login_required
def member(request: HttpRequest, organisation: int, member: int) -> HttpResponse:
    """Give another role (`role`) or take out (`remove`)."""
    user = user_of(request)
    access = organisation_for(user, actor_of(request), organisation)
    if "remove" in request.POST:
        services.remove_member(access=access, member_id=member)
        messages.success(request, _("The member was removed."))
        still = any(row.user_id == user.pk for row in selectors.members(access)) or user.is_superuser
        return redirect("console:organisation", organisation=organisation) if still else redirect("console:root")
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("member.role", msg("Choose one of the listed roles."), field="role")
    services.change_role(access=access, member_id=member, role=form.cleaned_data["role"])
    messages.success(request, _("The role is changed."))
    return redirect("console:organisation", organisation=organisation)


@require_POST
@login_required
def withdraw(request: HttpRequest, organisation: int, invitation: int) -> HttpResponse:
    access = organisation_for(user_of(request), actor_of(request), organisation)
    services.revoke_invitation(access=access, invitation_id=invitation)
    messages.success(request, _("The invitation is withdrawn; its link no longer works."))
    return redirect("console:organisation", organisation=organisation)


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind an invitation link: join, or first sign up or in."""
    found = services.open_invitation(token)
    if not request.user.is_authenticated:
        request.session[INVITED] = found.email
        known = User.objects.filter(email=found.email).exists()
        return render(request, "console/invitation.html", {"invitation": found, "known": known})
    if request.method == "POST":
        services.accept_invitation(actor=actor_of(request), user=user_of(request), token=token)
        request.session.pop(INVITED, None)
        messages.success(request, _("Welcome to %(name)s.") % {"name": found.organisation.name})
        return redirect("console:root")
    fits = user_of(request).email.lower() == found.email
    return render(request, "console/invitation.html", {"invitation": found, "fits": fits})


@product_view()
def roles(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Who can see this product, and with which role."""
    if request.method == "POST":
        user_id = request.POST.get("user", "")
        if not user_id.isdecimal():
            raise InvalidInput("member.user", msg("Reload the page and choose again."), field="user")
        services.set_product_role(access=access, user_id=int(user_id), role=request.POST.get("role", ""))
        messages.success(request, _("The role is changed."))
        return redirect("console:members", product=access.product.slug)
    context = {
        "people": selectors.product_members(access),
        "roles": [choice for choice in Role.choices if choice[0] != Role.OWNER],
        "manage": access.may(Permission.MANAGE_MEMBERS),
        "tab": "members",
        "help_page": "accounts",
    }
    return render(request, "console/members.html", context)
