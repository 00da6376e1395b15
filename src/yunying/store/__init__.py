"""The event store: chDB in the process or ClickHouse servers, behind one object."""

from yunying.store.columns import EventColumns, Kind, Promoted
from yunying.store.schema import ACCOUNTS, COHORT_MEMBERS, EVENTS, EVENTS_WITH_REPEATS, OWNER, PEOPLE
from yunying.store.sql import Rows, Sql
from yunying.store.store import Store, open_store, shared, use
from yunying.store.values import number_form, number_sql, spelling, text_form, text_sql

__all__ = [
    "ACCOUNTS",
    "COHORT_MEMBERS",
    "EVENTS",
    "EVENTS_WITH_REPEATS",
    "OWNER",
    "PEOPLE",
    "EventColumns",
    "Kind",
    "Promoted",
    "Rows",
    "Sql",
    "Store",
    "number_form",
    "number_sql",
    "open_store",
    "shared",
    "spelling",
    "text_form",
    "text_sql",
    "use",
]
