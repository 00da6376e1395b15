"""What the columns of a file probably are: from their names, in English and Chinese, and from the first rows."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from yunying.apps.tracking.importing.plans import EXCEL_DAYS, ColumnPlan, Plan, Role
from yunying.apps.tracking.importing.sniffing import Sample

__all__ = ["TIME_FORMATS", "Guess", "guess_plan", "guesses"]

# In the order in which they are tried; of two that fit equally well the first is taken.
TIME_FORMATS = (
    "iso",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y-%m-%d %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日 %H时%M分%S秒",
    "%Y年%m月%d日 %H时%M分",
    "%Y年%m月%d日",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
    "unix_ms",
    "unix_s",
    "excel",
)
_WHO = (
    r"\$?(distinct|user|member|customer|person|visitor|device|client|login|account)_?(id|no|key|name)?|uid|who|e?mail"
    r"|用户(id|编号|名|账号)?|会员(id|编号|号)?|设备(id|号)|客户(id|编号)|手机号?|邮箱"
)
_WHEN = (
    r"\$?(event_?)?(time|timestamp|ts|date|datetime)"
    r"|(created|occurred|happened|order(ed)?|event|visited|paid)_?(at|on|time|date)"
    r"|.*(时间|日期|时刻)|at"
)
# What the column is called: in words of other tools' exports, English and Chinese.
_NAMES: tuple[tuple[Role, str], ...] = (
    (Role.UNIQUE_ID, r"(insert|event|message|record|log|\$insert)_?id|uuid|事件id|流水号|唯一(标识|id)?|订单(号|编号)"),
    (
        Role.ACCOUNT,
        r"(account|company|tenant|org(anisation|anization)?|workspace|客户|企业|公司|租户)(_?(id|no|编号|名称)?)?",
    ),
    (Role.SESSION, r"\$?session(_?id)?|visit_?id|会话(id|编号)?"),
    (Role.DISTINCT_ID, _WHO),
    (Role.EVENT, r"\$?event(_?(name|type))?|action|activity|事件(名|名称|类型)?|行为(类型)?|动作|操作(类型)?"),
    (Role.TIME, _WHEN),
    (Role.SPREAD, r"\$?(event_?)?(properties|props|params|attributes|属性)"),
)
_PATTERNS = tuple((role, re.compile(text, re.IGNORECASE)) for role, text in _NAMES)
_DIGITS = re.compile(r"[+-]?\d+")
_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Guess:
    """What one column probably is. `confidence` (0–1) is the share of the sampled values that fit the type.

    `time_format` is set where the values look like times; `doubtful` where day and month may be the other way round.
    """

    name: str
    kind: str
    confidence: float
    time_format: str = ""
    doubtful: bool = False
    named: Role | None = None
    unique: bool = False
    uuids: bool = False
    object: bool = False
    filled: float = 1.0


def guesses(sample: Sample) -> list[Guess]:
    """One guess per column of the sample."""
    return [
        _guess(name, [row[place] for row in sample.rows[:_SAMPLE]], sample.types.get(name, ""))
        for place, name in enumerate(sample.columns)
    ]


def guess_plan(sample: Sample, found: Sequence[Guess]) -> Plan:
    """Roles for the columns: each of time, event, distinct id … once, by name first; the others are properties."""
    roles: dict[str, Role] = {}
    for role in (Role.TIME, Role.EVENT, Role.DISTINCT_ID, Role.ACCOUNT, Role.SESSION, Role.UNIQUE_ID):
        fit = next((g.name for g in found if g.named is role and g.name not in roles and _fits(role, g)), None)
        if fit is None and role is Role.TIME:
            fit = next((g.name for g in found if g.time_format and not _counts(g.time_format)), None)
        if fit is not None:
            roles[fit] = role
    native = bool(sample.types)
    columns = []
    for one in found:
        role = roles.get(one.name) or (Role.SPREAD if one.object and one.named is Role.SPREAD else Role.PROPERTY)
        kind = "" if native else one.kind
        columns.append(ColumnPlan(one.name, role, kind, one.name))
    time = next((g for g in found if roles.get(g.name) is Role.TIME), None)
    uuids = [g.name for g in found if roles.get(g.name) is Role.UNIQUE_ID and g.uuids]
    return Plan(
        layout=sample.layout,
        columns=tuple(columns),
        time_format=time.time_format if time and time.time_format else "iso",
        uuids=bool(uuids),
    )


def _fits(role: Role, guess: Guess) -> bool:
    if role is Role.TIME:
        return bool(guess.time_format)
    if role is Role.UNIQUE_ID:
        return guess.unique and guess.filled == 1.0
    if role is Role.EVENT:
        return guess.kind == "text" and not guess.time_format
    return guess.filled > 0


def _guess(name: str, values: Sequence[str | None], native: str) -> Guess:
    given = [value.strip() for value in values if value and value.strip()]
    named = next((role for role, pattern in _PATTERNS if pattern.fullmatch(name.strip().replace(" ", "_"))), None)
    filled = len(given) / len(values) if values else 0.0
    if not given:
        return Guess(name, "text", 0.0, named=named, filled=0.0)
    kind, share = _kind(given)
    # A column that is called a time is one, also when many of its values are at fault.
    form, doubtful = _time_format(given, native, least=0.5 if named is Role.TIME else 0.9)
    return Guess(
        name,
        kind,
        share,
        form,
        doubtful,
        named,
        unique=len(set(given)) == len(given),
        uuids=all(_is(UUID, value) for value in given),
        object=_share(given, _json_object) == 1.0,
        filled=filled,
    )


def _kind(values: Sequence[str]) -> tuple[str, float]:
    if not any(_leading_zero(value) for value in values):
        for kind, fits in (("integer", _whole), ("number", _number)):
            if (share := _share(values, fits)) >= 0.9:
                return kind, share
    if (share := _share(values, _truth)) == 1.0:
        return "boolean", share
    if (share := _share(values, _json)) == 1.0:
        return "json", share
    return "text", 1.0


def _time_format(values: Sequence[str], native: str, least: float) -> tuple[str, bool]:
    """The format most values have, if at least that share has it; and whether another order of day and month fits."""
    if native.startswith(("timestamp", "date")):
        return "iso", False
    shares = {form: _share(values, partial(_is_time, form)) for form in TIME_FORMATS}
    best = max(TIME_FORMATS, key=lambda form: (shares[form], -TIME_FORMATS.index(form)))
    if shares[best] < least:
        return "", False
    other = best.replace("%m/%d/", "%d/%m/") if "%m/%d/" in best else best
    return best, other != best and shares.get(other, 0.0) == shares[best]


def _is_time(form: str, text: str) -> bool:
    if form == "iso":
        # "20261103" and "2026" are also ISO 8601, but in a table they are seldom meant so.
        return not text.isdecimal() and _is(datetime.fromisoformat, text)
    if form in ("unix_s", "unix_ms", "excel"):
        low, high = {"unix_s": (5e8, 5e9), "unix_ms": (5e11, 5e12), "excel": EXCEL_DAYS}[form]
        return _number(text) and low <= float(text) < high
    if form in ("%Y%m%d", "%Y%m%d%H%M%S") and len(text) != (8 if form == "%Y%m%d" else 14):
        return False
    return _is(lambda value: datetime.strptime(value, form), text)


def _counts(form: str) -> bool:
    """Forms that any number might have: only a name makes a time of them."""
    return form in ("unix_s", "unix_ms", "excel", "%Y%m%d", "%Y%m%d%H%M%S")


def _share(values: Sequence[str], fits: Callable[[str], bool]) -> float:
    return sum(map(fits, values)) / len(values)


def _is(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, OverflowError):
        return False
    return True


def _leading_zero(text: str) -> bool:
    """Postcodes, telephone and article numbers: digits, but no number. So are those too long to be exact."""
    return text.isdecimal() and (len(text) > 15 or (len(text) > 1 and text[0] == "0"))


def _whole(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None


def _number(text: str) -> bool:
    return text.isascii() and "_" not in text and not text[-1].isalpha() and _is(float, text)


def _truth(text: str) -> bool:
    return text.lower() in ("true", "false", "yes", "no", "是", "否")


def _json(text: str) -> bool:
    return text[0] in "{[" and _is(json.loads, text)


def _json_object(text: str) -> bool:
    return text[0] == "{" and _is(json.loads, text)
