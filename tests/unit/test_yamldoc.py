"""What nests too deep to be composed is refused before it ends the process, and nothing else is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gitops_secrets.core.yamltext.nodes import MAX_DEPTH, is_deep

_DEEP = {
    "brackets": "a: " + "[" * 60_000,
    "brackets that a comment closes": "a:\n" + " [ # ]]]]\n" * 60_000,
    "brackets that a string closes": "a:\n" + " [ ']]', \"}}\",\n" * 60_000,
    "brackets that a string of two lines closes": "a:\n" + " [ '\n ] ]', \n" * 60_000,
    "braces": "a: " + "{a: " * 60_000,
    "braces that a comment closes": "a:\n" + " {a: # }}\n" * 60_000,
    "braces, some of them closed": "a: " + "{a: {}, b: " * 60_000,
    "brackets in UTF-16": "a:\n" + " [ # \u5d5d\u5d5d\n" * 60_000,
    "dashes": "- " * 60_000 + "x",
    "questions": "? " * 60_000 + "x",
    "indents": "\n".join(" " * n + "a:" for n in range(1500)),
    "one more than may be": "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
}
_FLAT = {
    "brackets in a comment": "# " + "[" * 60_000 + "\na: b\n",
    "brackets in a string": "a: '" + "[" * 60_000 + "'\n",
    "brackets in a block": "a: |\n  " + "[" * 60_000 + "\n",
    "many lists": "a:\n" + "- [b, c]\n- {b: c}\n- ['b', \"c\"]\n- {}\n" * 10_000,
    "many lists of lists": "a:\n" + "- [[b], [c, {d: e}]]\n" * 10_000,
    "a line of dashes": "a: |\n  " + "- " * 60_000 + "\n" + "# " + "-" * 500,
    "as many as may be": "[" * MAX_DEPTH + "]" * MAX_DEPTH,
}
_COMPOSE = """
import sys
from gitops_secrets.core.yamltext.nodes import compose_documents
from gitops_secrets.errors import InvalidDocumentError
try:
    compose_documents(sys.stdin.buffer.read(), "a.yaml")
except InvalidDocumentError as error:
    print(error.message)
"""


def encoded(what: str, text: str) -> bytes:
    return text.encode("utf-16") if "UTF-16" in what else text.encode()


@pytest.mark.parametrize("what", _DEEP)
def test_what_is_too_deep_is_refused_by_a_process_that_lives(what: str) -> None:
    content = encoded(what, _DEEP[what])
    argv = [sys.executable, "-c", _COMPOSE]
    done = subprocess.run(argv, input=content, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"is nested more than" in done.stdout


@pytest.mark.parametrize("what", _FLAT)
def test_brackets_that_open_nothing_are_no_levels(what: str) -> None:
    assert not is_deep(_FLAT[what].encode())


@pytest.mark.parametrize(
    "deep", ["- " * 410 + "x", "? " * 410 + "x", "- " * 209 + "? " * 209 + "x"]
)
@pytest.mark.parametrize("before", ["", "a: 1\n---\n", "# x\n" * 300_000])
def test_a_deep_line_is_seen_in_a_content_of_any_size(deep: str, before: str) -> None:
    assert is_deep(f"{before}{deep}\n".encode())
    assert not is_deep(f"{before}{deep[:300]}x\n---\n{deep[:300]}x\n".encode())
