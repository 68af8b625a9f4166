"""Edits of people's YAML: the change is made, and no other byte moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gitops_secrets.core.yamltext.splice import (
    Item,
    insert_item,
    quote,
    remove_item,
    replace_item,
    scalar_item,
)
from gitops_secrets.errors import InvalidDocumentError

ITEM = Item(("name: new", "value: 1"), {"name": "new", "value": "1"})


def test_an_item_goes_in_at_the_end_in_the_files_own_indent() -> None:
    before = b"# top\nresources:\n- a.yaml # first\n- b.yaml\n\n# end\nother: 1\n"
    after = insert_item(before, "k", "resources", scalar_item("c.yaml"))
    assert after == b"# top\nresources:\n- a.yaml # first\n- b.yaml\n- c.yaml\n\n# end\nother: 1\n"


def test_an_item_goes_in_before_another_and_its_comment() -> None:
    before = b"rules:\n    # the catch-all\n    - path: .*\n      age: x\n"
    after = insert_item(before, "k", "rules", ITEM, 0)
    assert after == (
        b"rules:\n    - name: new\n      value: 1\n    # the catch-all\n    - path: .*\n      age: x\n"
    )


@pytest.mark.parametrize(
    "empty", [b"rules:\n", b"rules: []\n", b"rules: null\n", b"rules: ~ # none\n"]
)
def test_an_empty_list_takes_its_first_item(empty: bytes) -> None:
    after = insert_item(b"a: 1\n" + empty + b"b: 2\n", "k", "rules", ITEM)
    assert YAML(typ="safe").load(after) == {"a": 1, "rules": [{"name": "new", "value": 1}], "b": 2}


@pytest.mark.parametrize(
    "before", [b"a: 1\n", b"a: 1", b"a: |\n  text\n\n", b"---\na: 1\n", b"", b"# only\n"]
)
def test_a_missing_list_is_made_at_the_end(before: bytes) -> None:
    after = insert_item(before, "k", "rules", ITEM)
    assert after.endswith(b"rules:\n  - name: new\n    value: 1\n") or before.endswith(b"\n\n")
    assert YAML(typ="safe").load(after)["rules"] == [{"name": "new", "value": 1}]


def test_a_list_in_brackets_takes_a_scalar() -> None:
    after = insert_item(b"resources: [a.yaml, b.yaml] # both\n", "k", "resources", scalar_item("c"))
    assert after == b'resources: [a.yaml, b.yaml, "c"] # both\n'


def test_a_list_in_brackets_is_not_torn_apart_for_a_mapping() -> None:
    with pytest.raises(InvalidDocumentError, match="in brackets"):
        insert_item(b"patches: [{path: a.yaml}]\n", "k", "patches", ITEM)


def test_windows_line_ends_and_a_bom_stay() -> None:
    before = b"\xef\xbb\xbfresources:\r\n- a\r\n"
    after = insert_item(before, "k", "resources", scalar_item("b"))
    assert after == b"\xef\xbb\xbfresources:\r\n- a\r\n- b\r\n"


def test_an_item_behind_a_block_scalar_does_not_fall_into_it() -> None:
    before = b"patches:\n- patch: |\n    a: 1\n\n    b: 2\n\nother: 1\n"
    after = insert_item(before, "k", "patches", ITEM)
    assert YAML(typ="safe").load(after)["patches"][0] == {"patch": "a: 1\n\nb: 2\n"}
    assert YAML(typ="safe").load(after)["patches"][1] == {"name": "new", "value": 1}


def test_replacing_and_removing_touch_one_item() -> None:
    before = b"rules:\n  - a: 1\n    b: 2\n  # second\n  - c: 3\n  - d: 4\n"
    assert replace_item(before, "k", "rules", 1, ITEM) == (
        b"rules:\n  - a: 1\n    b: 2\n  # second\n  - name: new\n    value: 1\n  - d: 4\n"
    )
    assert remove_item(before, "k", "rules", 0) == b"rules:\n  # second\n  - c: 3\n  - d: 4\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: 1\na: 2\n", "key 'a' stands twice"),
        (b"a: &x 1\nb: *x\n", "anchor or alias"),
        (b"a: 1\n---\nb: 2\n", "several documents"),
        (b"a: [\n", "not valid YAML"),
        (b"a:\tb\n\t- c\n", "not valid YAML"),
        (b"- a\n", "not a mapping"),
        (b"resources: text\n", "not a list"),
    ],
)
def test_a_file_that_cannot_be_edited_safely_is_refused_with_its_name(
    content: bytes, says: str
) -> None:
    with pytest.raises(InvalidDocumentError, match=says) as caught:
        insert_item(content, "dir/file.yaml", "resources", scalar_item("b"))
    assert caught.value.message.startswith("dir/file.yaml")


@given(st.text())
def test_a_quoted_scalar_reads_back_as_itself(value: str) -> None:
    if any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        return
    assert YAML(typ="safe", pure=True).load(f"a: {quote(value)}\n")["a"] == value


names = st.from_regex(r"[a-z][a-z0-9-]{0,8}\.yaml", fullmatch=True)
comments = st.sampled_from(["", " # why", "  # [x]: y"])


@given(
    st.lists(st.tuples(names, comments), min_size=1, max_size=6),
    st.integers(0, 4),
    st.sampled_from(["", "\n", "# tail\n", "tail: {a: b}\n", "\n\n# more\ntail:\n  - x\n"]),
    st.data(),
)
def test_every_other_line_stays_where_an_item_goes_in(
    elements: list[tuple[str, str]], indent: int, tail: str, data: st.DataObject
) -> None:
    pad = " " * indent
    before = "head: 1\nresources:\n" + "".join(f"{pad}- {n}{c}\n" for n, c in elements) + tail
    index = data.draw(st.integers(0, len(elements)))
    after = insert_item(before.encode(), "k", "resources", scalar_item("new.yaml"), index).decode()
    lines = after.splitlines()
    lines.remove(f"{pad}- new.yaml")
    assert lines == before.splitlines()
    expected = [n for n, _ in elements]
    expected.insert(index, "new.yaml")
    assert YAML(typ="safe").load(after)["resources"] == expected
