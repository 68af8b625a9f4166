"""What Flux would build of a drawn tree, compared with what ``kubectl kustomize`` builds of it."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import NamedTuple

import yaml

from gitops_secrets.core.doctor.checks import builds, places
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.kustomizations import kustomizations_in
from gitops_secrets.core.flux.making import made
from gitops_secrets.core.flux.objects import normalise
from gitops_secrets.core.flux.roots.root import Installer, Root
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import items, text
from tests.e2e.tools.build import Binaries
from tests.e2e.trees import TOP, Drawn

TREES = 500
DRAWN_BY = os.environ.get("GITOPS_SECRETS_TREES", "the same trees in each run")
"""The seed of the trees: another one is a search for what kustomize does and the reader does not know."""
ROOT = f"""\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: root, namespace: root}}
spec: {{path: ./{TOP}, prune: true, sourceRef: {{kind: GitRepository, name: here}}}}
"""
Id = tuple[str, str, str]
_NOT_LOOKED_FOR = (
    "multiple matches for Id",
    "multiple matches for selector",
    "nothing selected by",
    "is missing for replacement source",
)
"""Refusals that are not looked for: names on the way decide whether there is one object, or several."""


class Built(NamedTuple):
    """What comes out of a tree."""

    refusals: tuple[str, ...]
    objects: list[Id]
    """Kind, namespace and name, without what is generated."""
    fields: dict[Id, tuple[object, ...]]
    """Path, decryption and target of each Kustomization of Flux, the pull Secrets of each ServiceAccount."""


def ours(files: dict[str, str]) -> Built:
    tree = Overlay(list(files), lambda path: files[path].encode() if path in files else None)
    [own] = kustomizations_in(ROOT.encode(), "root.yaml")
    view = View(tree, roots=[Root(Cluster(TOP), own, Installer.EXTERNAL, None)])
    given = Given(view, {}, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    refusals = [
        d.message
        for check in (places.check, builds.check)
        for d in check(given)
        if d.check == "kustomization"
    ]
    applied = view.applied[0]
    fetched = view.fetched(applied.cluster)
    objects = [
        _named(found.kind, *found.names[-1])
        for found in builds.placed(applied, fetched)
        if not builds.is_deleted(fetched, found, len(found.route))
    ]
    fields: dict[Id, tuple[object, ...]] = {
        _named("Kustomization", a.kustomization.namespace, a.kustomization.name): (
            a.kustomization.path,
            a.kustomization.decryption_provider,
            a.kustomization.decryption_secret,
            a.kustomization.target_namespace,
        )
        for a in view.applied[1:]
    }
    for file in applied.reach.files:
        for node in view.objects(file, "ServiceAccount"):
            for route in applied.reach.routes[file]:
                found = made(fetched, applied.reach, route, None, node)
                if found is not None:
                    secrets = items(found[0], "imagePullSecrets")
                    identity = _named("ServiceAccount", *found[1])
                    fields[identity] = tuple(text(s, "name") for s in secrets)
    return Built(tuple(refusals), sorted(objects), fields)


def theirs(kubectl: Path, folder: Path, files: dict[str, str]) -> Built:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    done = subprocess.run(
        [kubectl, "kustomize", folder / TOP], capture_output=True, text=True, check=False, env={}
    )
    if done.returncode:
        return Built((done.stderr,), [], {})
    documents = [d for d in yaml.safe_load_all(done.stdout) if d]
    objects: list[Id] = []
    fields: dict[Id, tuple[object, ...]] = {}
    for found in documents:
        metadata = found["metadata"]
        identity = _named(found["kind"], metadata.get("namespace"), metadata["name"])
        if "gen" in metadata["name"]:
            continue
        objects.append(identity)
        if found["kind"] == "Kustomization":
            decryption = found["spec"].get("decryption") or {}
            fields[identity] = (
                normalise(found["spec"]["path"]),
                decryption.get("provider"),
                (decryption.get("secretRef") or {}).get("name"),
                found["spec"].get("targetNamespace"),
            )
        elif found["kind"] == "ServiceAccount":
            secrets = found.get("imagePullSecrets") or ()
            fields[identity] = tuple(entry["name"] for entry in secrets)
    return Built((), sorted(objects), fields)


def _named(kind: str, namespace: str | None, name: str) -> Id:
    return kind, "" if kind == "Namespace" else namespace or "default", name


def _difference(mine: Built, real: Built) -> str | None:
    if not mine.refusals and any(
        part in words for words in real.refusals for part in _NOT_LOOKED_FOR
    ):
        return None
    if bool(mine.refusals) != bool(real.refusals):
        return f"refusals: we {mine.refusals}, kustomize {real.refusals}"
    if real.refusals:
        return None
    if mine.objects != real.objects:
        return f"objects: we {mine.objects}, kustomize {real.objects}"
    if mine.fields != real.fields:
        return f"fields: we {mine.fields}, kustomize {real.fields}"
    return None


def test_drawn_trees_come_out_as_kustomize_builds_them(binaries: Binaries, tmp_path: Path) -> None:
    kubectl = binaries.path("kubectl")
    trees = [Drawn(Random(f"{DRAWN_BY} {number}")).files for number in range(TREES)]
    with ThreadPoolExecutor(2) as pool:
        real = list(
            pool.map(lambda n: theirs(kubectl, tmp_path / str(n), trees[n]), range(len(trees)))
        )
    wrong = []
    for number, files in enumerate(trees):
        found = _difference(ours(files), real[number])
        if found is not None:
            wrong.append(f"tree {number} in {tmp_path / str(number)}: {found}")
    assert sum(not built.refusals for built in real) > TREES / 3, "enough trees build"
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong[:20])
