"""Names that may be said: never one that holds a secret, looks like one or breaks a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from gitops_secrets.core.discretion.mixed import has_each_class, is_made_of_words
from gitops_secrets.core.guard.filter.encoded import fragments
from gitops_secrets.core.guard.record.facts import Identity, Key

HIDDEN = "(hidden)"
_SAFE = re.compile(r"[A-Za-z0-9$@*~(._/-][\w.:/@*~+,=(){}$ -]{0,252}")
_SECRET_LIKE = re.compile(r"(?i)AGE-SECRET-KEY|AGE-PLUGIN-|PRIVATE KEY|[A-Za-z0-9+/_]{48,}")
_NAME = re.compile(
    r"[a-z0-9$\[<%(_@*](?:[a-z0-9._-]|[$({%<\[][$({%]?[^\n]{1,80}[)}%>\]])*|[$({%<\[][^\n]{1,200}"
)
_FORMS = (
    re.compile(r"[a-z0-9.-]+(?:/[a-z0-9]+)?"),
    re.compile(r"[A-Z][A-Za-z0-9]{1,62}"),
    _NAME,
    _NAME,
    re.compile(r"Opaque|[a-z0-9.-]+/[a-z0-9._-]+"),
)
"""How apiVersion, kind, namespace, name and type are written; names may hold variables."""
_RUN = re.compile(r"[A-Za-z0-9+]{8,}")
_LONG = 12
_WITH_PASSWORD = re.compile(r"://[^/:]{0,200}:(?![0-9]{1,5}(?:/|\Z))")
"""An address with more than a port behind its first colon, whole or not."""
_RULE = re.compile(r"[a-z][a-z-]{0,60}")
_VARIABLE = re.compile(r"\{\{.*?\}\}|\$\{.*?\}|\$\(.*?\)|<.*?>")
_OF_PASSWORD = re.compile(r"(?i)pass|pwd|token|secret|key|auth|cred")
_OF_USER = re.compile(r"(?i)(?:user|login|account|client)[-_.]?(?:name|id)?\Z")
_PIECE = 6
_LONGEST = 64 * 1024
"""Characters of a secret whose pieces are known: no credential is longer."""


def could_be_secret(key: Key, value: str, *, is_found: bool) -> bool:
    """Return whether *value*, at *key* of a Secret, could be a secret, so that no name may hold it.

    A user name, an ordinary word and documentation's words are none, unless *key* is that of a password. Of a
    value that no rule *is_found* to report, what is mixed as a secret is could be one.
    """
    # Their patterns cost a start five milliseconds, and an encrypted Secret needs none of them.
    from gitops_secrets.core.discretion.suspicion import is_a_word, may_be_secret
    from gitops_secrets.core.guard.patterns.placeholders import is_placeholder

    name = str(key[-1]) if key else ""
    if may_be_secret(value):
        return True
    if is_placeholder(value):
        return False
    if _OF_PASSWORD.search(name):
        return True
    return is_found and not is_a_word(value) and not _OF_USER.search(name)


def looks_random(text: str) -> bool:
    """Return whether *text* is long enough, and mixed enough, to be a piece of a secret."""
    return (
        len(text) >= _PIECE
        and text.upper() != text
        and (any(c.isdigit() for c in text) or text[1:].lower() != text[1:])
    )


class Redaction:
    """What must not be said of one content: any piece of its secrets *materials*, or of their base64.

    *values* are the readable values of its Secrets by place, of which many are no secrets: only what looks
    random of them is not said.
    """

    def __init__(
        self, materials: Sequence[str], values: Mapping[tuple[Identity, Key], Sequence[str]]
    ) -> None:
        self._values = values
        self._in_a_value: dict[str, bool] = {}
        self._whole = frozenset(m for m in materials if m)
        self._pieces: set[str] = set()
        for material in (m[:_LONGEST] for m in self._whole):
            encoded = fragments(material.encode("utf-8", "surrogatepass"))
            for text in (material, *(f.decode() for f in encoded)):
                self._pieces.update(pieces_of(text))

    def text(self, value: str) -> str:
        """Return *value*, or HIDDEN where it holds a piece of a secret."""
        return HIDDEN if self._gives_away(value) else value

    def rule(self, value: str) -> str:
        """Return *value*, which a marker calls a rule, or HIDDEN where no rule could be called so."""
        return value if _RULE.fullmatch(value) else HIDDEN

    def reason(self, value: str) -> str:
        """Return *value*, a person's words, less each that is long and mixed as a secret is."""
        words = value.split(" ")
        said = [HIDDEN if len(w) >= _LONG and looks_random(w) else w for w in words]
        return self.text(" ".join(said))

    def name(self, value: str | None) -> str | None:
        """Return *value*, or HIDDEN where it is not a name that Kubernetes or a person would give."""
        if value is None:
            return None
        if not _SAFE.fullmatch(value) or _SECRET_LIKE.search(value) or self._gives_away(value):
            return HIDDEN
        return value

    def identity(self, identity: Identity | None) -> Identity | None:
        """Return *identity* with each field that Kubernetes would take; a value is not a name by chance.

        An object may be called after its own value all the same.
        """
        if identity is None:
            return None
        own = self._random_values.get(identity, ())
        return Identity(
            *(
                HIDDEN if name and any(value in name for value in own) else name
                for name in self._names(identity)
            )
        )

    def key(self, key: Key) -> Key:
        """Return *key* with each text as ``name`` says, less what a value could be that lost its place.

        A step that is a piece of a value is not said either, nor an address with a password.
        """
        return tuple(k if isinstance(k, int) else self._step(k) for k in key)

    def _names(self, identity: Identity) -> Iterator[str | None]:
        for form, field in zip(_FORMS, identity.to_list(), strict=True):
            yield HIDDEN if field and not form.fullmatch(field) else self.name(field)

    def _step(self, step: str) -> str:
        said = HIDDEN if _is_misplaced(step) else self.name(step) or ""
        return HIDDEN if self._is_in_a_value(said) or _WITH_PASSWORD.search(said) else said

    @cached_property
    def _random_values(self) -> dict[Identity, list[str]]:
        """The readable values of each object that no name could be."""
        found: dict[Identity, list[str]] = {}
        for (identity, _), values in self._values.items():
            found.setdefault(identity, []).extend(v for v in values if looks_random(v))
        return found

    def _is_in_a_value(self, text: str) -> bool:
        """Return whether a piece of *text* that looks random stands in a readable value.

        Looked for once: thousands of values may have one key.
        """
        if text not in self._in_a_value:
            random = [piece for piece in pieces_of(text) if looks_random(piece)]
            held = (value for values in self._values.values() for value in values)
            self._in_a_value[text] = bool(random) and any(
                piece in value for value in held for piece in random
            )
        return self._in_a_value[text]

    def _gives_away(self, value: str) -> bool:
        return value in self._whole or any(p in self._pieces for p in pieces_of(value))


def _is_misplaced(key: str) -> bool:
    """Return whether *key* is several words, or holds what is mixed as random text is."""
    bare = _VARIABLE.sub("", key)
    return " " in bare or any(
        has_each_class(run) and (len(run) >= _LONG or not is_made_of_words(run))
        for run in _RUN.findall(bare)
    )


def pieces_of(text: str) -> Iterator[str]:
    """Return every piece of *text* that is long enough to give it away."""
    return (text[i : i + _PIECE] for i in range(len(text) - _PIECE + 1))
