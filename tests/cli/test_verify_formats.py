"""verify --keyless over the versions in Git of files of every format: sops' own changes and others'."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from pyrage import x25519

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.secrets import recipient
from tests.support.user import User
from tests.support.verified import findings

PLAIN = {
    "a.yaml": "a: one\nb: two\n",
    "a.json": '{"a": "one", "b": "two"}',
    "a.env": "a=one\nb=two\n",
    "a.ini": "[s]\na = one\nb = two\n",
    "a.txt": "one\ntwo\n",
}
KEYS = {name: '["s"]["a"]' if name == "a.ini" else '["a"]' for name in PLAIN if name != "a.txt"}
"""Where the value is that changes, in the files that have several."""
TYPES = {"a.env": "dotenv", "a.txt": "binary"}


class Files:
    """One encrypted file of each format, in a commit."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.own = recipient(user)
        self.name(self.own)
        user.write(PLAIN)
        for name in PLAIN:
            self.sops("encrypt", "--in-place", name)
        user.commit({})

    def name(self, *readers: str) -> None:
        self.user.write({".sops.yaml": json.dumps({"creation_rules": [{"age": list(readers)}]})})

    def sops(self, *arguments: str) -> None:
        done = self.user.program([find_sops(), *arguments])
        assert done.status == 0, done.printed

    def set(self) -> None:
        for name, key in KEYS.items():
            self.sops("set", name, key, '"other"')

    def rotate(self) -> None:
        for name in PLAIN:
            self.sops("rotate", "--in-place", name)

    def add_reader(self) -> None:
        self.name(self.own, str(x25519.Identity.generate().to_public()))
        for name in PLAIN:
            kind = TYPES.get(name, name.rpartition(".")[2])
            self.sops("updatekeys", "--yes", "--input-type", kind, name)

    def remove(self) -> None:
        for name, key in KEYS.items():
            self.sops("unset", name, key)

    def end_lines_otherwise(self) -> None:
        for name in ("a.yaml", "a.json", "a.txt"):
            self.user.write({name: self.user.read(name).replace("\n", "\r\n")})

    def indent_otherwise(self) -> None:
        for name in ("a.json", "a.txt"):
            self.user.write({name: json.dumps(json.loads(self.user.read(name)), indent=2) + "\n"})

    def move(self) -> None:
        for name in PLAIN:
            self.user.git("mv", name, f"moved.{name}")

    def squash(self) -> None:
        self.user.git("checkout", "--quiet", "-b", "topic")
        for edit in (self.set, self.rotate):
            edit()
            self.user.commit({})
        self.user.git("checkout", "--quiet", "main")
        self.user.git("merge", "--quiet", "--squash", "topic")

    def swap(self) -> None:
        for name in KEYS:
            one, other = ciphertext(self.user.read(name))[:2]
            text = self.user.read(name).replace(one, "ONE").replace(other, one)
            self.user.write({name: text.replace("ONE", other)})

    def put_one_value_back(self) -> None:
        before = {name: ciphertext(self.user.read(name))[0] for name in KEYS}
        self.set()
        self.user.commit({})
        for name, old in before.items():
            text = self.user.read(name)
            self.user.write({name: text.replace(ciphertext(text)[0], old)})


def ciphertext(text: str) -> list[str]:
    """The encrypted values, in their order."""
    return re.findall(r"ENC\[[^]]+\]", text)


@pytest.mark.parametrize(
    "change",
    [
        *(Files.set, Files.rotate, Files.add_reader, Files.remove, Files.end_lines_otherwise),
        *(Files.indent_otherwise, Files.move, Files.squash),
    ],
)
def test_nothing_is_said_of_what_sops_and_git_do(
    user: User, change: Callable[[Files], None]
) -> None:
    files = Files(user)
    change(files)
    user.commit({})
    result = user.run("verify", "--keyless")
    assert (result.status, "looked at 5 encrypted files" in result.printed) == (0, True), (
        result.printed
    )


@pytest.mark.parametrize("change", [Files.swap, Files.put_one_value_back])
def test_a_value_of_any_format_that_other_hands_moved_is_found(
    user: User, change: Callable[[Files], None]
) -> None:
    files = Files(user)
    change(files)
    user.commit({})
    result = user.run("verify", "--keyless")
    assert (result.status, findings(result)) == (1, ["tampered"] * 4), result.printed
    assert all(f"{name}:" in result.stdout for name in KEYS)
