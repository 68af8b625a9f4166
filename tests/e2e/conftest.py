"""Fixtures of the end-to-end tests: see README.md for what runs for real.

Cheapest first: ``cluster`` and ``flux`` are shared by the session, and each test works in a
``namespace`` of its own. A test that needs flux-system for itself, or a cluster where nothing is
yet, takes ``fresh_cluster`` or ``fresh_flux``: a new cluster starts in two to three seconds, and
no amount of deleting leaves one as clean.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.applier import Applier
from tests.e2e.cluster import Cluster
from tests.e2e.encrypted import Identity, make_identity
from tests.e2e.flux import Flux
from tests.e2e.hints.live import Living
from tests.e2e.live import Live
from tests.e2e.operator import Operator
from tests.e2e.tools.build import Binaries, build
from tests.support.githttp import GitServer, Repository

collect_ignore = [] if os.environ.get("GITOPS_SECRETS_ZOT") else ["test_zot.py"]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def binaries(pytestconfig: pytest.Config) -> Binaries:
    """The built programs; builds those that are missing (minutes, once), and says so as it does."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        return build()


@pytest.fixture(scope="session")
def cluster(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The session's cluster."""
    with Cluster(binaries, tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def flux(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flux]:
    """Flux, installed and running in the session's cluster."""
    with Flux(cluster, tmp_path_factory.mktemp("flux")) as running:
        running.install()
        running.start()
        yield running


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A new namespace in the session's cluster, with the ServiceAccount default."""
    return cluster.create_namespace(f"test-{next(_numbers)}")


@pytest.fixture
def fresh_cluster(binaries: Binaries, tmp_path: Path) -> Iterator[Cluster]:
    """A new cluster for this test alone."""
    with Cluster(binaries, tmp_path / "cluster") as running:
        yield running


@pytest.fixture
def fresh_flux(fresh_cluster: Cluster, tmp_path: Path) -> Iterator[Flux]:
    """Flux for ``fresh_cluster``, not installed yet: install() and start(), or bootstrap()."""
    with Flux(fresh_cluster, tmp_path / "flux") as running:
        yield running


@pytest.fixture(scope="session")
def git_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    """A Git server over HTTP on loopback."""
    with GitServer(tmp_path_factory.mktemp("git")) as running:
        yield running


@pytest.fixture
def repository(git_server: GitServer) -> Repository:
    """A new, empty repository on the Git server."""
    return git_server.create(f"fleet-{next(_numbers)}")


@pytest.fixture
def identity(binaries: Binaries) -> Identity:
    """A new age identity."""
    return make_identity(binaries)


@pytest.fixture
def live(fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, tmp_path: Path) -> Live:
    """A healthy cluster, in which Flux has decrypted the pull Secret."""
    fresh_flux.bootstrap(repository, "clusters/prod", "--registry=registry.example.com/fluxcd")
    operator = Operator(repository, tmp_path / "operator")
    operator.bootstrap("robot:correct horse battery staple")
    operator.apply(fresh_cluster)
    fresh_flux.wait_ready("pull-secrets", revision=operator.push())
    found = Live(fresh_cluster, fresh_flux, operator)
    assert found.doctor().startswith("gitops-secrets: healthy")
    return found


@pytest.fixture(scope="module")
def ground(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster for the tests of one file, which has the namespace flux-system and no Flux."""
    with Cluster(binaries, tmp_path_factory.mktemp("ground")) as running:
        running.create_namespace("flux-system")
        yield running


@pytest.fixture
def applier(ground: Cluster, tmp_path: Path) -> Iterator[Applier]:
    """A user who applies to ``ground``, where nothing of what he brings is yet."""
    found = Applier(ground, tmp_path / "applier")
    found.clear()
    with found.watched():
        yield found


@pytest.fixture
def first_applier(fresh_cluster: Cluster, tmp_path: Path) -> Iterator[Applier]:
    """A user who applies to a new cluster, which has no namespace flux-system."""
    found = Applier(fresh_cluster, tmp_path / "applier")
    with found.watched():
        yield found


@pytest.fixture(scope="session")
def living(
    binaries: Binaries, git_server: GitServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Living]:
    """A user whose cluster runs Flux, shared by the session: whoever changes something heals it."""
    folder = tmp_path_factory.mktemp("living")
    with Cluster(binaries, folder / "cluster") as cluster, Flux(cluster, folder / "flux") as flux:
        yield Living(folder / "user", cluster, flux, git_server.create("living"))


@pytest.fixture
def operator(repository: Repository, tmp_path: Path) -> Operator:
    """An operator with an empty clone."""
    return Operator(repository, tmp_path / "operator")
