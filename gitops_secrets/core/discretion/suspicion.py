"""Whether a word of a command line may be a secret that was given in the wrong place.

A password can be any word, so this errs on the side of silence: a word that is not shown costs a
moment, one that is shown stays in the log of a CI job. Names of paths, branches, clusters and options,
mistyped ones too, are shown.
"""

from __future__ import annotations

import base64
import binascii
import re

from gitops_secrets.core.discretion.mixed import has_each_class, is_made_of_words

NOT_SHOWN = "(not shown: it may be a secret)"
IDENTITY = re.compile(r"(?i)AGE-SECRET-KEY-|AGE-PLUGIN-")
_UNMISTAKABLE = re.compile(
    r"(?i:AGE-SECRET-KEY-|AGE-PLUGIN-|PRIVATE KEY)|-----BEGIN"
    r"|\b(?:gh[opsru]_|github_pat_|glpat-|gldt-|dckr_[op]at_|xox[abpr]-|hvs\.|npm_|pypi-)[\w-]{10,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\beyJ[\w-]{10,}\.[\w-]{10,}\."
)
"""How keys and tokens begin that nothing else begins with."""
_CONFIG = re.compile(r"[\"']?\b(?:auths?|password|identitytoken)\b[\"']\s*:")
_USERINFO = re.compile(r"://(?!git@)[^/@\s]+@")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_RECIPIENT = re.compile(r"age1[0-9a-z]+|ssh-(?:ed25519|rsa)\b.*")
_PORT = re.compile(r"[0-9]{1,5}(?:/|\Z)")
_DIGEST = re.compile(r"sha(?:256|512):[0-9a-f]{7,}")
_ODD = re.compile(r"[!$%^&?;|<>{}\"`\\]")
_REVISION = re.compile(r"[@^]\{[a-z0-9]*\}|\^[0-9]*(?=\Z|[~.^])")
"""What Git takes behind the name of a revision."""
_A_WORD = re.compile(r"[A-Za-z-]{0,9}|.{0,3}", re.DOTALL)
_FILE = re.compile(r"/|\.[A-Za-z]{2,5}\Z")
_RUN = re.compile(r"[A-Za-z0-9+]{8,}")
_LETTERS_AND_DIGITS = re.compile(r"[A-Za-z]+|[0-9]+")
_NAME = re.compile(r"[a-z0-9./_-]+")
_TOKEN = 10
_KEY = 16
_CHANGES = 5
"""So many parts of letters or digits in one run of a token's length are no name."""


def is_a_word(password: str) -> bool:
    """Return whether *password* cannot be told from a word of ours: what holds it may just hold the word."""
    return _A_WORD.fullmatch(password) is not None


def is_unmistakable(word: str) -> bool:
    """Return whether *word* is or holds a private key, a token or a docker config, whatever it was given for."""
    if _UNMISTAKABLE.search(word) or _CONFIG.search(word):
        return True
    return any(_CONFIG.search(_decoded(run)) for run in _BASE64.findall(word))


def may_be_secret(word: str) -> bool:
    """Return whether *word* may be a secret: USER:PASSWORD, a token, anything mixed as passwords are."""
    return _RECIPIENT.fullmatch(word) is None and (
        is_unmistakable(word)
        or _USERINFO.search(word) is not None
        or password_of(word) is not None
        or _ODD.search(_REVISION.sub("", word)) is not None
        or (" " in word.strip() and not _FILE.search(word))
        or any(_is_random(run) for run in _RUN.findall(word))
    )


def may_be_name(word: str) -> bool:
    """Return whether *word* may be a name though it may be a secret too: small letters and the digits of a hash."""
    return _NAME.fullmatch(word) is not None and not any(
        len(run) >= _KEY and _is_random(run) for run in _RUN.findall(word)
    )


def password_of(word: str) -> str | None:
    """Return what stands behind the colon of *word* if that may be USER:PASSWORD, else None."""
    user, colon, rest = word.partition(":")
    if not colon or not user or not rest or "/" in user or user.startswith(("[", "arn")):
        return None
    if rest.startswith("//") or _PORT.match(rest) or _DIGEST.fullmatch(word):
        return None
    return rest


def conceal(text: str, secrets: list[str]) -> str:
    """Return *text* with NOT_SHOWN for each of its words in which one of *secrets*, or a piece of one, stands."""
    marks = bytearray(len(text))
    small = text.translate(_SMALL)
    for secret in secrets:
        for piece in _pieces(secret.translate(_SMALL)):
            at = small.find(piece)
            while at >= 0:
                marks[at : at + len(piece)] = b"\1" * len(piece)
                at = small.find(piece, at + 1)
    if not any(marks):
        return text
    shown = _WORD.sub(lambda m: NOT_SHOWN if any(marks[m.start() : m.end()]) else m.group(), text)
    return _REPEATED.sub(NOT_SHOWN, shown)


_SMALL = {ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_WORD = re.compile(r"[^\s\"']+")
_REPEATED = re.compile(rf"[\"']*{re.escape(NOT_SHOWN)}(?:[\s\"']*{re.escape(NOT_SHOWN)})*[\"']*")
_PUBLIC = re.compile(r"(?i)AGE-SECRET-KEY-(?:PQ-)?1|AGE-PLUGIN-")
_OF_WORDS = re.compile(r"[a-z-]+")
_PIECE, _LETTERS = 6, 10
"""How long a piece of a secret is that gives it away, and one of letters alone, which words may share."""


def _pieces(secret: str) -> set[str]:
    rest = _PUBLIC.sub("", secret)
    found = {secret, rest} - {""}
    for length in (_PIECE, _LETTERS):
        parts = (rest[at : at + length] for at in range(len(rest) - length + 1))
        found.update(p for p in parts if length == _LETTERS or not _OF_WORDS.fullmatch(p))
    return found


def _is_random(run: str) -> bool:
    return (has_each_class(run) and not is_made_of_words(run)) or (
        len(run) >= _TOKEN and len(_LETTERS_AND_DIGITS.findall(run)) >= _CHANGES
    )


def _decoded(run: str) -> str:
    try:
        raw = base64.b64decode(run.translate(str.maketrans("-_", "+/")) + "==", validate=False)
    except binascii.Error:
        return ""
    return raw.decode("latin-1")
