"""Variables that a text assigns, in whatever language: those that a registry's password goes by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache

from gitops_secrets.core.guard.patterns.harmless import is_harmless
from gitops_secrets.core.guard.patterns.names import (
    LONGEST_NAME,
    QUALIFIED,
    names_access_token,
    names_password,
)
from gitops_secrets.core.guard.patterns.placeholders import is_placeholder, literal_in
from gitops_secrets.core.guard.rules.credentials.registry_password import (
    is_variable,
    repositories,
    repository_of,
)

_ASSIGNMENT = re.compile(
    r"(?im)^[ \t]*(?:[#;/]+[ \t]*)?(?:-[ \t]+)?"
    r"(?:(?:export|set|let|const|var|\$env:|-e|--env|--build-arg|--set(?:-string)?)[ \t]*)?"
    r"[\"']?(?P<name>[A-Za-z_][\w.-]*)[\"']?"
    r"(?:(?P<tight>=)|(?P<loose>[ \t]*(?::=|\?=|=|:)[ \t]+))"
    r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s#;,\"']+)"
)
_INSTRUCTION = re.compile(
    r"(?im)^[ \t]*(?:ENV|ARG|setenv|setx|set(?:[ \t]+-{1,2}[a-zA-Z-]+)+)[ \t]+(?P<name>[A-Za-z_]\w*)[ \t=]+"
    r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s#;,\"']+)"
)
_SET = re.compile(
    r"(?:--set(?:-string|-literal)?[ \t=]+[\"']?|,)(?P<name>[A-Za-z_][\w.-]*)=(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s,\"']+)"
)
"""What helm is told on its command line, each behind the flag or a comma."""
_QUOTED = r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'"
_GIVEN = re.compile(
    rf"\b(?P<name>[A-Z][A-Z0-9_]{{0,90}}(?:PASSWORD|PASSWD|PASS|PWD|TOKEN){QUALIFIED})={_QUOTED}|[^\s#;,\"'`&|()]+)"
)
"""A variable in the midst of a command: ``docker run -e NAME=VALUE``."""
_AHEAD = re.compile(r"(?:[\s\"'`,;]|-e|(?:env|envs|env-vars|arg|literal)=)\Z")
"""What stands ahead of it; else it is a part of something longer, such as an address."""
_SECRET = rf"(?i:password|passwd|pass|pwd|token){QUALIFIED}"
_FLAGGED = re.compile(
    r"(?:-D|-P|-var[= ]|--(?:build-arg|env|var|param|parameter|property|extra-vars|set-env-vars)[= ]|-[epv] )[ \t]*[\"']?"
    rf"(?P<name>[A-Za-z][\w.-]{{0,90}}?{_SECRET})={_QUOTED}|[^\s#;,\"'`&|()]+)"
)
"""A name of small letters counts only behind a flag: a program's arguments are written so as well."""
_LITERAL = re.compile(
    rf"(?P<end>{_SECRET})(?:[\"']?[ \t]{{0,8}}(?:(?::[ \t]?[Ss]tring\??|[Ss]tring)[ \t]{{0,4}})?"
    rf"(?::=|=>|[=:])[ \t]{{0,8}}|[\"'][ \t]{{0,4}},[ \t]{{0,4}}(?P<argument>))[@$bfru]?{_QUOTED})"
)
"""A string of a program or a block, wherever it stands in its line: of the name, the end alone is looked for."""
_NAME_AHEAD = re.compile(r"[A-Za-z][\w.-]{0,98}\Z")
_OR_LITERAL = re.compile(
    rf"(?:environ|ENV|process\.env|env)(?:\[[\"']|\.)(?P<name>[A-Za-z_]\w*)(?:[\"']\])?\s{{0,20}}(?:\|\||\?\?|\bor\b)\s{{0,20}}{_QUOTED})"
)
"""What a program takes if the variable is not set."""
_DEFAULTED = re.compile(
    r"\$\{(?P<name>[A-Za-z_]\w*)(?::?[-=]|:(?![-=+?]))(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^{}\n\"']{1,400})\}"
)
"""What a shell or Spring takes if the variable is not set."""
_OF_FISH = re.compile(r"\(|\$\w+\[")
"""A command's output, and an element of a list."""
_IN_PROGRAM = re.compile(
    r"(?:environ|ENV|process\.env)(?:\[[\"']|\.)(?P<name>[A-Za-z_]\w*)(?:[\"']\])?\s{0,20}=\s{0,20}"
    rf"{_QUOTED})"
)
_OF_WINDOWS = re.compile(
    rf"SetEnvironmentVariable\(\s{{0,20}}[\"'](?P<name>[A-Za-z_]\w*)[\"']\s{{0,20}},\s{{0,20}}{_QUOTED})"
)
_OF_FORGE = re.compile(
    r"\b(?:gh|glab)[ \t]+(?:secret|variable)[ \t]+set[ \t]+(?P<name>[A-Za-z_]\w*)\b[^\n]{0,200}?"
    rf"[ \t](?:-b|--body|-v|--value)[ \t=]*{_QUOTED}|[^\s\"']+)"
)
_NAMED = r"\b(?:name|key|variable)[\"']?[ \t]{0,20}[=:][ \t]{0,20}[\"'](?P<name>[A-Za-z][\w.-]{0,99})[\"']"
_VALUE = rf"\b(?:value|default)[\"']?[ \t]{{0,20}}[=:][ \t]{{0,20}}{_QUOTED})"
_BETWEEN = r"[,;]?\s{1,200}(?:[\w\"']{1,40}[ \t]{0,20}[=:][^\n{}=:]{0,200}\s{1,200}){0,3}?[\"']?"
_PAIR = re.compile(rf"{_NAMED}{_BETWEEN}{_VALUE}")
_RIAP = re.compile(rf"{_VALUE}{_BETWEEN}{_NAMED}")
"""Name and value as fields of a block, in either order."""
_DECLARED = re.compile(
    r"\b(?:variable|param|parameter)[ \t]{1,8}[\"']?(?P<name>[A-Za-z][\w.-]{0,99})[\"']?"
    r"(?:[ \t]{0,8}\{(?:[^{}]|\{[^{}]{0,400}\}){0,2000}?\bdefault[ \t]{0,20}=[ \t]{0,20}"
    rf"|[ \t]{{1,8}}\w{{1,40}}[ \t]{{0,8}}=[ \t]{{0,8}}){_QUOTED})"
)
"""A variable with its default, as Terraform and Bicep declare it."""
_ARGUMENTS = re.compile(
    r"(?:docker|podman)_login[\"']?(?::|[ \t]+(?:-a|--args)[ \t=]*|[ \t])[ \t]*(?:[>|][-+]?)?\s{0,80}[\"']?"
    rf"(?:(?!pass)\w{{1,40}}=(?:\"[^\"\n]*\"|'[^'\n]*'|\S{{1,400}})\s{{1,80}}){{0,8}}(?P<name>pass(?:word)?)={_QUOTED}|[^\s\"']+)"
)
"""How Ansible takes a module's arguments on one line."""
_STEM = re.compile(r"(?i:pass(?:word|wd)?|pwd|token|_pat)")
"""What stands in each name that is looked for: where there is none, no pattern is tried."""
_OF_NAMES = re.compile(r"[^\w.-]")
_OF_LINES = (
    ("", _ASSIGNMENT),
    ("", _INSTRUCTION),
    ("", _LITERAL),
    ("--set", _SET),
    ("=", _GIVEN),
    ("-", _FLAGGED),
    ("env", _IN_PROGRAM),
    ("ENV", _IN_PROGRAM),
    ("env", _OR_LITERAL),
    ("ENV", _OR_LITERAL),
    ("SetEnv", _OF_WINDOWS),
    (" set ", _OF_FORGE),
    ("${", _DEFAULTED),
)
"""How a variable is set on one line, and what stands in each that sets one so."""
_OF_BLOCKS = (
    ("value", _PAIR),
    ("value", _RIAP),
    ("default", _PAIR),
    ("variable", _DECLARED),
    ("param", _DECLARED),
)
"""The same on several lines."""
_ABOVE, _BELOW = 1000, 2500
_EXPRESSION = re.compile(
    r"[A-Za-z_][\w.]*\(.*|[A-Za-z_]\w*(?:(?:\.|->|::)\w+)+\(?\)?|[A-Za-z_]+|[&*!(].*"
)
_NOT_VALUES = ("ENC[AES256_GCM", "-", "=")
_SHORTEST = 6


