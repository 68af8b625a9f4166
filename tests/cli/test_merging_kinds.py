"""What a merge has to carry besides text values: types, comments, readers, and bases of bases."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pyrage import x25519

from tests.support.merging import SECRET, Branches
from tests.support.secrets import word
from tests.support.user import User

VALUES = """\
replicas: 2
ratio: 0.5
enabled: true
since: 2001-12-14T00:00:00Z
note: "3"
list: [a, b]
"""


@pytest.fixture
def branches(user: User) -> Branches:
    return Branches(user)


def values(branches: Branches) -> dict[str, Any]:
    return yaml.safe_load(branches.opened())


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("replicas", "3", 3),
        ("ratio", "0.25", 0.25),
        ("enabled", "false", False),
        ("note", '"4"', "4"),
        ("new", '{"port": 5432, "on": true}', {"port": 5432, "on": True}),
    ],
)
def test_a_value_keeps_its_type(branches: Branches, key: str, given: str, expected: object) -> None:
    """A file of Helm values, all of it encrypted."""
    branches.start(branches.encrypt(VALUES, regex=""))
    branches.part(branches.setting("mine", value='"x"'), branches.setting(key, value=given))
    done = branches.merge()
    assert done.status == 0, done.printed
    assert (values(branches)[key], values(branches)["mine"]) == (expected, "x")


@pytest.mark.parametrize(
    "number", ["42", "-7", "999999", "1000000", "100000000", "9007199254740993"]
)
@pytest.mark.parametrize("form", ["{}", "[1, {}]", "{{id: {}}}"])
def test_a_number_is_the_same_number(branches: Branches, number: str, form: str) -> None:
    """Told to sops in JSON, a long one would be written with an exponent, and is text to some readers."""
    branches.start(branches.encrypt(VALUES, regex=""))
    theirs = VALUES.replace("replicas: 2", f"replicas: {form.format(number)}")
    branches.part(
        branches.setting("mine", value='"x"'), branches.write(branches.encrypt(theirs, regex=""))
    )
    done = branches.merge()
    assert done.status == 0, done.printed
    assert values(branches) == {**yaml.safe_load(theirs), "mine": "x"}
    assert f" {number}" in branches.opened()


def test_two_mappings_in_the_place_of_a_text_are_a_conflict(branches: Branches) -> None:
    branches.start(branches.encrypt(VALUES, regex=""))
    branches.part(
        branches.setting("note", value='{"token": "ours"}'),
        branches.setting("note", value='{"user": "theirs"}'),
    )
    done = branches.merge()
    assert done.status == 1, done.printed
    assert "both sides changed note" in done.stderr
    assert values(branches)["note"] == {"token": "ours"}


DATED = VALUES.replace("2001-12-14T00:00:00Z", "2001-12-14")


def test_a_date_that_nobody_changed_is_no_obstacle(branches: Branches) -> None:
    branches.start(branches.encrypt(DATED, regex=""))
    before = values(branches)["since"]
    branches.part(branches.setting("mine", value='"x"'), branches.setting("note", value='"4"'))
    done = branches.merge()
    assert done.status == 0, done.printed
    assert (values(branches)["since"], values(branches)["note"]) == (before, "4")


LISTS = {
    "an element": "[a, c]",
    "one more": "[a, b, c]",
    "one less": "[a]",
    "none left": "[]",
    "none before": "{new: [x, y]}",
    "of lists": "[a, [b]]",
}


@pytest.mark.parametrize("changed", LISTS)
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_list_that_one_side_changed_is_merged(
    branches: Branches, changed: str, side: str
) -> None:
    """sops sets no list as a whole: its elements are set, or the text is kept that has it."""
    branches.start(branches.encrypt(VALUES, regex=""))
    content = LISTS[changed]
    plain = VALUES.replace("[a, b]", content)

    edit = branches.editing(plain)
    other = branches.setting("mine", value='"x"')
    branches.part(*((edit, other) if side == "ours" else (other, edit)))
    done = branches.merge()
    assert done.status == 0, done.printed
    held = values(branches)
    assert (held["list"], held["mine"]) == (yaml.safe_load(content), "x")


@pytest.mark.parametrize("anew", [True, False])
def test_comments_of_the_side_that_changed_them_are_kept(branches: Branches, anew: bool) -> None:
    """sops edit writes a comment among values encrypted; people write one above them as it is."""
    branches.start(branches.encrypt(SECRET))

    def comment() -> None:
        if anew:
            commented = SECRET.replace("  b: two", "  # ask the shop's team\n  b: two")
            branches.write(branches.encrypt(commented))()
        else:
            branches.write(f"# ask the shop's team\n{branches.content()}")()

    branches.part(branches.setting("stringData", "a", value='"of main"'), comment)
    done = branches.merge()
    assert done.status == 0, done.printed
    assert "# ask the shop's team" in branches.opened()
    assert values(branches)["stringData"] == {"a": "of main", "b": "two"}


def test_comments_that_both_changed_are_a_conflict_with_a_name(branches: Branches) -> None:
    def commented(words: str) -> Callable[[], None]:
        plain = SECRET.replace("  b: two", f"  # {words}\n  b: two")
        return branches.write(branches.encrypt(plain))

    branches.start(branches.encrypt(SECRET))
    branches.part(commented("from main"), commented("from topic"))
    done = branches.merge()
    assert (done.status, "both sides changed sops.comments" in done.stderr) == (1, True)
    assert "from topic" not in done.printed
    assert branches.user.run("resolve", branches.path, "sops.comments", "--theirs").status == 0
    assert "# from topic" in branches.opened()


KMS = """\
    kms:
        - arn: arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
          created_at: "2026-01-01T00:00:00Z"
          enc: AQICAHg=
          aws_profile: ""
