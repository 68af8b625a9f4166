"""Two branches change one encrypted file: real Git merges, each pair of what people do, in YAML and JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any, NamedTuple

import pyrage
import pytest
import yaml

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.user import User

FORMS = ("yaml", "json")
BASE = {"a": "one", "b": "two", "c": "three"}
RULE = "^(data|stringData)$"


class Person(NamedTuple):
    name: str
    identity: str
    recipient: str


class State(NamedTuple):
    """What a version of the file holds, and how."""

    values: dict[str, str]
    readers: tuple[str, ...]
    mac_only: bool = False
    key: int = 0
    """Another number is another data key."""


def person(name: str) -> Person:
    made = pyrage.x25519.Identity.generate()
    return Person(name, str(made), str(made.to_public()))


def edit(state: State, side: str) -> State:
    return state._replace(values={**state.values, "a": f"edited by {side}"})


def add(state: State, side: str) -> State:
    return state._replace(values={**state.values, "new": f"added by {side}"})


def remove(state: State, _: str) -> State:
    return state._replace(values={k: v for k, v in state.values.items() if k != "b"})


def rename(state: State, _: str) -> State:
    return state._replace(values={"d" if k == "c" else k: v for k, v in state.values.items()})


def let_in(state: State, side: str) -> State:
    return state._replace(readers=(*state.readers, side))


def put_out(state: State, _: str) -> State:
    return state._replace(readers=tuple(r for r in state.readers if r != "carol"), key=1)


def rotate(state: State, _: str) -> State:
    return state._replace(key=1)


def change_rule(state: State, _: str) -> State:
    return state._replace(mac_only=True, key=1)


DEEDS: dict[str, Callable[[State, str], State]] = {
    "edit": edit,
    "add": add,
    "remove": remove,
    "rename": rename,
    "let in": let_in,
    "put out": put_out,
    "rotate": rotate,
    "change the rule": change_rule,
}
START = State(BASE, ("own", "carol"))
SIDES = ("ours", "theirs")
CONFLICTS = {("edit", "edit"): "stringData.a", ("add", "add"): "stringData.new"}
REFUSED = {(deed, "let in") for deed in ("rotate", "put out", "change the rule", "let in")}
"""A reader in their file alone gets nothing that we would have to encrypt."""


def load(content: str) -> Any:
    """sops indents JSON by tabs, which PyYAML does not take."""
    return json.loads(content) if content.startswith("{") else yaml.safe_load(content)


class Versions:
    """A repository with a branch for each deed of each side, all of which begin at one commit."""

    def __init__(self, folder: Path, form: str) -> None:
        self.user = User(folder)
        self.people = {name: person(name) for name in ("own", "carol", *SIDES)}
        self.path = f"apps/db.sops.{form}"
        self.keys = folder / "keys.txt"
        self.keys.write_text(f"{self.people['own'].identity}\n")
        self.user.env["SOPS_AGE_KEY_FILE"] = str(self.keys)
        base = self.seal(START, None)
        self.user.commit({self.path: base, "readme.md": "hello\n"})
        assert self.user.run("hooks", "install").status == 0
        for deed, make in DEEDS.items():
            for side in SIDES:
                self.user.git(
                    "checkout", "--quiet", "-b", f"{side}/{deed}".replace(" ", "-"), "main"
                )
                self.user.commit({self.path: self.seal(make(START, side), base)})
        self.base = base

    def seal(self, state: State, before: str | None) -> str:
        """Return the file as sops writes *state*: from *before*, in as few lines as it can."""
        readers = ",".join(self.people[name].recipient for name in state.readers)
        if before is None or state.key:
            document = {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "db"},
                "stringData": state.values,
            }
            rule = {"age": readers, "encrypted_regex": RULE, "mac_only_encrypted": state.mac_only}
            return self._sops(["encrypt"], json.dumps(document), self._rules(rule))
        file = self.user.temporary / f"copy.{self.path.rpartition('.')[2]}"
        file.write_text(before)
        if state.readers != START.readers:
            self._sops(["updatekeys", "--yes", str(file)], config=self._rules({"age": readers}))
        for key in {**START.values, **state.values}:
            if key not in state.values:
                self._sops(["unset", str(file), f'["stringData"]["{key}"]'])
            elif state.values[key] != START.values.get(key):
                self._sops(
                    ["set", str(file), f'["stringData"]["{key}"]', json.dumps(state.values[key])]
                )
        return file.read_text()

    def _rules(self, rule: dict[str, object]) -> Path:
        config = self.user.temporary / "rules.yaml"
        config.write_text(json.dumps({"creation_rules": [rule]}))
        return config

    def _sops(self, arguments: list[str], stdin: str = "", config: Path | None = None) -> str:
        command = [find_sops(), *(["--config", str(config)] if config else []), *arguments]
        if stdin:
            # YAML is a superset of JSON; sops writes it in blocks.
            form = self.path.rpartition(".")[2]
            command += ["--input-type", "json", "--output-type", form, "/dev/stdin"]
        done = subprocess.run(
            command, input=stdin.encode(), env=self.user.env, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def merge(self, ours: str, theirs: str) -> subprocess.CompletedProcess[str]:
        """Merge the branch of *theirs* into the one of *ours*, whatever comes of it."""
        self.user.git("reset", "--quiet", "--hard")
        self.user.git("checkout", "--quiet", "--detach", f"ours/{ours}".replace(" ", "-"))
        return subprocess.run(
            ["git", "merge", "--no-edit", f"theirs/{theirs}".replace(" ", "-")],
            cwd=self.user.repository,
            env=self.user.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def held(self) -> State:
        """What the file in the work tree holds, as sops reads it with its own MAC checked."""
        file = self.user.repository / self.path
        plain = load(self._sops(["decrypt", str(file)]))
        block = load(file.read_text())["sops"]
        names = {p.recipient: p.name for p in self.people.values()}
        readers = tuple(names[entry["recipient"]] for entry in block["age"])
        return State(plain["stringData"], readers, block.get("mac_only_encrypted", False))


@pytest.fixture(scope="module", params=FORMS)
def versions(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return Versions(tmp_path_factory.mktemp(request.param), request.param)


def expected(ours: str, theirs: str) -> State:
    """What both deeds together make of the file, with our value in a conflict."""
    both = DEEDS[ours](DEEDS[theirs](START, "theirs"), "ours")
    return both._replace(readers=tuple(sorted(both.readers)), key=0)


def pairs() -> Iterator[tuple[str, str]]:
    for one, other in combinations_with_replacement(DEEDS, 2):
        yield one, other
        if one != other:
            yield other, one


@pytest.mark.parametrize(("ours", "theirs"), [*pairs()])
def test_what_both_did_is_in_the_merge_and_all_of_it_is_encrypted(
    versions: Versions, ours: str, theirs: str
) -> None:
    done = versions.merge(ours, theirs)
    said = done.stdout + done.stderr
    merged = (versions.user.repository / versions.path).read_text()
    assert not any(value in merged + said for value in ("edited by", "added by", "three"))
    if (ours, theirs) in REFUSED:
        assert (done.returncode, "their side lets in age1" in said) == (1, True), said
        assert merged == versions.user.git("show", f"HEAD:{versions.path}")
        return
    key = CONFLICTS.get((ours, theirs))
    assert (done.returncode, f"both sides changed {key}" in said) == (
        int(key is not None),
        key is not None,
    ), said
    held = versions.held()
    assert held._replace(readers=tuple(sorted(held.readers))) == expected(ours, theirs)


@pytest.mark.parametrize("by", ["ours", "theirs"])
def test_who_was_put_out_does_not_have_the_data_key_of_what_comes_later(
    versions: Versions, by: str
) -> None:
    pair = ("put out", "edit") if by == "ours" else ("let in", "put out")
    assert versions.merge(*pair).returncode == 0
    before, after = (set(_ciphertext(text)) for text in (versions.base, _read(versions)))
    assert not before & after
    assert "carol" not in versions.held().readers


@pytest.mark.parametrize("how", ["beside", "in place of carol"])
@pytest.mark.parametrize("ours", ["edit", "add", "rotate", "put out", "let in"])
def test_a_forged_reader_gets_nothing(versions: Versions, how: str, ours: str) -> None:
    """Anybody can write a recipient into a sops block: it is not in the MAC."""
    user, evil = versions.user, person("evil")
    document = load(versions.base)
    entries = document["sops"]["age"]
    carol = entries[1] | {"recipient": evil.recipient}
    document["sops"]["age"] = [*entries, carol] if how == "beside" else [entries[0], carol]
    is_json = versions.path.endswith("json")
    user.git("reset", "--quiet", "--hard")
    user.git("checkout", "--quiet", "-B", "theirs/forge", "main")
    user.write({versions.path: json.dumps(document) if is_json else yaml.safe_dump(document)})
    # The guard finds an entry that is a copy of another one, if it is asked.
    user.git("commit", "--quiet", "--all", "--no-verify", "--message", "forge")

    done = versions.merge(ours, "forge")

    if done.returncode:
        assert evil.recipient not in _read(versions)
    shown = user.run(
        *("show", "--reveal", versions.path),
        env={"SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY": evil.identity},
    )
    assert (shown.status, shown.stdout) == (3, ""), shown.printed


def test_a_reader_of_their_branch_is_let_in_once_our_rule_names_it(versions: Versions) -> None:
    user = versions.user
    user.git("reset", "--quiet", "--hard")
    user.git("checkout", "--quiet", "--detach", "ours/put-out")
    readers = [versions.people[name].recipient for name in ("own", "theirs")]
    rule = {"path_regex": "^apps/", "encrypted_regex": RULE, "age": readers}
    user.commit({".sops.yaml": json.dumps({"creation_rules": [rule]})})
    merged = user.program(["git", "merge", "--no-edit", "theirs/let-in"])
    assert merged.status == 0, merged.printed
    assert sorted(versions.held().readers) == ["own", "theirs"]


def test_a_value_that_nobody_changed_keeps_its_ciphertext(versions: Versions) -> None:
    assert versions.merge("edit", "add").returncode == 0
    assert set(_ciphertext(versions.base)) - set(_ciphertext(_read(versions))) == {
        _ciphertext(versions.base)[0]
    }


def test_a_conflict_is_resolved_by_key_and_then_staged(versions: Versions) -> None:
    assert versions.merge("edit", "edit").returncode == 1
    user, path = versions.user, versions.path
    listed = user.run("resolve", path, "--json")
    assert listed.status == 1, listed.printed
    assert json.loads(listed.stdout)["conflicts"] == ["stringData.a"]
    assert user.git("ls-files", "--unmerged") != ""

    done = user.run("resolve", path, "stringData.a", "--theirs")

    assert done.status == 0, done.printed
    assert user.git("ls-files", "--unmerged") == ""
    assert versions.held().values["a"] == "edited by theirs"
    user.git("commit", "--no-edit", "--quiet")
    assert user.run("verify").status == 0


def test_without_an_identity_our_version_stays_and_it_is_said(versions: Versions) -> None:
    keys = versions.keys.read_text()
    versions.keys.write_text(f"{person('nobody').identity}\n")
    try:
        done = versions.merge("edit", "add")
    finally:
        versions.keys.write_text(keys)
    assert done.returncode == 1
    assert "no identity at hand opens" in done.stderr
    assert _read(versions) == versions.user.git("show", f"HEAD:{versions.path}")
    assert versions.user.run("resolve", versions.path, "--ours").status == 0
    assert versions.held().values == {**BASE, "a": "edited by ours", "new": "added by theirs"}


def _read(versions: Versions) -> str:
    return (versions.user.repository / versions.path).read_text()


def _ciphertext(content: str) -> list[str]:
    """The encrypted values of the Secret, in the order of the file."""
    return list(load(content)["stringData"].values())
