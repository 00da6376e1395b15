"""Carrying a recipe out: its product, its files, its calls; and later what has become past since."""

import secrets
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from yunying.base import clock
from yunying.demo.calling import api
from yunying.demo.moving import Moved, filled, shift_for
from yunying.demo.notes import Noted, Notes
from yunying.demo.recipes import Recipe
from yunying.terminal import import_with_bar

if TYPE_CHECKING:
    from yunying.apps.tracking.importing.spans import Span
    from yunying.platform.products.access import ProductAccess

__all__ = ["EMAIL", "load", "wants_more"]

EMAIL = "demo@yunying.example"
ORGANISATION = "Demo"


def load(recipe: Recipe, data: Path, notes: Notes, *, as_recorded: bool) -> None:
    """Carry out what is left of one recipe, noting each step, so that an interrupted demo goes on behind it.

    A recipe that was carried out gets the events that lie in the past by now.
    """
    user = _user(notes)
    noted = notes.recipes.setdefault(recipe.name, _begun(recipe, as_recorded=as_recorded))
    notes.save()
    access = _product(recipe, user, noted)
    if noted.done:
        now = clock.now().replace(microsecond=0)
        _import(recipe, data, access, noted, noted.bound, now)
        noted.until = now.isoformat()
    else:
        _import(recipe, data, access, noted, None, noted.bound)
        _call(recipe, access, notes)
        noted.done = True
    notes.save()


def wants_more(recipe: Recipe, noted: Noted | None) -> bool:
    """Whether a recipe is not carried out yet, or a day has begun since that has recorded events of its own."""
    if noted is None or not noted.done:
        return True
    if noted.bound is None or recipe.last_day is None:
        return False
    moved = _moved(recipe, noted)
    today = clock.now().astimezone(moved.zone).date()
    return noted.bound < moved.end_of(recipe.last_day) and noted.bound.astimezone(moved.zone).date() < today


def _begun(recipe: Recipe, *, as_recorded: bool) -> Noted:
    """The move is chosen once: the same event then has the same identity for ever."""
    if as_recorded or recipe.last_day is None:
        return Noted()
    now = clock.now().replace(microsecond=0)
    today = now.astimezone(ZoneInfo(recipe.product["timezone"])).date()
    return Noted(shift_for(recipe.last_day, today), now.isoformat())


def _moved(recipe: Recipe, noted: Noted) -> Moved:
    return Moved(noted.shift_days, ZoneInfo(recipe.product["timezone"]))


def _import(
    recipe: Recipe,
    data: Path,
    access: "ProductAccess",
    noted: Noted,
    since: datetime | None,
    until: datetime | None,
) -> None:
    from yunying.apps.tracking.importing import mapping

    for one in recipe.imports:
        as_said = mapping.load(recipe.folder / one["mapping"])
        span: Span = replace(as_said.span, shift_days=noted.shift_days, since=since, until=until)
        run = import_with_bar(access.product, data / one["file"], mapping.spanned(as_said, span))
        print(f"  {one['file']}: {run.rows_read:,} rows, {run.events:,} events, {run.errors:,} at fault", flush=True)


def _call(recipe: Recipe, access: "ProductAccess", notes: Notes) -> None:
    if not recipe.calls:
        return
    noted = notes.recipes[recipe.name]
    with api(access, _moved(recipe, noted)) as call:
        for request in recipe.calls[noted.made :]:
            noted.kept |= call(request, {"product": access.product.slug} | noted.kept)
            noted.made += 1
            notes.save()
    print(f"  {len(recipe.calls)} API calls made", flush=True)


def _user(notes: Notes) -> Any:
    from yunying.platform.accounts.models import User
    from yunying.platform.accounts.services import create_user

    user = User.objects.filter(email=EMAIL).first()
    # A run that died before it noted the password would leave an account nobody can open: give it a new one.
    if user is None or notes.password is None:
        notes.password = secrets.token_urlsafe(9)
        if user is None:
            user = create_user(email=EMAIL, password=notes.password, name="Demo", superuser=True)
        else:
            user.set_password(notes.password)
            user.save(update_fields=["password"])
    return user


def _product(recipe: Recipe, user: Any, noted: Noted) -> "ProductAccess":
    """The recipe's product: made now, or found from a run before."""
    from yunying.base.actor import Actor, ActorKind
    from yunying.platform.products.access import organisation_for, product_for
    from yunying.platform.products.models import Organisation, Product
    from yunying.platform.products.services.organisations import create_organisation
    from yunying.platform.products.services.products import create_product

    actor = Actor(ActorKind.USER, user.pk, user.shown_name)
    profile = _profile(recipe, noted)
    slug = profile.pop("slug")
    print(f"{profile['name']}", flush=True)
    if not Product.objects.filter(slug=slug).exists():
        own = Organisation.objects.filter(name=ORGANISATION, members__user=user).first()
        if own is None:
            place = create_organisation(actor=actor, user=user, name=ORGANISATION)
        else:
            place = organisation_for(user, actor, own.pk)
        create_product(access=place, slug=slug, **profile)
    return product_for(user, actor, slug)


def _profile(recipe: Recipe, noted: Noted) -> dict[str, Any]:
    """The product's profile; its notice says by how much the dates were moved, if they were."""
    profile = dict(recipe.product)
    if noted.shift_days and recipe.moved:
        said: str = filled(recipe.moved, {"weeks": noted.shift_days // 7}, _moved(recipe, noted))
        profile["notice"] = "\n\n".join([profile["notice"].strip(), said.strip()])
    return profile
