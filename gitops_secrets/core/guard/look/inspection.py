"""One look at one content: every piece of text in it, however wrapped, is shown to the rules.

The secrets that are found stay in here, in memory: they serve to compare two contents and to keep
them out of what is said. ``Facts`` leave without them.
"""

from __future__ import annotations

from functools import lru_cache

from gitops_secrets.core.guard.filter import prefilter
from gitops_secrets.core.guard.look.hit import Hit, unknown
from gitops_secrets.core.guard.look.origin import MAX_WRAPPINGS, Origin, is_comment, place
from gitops_secrets.core.guard.look.redaction import Redaction
from gitops_secrets.core.guard.read.composing import LimitError
from gitops_secrets.core.guard.read.encoding import from_base64, from_hex, readings
from gitops_secrets.core.guard.read.formats import is_packed
from gitops_secrets.core.guard.read.keyrings import KEY_BEGINNINGS, holds_secret_key
from gitops_secrets.core.guard.record.facts import (
    MADE_UP,
    Facts,
    Identity,
    Key,
    Note,
    ObjectFacts,
    Place,
)
from gitops_secrets.core.guard.rules.credentials.plaintext_dockerconfigjson import KEYS

MAX_CONTENT = 64 * 1024 * 1024
"""Bytes of one content that are looked at."""
MAX_WORK = 96 * 1024 * 1024
"""Characters of all pieces of one content together."""
_READING = 32 * 1024
"""What wrapped bytes that are read count as beside their characters: many small ones take time as well."""
MAX_NOTES = 1000
SHORTEST = 12
"""Characters of a scalar that may hold something: a login of five letters has as many in base64."""
_OFTEN_REPEATED = 400
"""Characters of a scalar that is remembered."""

_SAID_PLAINLY = frozenset({"registry-password", "registry-login", "docker-config"})


