"""Which values of a Secret are filled in elsewhere: each by itself, whatever stands beside it."""

from __future__ import annotations

import re

from gitops_secrets.core.discretion.mixed import has_each_class, is_made_of_words
from gitops_secrets.core.guard.patterns.placeholders import (
    defaults,
    has_random_name,
    has_variable,
    is_placeholder,
    is_template,
    without_templates,
)
from gitops_secrets.core.guard.read.encoding import from_base64
from gitops_secrets.core.guard.record.facts import Key

_ASSIGNED = re.compile(
    r"(?im)^.*(?:pass(?:word|wd|phrase)?|pwd|token|secret|api_?key|api_?url|webhook|credentials?)"
    r"[\"']?[ \t]*[:=][ \t]*(?P<value>\S.*?)[ \t\r]*$"
)
_EMPTY = re.compile(r"\s*\{\s*(?:\"auths\"\s*:\s*\{\s*\}\s*)?\}\s*")
_SETTING_KEY = (
    r"(?i)(?:^|[a-z0-9._-])(?:host(?:name)?|port|user(?:name)?|login|url|uri|endpoint|address|server|domain|email|db|database"
    r"|(?:db|database)[_-]?name|namespace|region|bucket|schema|scheme|protocol|ssl[_-]?mode|time[_-]?zone|tz|log[_-]?level"
    r"|env(?:ironment)?|mode|debug|enabled|client[_-]?id|type|kind|provider)$"
)
_TITLE_KEY = r"(?i)(?:name|title|label|description|comment|text|subject|sender|from|locale|language|country|theme|role|scopes?)$"
_SWITCH = r"(?i)true|false|on|off|yes|no|[0-9]{1,6}(?:[smhd]|[kmg]i?b?)?"
_PUBLIC = (
    r"(?:(?:[\w.,:\[\]@*-]+[ ])?(?:ssh-|ecdsa-|sk-)[\w@.-]+[ ][A-Za-z0-9+/=]+(?:[ ][^\n]*)?\s*)+"
)
"""Keys of hosts and of people that are public."""
_LABEL = r"[a-z]{1,24}[0-9]{0,3}(?:[_-][a-z]{1,24}[0-9]{0,3}|[_-][0-9]{1,3}){0,6}"
_SETTING = (
    rf"(?i)(?:https?://)?{_LABEL}(?:\.{_LABEL}){{0,8}}(?::[0-9]{{1,5}})?(?:/[a-z-]{{0,12}}){{0,4}}|[0-9]{{1,5}}"
    r"|(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?::[0-9]{1,5})?"
)
"""Not compiled before there is a variable beside something else, which is seldom."""
_NAME_OF_ONE = r"(?i)pass|pwd|token|secret|credential|api[_-]?key|private"
_STANDING = re.compile(r"\s*(?:<(?!path:|%)[^<>]*>|\[[^\[\]\n]*\w[^\[\]\n]*\]|`[^`]*`)\s*")
"""What documentation writes in place of a value, and nothing fills in."""
_DESCRIBED = re.compile(r"\s*<(?!path:)[A-Za-z][\w .:,'/-]{0,120}>\s*")
_BRACKETED = re.compile(r"[\[<`{(%_@]")
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{12,}")
_WORD = re.compile(r"[A-Za-z0-9]{8,}")
_WITH_PASSWORD = re.compile(r"://[^\s/:@]{0,100}:(?P<password>[^\s/@]{4,200})@")
_LONG = 24
_SHORTEST = 4
"""A default of fewer characters is a number or a switch."""


def stands_for(key: Key, value: str) -> bool:
    """Return whether *value*, at *key*, is filled in elsewhere or empty, in the clear or in base64."""
    if is_filled_in(value):
        return not _has_password(key, value)
    if key and key[0] == "data" and _stands_in_data(value):
        return True
    decoded = from_base64(value) if key and key[0] == "data" and len(value) < 100_000 else None
    if decoded is None:
        return False
    try:
        plain = decoded.decode()
    except UnicodeDecodeError:
        return False
    return is_filled_in(plain) and not _has_password(key, plain)


def _stands_in_data(value: str) -> bool:
    """Return whether *value*, below data, is a description in angle brackets.

    It is no base64, so no cluster takes it for a value, as it would take it below stringData.
    """
    if _DESCRIBED.fullmatch(value) is None or _has_secret(value):
        return False
    return not any(map(_is_mixed, _WORD.findall(value)))


def is_name(key: Key, value: str) -> bool:
    """Return whether *value*, at *key*, is one name in angle brackets, in the clear or in base64."""
    plain = from_base64(value) if key and key[0] == "data" else None
    text = plain.decode("latin-1") if plain is not None else value
    return re.fullmatch(r"\s*<[ ]*[\w.-]{1,60}[ ]*(?:\|[^<>]*)?>\s*", text) is not None


def _has_password(key: Key, value: str) -> bool:
    """Return whether a variable of *value* has a default, and *key* says that it is a password."""
    if not has_variable(value) or not (key and re.search(_NAME_OF_ONE, str(key[-1]))):
        return False
    return any(
        len(said) >= _SHORTEST and not is_placeholder(said) and not said.isdecimal()
        for said in defaults(value)
    )


def is_plain_setting(key: Key, value: str) -> bool:
    """Return whether *value* is a host, a port, a title or the like and *key* says so, or JSON of such settings."""
    name = str(key[-1]) if key else ""
    if not name or re.search(_NAME_OF_ONE, name):
        return False
    if re.fullmatch(_SWITCH, value) or re.fullmatch(_PUBLIC, value):
        return True
    if re.search(_SETTING_KEY, name):
        return re.fullmatch(_SETTING, value) is not None and not _looks_random(value)
    from gitops_secrets.core.guard.patterns.harmless import is_setting_of_json, is_told

    return is_setting_of_json(value) or (re.search(_TITLE_KEY, name) is not None and is_told(value))


def is_filled_in(value: str) -> bool:
    """Return whether *value* is a template or empty; not if something else in it is secret all the same."""
    if _EMPTY.fullmatch(value):
        return True
    if _STANDING.fullmatch(value) or has_random_name(value.strip()):
        return False
    is_variable = has_variable(value)
    if not is_variable and not is_template(value):
        return False
    if (is_variable or _BRACKETED.match(value.strip())) and _has_secret(without_templates(value)):
        return False
    if is_variable and any(
        _is_mixed(run) for said in defaults(value) for run in _WORD.findall(said)
    ):
        return False
    if "\n" not in value.strip():
        return True
    return not any(
        not has_variable(match["value"]) and not is_placeholder(match["value"])
        for match in _ASSIGNED.finditer(value)
    )


def _has_secret(rest: str) -> bool:
    """Return whether *rest*, what a value has beside its templates, holds a token or a password."""
    return any(_looks_random(run) for run in _RUN.findall(rest)) or any(
        not is_placeholder(match["password"]) for match in _WITH_PASSWORD.finditer(rest)
    )


def _is_mixed(text: str) -> bool:
    """Return whether *text*, a default that somebody chose for a Secret's value, is mixed as no word is."""
    return has_each_class(text) and not is_made_of_words(text)


def _looks_random(text: str) -> bool:
    """Return whether *text* mixes what a token mixes, and no name does."""
    digits = sum(map(str.isdigit, text))
    if len(text) >= _LONG and digits >= 6 and digits < len(text):
        return True
    has_both = any(map(str.isupper, text)) and any(map(str.islower, text))
    return has_both and digits >= 2 and len(text) >= 12
