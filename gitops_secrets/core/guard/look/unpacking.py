"""What is packed, in each of the ways that its bytes may be read: its members are looked at."""

from __future__ import annotations

from gitops_secrets.core.guard.look.inspection import Inspection
from gitops_secrets.core.guard.look.origin import MAX_WRAPPINGS, Origin
from gitops_secrets.core.guard.read.encoding import TooLargeError
from gitops_secrets.core.guard.read.formats import UNREADABLE, packings

_MEMBER = 4096
"""What a member counts as beside its characters: many small ones take time as well."""


def unpack(inspection: Inspection, content: bytes, origin: Origin) -> bool:
    """Have *inspection* look at the members of *content*; return whether that is all of it."""
    is_whole = False
    for name in packings(content):
        is_whole |= _unpack_as(inspection, name, content, origin)
    return is_whole


def _unpack_as(inspection: Inspection, name: str, content: bytes, origin: Origin) -> bool:
    if name in UNREADABLE:
        inspection.unreadable(origin, f"it is packed as {name}, which is not unpacked here")
        return False
    if len(origin.wrappings) > MAX_WRAPPINGS:
        inspection.unreadable(origin, "it is wrapped too often")
        return True
    from gitops_secrets.core.guard.read import archives

    try:
        found = archives.unpack(content, name)
    except TooLargeError:
        inspection.unreadable(origin, "it grows too large when it is unpacked")
        return True
    inspection.work += sum(_MEMBER + len(member) for member in found.members) + _MEMBER
    if inspection.has_too_much(origin):
        return True
    for member in found.members:
        inspection.packed(member, origin, name)
    if found.unread:
        inspection.unreadable(origin, "a member of it is packed in a way that is not unpacked here")
    return found.is_whole
