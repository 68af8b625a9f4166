"""Branches that changed one list, or a date: what both made of it is merged or named, and no element is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.support.leaks import Watch
from tests.support.merging import Branches
from tests.support.secrets import mixed
from tests.support.user import User

BASE = ["a", "b", "c"]
CHANGES = {
    "another element": (["x", "b", "c"], ["a", "b", "y"]),
    "the same element": (["x", "b", "c"], ["y", "b", "c"]),
    "one appended, one changed": (["a", "b", "c", "d"], ["a", "b", "y"]),
    "each appended": (["a", "b", "c", "d"], ["a", "b", "c", "e"]),
    "one removed, one changed": (["a", "c"], ["a", "b", "y"]),
    "one emptied, one appended": ([], ["a", "b", "c", "e"]),
    "maps": ([{"host": "x"}, "b"], [{"host": "y"}, {"port": 1}]),
    "lists": ([["x"], "b"], ["a", ["y"]]),
    "one made text": ("text", ["a", "b", "y"]),
}
"""What each side makes of the list."""
ANEW = "note: apps/values.sops.{}: encrypted anew in full"


@pytest.fixture(params=["yaml", "json"])
def branches(user: User, request: pytest.FixtureRequest) -> Branches:
    return Branches(user, f"apps/values.sops.{request.param}")


@pytest.fixture
def dated(user: User) -> Branches:
    """JSON has no dates."""
    branches = Branches(user, "apps/values.sops.yaml")
    branches.start(branches.encrypt(DATED, regex=""))
    return branches


def plain(elements: object, **more: object) -> str:
    """Helm values with a list, in text that is YAML and JSON."""
    return json.dumps(
        {"db": {"hosts": elements}, "mine": "1", "theirs": "1", **more},
        indent=2,
        ensure_ascii=False,
    )


def values(branches: Branches) -> dict[str, Any]:
    held: dict[str, Any] = yaml.safe_load(branches.opened().replace("\t", "  "))
    return held


def start(branches: Branches, elements: object = BASE, **more: object) -> None:
    branches.start(branches.encrypt(plain(elements, **more), regex=""))


def resolve(branches: Branches, key: str, side: str) -> None:
    """Resolve by the command that the hint of the merge names, with either side."""
    done = branches.user.run("resolve", branches.path, key, f"--{side}")
    assert done.status == 0, done.printed
    assert branches.user.git("ls-files", "--unmerged") == ""


@pytest.mark.parametrize("how", CHANGES)
def test_a_list_that_both_changed_is_a_conflict_with_its_key_and_no_element_is_lost(
    branches: Branches, how: str
) -> None:
    mine, other = CHANGES[how]
    start(branches)
    branches.part(
        branches.editing(plain(mine, mine="2")), branches.editing(plain(other, theirs="2"))
    )
    done = branches.merge()
    hint = f"hint: gitops-secrets resolve {branches.path} db.hosts --theirs\n"
    assert (done.status, hint in done.stderr) == (1, True), done.printed
    assert "both sides changed db.hosts;" in done.stderr
    assert values(branches) == {"db": {"hosts": mine}, "mine": "2", "theirs": "2"}
    resolve(branches, "db.hosts", "theirs")
    assert values(branches) == {"db": {"hosts": other}, "mine": "2", "theirs": "2"}


def test_our_list_is_chosen_and_their_other_values_are_there(branches: Branches) -> None:
    start(branches)
    branches.part(
        branches.editing(plain(["x", "b", "c"])),
        branches.editing(plain(["a", "b"], theirs="2")),
    )
    assert branches.merge().status == 1
    resolve(branches, "db.hosts", "ours")
    assert values(branches) == {"db": {"hosts": ["x", "b", "c"]}, "mine": "1", "theirs": "2"}


def test_a_list_that_both_changed_alike_is_merged(branches: Branches) -> None:
    start(branches)
    alike = ["a", "y", "c", "d"]
    branches.part(
        branches.editing(plain(alike, mine="2")), branches.editing(plain(alike, theirs="2"))
    )
    done = branches.merge()
    assert done.status == 0, done.printed
    assert values(branches) == {"db": {"hosts": alike}, "mine": "2", "theirs": "2"}


def test_two_lists_that_each_side_made_where_none_was_are_merged_and_nothing_readable_is_written(
    branches: Branches,
) -> None:
    """Neither text has both, and sops sets no list."""
    mine = [mixed(), {"deep": [1, 'quoted "\\" text: # no comment']}, "\u00e4\U0001f511"]
    other = [[], ["y", None, True, 0.5, "1"]]
    start(branches)
    branches.part(
        branches.editing(plain(BASE, mine=mine)), branches.editing(plain(BASE, theirs=other))
    )
    with Watch(branches.user, mine[0]) as watch:
        done = branches.merge()
    assert (done.status, ANEW.format(branches.form) in done.stderr) == (0, True), done.printed
    assert watch.leaks(done) == []
    assert values(branches) == {"db": {"hosts": BASE}, "mine": mine, "theirs": other}


COMMENTED = "mine: 1\nlist:\n    - a\n    # of b\n    - b\n    # of c\n    - c\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [("    # of b\n    - b\n", ""), ("    - b\n", "    - x\n"), ("# of b", "# of x")],
)
def test_an_element_and_the_comments_between_elements_are_of_the_side_that_changed_them(
    user: User, old: str, new: str
) -> None:
    """sops keeps a comment of a list as an element of it, and sets none."""
    branches = Branches(user, "apps/values.sops.yaml")
    branches.start(branches.encrypt(COMMENTED, regex=""))
    branches.part(
        branches.editing(COMMENTED.replace("mine: 1", "mine: 2")),
        branches.editing(COMMENTED.replace(old, new)),
    )
    done = branches.merge()
    assert done.status == 0, done.printed
    assert branches.opened() == COMMENTED.replace("mine: 1", "mine: 2").replace(old, new)


DATED = "since: 2001-12-14T00:00:00Z\nuntil: 2002-12-14T01:02:03Z\nmine: 1\ntheirs: 1\n"


def test_a_date_that_their_side_changed_is_merged_and_keeps_all_other_ciphertext(
    dated: Branches,
) -> None:
    """sops sets JSON, which has no dates: so the text is theirs, and our value is set in it."""
    changed = DATED.replace("since: 2001", "since: 2003")
    dated.part(
        dated.editing(DATED.replace("mine: 1", "mine: 2")),
        dated.editing(changed),
    )
    before = dated.content().splitlines()
    done = dated.merge()
    assert (done.status, "encrypted anew" in done.stderr) == (0, False), done.printed
    assert dated.opened() == changed.replace("mine: 1", "mine: 2")
    for key in ("until", "theirs"):
        assert [x for x in dated.content().splitlines() if x.startswith(key) and x in before]


def test_a_date_that_each_side_changed_elsewhere_is_merged(dated: Branches) -> None:
    dated.part(
        dated.editing(DATED.replace("since: 2001", "since: 2003")),
        dated.editing(DATED.replace("until: 2002", "until: 2004")),
    )
    done = dated.merge()
    assert (done.status, ANEW.format("yaml") in done.stderr) == (0, True), done.printed
    assert dated.opened() == DATED.replace("since: 2001", "since: 2003").replace("2002", "2004")
    assert dated.user.run("verify").status == 0


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_date_that_both_changed_is_a_conflict_and_resolved_by_its_key(
    dated: Branches, side: str
) -> None:
    """Each changed another date too, so that neither text has what is chosen."""
    dated.part(
        dated.editing(
            DATED.replace("since: 2001", "since: 2003").replace("mine: 1", "mine: 2010-01-01")
        ),
        dated.editing(
            DATED.replace("since: 2001", "since: 2004").replace("until: 2002", "until: 2005")
        ),
    )
    done = dated.merge()
    assert (done.status, "both sides changed since;" in done.stderr) == (1, True), done.printed
    resolve(dated, "since", side)
    year = {"ours": "2003", "theirs": "2004"}[side]
    assert dated.opened() == (
        f"since: {year}-12-14T00:00:00Z\nuntil: 2005-12-14T01:02:03Z\n"
        "mine: 2010-01-01T00:00:00Z\ntheirs: 1\n"
    )


def test_a_date_that_both_changed_alike_is_merged(dated: Branches) -> None:
    changed = DATED.replace("since: 2001", "since: 2003")
    dated.part(
        dated.editing(changed.replace("mine: 1", "mine: 2")),
        dated.editing(changed.replace("theirs: 1", "theirs: 2")),
    )
    done = dated.merge()
    assert done.status == 0, done.printed
    assert dated.opened() == changed.replace(": 1\n", ": 2\n")
