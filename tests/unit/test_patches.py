"""Which objects a patch of kustomize's may apply to: its selectors are Go's regular expressions, anchored."""

from __future__ import annotations

import pytest

from gitops_secrets.core.flux.kustomize.patches import Patch, Subject, Target


@pytest.mark.parametrize(
    ("pattern", "name", "takes"),
    [
        ("", "source-controller", True),
        ("source-controller", "source-controller", True),
        ("source", "source-controller", False),
        ("(source|kustomize)-controller", "kustomize-controller", True),
        ("source|kustomize-controller", "source-controller", False),
        (".*-controller", "source-controller", True),
        (r"\pL+-controller", "source-controller", True),
        ("(?i)SOURCE-.*", "source-controller", True),
        (r"[[:alpha:]]+-controller", "source-controller", True),
        (r"source-controller\z", "source-controller", True),
        ("source-controller", "source-controller\n", False),
        ("(?=source).*", "kustomize-controller", True),  # Go refuses it, and so does kustomize
        ("(a+)+b", "a" * 60, False),
    ],
)
def test_a_selector_is_read_as_kustomize_reads_it(pattern: str, name: str, takes: bool) -> None:
    patch = Patch(0, (), Target("ServiceAccount", pattern))
    assert patch.may_apply(Subject("ServiceAccount", name)) is takes
    assert not patch.may_apply(Subject("Deployment", name))


def test_a_target_knows_an_object_by_its_first_and_its_last_name_only() -> None:
    subject = Subject("Secret", "z-db", "blue", former=(("red", "db"), ("green", "y-db")))
    for namespace, name in (("red", "db"), ("blue", "z-db"), ("red", "z-db")):
        assert Target("Secret", name, namespace).takes(subject)
    assert not Target("Secret", "y-db").takes(subject)
    assert not Target("Secret", namespace="green").takes(subject)
