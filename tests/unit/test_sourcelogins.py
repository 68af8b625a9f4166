"""What the sources of Flux log in with, as source-controller and image-reflector-controller decide it."""

from __future__ import annotations

import pytest

from gitops_secrets.core.flux.kustomizations import kustomizations_in
from gitops_secrets.core.flux.pulls.logins import Held, Login, Outcome, login_of, reads
from gitops_secrets.core.flux.pulls.sources import RegistrySource, registry_sources
from gitops_secrets.core.flux.pulls.workloads import accounts_of
from gitops_secrets.core.flux.roots.root import Installer, Root
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.registry.image import parse_image
from gitops_secrets.core.registry.lookup import Entry
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay

ROOT = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: root, namespace: apps}
spec: {path: ./apps, prune: true, sourceRef: {kind: GitRepository, name: here}}
"""
ACCOUNTS = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: puller, namespace: apps}
imagePullSecrets: [{name: second}, {name: third}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: bare, namespace: apps}
"""
R = "registry.example.com"
IMAGE = ("ImageRepository", f"image: {R}/team/web")
OCI = ("OCIRepository", f"url: oci://{R}/team/web")
CHARTS = ("HelmRepository", f"type: oci, url: oci://{R}/charts")
HELD: Held = {
    ("apps", "first"): (Entry("first", R, "one"),),
    ("apps", "second"): (Entry("second", R, "two"), Entry("second", f"{R}/team", "near")),
    ("apps", "third"): (Entry("third", "ghcr.io", "three"),),
    ("apps", "paths"): (Entry("paths", f"{R}/a", "a"), Entry("paths", f"https://{R}/b", "b")),
    ("apps", "glob"): (Entry("glob", "*.example.com", "any"),),
    ("apps", "hub"): (Entry("hub", "https://index.docker.io/v1/", "hub"),),
    ("apps", "closed"): None,
}
FIRST, SECOND, THIRD = (f"secretRef: {{name: {name}}}" for name in ("first", "second", "third"))
BY_ACCOUNT, BARE = "serviceAccountName: puller", "serviceAccountName: bare"


def seen(kind: str, *fields: str) -> tuple[RegistrySource, Login]:
    """The source of *kind* with *fields* in its spec, and what it logs in with."""
    files = {
        "apps/source.yaml": (
            f"apiVersion: example.com/v1\nkind: {kind}\nmetadata: {{name: web, namespace: apps}}\nspec: {{{', '.join(fields)}}}\n"
        ),
        "apps/accounts.yaml": ACCOUNTS,
    }
    tree = Overlay(list(files), lambda path: files[path].encode() if path in files else None)
    [own] = kustomizations_in(ROOT.encode(), "root.yaml")
    cluster = Cluster("apps")
    view = View(tree, roots=[Root(cluster, own, Installer.EXTERNAL, None)])
    [source] = registry_sources(view, cluster)
    return source, login_of(source, accounts_of(view, cluster), HELD)


@pytest.mark.parametrize("kind", [IMAGE, OCI])
@pytest.mark.parametrize(
    ("fields", "user"),
    [
        ([FIRST], "one"),
        ([SECOND], "near"),
        ([BY_ACCOUNT], "near"),
        # Keys are compared across all Secrets: the longer one of the account wins over the secretRef's.
        ([FIRST, BY_ACCOUNT], "near"),
    ],
)
def test_the_secret_ref_and_then_the_account_make_one_keyring(
    kind: tuple[str, str], fields: list[str], user: str
) -> None:
    login = seen(*kind, *fields)[1]
    assert (login.outcome, [e.user for e in login.entries]) == (Outcome.ENTRY, [user])


@pytest.mark.parametrize("kind", [IMAGE, OCI])
@pytest.mark.parametrize("fields", [[], [THIRD], [BARE], ["provider: generic"]])
def test_without_an_entry_it_reads_without_credentials(
    kind: tuple[str, str], fields: list[str]
) -> None:
    assert seen(*kind, *fields)[1].outcome is Outcome.ANONYMOUS


