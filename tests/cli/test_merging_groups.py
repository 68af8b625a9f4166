"""Files with key groups: identities of several of them open a file, and a merge leaves it so."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
import yaml
from pyrage import x25519

from tests.support.leaks import Watch
from tests.support.merging import SECRET, SECRETS, Branches
from tests.support.secrets import mixed
from tests.support.user import Result, User

Groups = Sequence[Sequence[str]]


class Vault(Branches):
    """Branches of a file that two of three groups open. The user has identities of the first two."""

    def __init__(self, user: User, path: str = "apps/db.sops.yaml") -> None:
        super().__init__(user, path)
        second, *others = (x25519.Identity.generate() for _ in range(4))
        file = user.home / ".config/sops/age/keys.txt"
        file.write_text(f"{file.read_text()}{second}\n")
        self.alone = str(others[0])
        """An identity of the third group."""
        third, self.new, self.stranger = (str(one.to_public()) for one in others)
        self.groups = ((self.recipient,), (str(second.to_public()),), (third,))

    def rule(self, groups: Groups, threshold: int = 2) -> str:
        rule = {
            "encrypted_regex": SECRETS,
            "shamir_threshold": threshold,
            "key_groups": [{"age": list(group)} for group in groups],
        }
        return json.dumps({"creation_rules": [rule]})

    def seal(self, plain: str, groups: Groups, threshold: int = 2) -> str:
        """Return *plain* as sops encrypts it for *groups*."""
        config = self.user.home / "rule.yaml"
        config.write_text(self.rule(groups, threshold))
        form = ("--filename-override", str(self.user.home / f"db.{self.form}"))
        return self.sops("--config", str(config), "encrypt", *form, stdin=plain)

    def sealing(self, plain: str, groups: Groups, threshold: int = 2) -> Callable[[], None]:
        """Return what writes *plain* encrypted anew for *groups*."""
        return self.write(self.seal(plain, groups, threshold))

    def regroup(self, groups: Groups) -> Callable[[], None]:
        """Return what has sops change the groups of the file, and leave its values."""

        def run() -> None:
            config = self.user.home / "rule.yaml"
            config.write_text(self.rule(groups))
            file = str(self.user.repository / self.path)
            self.sops("--config", str(config), "updatekeys", "--yes", file)

        return run

    def name(self, groups: Groups, threshold: int = 2) -> None:
        self.commit({".sops.yaml": self.rule(groups, threshold)}, "name the groups")

    def shape(self) -> tuple[tuple[tuple[str, ...], ...], int]:
        """The groups and the threshold of the file."""
        block = yaml.safe_load(self.content().expandtabs().partition("\n---")[0])["sops"]
        groups = block.get("key_groups", [block])
        found = tuple(tuple(entry["recipient"] for entry in group["age"]) for group in groups)
        return found, block.get("shamir_threshold", 0)

    def values(self) -> list[dict[str, str]]:
        return [one["stringData"] for one in yaml.safe_load_all(self.opened().expandtabs())]

    def is_ours(self) -> bool:
        return self.content() == self.user.git("show", f"main:{self.path}")


@pytest.fixture
def vault(user: User) -> Vault:
    return Vault(user)


def opens_alone(vault: Vault) -> Result:
    """What somebody of one group sees."""
    env = {"HOME": str(vault.user.temporary), "SOPS_AGE_KEY": vault.alone}
    return vault.user.run("show", "--reveal", vault.path, env=env)


def test_what_both_sides_changed_is_merged_for_the_same_groups(vault: Vault) -> None:
    mine, other = mixed(), mixed()
    vault.start(vault.seal(SECRET, vault.groups))
    vault.part(
        vault.setting("stringData", "a", value=json.dumps(mine)),
        vault.setting("stringData", "b", value=json.dumps(other)),
    )
    with Watch(vault.user, mine, other) as watch:
        done = vault.merge()
    assert done.status == 0, done.printed
    assert watch.leaks(done) == []
    assert vault.values() == [{"a": mine, "b": other}]
    assert vault.shape() == (vault.groups, 2)
    assert opens_alone(vault).status == 3


def test_later_documents_are_encrypted_anew_for_the_same_groups(vault: Vault) -> None:
    first, changed = SECRET.replace("name: db", "name: first"), SECRET.replace("one", "1")
    text = f"{first}---\n{{}}".format
    vault.start(vault.seal(text(SECRET), vault.groups))
    vault.part(
        vault.sealing(text(changed), vault.groups),
        vault.sealing(text(SECRET.replace("two", "2")), vault.groups),
    )
    done = vault.merge()
    assert (done.status, "encrypted anew in full" in done.stderr) == (0, True), done.printed
    assert vault.values() == [{"a": "one", "b": "two"}, {"a": 1, "b": 2}]
    assert vault.shape() == (vault.groups, 2)
    assert opens_alone(vault).status == 3


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_reader_who_comes_into_one_group_is_in_the_merge(vault: Vault, side: str) -> None:
    """In theirs, our rule has to name the groups."""
    groups = (*vault.groups[:2], (*vault.groups[2], vault.new))
    vault.start(vault.seal(SECRET, vault.groups))
    edit, regroup = vault.setting("stringData", "a", value='"edited"'), vault.regroup(groups)
    vault.part(*((regroup, edit) if side == "ours" else (edit, regroup)))
    if side == "theirs":
        vault.name(groups)
    done = vault.merge()
    assert done.status == 0, done.printed
    assert vault.shape() == (groups, 2)
    assert vault.values() == [{"a": "edited", "b": "two"}]


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_reader_who_left_one_group_does_not_have_the_next_data_key(
    vault: Vault, side: str
) -> None:
    before = (*vault.groups[:2], (*vault.groups[2], vault.new))
    vault.start(vault.seal(SECRET, before))
    old = vault.content()
    edit = vault.setting("stringData", "a", value='"edited"')
    regroup = vault.regroup(vault.groups)
    vault.part(*((regroup, edit) if side == "ours" else (edit, regroup)))
    done = vault.merge()
    assert done.status == 0, done.printed
    assert vault.shape() == (vault.groups, 2)
    assert vault.values() == [{"a": "edited", "b": "two"}]
    assert not [line for line in vault.content().splitlines() if " ENC[" in line and line in old]


def forgeries(vault: Vault) -> dict[str, tuple[Groups, int]]:
    """Groups by which fewer people together open the file."""
    first, second, third = vault.groups
    return {
        "no groups": (((*first, *second, *third),), 0),
        "in two groups": ((first, second, (*third, *second)), 2),
        "a lower threshold": (vault.groups, 2),
        "a stranger": ((first, second, (*third, vault.stranger)), 2),
        "a group less": ((first, second), 2),
    }


@pytest.mark.parametrize(
    "how", ["no groups", "in two groups", "a lower threshold", "a stranger", "a group less"]
)
def test_groups_of_their_branch_that_open_the_file_to_fewer_get_nothing_of_ours(
    vault: Vault, how: str
) -> None:
    own = 3 if how == "a lower threshold" else 2
    third = x25519.Identity.generate() if own == 3 else None
    if third is not None:
        vault.groups = (*vault.groups[:2], (str(third.to_public()),))
        file = vault.user.home / ".config/sops/age/keys.txt"
        file.write_text(f"{file.read_text()}{third}\n")
    groups, threshold = forgeries(vault)[how]
    vault.start(vault.seal(SECRET, vault.groups, own))
    changed = SECRET.replace("two", "2")
    seal = (
        vault.write(vault.encrypt(changed, readers=tuple(groups[0])))
        if how == "no groups"
        else vault.sealing(changed, groups, threshold)
    )
    vault.part(vault.setting("stringData", "a", value='"of main"'), seal)
    done = vault.merge()
    assert (done.status, "no creation rule of ours" in done.stderr) == (1, True), done.printed
    assert vault.is_ours()
    if how != "no groups":
        vault.user.git("merge", "--abort")
        vault.name(groups, threshold)
        done = vault.merge()
        assert done.status == 0, done.printed
        assert vault.shape() == (tuple(map(tuple, groups)), threshold)


def test_groups_that_both_changed_are_a_conflict_and_one_side_is_chosen(vault: Vault) -> None:
    first, second, third = vault.groups
    mine = (first, second, (*third, vault.new))
    vault.start(vault.seal(SECRET, vault.groups))
    vault.part(vault.regroup(mine), vault.regroup(((*first, vault.stranger), second, third)))
    done = vault.merge()
    assert (done.status, "both sides changed sops.key_groups" in done.stderr) == (1, True)
    assert vault.shape() == (mine, 2)
    assert vault.user.run("resolve", vault.path, "sops.key_groups", "--ours").status == 0
    assert vault.shape() == (mine, 2)
    assert vault.values() == [{"a": "one", "b": "two"}]


def test_a_comment_of_their_side_is_kept_in_a_file_with_groups(vault: Vault) -> None:
    vault.start(vault.seal(SECRET, vault.groups))
    commented = SECRET.replace("  b: two", "  # ask the shop's team\n  b: two")
    vault.part(
        vault.setting("stringData", "a", value='"of main"'),
        vault.sealing(commented, vault.groups),
    )
    done = vault.merge()
    assert done.status == 0, done.printed
    assert "# ask the shop's team" in vault.opened()
    assert vault.shape() == (vault.groups, 2)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_of_groups_that_both_changed_a_stranger_of_theirs_gets_nothing(
    user: User, form: str
) -> None:
    """The values are merged for our groups; whom no rule of ours names comes in by no choice."""
    vault = Vault(user, f"apps/db.sops.{form}")
    first, second, third = vault.groups
    mine, theirs = (
        (first, second, (*third, vault.new)),
        ((*first, vault.stranger), second, third),
    )
    plain = SECRET if form == "yaml" else json.dumps(yaml.safe_load(SECRET))
    vault.start(vault.seal(plain, vault.groups))
    vault.part(
        vault.sealing(plain.replace("one", "mine"), mine),
        vault.sealing(plain.replace("two", "other"), theirs),
    )
    assert "both sides changed sops.key_groups" in vault.merge().stderr
    assert (vault.values(), vault.shape()) == ([{"a": "mine", "b": "other"}], (mine, 2))
    merged = vault.content()
    choice = ("resolve", vault.path, "sops.key_groups")
    refused = user.run(*choice, "--theirs")
    assert (refused.status, vault.content()) == (3, merged), refused.printed
    assert (
        f"their side lets in {vault.stranger}, whom no creation rule of ours names, in key group 1"
        in refused.stderr
    )
    hint = f"write {vault.stranger} under key_groups, in group 1, of the creation rule for {vault.path}"
    assert f"hint: {hint}\n" in refused.stderr
    assert user.run(*choice, "--ours").status == 0
    assert (vault.values(), vault.shape()) == ([{"a": "mine", "b": "other"}], (mine, 2))


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_stranger_in_a_group_of_theirs_comes_in_once_our_rule_has_it(
    user: User, form: str
) -> None:
    vault = Vault(user, f"apps/db.sops.{form}")
    first, second, third = vault.groups
    groups = (first, second, (*third, vault.stranger))
    plain = SECRET if form == "yaml" else json.dumps(yaml.safe_load(SECRET))
    vault.start(vault.seal(plain, vault.groups))
    vault.part(
        vault.setting("stringData", "a", value='"mine"'),
        vault.sealing(plain.replace("two", "other"), groups),
    )
    done = vault.merge()
    assert f"{vault.stranger}, whom no creation rule of ours names, in key group 3" in done.stderr
    assert vault.is_ours()
    user.git("merge", "--abort")
    vault.name(groups)
    done = vault.merge()
    assert done.status == 0, done.printed
    assert (vault.values(), vault.shape()) == ([{"a": "mine", "b": "other"}], (groups, 2))
