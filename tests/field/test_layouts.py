"""Each layout: its roots are found, doctor says what is true of it, and a bootstrap does what it is for."""

from __future__ import annotations

import datetime as dt
from typing import cast

import pytest

from gitops_secrets.commands.bootstrap.model import ClusterOutcome
from gitops_secrets.commands.bootstrap.proof import prove
from gitops_secrets.commands.key.identities import ClusterIdentity
from gitops_secrets.commands.secrets.pull_secret import Registries
from gitops_secrets.core.doctor.examine import examine
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.roots.find import find_roots
from gitops_secrets.core.flux.roots.housing import housed
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import PULL_SECRETS
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.wiring.wire import read_known, wire
from gitops_secrets.errors import GitOpsSecretsError
from tests.field import layouts
from tests.field.layout import Expected, Files, Layout, pull_secret

LAYOUTS = layouts()
ALL = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
SECRET = "regcred"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def tree_of(files: Files) -> Overlay:
    return Overlay(list(files), lambda path: files[path].encode() if path in files else None)


def said(tree: Overlay) -> list[str]:
    """What doctor says of *tree*, a line each."""
    return [
        f"{d.check}: {d.message} ({', '.join(d.evidence)})"
        for d in examine(Given(View(tree), {}, NOW))
    ]


def assert_said(tree: Overlay, expected: tuple[str, ...]) -> None:
    lines = said(tree)
    wanted = [entry.partition(": ") for entry in expected]
    fits = len(lines) == len(wanted) and all(
        line.startswith(f"{check}: ") and word in line
        for line, (check, _, word) in zip(lines, wanted, strict=True)
    )
    assert fits, "\n".join([*lines, "expected:", *expected])


def bootstrapped(tree: Overlay, root: Root, secret: str = SECRET) -> ClusterOutcome:
    """Plan a bootstrap of *root* over *tree*, its encrypted Secret included."""
    cluster = root.cluster
    if cluster.kustomization_file not in tree.files():
        cluster = housed(tree, root, cluster)
    wired = wire(
        tree, cluster, secret, None, None, known=read_known(tree, find_roots(tree), [cluster])
    )
    file = cluster.secret_file(secret)
    namespace = wired.installation.namespace
    if tree.read(file) is None:
        tree.write(file, pull_secret(secret, namespace).encode())
    nobody = cast("ClusterIdentity", None)
    return ClusterOutcome(cluster, namespace, file, Registries(), (), nobody, wired)


@ALL
def test_its_roots_are_found(layout: Layout) -> None:
    found = {(r.cluster.path, r.installer.value, r.base) for r in find_roots(tree_of(layout.files))}
    assert found == {(e.path, e.installer, e.base) for e in layout.roots}, layout.shape


@ALL
def test_doctor_says_what_is_true(layout: Layout) -> None:
    assert_said(tree_of(layout.files), layout.said)


@pytest.mark.parametrize(
    ("layout", "expected"),
    [(layout, e) for layout in LAYOUTS.values() for e in layout.roots],
    ids=[f"{name} {e.path}" for name, layout in LAYOUTS.items() for e in layout.roots],
)
def test_a_bootstrap_does_what_it_is_for(layout: Layout, expected: Expected) -> None:
    tree = tree_of(layout.files)
    root = next(r for r in find_roots(tree) if r.cluster.path == expected.path)
    if expected.patched is None:
        with pytest.raises(GitOpsSecretsError) as refusal:
            prove(tree, find_roots(tree), bootstrapped(tree, root))
        words = " ".join([refusal.value.message, *refusal.value.hints])
        assert expected.refused, words
        assert expected.refused in words
        return
    outcome = bootstrapped(tree, root)
    prove(tree, find_roots(tree), outcome)

    cluster = outcome.cluster
    own = {cluster.kustomization_file, outcome.secret_file}
    changed = {change.path for change in tree.changes()} - own
    assert changed == {expected.patched, *expected.also}
    assert outcome.secret_file.startswith("/".join(filter(None, (expected.home, PULL_SECRETS, ""))))
    assert outcome.wired.installation.namespace == expected.namespace
    read = outcome.wired.installation.source
    assert f"{read.kind}/{read.name}" == expected.source
    assert SECRET in (tree.read(expected.patched) or b"").decode()
    assert_said(tree, layout.said)

    after = {path: (tree.read(path) or b"").decode() for path in tree.files()}
    again = tree_of(after)
    root = next(r for r in find_roots(again) if r.cluster.path == expected.path)
    bootstrapped(again, root)
    assert again.changes() == (), "a second run changes nothing"
