"""One mapping inside a document is edited, and every byte outside it stays."""

from __future__ import annotations

import pytest

from gitops_secrets.core.yamltext.nested import add_element, add_key, edit_block
from gitops_secrets.core.yamltext.splice import Item, insert_item, scalar_item
from gitops_secrets.errors import InvalidDocumentError

KEYS = ("spec", "kustomize")
WITH = """\
# ours
kind: FluxInstance
spec:
    kustomize:
        # why
        patches:
            - patch: |
                a: 1

                b: 2  # kept
              target: {kind: A}
    wait: true  # after
"""


def add(block: bytes) -> bytes:
    return insert_item(block, "f", "patches", scalar_item("x"))


def test_an_element_is_added_at_the_depth_that_is_there() -> None:
    edited = edit_block(WITH.encode(), "f", KEYS, add).decode()
    assert edited == WITH.replace("target: {kind: A}\n", "target: {kind: A}\n            - x\n")


@pytest.mark.parametrize("ending", ["", "\n", "\n\n# the end\n"])
def test_a_mapping_that_is_missing_is_made(ending: str) -> None:
    edited = edit_block(f"spec:\n  a: 1{ending}".encode(), "f", KEYS, add).decode()
    assert edited.startswith("spec:\n  a: 1\n  kustomize:\n    patches:\n      - x\n")
    assert edited.strip().endswith(ending.strip())


def test_windows_line_ends_stay() -> None:
    edited = edit_block(WITH.replace("\n", "\r\n").encode(), "f", KEYS, add)
    assert edited.count(b"\r\n") == edited.count(b"\n") == WITH.count("\n") + 1


def test_no_change_changes_no_byte() -> None:
    assert edit_block(WITH.encode(), "f", KEYS, lambda block: block) == WITH.encode()


@pytest.mark.parametrize(
    "content", ["spec: {a: 1}\n", "spec:\n  kustomize: {patches: []}\n", "a: 1\n"]
)
def test_what_is_written_in_brackets_is_refused_with_the_fix(content: str) -> None:
    with pytest.raises(
        InvalidDocumentError, match=r"spec\.kustomize is not written in block style"
    ):
        edit_block(content.encode(), "f", KEYS, add)


@pytest.mark.parametrize(
    ("spec", "edited"),
    [
        ("{a: 1m, u: 'oci://x'}  # why", "{a: 1m, u: 'oci://x', ref: {name: regcred}}  # why"),
        ("{a: {b: [c]}, }", "{a: {b: [c]}, ref: {name: regcred}, }"),
        ('{"a": "b"}', '{"a": "b", "ref": {"name": "regcred"}}'),
        ("{\n  a: b,  # why\n  c: d\n}", "{\n  a: b,  # why\n  c: d, ref: {name: regcred}\n}"),
        ("\n  a: b\n# end", "\n  a: b\n  ref:\n    name: regcred\n# end"),
    ],
)
def test_a_key_is_added_in_the_style_that_is_there(spec: str, edited: str) -> None:
    found = add_key(f"k: v\nspec: {spec}\n".encode(), "f", ("spec",), "ref", {"name": "regcred"})
    assert found.decode() == f"k: v\nspec: {edited}\n"


def test_a_list_is_made_in_a_mapping_in_braces() -> None:
    item = Item(("p: |", "  - 'a': 1"), {"p": "- 'a': 1\n"})
    found = add_element(b"spec: {path: ./apps}\n", "f", ("spec",), "patches", item)
    assert found == b"spec: {path: ./apps, patches: [{p: \"- 'a': 1\\n\"}]}\n"


def test_anchors_elsewhere_in_the_document_stay() -> None:
    content = (
        "spec:\n  host: &host a.example\n  url: *host\n  kustomize:\n    patches:\n      - a\n"
    )
    edited = edit_block(content.encode(), "f", KEYS, add).decode()
    assert edited == f"{content}      - x\n"


@pytest.mark.parametrize(
    "content",
    [
        "base: &base\n  kustomize:\n    patches:\n      - a\nspec: *base\n",
        "base: &base\n  patches:\n    - a\nspec:\n  kustomize: *base\n",
        "spec: &base\n  kustomize:\n    patches:\n      - a\nother: *base\n",
        "spec:\n  kustomize: &base\n    patches:\n      - a\nother: *base\n",
        "spec:\n  kustomize:\n    patches: &all\n      - a\n  other: *all\n",
    ],
)
def test_an_edit_that_would_change_two_places_is_refused(content: str) -> None:
    with pytest.raises(InvalidDocumentError):
        edit_block(content.encode(), "f", KEYS, add)
