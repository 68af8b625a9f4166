"""The providers that mint: found by their files alone, and described in the docs as in the code."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from gitops_secrets.adapters.registries import providers
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.realm import Origin, Trust, parse_endpoint
from gitops_secrets.core.registry.rotation.minted import Listed, find_old
from gitops_secrets.errors import UsageError

PAGE = Path(__file__).parents[2] / "docs/rotation.md"
PREFIX = "gitops-secrets-fleet-git-example-com-"
DUMMY = """
from gitops_secrets.adapters.registries.providers import About
NAME = "Dummy"
ABOUT = About("a", "b", "c", "d", "e", "f")
def open_minter(access):
    return access
"""


@pytest.mark.parametrize("name", providers.provider_names())
def test_the_docs_say_of_a_provider_what_its_module_says(name: str) -> None:
    row = f"| `{name}` | {' | '.join(providers.about(name))} |"
    assert row in PAGE.read_text().splitlines()


def test_a_provider_is_added_by_its_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = providers.provider_names()
    (tmp_path / "dummy.py").write_text(DUMMY)
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    access = Access(Origin("https", "git.example.com", 443), "", Credentials("robot", "secret"))

    assert providers.provider_names() == tuple(sorted((*before, "dummy")))
    assert providers.open_minter("dummy", access) is access
    assert providers.about("dummy").tried == "f"


def test_the_old_credential_is_known_by_the_last_characters_of_its_secret() -> None:
    old = Credentials("robot", "0123456789abcdef")
    listed = [Listed("1", "mine", tail="89abcdef"), Listed("2", "other", tail="00000000")]
    assert find_old(listed, old, "2", PREFIX) == "1"
    assert find_old(listed, Credentials("robot", "something-else"), "2", PREFIX) is None
    twice = [*listed, Listed("3", "again", tail="89abcdef")]
    assert find_old(twice, old, None, PREFIX) is None


@pytest.mark.parametrize(
    "url",
    ["git.example.com", "ftp://x", "https://u:p@x", "https://x?a=b", "http://git.example.com", ""],
)
def test_an_endpoint_is_an_address_with_tls(url: str) -> None:
    with pytest.raises(UsageError):
        parse_endpoint(url, Trust())


def test_an_endpoint_without_tls_is_named_by_the_user() -> None:
    trust = Trust(plain=frozenset({"127.0.0.1:3000"}))
    origin, path = parse_endpoint("http://127.0.0.1:3000/base/", trust)
    assert (origin.netloc, path) == ("127.0.0.1:3000", "base")
