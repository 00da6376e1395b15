"""`yunying demo`: products made from recipes, each a folder of a profile, files with mappings, and API calls.

    recipe.toml     the package the data comes from, [product] the profile, [[imports]] file and mapping, `calls`
    *.toml          import mappings
    calls.json      requests to the REST API, in order: {"call": "POST goals", "body": {…}, "keep": {"goal": "id"}}

Nothing here knows a recipe: everything goes through the services, the importer and the REST API that are there for
all. A recipe that was carried out to its end is not carried out again.
"""

import argparse
import json
import os
import re
import secrets
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from yunying.base import clock
from yunying.base.errors import Bug, InvalidInput, msg
from yunying.config import Config
from yunying.terminal import import_with_bar

__all__ = ["Recipe", "demo", "load_recipe", "recipes_in"]

EMAIL = "demo@yunying.example"
ORGANISATION = "Demo"
_HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """`small` recipes load in seconds and are the only ones of `--small`."""

    name: str
    folder: Path
    small: bool
    product: dict[str, Any]
    imports: tuple[dict[str, str], ...]
    calls: tuple[dict[str, Any], ...]


def demo(options: argparse.Namespace, config: Config) -> int:
    """Carry out the recipes that are not yet, then serve. Returns the exit code."""
    from yunying import roles
    from yunying.process import ready_django, ready_store

    begun = clock.monotonic_s()
    # The port first: nobody should wait for the data and then hear that the port is taken.
    with roles.listening(config.host, config.port):
        pass
    noted = config.data_dir / "demo.json"
    done: dict[str, Any] = json.loads(noted.read_text()) if noted.exists() else {}
    wanted = [
        one for one in recipes_in(options.recipes, small=options.small) if one.name not in done.get("recipes", [])
    ]
    ready = [one for one in wanted if _fetched(one, options.data)]
    # Nothing to load: `serve` prepares the stores by itself, and a second start stays quick.
    if ready or options.load_only:
        ready_django(migrate=True)
        with ready_store(config, migrate=True) as store:
            for recipe in ready:
                done = _load(config, recipe, options.data / recipe.name, done)
            print("Putting the events in order …", flush=True)
            store.settle()
        print(f"Everything is loaded after {clock.monotonic_s() - begun:.0f} s.", flush=True)
    _greet(config)
    if options.load_only:
        return 0
    if ready:
        _serve_anew()
    roles.serve(config)
    return 0