@pytest.mark.parametrize(
    ("kind", "fields", "outcome"),
    [
        (IMAGE, [], Outcome.CLOUD),
        (OCI, [], Outcome.CLOUD),
        (CHARTS, [], Outcome.CLOUD),
        (OCI, [BARE], Outcome.CLOUD),
        # image-reflector-controller reads no Secret beside a cloud, source-controller no cloud beside a Secret.
        (IMAGE, [FIRST], Outcome.CLOUD),
        (OCI, [FIRST], Outcome.ENTRY),
        (CHARTS, [FIRST], Outcome.ENTRY),
        (OCI, [THIRD], Outcome.ANONYMOUS),
    ],
)
def test_a_cloud_beside_a_secret(
    kind: tuple[str, str], fields: list[str], outcome: Outcome
) -> None:
    assert seen(*kind, "provider: aws", *fields)[1].outcome is outcome


@pytest.mark.parametrize("name", ["closed", "elsewhere"])
def test_a_secret_that_is_not_open_here_is_no_proof_of_anything(name: str) -> None:
    assert seen(*IMAGE, f"secretRef: {{name: {name}}}")[1].outcome is Outcome.UNKNOWN


def test_an_account_that_git_has_not_is_not_known() -> None:
    assert seen(*IMAGE, FIRST, "serviceAccountName: gone")[1].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("secret", "outcome", "users"),
    [
        ("first", Outcome.ENTRY, ["one"]),
        # The host itself wins, whatever the path of another key.
        ("second", Outcome.ENTRY, ["two"]),
        ("paths", Outcome.ENTRY, ["a", "b"]),
        ("glob", Outcome.FAILS, []),
        ("third", Outcome.FAILS, []),
    ],
)
def test_for_charts_only_the_host_counts(secret: str, outcome: Outcome, users: list[str]) -> None:
    login = seen(*CHARTS, f"secretRef: {{name: {secret}}}")[1]
    assert (login.outcome, [e.user for e in login.entries]) == (outcome, users)


@pytest.mark.parametrize(
    ("host", "outcome"),
    [
        ("docker.io", Outcome.FAILS),
        ("registry-1.docker.io", Outcome.FAILS),
        ("index.docker.io", Outcome.ENTRY),
    ],
)
def test_charts_of_docker_hub_find_its_key_by_one_of_its_names(host: str, outcome: Outcome) -> None:
    charts = f"type: oci, url: oci://{host}/charts"
    assert seen("HelmRepository", charts, "secretRef: {name: hub}")[1].outcome is outcome


@pytest.mark.parametrize(
    ("host", "outcome"), [("docker.io", Outcome.ENTRY), ("registry-1.docker.io", Outcome.ANONYMOUS)]
)
def test_an_image_of_docker_hub_finds_its_key_by_one_name(host: str, outcome: Outcome) -> None:
    found = seen("ImageRepository", f"image: {host}/team/web", "secretRef: {name: hub}")[1]
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("kind", "image", "is_read"),
    [
        (IMAGE, f"{R}/team/web:1", True),
        (IMAGE, f"{R}/team/web2", False),
        (OCI, f"{R}/team/web", True),
        (OCI, "other.example.com/team/web", False),
        (CHARTS, f"{R}/charts/shop", True),
        (CHARTS, f"{R}/charts2/shop", False),
        (("HelmRepository", f"type: oci, url: oci://{R}"), f"{R}/shop", True),
        (
            ("HelmRepository", "type: oci, url: oci://registry-1.docker.io/team"),
            "docker.io/team/shop",
            True,
        ),
        (("OCIRepository", "url: oci://registry-1.docker.io/team/web"), "docker.io/team/web", True),
        (("OCIRepository", "url: oci://registry-1.docker.io/team/web"), "ghcr.io/team/web", False),
    ],
)
def test_which_images_a_source_reads(kind: tuple[str, str], image: str, is_read: bool) -> None:
    assert reads(seen(*kind)[0], parse_image(image)) is is_read
