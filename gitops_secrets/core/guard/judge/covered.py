"""Whether a creation rule that matches a path is meant for that file, as its owner would say.

``.*`` matches every file of a repository, and a rule for ``.sops.yaml`` files without ``$`` a template of one too.
"""

from __future__ import annotations

import re

_EVERYTHING = frozenset({"", ".", ".*", ".+", "^", "^.*", "^.*$", ".*$", "^.+$", ".+$"})
_TESTS = re.compile(
    r"(?:^|/)(?:testdata|__(?:tests|fixtures|mocks|snapshots)__|fixtures|tests?|functional-tests)/"
    r"|_test\.[a-z0-9]+\Z|\.(?:test|spec)\.[a-z0-9]+\Z|(?:^|/)test_[^/]*\.py\Z"
)
_TEMPLATE = re.compile(
    r"(?i)\.(?P<end>tmpl|tpl|gotmpl|template|example|sample|dist|j2|jinja2?|erb|mustache|hbs)\Z"
)
_EXAMPLE = re.compile(r"(?i)(?:^|[._-])(?:example|sample|template|tmpl|tpl|dist)(?:[._-]|$)")
_SEALED = re.compile(r"(?i)[^/]\.(?:sops|enc|encrypted)(?:\.[a-z0-9]{1,12})?\Z|/\.enc\.env\Z")
_SECRETS = re.compile(r"(?i)(?:^|/)(?:[^/]*[._-])?secrets?(?:/.*)?\.json\Z")


def is_for_objects(path_regex: str, path: str) -> bool:
    """Return whether a rule that matches *path* asks for the Secrets in that file to be encrypted.

    It asks for none in a template, which sops could not read, unless it names templates; and one that names no
    path at all does not speak of what tests read.
    """
    template = _TEMPLATE.search(path)
    if template is not None and template["end"].lower() not in path_regex.lower():
        return False
    return path_regex not in _EVERYTHING or not is_of_tests(path)


def is_of_tests(path: str) -> bool:
    """Return whether only tests read *path*."""
    return _TESTS.search(path.lower()) is not None


def is_for_file(path_regex: str, path: str) -> bool:
    """Return whether a rule that matches *path*, which ``may_be_sealed``, asks for all of that file to be encrypted.

    The file's own name says so (``.enc.env``, ``db.sops.json``), or the rule names its extension, and for JSON,
    which is much else, secrets as well.
    """
    if _EXAMPLE.search(path.rpartition("/")[2]) or not is_for_objects(path_regex, path):
        return False
    if _SEALED.search(f"/{path}"):
        return True
    end = path.rpartition(".")[2].lower()
    named = re.search(rf"(?:[.(|]|\b){end}\b", path_regex.lower()) is not None
    if end in ("env", "ini"):
        return named
    return named and "secret" in path_regex.lower() and _SECRETS.search(path) is not None
