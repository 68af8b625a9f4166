"""A header of basic authorization that goes to a registry: in a program, a request or a node's settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from gitops_secrets.core.guard.patterns.addresses import is_registry
from gitops_secrets.core.guard.patterns.placeholders import is_placeholder_whole
from gitops_secrets.core.guard.read.encoding import from_base64

_HEADER = re.compile(
    r"(?i)authorization[\"'\\]{0,4}\s{0,8}(?:=>|[:=,\]])[\s=\[({\"'\\]{0,12}basic[ \t]{1,4}(?P<value>[A-Za-z0-9+/_-]{8,2000}={0,2})"
)
_BASIC = re.compile(r"(?i)basic[ \t]{1,4}(?P<value>[A-Za-z0-9+/_-]{8,2000}={0,2})")
_ADDRESS = re.compile(r"(?:https?|oci)://[^\s\"'`<>@\\]{1,400}")
_OF_HOST = re.compile(r"\[[ \t]*host\.(?:\"[^\"\n]{1,300}\"|'[^'\n]{1,300}')\.header[ \t]*\]")
"""How containerd's hosts.toml says what is sent to a registry."""
_SECTION = re.compile(r"(?m)^[ \t]*\[[^\n]{1,400}\][ \t]*(?:#[^\n]*)?\r?$")
_BEFORE, _BEHIND = 800, 400
_MOST = 1000


def find(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the password of each header in *text* that is sent to a registry."""
    for match in islice(_HEADER.finditer(text), _MOST):
        secret = password_of(match["value"])
        if secret and _is_for_registry(text, match.start(), match.end()):
            yield match.start("value"), secret


def in_fields(
    fields: Sequence[tuple[str, str]], around: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield the name and the password of each header among *fields* that is sent to a registry.

    *around* are the texts of the mappings above. In a file with keys a header stands below the address.
    """
    for name, value in fields:
        given = _BASIC.fullmatch(value.strip()) if name.casefold() == "authorization" else None
        secret = password_of(given["value"]) if given is not None else None
        if secret and any(
            is_registry(found.group()) for text in around for found in _ADDRESS.finditer(text)
        ):
            yield name, secret


def password_of(encoded: str) -> str | None:
    """Return the password in *encoded*, a user name and a password in base64; None if it is none."""
    decoded = from_base64(encoded)
    if decoded is None or b":" not in decoded:
        return None
    password = decoded.decode("latin-1").partition(":")[2].strip()
    if not password or not password.isprintable() or is_placeholder_whole(password):
        return None
    return password


def _is_for_registry(text: str, begin: int, end: int) -> bool:
    """Return whether the section, or else the nearest address, of what stands between *begin* and *end* is a registry's."""
    sections = list(_SECTION.finditer(text, max(0, begin - _BEFORE), begin))
    if sections and _OF_HOST.search(sections[-1].group()):
        return True
    near = [
        (min(abs(begin - found.end()), abs(found.start() - end)), found.group())
        for found in _ADDRESS.finditer(text, max(0, begin - _BEFORE), end + _BEHIND)
    ]
    return bool(near) and is_registry(
        min(near)[1].replace("{", "").replace("}", "").rstrip(".,;)]}\\")
    )
