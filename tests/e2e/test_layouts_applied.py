"""Repositories of the layouts that differ most: what bootstrap planned is applied, and Flux pulls with it.

Each is a cluster that runs Flux already. The Secret is taken away after `apply`, so the one that arrives is Flux's.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.e2e.cluster import Cluster
from tests.e2e.flux import Flux
from tests.e2e.fluxoperator import config_map_values, release_values
from tests.e2e.operator import Operator
from tests.e2e.site import CREDS, SEALED, Site
from tests.field import (
    applying,
    artifacts,
    byhand,
    gotk,
    operated,
    operated_overlays,
    paths,
    values,
)
from tests.field.layout import Layout
from tests.support.githttp import GitServer, Repository


@pytest.fixture
def site(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, tmp_path: Path
) -> Iterator[Site]:
    """A cluster, and an empty repository for it."""
    made = Site(fresh_cluster, fresh_flux, repository, Operator(repository, tmp_path / "operator"))
    yield made
    made.close()


def assert_arrives(site: Site, path: str, *flags: str) -> None:
    """Bootstrap *path*, and see the Secret in the cluster and on every ServiceAccount of Flux."""
    site.give_credentials(path, *flags)
    credentials, pulling = site.arrived()
    assert credentials == CREDS
    assert pulling == dict.fromkeys(site.accounts, True)
    assert site.operator.run("doctor").startswith("gitops-secrets: healthy")


def assert_decrypted(site: Site, name: str, key: str) -> None:
    """The layout's own Secret is still decrypted."""
    data = site.cluster.get("Secret", name, "shop")["data"]
    assert base64.b64decode(data[key]).decode() == SEALED


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        pytest.param(gotk.LAYOUTS["one cluster"], "clusters/prod", id="one cluster"),
        pytest.param(
            gotk.LAYOUTS["the path lists its files"], "clusters/prod", id="the path lists its files"
        ),
        pytest.param(gotk.LAYOUTS["the top itself"], ".", id="the top itself"),
        pytest.param(
            artifacts.LAYOUTS["only folders are let through"], "clusters/prod", id=".sourceignore"
        ),
    ],
)
def test_flux_bootstrap(site: Site, layout: Layout, path: str) -> None:
    site.commit(layout.files)
    site.bootstrapped(path)
    assert_arrives(site, path)


def test_one_of_several_clusters(site: Site) -> None:
    """Both are bootstrapped in one commit; this is the cluster of one of them, and has its identity only."""
    site.commit(gotk.LAYOUTS["several clusters"].files)
    site.bootstrapped("clusters/production")
    assert_arrives(site, "clusters/production", "--all")
    keys = site.cluster.get("Secret", "sops-age", "flux-system")["data"]
    assert len(keys) == 1


def test_a_sync_file_in_a_folder_of_shared_files(site: Site) -> None:
    site.commit(gotk.LAYOUTS["elsewhere than it reads"].files)
    site.installed()
    site.by_hand("shared/flux-system")
    assert_arrives(site, "fleets/west")


@pytest.mark.parametrize(
    ("name", "kustomization"),
    [("a variable in a path", "site"), ("a component of Flux in a namespace", "apps")],
)
def test_what_the_layout_encrypted_is_still_decrypted(
    site: Site, name: str, kustomization: str
) -> None:
    """By post-build substitution, and by a component of a Kustomization."""
    site.commit(paths.LAYOUTS[name].files)
    site.installed()
    site.give_identity()
    site.bootstrapped("clusters/prod")
    site.flux.wait_ready(kustomization)
    assert_arrives(site, "clusters/prod")
    assert_decrypted(site, "db", "token")


def test_an_identity_of_the_controllers_own(site: Site) -> None:
    """kustomize-controller runs with --sops-age-secret, and the Kustomizations name no Secret."""
    site.commit(applying.LAYOUTS["an identity of the controller's own"].files)
    site.flux.install()
    site.give_identity("keys")
    site.flux.start("--sops-age-secret=keys")
    site.bootstrapped("clusters/prod")
    site.flux.wait_ready("apps")
    assert_arrives(site, "clusters/prod")
    assert_decrypted(site, "db", "token")


def test_a_root_by_hand_with_flux_manifests_and_spec_ignore(
    site: Site, git_server: GitServer
) -> None:
    """Flux's manifests are an artifact of their own, which a Kustomization patches and applies."""
    manifests = git_server.create(f"manifests-of-{site.repository.folder.stem}")
    manifests.commit({"gotk-components.yaml": site.cluster.binaries.components.read_text()})
    site.flux.source.follow(manifests.folder, "flux-manifests", kind="OCIRepository")
    site.commit(byhand.LAYOUTS["a home cluster"].files)
    site.installed()
    site.give_identity()
    site.by_hand("kubernetes/flux/config", "home")
    site.flux.wait_ready("cluster-apps")
    assert_arrives(site, "kubernetes/flux")
    assert_decrypted(site, "db", "token")


def test_a_root_by_hand_beside_gotk_components(site: Site) -> None:
    site.commit(byhand.LAYOUTS["gotk-components without a sync"].files)
    site.installed()
    site.by_hand("clusters/lab/flux-system", "lab")
    assert_arrives(site, "clusters/lab")


def test_an_artifact_of_one_folder_without_a_path(site: Site) -> None:
    """`make push` pushes deploy/local, and every path counts from there."""
    site.commit(artifacts.LAYOUTS["pushed by make"].files)
    site.installed()
    site.flux.source.follow(site.repository.folder, kind="OCIRepository", folder="deploy/local")
    site.apply("deploy/local/flux-system")
    assert_arrives(site, "deploy/local")


@pytest.mark.parametrize(
    ("layout", "root"),
    [
        pytest.param(operated.LAYOUTS["an object"], "clusters/prod/flux.yaml", id="an object"),
        pytest.param(operated_overlays.LAYOUTS["a patch in a file"], "flux/prod", id="of a base"),
    ],
)
def test_a_flux_instance(site: Site, layout: Layout, root: str) -> None:
    site.commit(layout.files)
    site.operated(root)
    assert_arrives(site, "clusters/prod")


def test_a_flux_instance_that_reads_an_artifact_of_one_folder(site: Site) -> None:
    """A workflow pushes kubernetes/, which the FluxInstance syncs from."""
    site.commit(artifacts.LAYOUTS["pushed by a workflow"].files)
    site.operated("kubernetes/clusters/hub/flux.yaml", "OCIRepository", "kubernetes")
    assert_arrives(site, "kubernetes/clusters/hub")


def test_the_chart_flux_instance_in_a_helm_release(site: Site) -> None:
    site.commit(operated.LAYOUTS["a release with patches"].files)
    site.charted(release_values, _yaml(site, operated.FILE)["spec"]["values"])
    assert_arrives(site, operated.CLUSTER)


def test_the_chart_flux_instance_with_generated_values(site: Site) -> None:
    site.commit(values.LAYOUTS["by a generator"].files)
    site.charted(config_map_values, _yaml(site, f"{values.HOME}/helm-values.yaml"))
    assert_arrives(site, values.CLUSTER)


def _yaml(site: Site, path: str) -> Any:
    return YAML(typ="safe").load((site.operator.clone / path).read_text())
