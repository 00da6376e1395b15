"""Carrying a recipe out: its product, files, catalogue and calls; and later what has become past since."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from yunying.base import clock
from yunying.base.errors import Bug, msg
from yunying.demo.calling import api
from yunying.demo.moving import Moved, filled, shift_for
from yunying.demo.notes import Noted, Notes
from yunying.demo.recipes import Recipe
from yunying.demo.speaking import ENGLISH, Texts
from yunying.terminal import import_with_bar

if TYPE_CHECKING:
    from yunying.apps.tracking.importing.spans import Span
    from yunying.platform.products.access import ProductAccess

__all__ = ["EMAIL", "Bring", "fetched", "grow", "load", "wants_more"]

Bring = Callable[[Any, Path, Any], Any]
"""Imports a file with a mapping into a product and gives the run."""

EMAIL = "demo@yunying.example"
ORGANISATION = "Demo"


def load(recipe: Recipe, data: Path, notes: Notes, *, as_recorded: bool, language: str = ENGLISH) -> None:
    """Carry out what is left of one recipe, noting each step, so that an interrupted demo goes on behind it.

    `language` is that of the texts, once chosen for all steps. A recipe that was carried out gets the events that lie
    in the past by now.
    """
    user = _user(notes)
    noted = notes.recipes.setdefault(recipe.name, _begun(recipe, language, as_recorded=as_recorded))
    notes.save()
    access = _product(recipe, user, noted)
    if noted.done:
        grow(recipe, data, access.product, noted, _shown)
    else:
        _import(recipe, data, access.product, noted, (None, noted.bound), _shown)
        _describe(recipe, access, noted)
        _call(recipe, access, notes)
        noted.done = True
    notes.save()


def grow(recipe: Recipe, data: Path, product: Any, noted: Noted, bring: Bring) -> None:
    """Import what became past since the last time, and note until when that was."""
    now = clock.now().replace(microsecond=0)
    _import(recipe, data, product, noted, (noted.bound, now), bring)
    noted.until = now.isoformat()


def fetched(recipe: Recipe, data: Path) -> bool:
    """Whether the files of a recipe are there."""
    return all((data / recipe.name / one["file"]).exists() for one in recipe.imports)


def wants_more(recipe: Recipe, noted: Noted | None) -> bool:
    """Whether a recipe is not carried out yet, or a day has begun since that has recorded events of its own."""
    if noted is None or not noted.done:
        return True
    if noted.bound is None or recipe.last_day is None:
        return False
    moved = _moved(recipe, noted)
    today = clock.now().astimezone(moved.zone).date()
    return noted.bound < moved.end_of(recipe.last_day) and noted.bound.astimezone(moved.zone).date() < today


def _begun(recipe: Recipe, language: str, *, as_recorded: bool) -> Noted:
    """The move is chosen once: the same event then has the same identity for ever."""
    if as_recorded or recipe.last_day is None:
        return Noted(language=language)
    now = clock.now().replace(microsecond=0)
    today = now.astimezone(ZoneInfo(recipe.product["timezone"])).date()
    return Noted(shift_for(recipe.last_day, today), now.isoformat(), language=language)


def _moved(recipe: Recipe, noted: Noted) -> Moved:
    return Moved(noted.shift_days, ZoneInfo(recipe.product["timezone"]))


def _import(
    recipe: Recipe,
    data: Path,
    product: Any,
    noted: Noted,
    between: tuple[datetime | None, datetime | None],
    bring: Bring,
) -> None:
    from yunying.apps.tracking.importing import mapping

    for one in recipe.imports:
        as_said = mapping.load(recipe.folder / one["mapping"])
        span: Span = replace(as_said.span, shift_days=noted.shift_days, since=between[0], until=between[1])
        bring(product, data / one["file"], mapping.spanned(as_said, span))


def _shown(product: Any, file: Path, mapping: Any) -> Any:
    run = import_with_bar(product, file, mapping)
    print(f"  {file.name}: {run.rows_read:,} rows, {run.events:,} events, {run.errors:,} at fault", flush=True)
    return run


def _describe(recipe: Recipe, access: "ProductAccess", noted: Noted) -> None:
    """Fill the catalogue in from the recipe's sheet; harmless when repeated."""
    from yunying.apps.tracking.services import apply_plan, plan_of

    if not recipe.catalogue:
        return
    sheet = Texts.load(recipe.folder, noted.language).of_sheet(recipe.catalogue)
    plan = plan_of(access, "catalogue.csv", sheet.encode())
    changed, refused = apply_plan(access, [one.to_json() for one in plan.changes])
    if wrong := [*plan.unknown, *(one.text for one in (*plan.problems, *refused))]:
        raise Bug("demo.catalogue", msg("The recipe's catalogue cannot be used: %(why)s"), why="; ".join(wrong))
    print(f"  {changed} names of the catalogue described", flush=True)


def _call(recipe: Recipe, access: "ProductAccess", notes: Notes) -> None:
    if not recipe.calls:
        return
    noted = notes.recipes[recipe.name]
    texts = Texts.load(recipe.folder, noted.language)
    with api(access, _moved(recipe, noted)) as call:
        for request in recipe.calls[noted.made :]:
            noted.kept |= call(
                request | {"body": texts.of(request.get("body", {}))}, {"product": access.product.slug} | noted.kept
            )
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
    texts = Texts.load(recipe.folder, noted.language)
    profile = {**recipe.product, **texts.product}
    if noted.shift_days and recipe.moved:
        said: str = filled(texts.moved or recipe.moved, {"weeks": noted.shift_days // 7}, _moved(recipe, noted))
        profile["notice"] = "\n\n".join([profile["notice"].strip(), said.strip()])
    return profile
