"""The entry for Flux's catalog of plugins: what its schema and its checks ask, and what this product says of itself."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from gitops_secrets import __version__

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "flux-plugin"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LISTED = {"name", "description", "homepage", "source"}
TYPES = {"apiVersion", "kind"}


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return document


def test_the_manifest_has_what_the_catalog_asks_for() -> None:
    manifest = read("secrets.yaml")
    assert set(manifest) == {*TYPES, *LISTED, "bin", "versions"}
    assert (manifest["apiVersion"], manifest["kind"]) == ("cli.fluxcd.io/v1beta1", "Plugin")
    assert re.fullmatch(r"[a-z][a-z0-9-]*", manifest["name"])
    assert all(manifest[field].startswith("https://") for field in ("homepage", "source"))
    for version in manifest["versions"]:
        assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+(-.+)?", version["version"])
        for platform in version["platforms"]:
            assert set(platform) == {"os", "arch", "url", "checksum"}
            assert platform["url"].startswith("https://")
            assert re.fullmatch(r"sha256:[a-f0-9]{64}", platform["checksum"])


def test_the_list_says_the_same_as_the_manifest() -> None:
    manifest, catalog = read("secrets.yaml"), read("catalog.yaml")
    assert (catalog["apiVersion"], catalog["kind"]) == (manifest["apiVersion"], "PluginCatalog")
    listed = {field: manifest[field] for field in LISTED}
    assert catalog["plugins"] == [{**listed, "license": PROJECT["license"]}]


def test_the_newest_version_is_this_one_and_its_file_is_the_one_here() -> None:
    manifest = read("secrets.yaml")
    newest = manifest["versions"][0]
    assert newest["version"] == __version__
    checksum = hashlib.sha256((FOLDER / manifest["bin"]).read_bytes()).hexdigest()
    end = f"/gitops-secrets/v{__version__}/docs/flux-plugin/{manifest['bin']}"
    assert {p["checksum"] for p in newest["platforms"]} == {f"sha256:{checksum}"}
    assert all(p["url"].endswith(end) for p in newest["platforms"])


def test_its_name_is_that_of_the_script_that_is_installed() -> None:
    manifest = read("secrets.yaml")
    assert manifest["bin"] == f"flux-{manifest['name']}"
    assert manifest["bin"] in PROJECT["scripts"]
