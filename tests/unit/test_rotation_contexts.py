"""Which cluster a --context of registry rotate names."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_secrets.commands.registry.rotation.confirming import contexts_of
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.commands.repository.clusters import Choice
from gitops_secrets.core.registry.reference import Registry
from gitops_secrets.errors import UsageError

ONE, TWO = ("clusters/prod",), ("clusters/prod", "clusters/stage")


def request(*contexts: str, confirmed: tuple[str, ...] = ()) -> Request:
    return Request(
        Path(),
        Choice((), all_clusters=False),
        None,
        Registry("registry.example.com"),
        "",
        contexts=contexts,
        confirmed=frozenset(confirmed),
    )


@pytest.mark.parametrize(
    ("contexts", "clusters", "found"),
    [
        (("prod",), ONE, {"clusters/prod": "prod"}),
        (("clusters/prod=p",), ONE, {"clusters/prod": "p"}),
        (("user=admin@prod",), ONE, {"clusters/prod": "user=admin@prod"}),
        (
            ("clusters/prod=p", "clusters/stage=a=b"),
            TWO,
            {"clusters/prod": "p", "clusters/stage": "a=b"},
        ),
    ],
)
def test_a_context_is_of_a_path_or_of_the_only_cluster(
    contexts: tuple[str, ...], clusters: tuple[str, ...], found: dict[str, str]
) -> None:
    assert contexts_of(request(*contexts), clusters) == found


def test_of_several_clusters_each_context_says_which() -> None:
    with pytest.raises(UsageError, match="does not say which"):
        contexts_of(request("prod"), TWO)


def test_a_path_that_does_not_hold_the_credential_is_refused() -> None:
    for wrong in (request("clusters/dev=d"), request(confirmed=("clusters/dev",))):
        with pytest.raises(UsageError, match="clusters/dev does not hold this credential"):
            contexts_of(wrong, TWO)
