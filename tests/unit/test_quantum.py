"""Which Flux reads a post-quantum identity, and how a line names its recipient."""

from __future__ import annotations

import pytest

from gitops_secrets.core.sops.keys.recipients import shorten, too_old

PQ = "age1pq1" + "q" * 1952
X25519 = "age1" + "q" * 58


def components(version: str) -> bytes:
    return f"metadata:\n  labels:\n    app.kubernetes.io/version: {version}\n".encode()


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("v2.8.9", "v2.8"),
        ("'v1.0.0'", "v1.0"),
        ("v2.9.0", None),
        ("v2.10.1", None),
        ("v3.0.0", None),
    ],
)
def test_flux_reads_them_from_2_9_on(version: str, said: str | None) -> None:
    assert too_old(components(version), [PQ]) == said


def test_one_recipient_of_the_old_kind_is_enough() -> None:
    assert too_old(components("v2.8.0"), [PQ, X25519]) is None


def test_nothing_is_said_of_a_flux_that_is_not_known() -> None:
    assert too_old(b"", [PQ]) is None
    assert too_old(components("v2.8.0"), []) is None


def test_a_line_names_it_by_both_ends() -> None:
    assert shorten(PQ) == "age1pq1qqqqqqqqqqqqqqq...qqqqqq"
    assert shorten(X25519) == X25519