def find_assigned(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the value of each variable in *text* that a registry's password goes by."""
    for match in _ARGUMENTS.finditer(text) if "_login" in text else ():
        value = match["value"].strip("\"'")
        if _is_value(match, match["name"], value):
            yield match.start("value"), literal_in(value)
    places = cache(lambda: _repositories(text))
    lines = list(_lines_with_names(text))
    for patterns, spans in (
        (_OF_LINES, _merged(lines)),
        (_OF_BLOCKS, _merged(_around(text, lines))),
    ):
        for begin, end in spans:
            inside = (p for word, p in patterns if text.find(word, begin, end) >= 0)
            for pattern in dict.fromkeys(inside):
                yield from _find(text, pattern, begin, end, places)


def _lines_with_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each line begins and ends in which a password of a registry or a repository is named."""
    known = -1
    for stem in _STEM.finditer(text):
        at = stem.end()
        if at <= known:
            continue
        if _ends_with_name(text[max(0, at - LONGEST_NAME) : at]):
            known = text.find("\n", at)
            known = known if known >= 0 else len(text)
            yield text.rfind("\n", 0, at) + 1, known


@lru_cache(maxsize=4096)
def _ends_with_name(before: str) -> bool:
    """Return whether *before* ends with a name that is looked for. Small packed files hold one a million times."""
    name = _OF_NAMES.split(before)[-1].removeprefix("-D").removeprefix("-P")
    return names_password(name) or names_access_token(name) or bool(repository_of(name))


def _around(text: str, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(max(0, begin - _ABOVE), min(len(text), end + _BELOW)) for begin, end in lines]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged


def _find(
    text: str, pattern: re.Pattern[str], begin: int, end: int, places: Callable[[], frozenset[str]]
) -> Iterator[tuple[int, str]]:
    for match in pattern.finditer(text, begin, end):
        at = match.start()
        if pattern is _GIVEN and not _AHEAD.search(text, max(0, at - 10), at):
            continue
        name, value = _name(text, match), match["value"].strip("\"'")
        if not is_variable(name, value):
            whose = repository_of(name)
            if whose is None or whose not in places():
                continue
        if _is_value(match, name, value):
            yield match.start("value"), literal_in(value)


def _name(text: str, match: re.Match[str]) -> str:
    parts = match.groupdict()
    if "name" in parts:
        return str(parts["name"])
    found = _NAME_AHEAD.search(text, max(0, match.end("end") - 99), match.end("end"))
    return found.group() if found else ""


def _is_value(match: re.Match[str], name: str, value: str) -> bool:
    """Return whether *value*, which *match* assigns, is one: no expression, placeholder or the like."""
    is_bare = value == match["value"]
    parts = match.groupdict()
    if is_bare and (
        _OF_FISH.match(value)
        or (parts.get("loose") and _EXPRESSION.fullmatch(value))
        or is_harmless(name, value, is_bare=True)
    ):
        return False
    if parts.get("argument") is not None and value.replace("_", "").replace("-", "").isalpha():
        return False  # the next argument of a call may be any word
    return (
        len(value) >= _SHORTEST
        and not is_placeholder(value)
        and not value.startswith(_NOT_VALUES)
        and not is_harmless(name, value)
    )


def _repositories(text: str) -> frozenset[str]:
    return repositories((m["name"], m["value"].strip("\"'")) for m in _ASSIGNMENT.finditer(text))
