"""`yunying demo`: products made from recipes, each a folder of a profile, files with mappings, and API calls.

Nothing here knows a recipe: everything goes through the services, the importer and the REST API that are there for
all. A recipe that was carried out to its end is not carried out again, but grows as its moved dates become past.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from yunying.base import clock
from yunying.config import Config
from yunying.demo.loading import EMAIL, fetched, load, wants_more
from yunying.demo.notes import Notes
from yunying.demo.recipes import Recipe, load_recipe, recipes_in
from yunying.demo.speaking import language_of

__all__ = ["Recipe", "demo", "language_of", "load_recipe", "recipes_in"]


def demo(options: argparse.Namespace, config: Config) -> int:
    """Carry out what the recipes lack, then serve. Returns the exit code."""
    from yunying import roles
    from yunying.demo.growing import keep_growing
    from yunying.process import ready_django, ready_store

    begun = clock.monotonic_s()
    # The port first: nobody should wait for the data and then hear that the port is taken.
    with roles.listening(config.host, config.port):
        pass
    notes = Notes.load(config.data_dir / "demo.json")
    recipes = recipes_in(options.recipes, small=options.small)
    wanted = [one for one in recipes if wants_more(one, notes.recipes.get(one.name))]
    ready = [one for one in wanted if _fetched(one, options.data)]
    # Nothing to load: `serve` prepares the stores by itself, and a second start stays quick.
    if ready or options.load_only:
        ready_django(migrate=True)
        with ready_store(config, migrate=True) as store:
            for recipe in ready:
                place = options.data / recipe.name
                load(recipe, place, notes, as_recorded=options.as_recorded, language=options.language)
            print("Putting the events in order …", flush=True)
            store.settle()
        print(f"Everything is loaded after {clock.monotonic_s() - begun:.0f} s.", flush=True)
    if ready and not options.load_only:
        _begin_anew()
    _greet(config, notes)
    if options.load_only:
        return 0
    keep_growing(recipes, options.data, notes.path)
    roles.serve(config)
    return 0


def _begin_anew() -> NoReturn:
    """The same command once more in this process: what loading took of memory is given back, the process id stays."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "yunying.cli", *sys.argv[1:]])


def _fetched(recipe: Recipe, data: Path) -> bool:
    if fetched(recipe, data):
        return True
    print(f"{recipe.product['name']}: its data was not fetched, going on without it.", flush=True)
    return False


def _greet(config: Config, notes: Notes) -> None:
    print(f"\n  Yunying      {config.base_url}")
    if notes.password:
        print(f"  sign in as   {EMAIL}\n  password     {notes.password}")
    print("  stop with    Ctrl+C\n", flush=True)
