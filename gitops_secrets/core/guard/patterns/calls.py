"""A registry's user name and password as literals of a program, a block of settings or an element of XML.

The brackets around a password say what it is for: by an address that stands in them, or by what stands
ahead of them, as in ``registry.AuthConfig{...}`` and ``auth_config {...}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops_secrets.core.guard.patterns.addresses import is_password, is_registry, is_registry_host
from gitops_secrets.core.guard.patterns.names import QUALIFIED, names_another_trade, names_registry
from gitops_secrets.core.guard.read.composing import LimitError

_CALL_AUTH = re.compile(
    r"auth[ \t]{0,4}=[ \t]{0,4}(?:[A-Za-z_][\w.]{0,60})?\(\s{0,80}(?:(?:user(?:name)?|login)[ ]?=[ ]?)?"
    r"(?:[bfru]{0,2}(?P<quote>[\"'])[^\"'\n]{1,200}(?P=quote)|[A-Za-z_][\w.]{0,60})\s{0,80},\s{0,80}(?:password[ ]?=[ ]?)?"
    r"[bfru]{0,2}(?P<mark>[\"'])(?P<password>[^\"'\n]{1,1000})(?P=mark)\s{0,80},?\s{0,80}\)"
)
"""How Python's clients take a user name and a password."""
_CALLED = re.compile(r"[\"'](?P<address>(?:https?://|oci://|\{)[^\s\"'@]{1,400})[\"']")
_SIGN = r"[\"']?\s{0,80}(?:=>|[=:]|\.set\()\s{0,80}"
_LITERAL = re.compile(
    rf"(?i:password|passwd|pwd){QUALIFIED}{_SIGN}b?(?P<mark>[\"'])(?P<password>[^\"'\n]{{1,1000}})(?P=mark)"
)
_USER = re.compile(r"(?i)(?<![a-z])(?:user_?(?:name)?|login)[\"']?\s{0,80}(?:=>|[=:]|\.set\()")
_AT = re.compile(
    r"(?i)(?<![a-z])(?:registry(?:_?url)?|server_?(?:address)?|login_?server|url|host(?:_?name)?|address|image|"
    rf"repository){_SIGN}[\"'](?P<address>[^\s\"']{{1,400}})[\"']"
)
_ELEMENT = re.compile(r"<password>\s*(?P<password>[^<\s][^<]{0,1000}?)\s*</password>")
_NAMED_ELEMENT = re.compile(
    r"<(?P<tag>id|image|registry|registryUrl|url|host|server|address)>\s*(?P<address>[^<\s]{1,400})\s*</(?P=tag)>"
)
_END = re.compile(r"</(?:password|server|registry)>")
_HEAD = re.compile(
    r"(?P<name>[\w.-]{1,100})[\"']?(?:[ \t]*[=:(][ \t]*|[ \t]*\"[^\"\n]{0,80}\")?\s*\Z"
)
"""What stands ahead of an opening bracket: a type, a key, a block or a function."""
_OF_ALL = frozenset(
    {"auth", "auth_config", "authconfig", "authconfiguration", "credentials", "login", "basicauth"}
)
"""Names of what has a user name and a password: what they are for stands around them."""
_HAS_IMAGE = re.compile(rf"(?<![\w.])image{_SIGN}[\"']")
_WORD_OF_IMAGES = re.compile(r"(?i)docker|image|registr")
_NEAR = 600
_MAX_CALLS = 5000
_BRACKET = re.compile(r"[()]")
_ANY_BRACKET = re.compile(r"[(){}\[\]]")
_FAR = 800
"""How far the brackets of one call are looked for."""


