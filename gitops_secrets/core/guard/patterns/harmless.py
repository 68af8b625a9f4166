"""Values that stand under the name of a password and are none, whatever the name: told apart by this one list.

Versions of packages, paths, addresses without a user, names of variables and of other Secrets, code, and
what a program shows to people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from gitops_secrets.core.discretion.mixed import has_each_class, is_made_of_words
from gitops_secrets.core.guard.patterns.names import (
    is_secret,
    names_password,
    names_registry,
    words_of,
)
from gitops_secrets.core.guard.patterns.placeholders import has_word

_NUMBER = r"[\^~<>=v]{0,2}[ ]?[0-9]+(?:\.(?:[0-9]+|[xX*])){1,3}(?:[-+][a-z0-9][\w.+-]{0,40})?"
_VERSION = re.compile(
    rf"(?:[\w@/.-]{{1,80}}:)?{_NUMBER}(?:[ ]?(?:\|\||-|,|[ ])[ ]?{_NUMBER}){{0,4}}"
    r"|\*|(?:workspace|npm|file|link|portal|patch|catalog):[\w@/.^~*+#:-]{0,200}"
)
_PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:|\$\w+|\$\{\w+\}|%\w+%)?(?:[/\\][\w.@ $%{}-]+){1,12}[/\\]?"
)
_RELATIVE = re.compile(r"[a-z_.][a-z0-9_.-]*(?:/[a-z_.][a-z0-9_.-]*){1,12}")
_NAMED_FILE = re.compile(
    r"[\w-]{1,60}\.(?:txt|ya?ml|json|env|pem|key|crt|conf|toml|ini|tfvars|properties|secret|pass)"
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s@?]+")
_CODE = re.compile(
    r"[A-Za-z_]\w*(?:(?:\.|->|::|\?\.)\w+)*[\[(].*|[A-Za-z_$]\w*(?:(?:\.|->|::|\?\.)[A-Za-z_]\w*)+"
)
_IDENTIFIER = re.compile(r"[a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z0-9]+)+|[a-z]+(?:[A-Z][a-z]+)+")
_SECRET_NAME = re.compile(
    r"[a-z]{2,}[0-9]{0,3}(?:-(?:[a-z]{2,}[0-9]{0,3}|[0-9]{1,3})){0,8}"
    r"-(?:secrets?|creds|credentials?|password|token|auth|key|config|regcred|pull)"
)
_CAPITALS = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_TOLD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_BETWEEN = re.compile(r"[\s.,:;!?()/&…–-]+")
_MESSAGES = frozenset(
    {
        "err", "error", "errors", "msg", "message", "messages", "warn", "warning", "info", "label", "title", "text", "hint",
        "help", "usage", "prompt", "description", "desc", "caption", "tooltip", "invalid", "missing",
    }
)  # fmt: skip
"""Words ahead of the word for a secret that say: this is a text about it."""
_FEWEST_WORDS = 3
_FEWEST_LABELS = 3
_SETTING_TEXT = re.compile(r"[\w.,:/+ -]{0,80}")
_LONGEST = 300


def is_harmless(name: str, value: str, *, is_bare: bool = False) -> bool:
    """Return whether *value*, which *name* goes by, is none of a secret though no template or placeholder either.

    *is_bare* is said of a value that stands without quotes where a program's code may stand.
    """
    if len(value) > _LONGEST:
        return False
    if is_bare and _CODE.fullmatch(value):
        return True
    return (
        _VERSION.fullmatch(value) is not None
        or _is_path(value)
        or _ADDRESS.fullmatch(value) is not None
        or is_reference(value)
        or _is_label(name, value)
        or _is_message(name, value)
    )


def _is_label(name: str, value: str) -> bool:
    """Return whether *value* is told to people: one word alone may be a password as well, by what *name* is."""
    if not is_told(value):
        return False
    if not value.isascii():
        return True
    is_variable = _CAPITALS.match(name) is not None
    if names_password(name):
        return not is_variable
    return is_variable or " " in value


def _is_message(name: str, value: str) -> bool:
    """Return whether *name* is a message's, such as ERR_REGISTRY_PASSWORD, and *value* is a sentence of words."""
    words = [word for word in _BETWEEN.split(value) if word]
    if len(words) < _FEWEST_WORDS or _MESSAGES.isdisjoint(words_of(name)):
        return False
    told = [word for word in words if _TOLD.fullmatch(word)]
    return len(told) >= max(_FEWEST_WORDS, len(words) - 1) and not any(map(is_mixed, words))


def are_labels(texts: Iterable[tuple[str, str]]) -> bool:
    """Return whether *texts*, by name all that one mapping has, are the labels of a form: three or more of them.

    Whoever logs in gives a host, or the name of a registry, as well: that is no label.
    """
    count = 0
    for name, value in texts:
        says_which = names_registry(value) and value.lower() not in words_of(name)
        if says_which or not is_told(value):
            return False
        count += 1
    return count >= _FEWEST_LABELS


def is_reference(value: str) -> bool:
    """Return whether *value* is what a variable or another Secret that holds a password is called."""
    if _SECRET_NAME.fullmatch(value):
        return True
    return _IDENTIFIER.fullmatch(value) is not None and (is_secret(value) or value.isupper())


def is_told(value: str) -> bool:
    """Return whether *value* is a label or a sentence for people, in any language."""
    words = [word for word in _BETWEEN.split(value) if word]
    if not words or not all(_TOLD.fullmatch(word) for word in words):
        return False
    if not value.isascii():
        return True
    if len(words) == 1:
        return words[0][0].isupper() and words[0][1:].islower()
    return words[0][0].isupper() or any(map(has_word, words))


def is_setting_of_json(value: str) -> bool:
    """Return whether *value* is JSON in which no key and no text may be a secret: hosts, switches, numbers."""
    if value.lstrip()[:1] not in ("{", "["):
        return False
    try:
        stack = [("", json.loads(value, object_pairs_hook=tuple))]
    except (ValueError, RecursionError):
        return False
    while stack:
        name, held = stack.pop()
        if isinstance(held, tuple):
            stack += held
        elif isinstance(held, list):
            stack += [(name, item) for item in held]
        elif isinstance(held, str) and not _is_plain_text(name, held):
            return False
    return True


def _is_plain_text(name: str, value: str) -> bool:
    words = words_of(name)
    if any(
        w.startswith(("pass", "pwd", "token", "secret", "cred", "key", "auth", "private"))
        for w in words
    ):
        return False
    return _SETTING_TEXT.fullmatch(value) is not None and not any(
        is_mixed(word) for word in re.split(r"[^A-Za-z0-9]+", value)
    )


def is_mixed(word: str) -> bool:
    """Return whether *word* has what a token mixes, and no word does."""
    return has_each_class(word) and not is_made_of_words(word)


def _is_path(value: str) -> bool:
    if not (_PATH.fullmatch(value) or _RELATIVE.fullmatch(value) or _NAMED_FILE.fullmatch(value)):
        return False
    return len(value) > 2 and not any(is_mixed(part) for part in re.split(r"[/\\.@_ -]+", value))