def _serve_anew() -> NoReturn:
    """Go on as `yunying serve` in this process: what loading took of memory is given back, the process id stays."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "yunying.cli", "serve"])


def recipes_in(folder: Path, *, small: bool) -> list[Recipe]:
    """The recipes of a folder, by name. Raises InvalidInput when there is none."""
    found = [load_recipe(path.parent) for path in sorted(folder.glob("*/recipe.toml"))]
    if not found:
        raise InvalidInput("demo.no_recipes", msg("There are no recipes in %(folder)s."), folder=str(folder))
    return [recipe for recipe in found if recipe.small == small]


def load_recipe(folder: Path) -> Recipe:
    """Read one recipe. Raises InvalidInput when a part of it is missing or not well formed."""
    try:
        raw = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))
        calls = json.loads((folder / raw["calls"]).read_text(encoding="utf-8")) if "calls" in raw else []
        return Recipe(folder.name, folder, bool(raw.get("small")), raw["product"], tuple(raw["imports"]), tuple(calls))
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput(
            "demo.recipe", msg("The recipe %(name)s cannot be used: %(why)s"), name=folder.name, why=str(error)
        ) from error


def _fetched(recipe: Recipe, data: Path) -> bool:
    if all((data / recipe.name / one["file"]).exists() for one in recipe.imports):
        return True
    print(f"{recipe.product['name']}: its data was not fetched, going on without it.", flush=True)
    return False


def _load(config: Config, recipe: Recipe, data: Path, done: dict[str, Any]) -> dict[str, Any]:
    """Carry one recipe out and note it, so that an interrupted demo goes on behind it."""
    user, password = _user(done.get("password"))
    _carry_out(recipe, data, user)
    done = {"password": password, "recipes": [*done.get("recipes", []), recipe.name]}
    noted = config.data_dir / "demo.json"
    noted.write_text(json.dumps(done))
    noted.chmod(0o600)
    return done


def _user(password: str | None) -> tuple[Any, str]:
    from yunying.platform.accounts.models import User
    from yunying.platform.accounts.services import create_user

    user = User.objects.filter(email=EMAIL).first()
    # A run that died before it noted the password would leave an account nobody can open: give it a new one.
    if user is None or password is None:
        password = secrets.token_urlsafe(9)
        if user is None:
            user = create_user(email=EMAIL, password=password, name="Demo", superuser=True)
        else:
            user.set_password(password)
            user.save(update_fields=["password"])
    return user, password


def _carry_out(recipe: Recipe, data: Path, user: Any) -> None:
    from yunying.apps.tracking.importing.mapping import load

    access = _product(recipe, user)
    for one in recipe.imports:
        run = import_with_bar(access.product, data / one["file"], load(recipe.folder / one["mapping"]))
        print(f"  {one['file']}: {run.rows_read:,} rows, {run.events:,} events, {run.errors:,} at fault", flush=True)
    if recipe.calls:
        with _api(access) as call:
            kept = {"product": access.product.slug}
            for request in recipe.calls:
                kept |= call(request, kept)
        print(f"  {len(recipe.calls)} API calls made", flush=True)


def _product(recipe: Recipe, user: Any) -> Any:
    """The recipe's product: made now, or found from a run that was interrupted."""
    from yunying.base.actor import Actor, ActorKind
    from yunying.platform.products.access import organisation_for, product_for
    from yunying.platform.products.models import Organisation, Product
    from yunying.platform.products.services.organisations import create_organisation
    from yunying.platform.products.services.products import create_product

    actor = Actor(ActorKind.USER, user.pk, user.shown_name)
    profile = dict(recipe.product)
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


@contextmanager
def _api(access: Any) -> Iterator[Any]:
    """A caller of the REST API inside this process, with a secret key that lives as long as the block."""
    from django.test import Client

    from yunying.platform.products.access import Permission
    from yunying.platform.products.services.keys import create_api_key, revoke_api_key

    made = create_api_key(access=access, name="Demo", scopes=[one.value for one in Permission if access.may(one)])
    client = Client(headers={"authorization": f"Bearer {made.secret}"}, SERVER_NAME="localhost")

    def call(request: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
        method, path = request["call"].split(" ", 1)
        body = json.dumps(_filled(request.get("body", {}), kept))
        url = f"/api/v1/products/{access.product.slug}/{_filled(path, kept)}".rstrip("/")
        answer = client.generic(method, url, body, content_type="application/json")
        if answer.status_code >= 400:
            raise Bug(
                "demo.call",
                msg("%(call)s was answered with %(status)d: %(answer)s"),
                call=request["call"],
                status=answer.status_code,
                answer=answer.content.decode()[:500],
            )
        return {name: _inside(answer.json(), where) for name, where in request.get("keep", {}).items()}

    try:
        yield call
    finally:
        revoke_api_key(access=access, key_id=made.key.pk)


def _filled(value: Any, kept: dict[str, Any]) -> Any:
    """Put what earlier calls kept into "{name}"; a text that is nothing else becomes the kept value itself."""
    if isinstance(value, dict):
        return {key: _filled(one, kept) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, kept) for one in value]
    if not isinstance(value, str):
        return value
    whole = _HOLE.fullmatch(value)
    if whole and whole.group(1) in kept:
        return kept[whole.group(1)]
    return _HOLE.sub(lambda hole: str(kept.get(hole.group(1), hole.group(0))), value)


def _inside(answer: Any, where: str) -> Any:
    for part in where.split("."):
        answer = answer[int(part)] if isinstance(answer, list) else answer[part]
    return answer


def _greet(config: Config) -> None:
    noted = config.data_dir / "demo.json"
    password = json.loads(noted.read_text()).get("password") if noted.exists() else None
    print(f"\n  Yunying      {config.base_url}")
    if password:
        print(f"  sign in as   {EMAIL}\n  password     {password}")
    print("  stop with    Ctrl+C\n", flush=True)
