"""Which fields a path of kustomize's replacements means, and what is made of them."""

from __future__ import annotations

import pytest

from gitops_secrets.core.flux.kustomize.fieldpaths import changed_at, split_path, value_at
from gitops_secrets.core.flux.kustomize.mutate import as_node
from gitops_secrets.core.flux.kustomize.replacements import OPEN, Made, read_replacements

POD = {"containers": [{"name": "app", "image": "a:1"}, {"name": "apple", "image": "b:1"}]}


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("metadata.name", ["metadata", "name"]),
        ("containers.[name=a.b/c].image", ["containers", "[name=a.b/c]", "image"]),
        ("metadata.annotations.[a.b/c]", ["metadata", "annotations", "a.b/c"]),
        (r"metadata.annotations.a\.b/c", ["metadata", "annotations", "a.b/c"]),
    ],
)
def test_a_dot_between_brackets_or_after_a_backslash_is_part_of_a_name(
    path: str, steps: list[str]
) -> None:
    assert split_path(path) == steps


def test_a_source_names_its_element_in_full_and_a_target_by_a_pattern() -> None:
    steps = ["containers", "[name=app]", "image"]
    assert value_at(POD, steps) == "a:1"
    assert value_at(POD, ["containers", "1", "image"]) == "b:1"
    assert value_at(POD, ["containers", "[name=ap]", "image"]) is None
    changed = changed_at(POD, steps, lambda _old: "new", create=False)
    assert [value_at(changed, ["containers", n, "image"]) for n in "01"] == ["new", "new"]


def test_what_is_not_there_is_made_on_demand_only() -> None:
    steps = ["spec", "decryption", "secretRef", "name"]
    assert changed_at({}, steps, lambda _old: "age", create=False) == {}
    made = changed_at({}, steps, lambda _old: "age", create=True)
    assert made == {"spec": {"decryption": {"secretRef": {"name": "age"}}}}
    listed = changed_at({}, ["list", "[name=a]", "b"], lambda _old: "c", create=True)
    assert listed == {"list": [{"name": "a", "b": "c"}]}
    assert changed_at(POD, ["containers", "9"], lambda _old: "c", create=True) == POD


@pytest.mark.parametrize(
    ("path", "copied"),
    [("metadata.name", "regcred"), ("stringData.password", OPEN), ("data", OPEN)],
)
def test_no_value_of_a_secret_is_copied(path: str, copied: str) -> None:
    """What a replacement copies may be a name or a path, which findings quote."""
    entry = {"source": {"kind": "Secret", "fieldPath": path}, "targets": []}
    [found] = read_replacements(as_node({"replacements": [entry]}), lambda _name: b"")
    value = {
        "metadata": {"name": "regcred"},
        "stringData": {"password": "hunter2"},
        "data": {"password": "aHVudGVyMg=="},
    }
    assert found.value([Made("v1", "Secret", (("", "regcred"),), value)]) == copied
