"""Values as go-yaml reads them, and as Go writes them into the MAC.

sops reads YAML with go-yaml v3: yes and on are text there, 010 is eight, and a date is a time. PyYAML says
otherwise, so only its nodes are used here, not its tags.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from gitops_secrets.core.sops.reader.tree import RefusedError, Typed, UnsupportedError
from gitops_secrets.core.yamltext.nulls import NULLS

_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), b"True"),
    **dict.fromkeys(("false", "False", "FALSE"), b"False"),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), b"NaN"),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), b"+Inf"),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), b"-Inf"),
}
_TIME = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:(?P<sep>[Tt ])(?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})"
    r"(?P<fraction>[.,]\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_INTEGER = re.compile(
    r"(?P<sign>[+-]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO](?P<oct>[0-7]+)"
    r"|0(?P<old>[0-7]+)|(?P<dec>0|[1-9][0-9]*))",
    re.ASCII,
)
_SIGN_INSIDE = re.compile(r"-?0[bo][+-]")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_POINT_FLOAT = re.compile(r"\.[0-9]+(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BASES = (("hex", 16), ("bin", 2), ("oct", 8), ("old", 8), ("dec", 10))
_MIN, _MAX, _UNSIGNED = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1


def resolve(text: str) -> str | Typed | None:
    """Return the plain scalar *text* as go-yaml resolves it.

    Raises RefusedError for a number that sops cannot walk over, UnsupportedError for what is not known here.
    """
    if not text or text[0] not in "0123456789+-.~nNtTfF":
        return text or None
    if text in NULLS:
        return None
    word = _WORDS.get(text)
    if word is not None:
        return Typed(word)
    if text[0] == ".":
        return _float(text) if _POINT_FLOAT.fullmatch(text) else text
    if text[0] in "0123456789+-":
        return _number(text)
    return text


def _number(text: str) -> str | Typed:
    moment = _time(text)
    if moment is not None:
        return Typed(moment)
    plain = text.replace("_", "")
    found = _INTEGER.fullmatch(plain)
    if found is not None:
        digits, base = next((found[name], base) for name, base in _BASES if found[name])
        number = int(digits, base) * (-1 if found["sign"] == "-" else 1)
        if _MIN <= number <= _MAX:
            return Typed(str(number).encode())
        if number <= _UNSIGNED and number > 0 and not found["sign"]:
            raise RefusedError("a number is above those that sops knows")
    if _FLOAT.fullmatch(plain):
        value = _float(plain)
        return text if isinstance(value, str) else value
    if _SIGN_INSIDE.match(plain):
        raise UnsupportedError("a number has its sign behind its base")
    return text


def _float(text: str) -> str | Typed:
    number = float(text)
    # Go's parser fails on what is out of range, and the value stays text.
    return text if number in (float("inf"), float("-inf")) else Typed(format_float(number))


def format_float(number: float) -> bytes:
    """Return *number* as Go's FormatFloat does with format 'f' and the fewest digits."""
    digits = format(Decimal(repr(number)), "f")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits).encode()


def _time(text: str) -> bytes | None:
    """Return the time *text* as RFC 3339 with its fraction; None if go-yaml sees no time in it."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    has_clock, zone = found["sep"] is not None, found["zone"]
    if has_clock and (zone is None) != (found["sep"] == " "):
        return None
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        if found["year"] == "0000":
            raise UnsupportedError("a time is in the year 0") from None
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = found["fraction"] or ""
    if fraction.startswith(",") or len(fraction) > 10:
        raise UnsupportedError("a time has a fraction in another form than sops writes")
    fraction = fraction.rstrip("0").rstrip(".")
    if zone and zone != "Z" and (int(zone[1:3]) > 23 or int(zone[4:]) > 59):
        raise UnsupportedError("a time has a zone that is further away than a day")
    if not zone or zone[1:] == "00:00":
        zone = "Z"
    return f"{day.isoformat()}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}".encode()
