"""Which entries the kubelet and Flux's library try for an image, in which order."""

from __future__ import annotations

import pytest

from gitops_secrets.core.registry.image import parse_image
from gitops_secrets.core.registry.lookup import Entry, Reader, entries_for
from gitops_secrets.core.registry.reference import Registry


def tried(reader: Reader, image: str, *keys: str) -> list[str]:
    """The keys that are tried of one Secret with *keys*."""
    entries = [Entry("regcred", key, "robot") for key in keys]
    return [entry.key for entry in entries_for(parse_image(image), entries, reader)]


@pytest.mark.parametrize(
    ("image", "keys", "order"),
    [
        ("ghcr.io/a/b:1", ["ghcr.io", "ghcr.io/a", "quay.io"], ["ghcr.io/a", "ghcr.io"]),
        (
            "ghcr.io/a/b",
            ["https://ghcr.io/v2/", "*.io", "ghcr.io:443"],
            ["https://ghcr.io/v2/", "*.io"],
        ),
        ("r.example.com:5000/a", ["r.example.com", "*.example.com:5000"], ["*.example.com:5000"]),
        ("r.example.com/team-b/x", ["r.example.com/team"], ["r.example.com/team"]),
        ("r.example.com/team", ["r.example.com/team/"], []),
        ("a.b.example.com/x", ["*.example.com"], []),
        # Docker Hub by the name that its images have, and only if there is none by the other.
        ("alpine", ["https://index.docker.io/v1/"], ["https://index.docker.io/v1/"]),
        ("alpine", ["index.docker.io", "docker.io"], ["docker.io"]),
        ("team/app", ["docker.io/team", "docker.io/other"], ["docker.io/team"]),
        (
            "index.docker.io/alpine",
            ["docker.io/library", "docker.io/alpine"],
            ["docker.io/library"],
        ),
        # The host behind Docker Hub is a host like any other.
        (
            "registry-1.docker.io/team/app",
            ["docker.io", "registry-1.docker.io"],
            ["registry-1.docker.io"],
        ),
        ("registry-1.docker.io/team/app", ["https://index.docker.io/v1/"], []),
    ],
)
def test_the_kubelet_tries_all_that_match_the_more_specific_first(
    image: str, keys: list[str], order: list[str]
) -> None:
    assert tried(Reader.KUBELET, image, *keys) == order


@pytest.mark.parametrize(
    ("image", "keys", "order"),
    [
        ("ghcr.io/a/b:1", ["ghcr.io", "ghcr.io/a"], ["ghcr.io/a"]),
        ("alpine", ["https://index.docker.io/v1/", "docker.io"], ["https://index.docker.io/v1/"]),
        ("alpine", ["docker.io"], []),
        ("quay.io/a", ["ghcr.io"], []),
    ],
)
def test_source_controller_takes_one(image: str, keys: list[str], order: list[str]) -> None:
    assert tried(Reader.SOURCE_CONTROLLER, image, *keys) == order


def test_of_two_secrets_the_first_comes_first() -> None:
    entries = [Entry("b", "ghcr.io", "one"), Entry("a", "https://ghcr.io", "two")]
    image = parse_image("ghcr.io/a/b")
    assert [e.user for e in entries_for(image, entries, Reader.KUBELET)] == ["one", "two"]
    assert [e.user for e in entries_for(image, entries, Reader.SOURCE_CONTROLLER)] == ["one"]


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("https://r.example.com:5000/v2/", "r.example.com:5000"),
        ("r.example.com/team", "r.example.com"),
    ],
)
def test_the_host_of_a_key_whatever_its_spelling(key: str, host: str) -> None:
    assert Registry(key).host == host