class Inspection:
    """What was found so far."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.objects: list[ObjectFacts] = []
        self.values: dict[tuple[Identity, Key], list[str]] = {}
        """The readable values of Secrets by place, for comparing two contents."""
        self.work = 0
        self.is_exhausted = False
        self._is_cut = False

    def note(
        self,
        rule: str,
        origin: Origin,
        line: int,
        column: int,
        *,
        material: str = "",
        detail: str = "",
    ) -> None:
        """Record a finding of *rule* at a place of the piece that *origin* describes."""
        if len(self.hits) >= MAX_NOTES:
            self._cut()
            return
        at_line, at_column = origin.at(line, column)
        found = Note(rule, at_line, at_column, detail, origin.identity, origin.key)
        for hit in self.hits:
            if hit.note == found:
                if material and material not in hit.values:
                    hit.values.append(material)
                return
        self.hits.append(Hit(found, material))

    def _cut(self) -> None:
        """Record once that there is more to find than is kept: what is not kept, no exception was given for."""
        if not self._is_cut:
            self._is_cut = True
            detail = f"it holds more than {MAX_NOTES} findings"
            self.hits.append(Hit(Note("unreadable", 1, 1, detail), ""))

    def credential(self, base: str, origin: Origin, line: int, column: int, material: str) -> None:
        """Record a readable credential, under the rule that says best where it stood."""
        detail = origin.packed
        if (
            base == "registry-login"
            and origin.depth
            and not (origin.annotation or detail)
            and any(h.material == material for h in self.hits)
        ):
            return  # seen in the text that holds this scalar
        if origin.annotation:
            rule = "annotation-credentials"
        elif origin.comment:
            if any(h.material == material for h in self.hits):
                return
            rule = "commented-credentials"
        elif detail:
            rule = "packed-credentials"
        elif origin.in_secret and (base == "docker-config" or set(origin.key) & set(KEYS)):
            rule = "plaintext-dockerconfigjson"
        else:
            rule = base
        at = origin.at(line, column)[0]
        if any(
            h.material == material
            and h.note.line == at
            and (h.note.identity == origin.identity or h.note.rule == "registry-login")
            for h in self.hits
        ):
            return
        if rule in _SAID_PLAINLY:
            from gitops_secrets.core.guard.patterns.fixtures import is_made_up

            detail = MADE_UP if is_made_up(material) else ""
        self.note(rule, origin, line, column, material=material, detail=detail)

    def piece(self, text: str, origin: Origin, bits: int) -> None:
        """Look at one piece of text."""
        self.work += len(text)
        if origin.depth > MAX_WRAPPINGS * 2 or len(origin.wrappings) > MAX_WRAPPINGS:
            self.unreadable(origin, "it is wrapped too often")
            return
        if self.has_too_much(origin):
            return
        if bits & prefilter.KEY:
            self._keys(text, origin)
        if bits & prefilter.COMMAND:
            self._commands(text, origin)
        if bits & ~prefilter.KEY:
            self._structure(text, origin, bits)

    def packed(self, content: bytes, origin: Origin, wrapping: str) -> None:
        """Look at bytes that were wrapped as *wrapping* in the piece that *origin* describes."""
        origin = origin.unwrapped(wrapping)
        if is_packed(content) and self.unpack(content, origin):
            return
        if self.ring(content, origin):
            return
        bits = prefilter.may_hold_as_text(content)
        if bits:
            self.work += _READING
            self.read(content, origin, bits)

    def read(self, content: bytes, origin: Origin, bits: int) -> str:
        """Look at *content* as each text that it may be read as, and return the first of these.

        What the others hold counts if the first does not hold it: it may stand in another line there.
        """
        text, *others = readings(content)
        self.piece(text, origin, bits)
        for other in others:
            hits, objects = self.hits, self.objects
            self.hits, self.objects = [], []
            self.piece(other, origin, bits)
            self.hits, self.objects = hits + unknown(self.hits, hits), objects or self.objects
        return text

    def ring(self, content: bytes, origin: Origin) -> bool:
        """Record *content* if it is a private key of OpenPGP; return whether it is.

        What an armor holds was recorded with the armor.
        """
        if content[:1] not in KEY_BEGINNINGS or not holds_secret_key(content):
            return False
        from gitops_secrets.core.guard.rules.keys import pgp_private_key

        rule, line = pgp_private_key.RULE.ident, origin.at(0, 0)[0]
        if not any(
            h.note.rule == rule
            and 0 <= line - h.note.line <= h.material.count("\n")
            and pgp_private_key.is_body_of(h.material, content)
            for h in self.hits
        ):
            self.note(rule, origin, 0, 0)
        return True

    def unpack(self, content: bytes, origin: Origin) -> bool:
        """Look at the members of *content*, which begins or ends as something packed; return whether that is all of it."""
        from gitops_secrets.core.guard.look.unpacking import unpack

        return unpack(self, content, origin)

    def has_too_much(self, origin: Origin) -> bool:
        """Return whether more was looked at than may be, and record that once."""
        if self.work > MAX_WORK and not self.is_exhausted:
            self.is_exhausted = True
            self.unreadable(origin, "it grows too large when it is unwrapped")
        return self.is_exhausted

    def leaf(self, value: str, origin: Origin) -> None:
        """Look at one scalar of a document."""
        if len(value) < SHORTEST:
            return
        bits = bits_of(value)
        if origin.key and origin.key[-1] in KEYS:
            bits |= prefilter.PACKED | prefilter.PAYLOAD
        if not bits:
            return
        if bits & prefilter.PACKED and self.unwrap(value, origin):
            return
        self.piece(value, origin._replace(depth=origin.depth + 1), bits)

    def unwrap(self, text: str, origin: Origin) -> bool:
        """Look at what *text* holds in hexadecimal or base64; return whether it is any of them."""
        for wrapping, decode_it in (("hexadecimal", from_hex), ("base64", from_base64)):
            decoded = decode_it(text)
            if decoded is not None:
                self.packed(decoded, origin, wrapping)
                return True
        return False

    def unreadable(self, origin: Origin, detail: str) -> None:
        """Record that something here could not be looked at."""
        self.note("unreadable", origin, 0, 0, detail=detail)

    def facts(self, text: str) -> Facts:
        """Return what was found, without any secret or piece of one."""
        from gitops_secrets.core.guard.read.markers import find_markers

        materials = [value for h in self.hits if h.could_be_secret() for value in h.values]
        redaction = Redaction(materials, self.values)
        return Facts(
            notes=tuple(
                h.note._replace(
                    identity=redaction.identity(h.note.identity),
                    key=redaction.key(h.note.key),
                )
                for h in self.hits
            ),
            objects=tuple(
                o._replace(
                    identity=redaction.identity(o.identity) or o.identity,
                    readable=tuple(p._replace(key=redaction.key(p.key)) for p in o.readable),
                )
                for o in self.objects
            ),
            markers=tuple(
                m._replace(rule=redaction.rule(m.rule), reason=redaction.reason(m.reason))
                for m in find_markers(text)
            ),
        )

    def readable(self, identity: Identity, key: Key, value: str, place: Place) -> Place:
        """Remember a readable value of a Secret, and return its place."""
        self.values.setdefault((identity, key), []).append(value)
        return place

    def _keys(self, text: str, origin: Origin) -> None:
        from gitops_secrets.core.guard.rules.keys import key_rules

        for rule in key_rules():
            for offset, material in rule.find(text):
                line, column = place(text, offset)
                if not any(
                    h.note.line == origin.at(line, 0)[0] and _bare(h.material) == _bare(material)
                    for h in self.hits
                ):
                    self.note(rule.RULE.ident, origin, line, column, material=material)

    def _commands(self, text: str, origin: Origin) -> None:
        from gitops_secrets.core.guard.rules.credentials import registry_login

        try:
            for offset, material in registry_login.find(text):
                line, column = place(text, offset)
                comment = origin.comment or (origin.exact and is_comment(text, offset))
                inside = origin._replace(comment=comment)
                self.credential(registry_login.RULE.ident, inside, line, column, material)
        except LimitError as error:
            self.unreadable(origin, error.detail)

    def _structure(self, text: str, origin: Origin, bits: int) -> None:
        if origin.depth and not _is_structured(text):
            self.lines(text, 0, origin, bits)
            return
        from gitops_secrets.core.guard.look.structure import look

        look(self, text, origin, bits)

    def lines(self, text: str, line: int, origin: Origin, bits: int) -> None:
        """Look at a text that is no document, *line* lines below the beginning of its piece."""
        from gitops_secrets.core.guard.look.lines import look

        look(self, text, line, origin, bits)


def _bare(key: str) -> str:
    """Return *key*, a private key, without its line breaks, which a string of JSON may have escaped."""
    return "".join(key.replace("\\r", "").replace("\\n", "\n").split())


def bits_of(text: str) -> int:
    """Return what ``may_hold`` says of a piece of text.

    Files, and the versions of one, repeat most of their scalars. Of what is longer, the last one is remembered:
    it is asked for a second time when it is looked at.
    """
    return _bits_of_short(text) if len(text) <= _OFTEN_REPEATED else _bits_of_long(text)


def _bits_of(text: str) -> int:
    return prefilter.may_hold(text.encode("utf-8", "surrogatepass"))


_bits_of_short = lru_cache(maxsize=32_768)(_bits_of)
_bits_of_long = lru_cache(maxsize=1)(_bits_of)


def _is_structured(text: str) -> bool:
    """Return whether *text*, a scalar of a document, may be a document itself."""
    return (
        text.lstrip()[:1] in ("{", "[") or text.startswith("---") or ":" in text.partition("\n")[0]
    )


def inspect(content: bytes, bits: int) -> tuple[Inspection, str]:
    """Look at *content*, for which ``may_hold`` said *bits*, and return what was found and its text."""
    inspection = Inspection()
    origin = Origin()
    if len(content) > MAX_CONTENT:
        inspection.unreadable(origin, f"it has more than {MAX_CONTENT >> 20} MiB")
        content = content[:MAX_CONTENT]
    if is_packed(content):
        if inspection.unpack(content, origin):
            return inspection, ""
        bits = prefilter.may_hold_as_text(content)
    if inspection.ring(content, origin):
        return inspection, ""
    return inspection, inspection.read(content, origin, bits)