def find_calls(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the password of each call in *text* that takes it beside a registry's address.

    Raises LimitError where there are too many calls to look at each.
    """
    count = 0
    for match in _CALL_AUTH.finditer(text):
        if not is_password(match["password"]):
            continue
        count += 1
        if count > _MAX_CALLS:
            raise LimitError(f"it holds more than {_MAX_CALLS} calls with a password")
        if _calls_registry(text, match.start(), match.end()):
            yield match.start("password"), match["password"]


def find_literals(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the password of each call, object, block and element of XML that is about a registry.

    Raises LimitError where there are too many to look at each.
    """
    count = 0
    for pattern in (_LITERAL, *((_ELEMENT,) if "<password>" in text else ())):
        for match in pattern.finditer(text):
            password = match["password"]
            if not is_password(password) or (password[0] == "{" and password[-1] == "}"):
                continue  # Maven writes an encrypted one in braces.
            if text.startswith(".execute(", match.end()):
                continue  # Groovy runs what stands in the quotes.
            count += 1
            if count > _MAX_CALLS:
                raise LimitError(f"it holds more than {_MAX_CALLS} calls with a password")
            if pattern is _ELEMENT:
                near = _elements(text, match.start(), match.end())
                is_found = any(is_registry(address) for address in near)
            else:
                is_call = (
                    text[match.start() : match.start("password")].rstrip("b\"' ").endswith("(")
                )
                end = text.find(")", match.end(), match.end() + _NEAR) + 1 if is_call else 0
                is_found = _is_of_registry(text, match.start(), max(match.end(), end))
            if is_found:
                yield match.start("password"), password


def _is_of_registry(text: str, begin: int, end: int) -> bool:
    """Return whether the brackets around *begin* and *end* name a user, and are about a registry."""
    start, stop = _call(text, begin, end, _ANY_BRACKET)
    if not _USER.search(text, start, stop):
        return False
    name = _head(text, start)
    if names_another_trade(name):
        return False
    if names_registry(name) or _has_address(text, start, stop):
        return True
    if name.lower() not in _OF_ALL or start == begin:
        return False
    start, stop = _call(text, start, stop + 1, _ANY_BRACKET)
    around = _head(text, start)
    if names_another_trade(around):
        return False
    if names_registry(around) or _HAS_IMAGE.search(text, start, stop):
        return True
    return _has_address(text, start, stop) or (
        "config" in name.lower()
        and (_WORD_OF_IMAGES.search(around) or _WORD_OF_IMAGES.search(text, start, stop))
        is not None
    )


def _has_address(text: str, start: int, stop: int) -> bool:
    return any(_is_place(found["address"]) for found in _AT.finditer(text, start, stop))


def _is_place(address: str) -> bool:
    """Return whether *address* is a registry's, or an image of one."""
    return is_registry(address) or (
        "://" not in address and is_registry_host(address.partition("/")[0])
    )


def _head(text: str, start: int) -> str:
    """Return the name ahead of the bracket at *start*."""
    found = _HEAD.search(text, max(0, start - 200), start)
    return found["name"] if found else ""


def _elements(text: str, begin: int, end: int) -> Iterator[str]:
    """Yield the addresses of the elements beside the one between *begin* and *end*."""
    start = max((m.end() for m in _END.finditer(text, max(0, begin - _NEAR), begin)), default=0)
    following = _END.search(text, end, end + _NEAR)
    stop = following.start() if following else end
    for found in _NAMED_ELEMENT.finditer(text, max(start, begin - _NEAR), stop):
        yield found["address"]


def _calls_registry(text: str, begin: int, end: int) -> bool:
    """Return whether a registry's address stands in the call that what is between *begin* and *end* belongs to."""
    start, stop = _call(text, begin, end)
    return any(
        is_registry(found["address"].replace("{", "").replace("}", ""))
        for found in _CALLED.finditer(text, start, stop)
    )


def _call(text: str, begin: int, end: int, brackets: re.Pattern[str] = _BRACKET) -> tuple[int, int]:
    """Return the span of the *brackets* around *begin* and *end*, as far as they are near."""
    depth, start = 0, begin
    for match in reversed(list(brackets.finditer(text, max(0, begin - _FAR), begin))):
        depth += 1 if match.group() in "([{" else -1
        if depth > 0:
            start = match.start()
            break
    else:
        return begin, end
    depth = 1
    for match in brackets.finditer(text, end, end + _FAR):
        depth += 1 if match.group() in "([{" else -1
        if depth == 0:
            return start, match.start()
    return start, end
