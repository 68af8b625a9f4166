"""What the engine knows about a content: serialisable, and without any secret or function of one.

Parts are kept of public text only: of ciphertexts and wrapped data keys, by which a moved object
is known again.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import json

Key = tuple[str | int, ...]


class Identity(NamedTuple):
    """What binds an object: sops' ciphertexts are bound to their key path only, and to none of these."""

    api_version: str | None
    kind: str | None
    namespace: str | None
    name: str | None
    type: str | None

    def to_list(self) -> list[str | None]:
        """Return the five fields in their order."""
        return [self.api_version, self.kind, self.namespace, self.name, self.type]

    def as_served(self) -> Identity:
        """Return what an API server makes of it: no type says as much as "Opaque"."""
        return self._replace(type=None) if self.type == "Opaque" else self


class Place(NamedTuple):
    """One value of an object, by its place."""

    key: Key
    line: int
    column: int


class ObjectFacts(NamedTuple):
    """A Secret, or any object that holds ciphertext or a ``sops`` block."""

    identity: Identity
    line: int
    column: int
    document: int
    """Which document of the file it stands in, from 0; the items of a list share one."""
    has_metadata: bool
    """Whether its document has a ``sops`` block."""
    readable: tuple[Place, ...]
    """The values below ``data`` and ``stringData`` that are neither ENC in full, empty nor a template."""
    encrypted: int
    """How many values are ENC in full."""
    ciphertexts: tuple[str, ...]
    """The tag of each ENC value below ``data`` and ``stringData``, decoded and encoded again."""
    wrapped: tuple[str, ...]
    """The end of each wrapped data key of its document."""
    is_inside: bool = False
    """Whether it is a Secret within another object, a comment or something packed: sops does not see it there."""


MADE_UP = "it is made of words"
"""The detail of a credential that is none in what only tests read."""


class Note(NamedTuple):
    """One thing that is wrong whatever the path and the policy."""

    rule: str
    line: int
    column: int
    detail: str
    """From the engine's own vocabulary, never a text of the content."""
    identity: Identity | None = None
    key: Key = ()


class Marker(NamedTuple):
    """An inline exception: ``gitops-secrets: ignore[RULE] REASON`` in a comment."""

    line: int
    rule: str
    reason: str
    """Empty where none is given; such a marker excuses nothing."""
    covers: int
    """The first line below it that is not a comment; it excuses findings there and on its own line."""


class Facts(NamedTuple):
    """All that ``judge`` needs to know of a content."""

    notes: tuple[Note, ...] = ()
    objects: tuple[ObjectFacts, ...] = ()
    markers: tuple[Marker, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to judge; false facts need not be kept."""
        return bool(self.notes or self.objects)

    def to_json(self) -> str:
        """Return the facts as one line of JSON, for a cache: each tuple as a list of its fields."""
        return _encoder().encode(self)

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """Return what ``to_json`` wrote. Raises ValueError for anything else."""
        import json

        try:
            notes, objects, markers = json.loads(text)
            return cls(
                tuple(
                    Note(rule, line, column, detail, _identity(ident), tuple(key))
                    for rule, line, column, detail, ident, key in notes
                ),
                tuple(_object(*o) for o in objects),
                tuple(Marker(*m) for m in markers),
            )
        except (TypeError, IndexError, RecursionError) as error:
            raise ValueError("not the facts of a content") from error


@cache
def _encoder() -> json.JSONEncoder:
    import json

    return json.JSONEncoder(separators=(",", ":"))


def _identity(fields: list[str | None] | None) -> Identity | None:
    return Identity(*fields) if fields else None


def _object(
    identity: list[str | None],
    line: int,
    column: int,
    document: int,
    has_metadata: bool,
    readable: list[Any],
    encrypted: int,
    ciphertexts: list[str],
    wrapped: list[str],
    is_inside: bool,
) -> ObjectFacts:
    return ObjectFacts(
        identity=Identity(*identity),
        line=line,
        column=column,
        document=document,
        has_metadata=has_metadata,
        readable=tuple(Place(tuple(key), at, col) for key, at, col in readable),
        encrypted=encrypted,
        ciphertexts=tuple(ciphertexts),
        wrapped=tuple(wrapped),
        is_inside=is_inside,
    )


NOTHING = Facts()
"""The facts of a content in which there is nothing to judge."""
