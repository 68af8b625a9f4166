"""Repositories of very different layouts: one command finds the cluster, makes one commit, and doctor is content."""

from __future__ import annotations

import pytest

from tests.field import artifacts, byhand, gotk, operated, operated_overlays, values
from tests.field.layout import Layout
from tests.support.user import User

SECRET = ("bootstrap", "--image-pull-secret", "regcred", "--registry", "registry.example.com")
HEALTHY = "gitops-secrets: healthy"
STORIES = {
    "a release of flux-instance": operated.LAYOUTS["a release with patches"],
    "a release with anchors": operated.LAYOUTS["a release with anchors"],
    "values in a file": values.LAYOUTS["by a generator"],
    "a helmfile": values.LAYOUTS["a helmfile alone"],
    "an overlay of a FluxInstance": operated_overlays.LAYOUTS["a patch in a file"],
    "by hand, with flux-manifests and spec.ignore": byhand.LAYOUTS["a home cluster"],
    "by hand, with gotk-components": byhand.LAYOUTS["gotk-components without a sync"],
    "a sync file elsewhere": gotk.LAYOUTS["elsewhere than it reads"],
    "an artifact of a subfolder": artifacts.LAYOUTS["pushed by a workflow"],
    "an artifact without a path": artifacts.LAYOUTS["pushed by make"],
    ".sourceignore": artifacts.LAYOUTS["only folders are let through"],
    "another namespace": gotk.LAYOUTS["another namespace"],
    "two clusters": gotk.LAYOUTS["several clusters"],
}


@pytest.mark.parametrize("story", STORIES)
def test_one_command_makes_the_cluster_pull_and_doctor_is_content(user: User, story: str) -> None:
    layout: Layout = STORIES[story]
    user.commit(layout.files)
    every = ("--all",) if len(layout.roots) > 1 else ()
    command = (*SECRET, *every, "--registry-creds-env", "CREDS")
    result = user.run(*command, env={"CREDS": "robot:password"})
    assert result.status == 0, result.printed

    committed = user.git("show", "--name-only", "--format=").split()
    secrets = [path for path in committed if path.endswith("/regcred.sops.yaml")]
    assert len(secrets) == len(layout.roots)
    expected = {".sops.yaml", *secrets}
    for root in layout.roots:
        ours = "pull-secrets.yaml" if root.path == "." else f"{root.path}/pull-secrets.yaml"
        expected |= {ours, str(root.patched), *root.also}
    assert set(committed) == expected
    for path in secrets:
        assert user.credentials(path) == {"registry.example.com": "robot:password"}

    said = user.run("doctor")
    assert (said.status, said.stdout.startswith(HEALTHY)) == (0, True), said.printed
    before = user.state()
    again = user.run(*command, env={"CREDS": "robot:password"})
    assert (again.status, user.state()) == (0, before), again.printed


def test_of_two_clusters_one_is_to_be_named(user: User) -> None:
    user.commit(gotk.LAYOUTS["several clusters"].files)
    result = user.run(*SECRET, "--registry-creds-env", "CREDS", env={"CREDS": "robot:password"})
    assert (result.status, user.commits()) == (2, 1)
    assert "clusters/production, clusters/staging" in result.stderr


def test_what_is_installed_by_something_else_is_named_and_left_alone(user: User) -> None:
    user.commit(operated.LAYOUTS["by Terraform with a root"].files)
    result = user.run(*SECRET, "--registry-creds-env", "CREDS", env={"CREDS": "robot:password"})
    assert (result.status, user.commits()) == (3, 1), result.printed
    assert "flux.tf:3 installs Flux" in result.stderr
    hint = "--flavour external"
    assert f"hint: {hint}\n" in result.stderr
    told = user.run().stdout
    assert "--flavour external\n" in told, told
    done = user.run(
        *SECRET, *hint.split(), "--registry-creds-env", "CREDS", env={"CREDS": "robot:password"}
    )
    assert done.status == 0, done.printed


def test_a_repository_of_components_has_no_cluster(user: User) -> None:
    user.commit(byhand.LAYOUTS["a repository of components"].files)
    result = user.run(*SECRET, "--registry-creds-env", "CREDS", env={"CREDS": "robot:password"})
    assert (result.status, user.commits()) == (2, 1), result.printed
    assert "no cluster is in this repository yet" in result.stderr