"""


def test_a_reader_by_a_key_manager_whom_one_side_put_out_stays_out(branches: Branches) -> None:
    """The MAC does not cover the sops block, so an entry can be put there without a KMS."""
    base = branches.encrypt(SECRET)
    branches.start(base.replace("sops:\n", f"sops:\n{KMS}"))
    branches.part(setting_without_kms(branches, base), branches.write(base))
    done = branches.merge()
    assert done.status == 0, done.printed
    assert "kms" not in branches.content()
    assert values(branches)["stringData"]["a"] == "of main"


def setting_without_kms(branches: Branches, base: str) -> Callable[[], None]:
    """Set a value as somebody does whose sops leaves the entry where it is."""

    def edit() -> None:
        branches.write(base)()
        branches.set("stringData", "a", value='"of main"')
        branches.write(branches.content().replace("sops:\n", f"sops:\n{KMS}"))()

    return edit


def test_what_one_side_removed_and_the_other_edited_is_a_conflict(branches: Branches) -> None:
    branches.start(branches.encrypt(SECRET))
    branches.part(
        branches.setting("stringData", "a", value=None),
        branches.setting("stringData", "a", value='"edited"'),
    )
    done = branches.merge()
    assert (done.status, "both sides changed stringData.a" in done.stderr) == (1, True)
    assert "a" not in values(branches)["stringData"]
    assert branches.user.run("resolve", branches.path, "stringData.a", "--theirs").status == 0
    assert values(branches)["stringData"]["a"] == "edited"


def test_lines_that_nobody_changed_stay_whatever_the_indent(branches: Branches) -> None:
    branches.start(branches.encrypt(SECRET, "--indent", "6"))
    branches.part(
        branches.setting("stringData", "a", value='"of main"'),
        branches.setting("stringData", "new", value='"of topic"'),
    )
    branches.user.git("checkout", "--quiet", "main")
    branches.write(branches.user.git("show", f"main:{branches.path}"))()
    done = branches.merge()
    assert done.status == 0, done.printed
    changed = branches.user.git("diff", "--no-textconv", "--numstat", "HEAD~1").split()[:2]
    assert int(changed[0]) <= 4, branches.user.git("diff", "--no-textconv", "HEAD~1")


def test_bases_that_were_merged_in_different_ways_leave_the_conflict_open(
    branches: Branches,
) -> None:
    """A criss-cross: each branch took the other in, and each chose its own value."""
    branches.start(branches.encrypt(SECRET))
    branches.part(
        branches.setting("stringData", "a", value='"of main"'),
        branches.setting("stringData", "a", value='"of topic"'),
    )
    git, user = branches.user.git, branches.user
    tips = [git("rev-parse", name).strip() for name in ("main", "topic")]
    for branch, other in (("main", tips[1]), ("topic", tips[0])):
        git("checkout", "--quiet", branch)
        assert branches.merge(other).status == 1
        assert user.run("resolve", branches.path, "--ours").status == 0
        git("commit", "--quiet", "--no-edit")
    git("checkout", "--quiet", "main")
    branches.on("main", branches.setting("stringData", "b", value='"later"'))
    done = branches.merge("topic")
    assert (done.status, done.stderr.count("both sides changed stringData.a")) == (1, 1)
    assert user.run("resolve", branches.path, "--theirs").status == 0
    assert values(branches)["stringData"] == {"a": "of topic", "b": "later"}


def test_what_their_side_edits_while_ours_encrypts_it_is_encrypted(branches: Branches) -> None:
    value = word()
    edited = SECRET.replace("one", json.dumps(value))
    branches.start(SECRET)
    branches.part(branches.write(branches.encrypt(SECRET)), branches.write(edited))
    done = branches.merge()
    assert done.status == 0, done.printed
    assert values(branches)["stringData"] == {"a": value, "b": "two"}
    assert value not in branches.content()


@pytest.mark.parametrize("way", [("main", "topic"), ("topic", "main")])
def test_what_one_side_made_readable_is_a_conflict(
    branches: Branches, way: tuple[str, str]
) -> None:
    branches.start(branches.encrypt(SECRET))
    branches.part(branches.setting("stringData", "a", value='"of main"'), branches.write(SECRET))
    ours, theirs = way
    branches.user.git("checkout", "--quiet", ours)
    done = branches.merge(theirs)
    assert (done.status, "version of it is readable, and it was encrypted" in done.stderr) == (
        1,
        True,
    )
    assert branches.content() == branches.user.git("show", f"{ours}:{branches.path}")


def test_a_version_whose_mac_does_not_fit_is_not_merged(branches: Branches) -> None:
    branches.start(branches.encrypt(SECRET))

    def forge() -> None:
        branches.set("stringData", "new", value='"x"')
        broken = branches.content().replace("name: db", "name: other")
        branches.write(broken)()

    branches.part(branches.setting("stringData", "a", value='"of main"'), forge)
    done = branches.merge()
    assert (done.status, "MAC" in done.stderr) == (1, True), done.stderr
    assert branches.content() == branches.user.git("show", f"main:{branches.path}")


def test_nobody_who_was_put_out_reads_what_comes_whatever_else_changed(branches: Branches) -> None:
    """One side changed comments, so its text is kept, and the other took a reader out."""
    other = x25519.Identity.generate()
    both = (branches.recipient, str(other.to_public()))
    branches.start(branches.encrypt(SECRET, readers=both))
    old = branches.content()
    commented = SECRET.replace("  a: one", "  # new\n  a: one")
    branches.part(
        branches.write(branches.encrypt(commented, readers=both)),
        branches.write(branches.encrypt(SECRET)),
    )
    kept = branches.user.git("show", f"main:{branches.path}")
    done = branches.merge()
    assert done.status == 0, done.printed
    assert str(other.to_public()) not in branches.content()
    assert "# new" in branches.opened()
    ciphertext = [line for line in branches.content().splitlines() if " ENC[" in line]
    assert not any(line in old or line in kept for line in ciphertext)
