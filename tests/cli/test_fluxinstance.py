"""A repository of the Flux Operator: found without a word, and wired through its FluxInstance."""

from __future__ import annotations

import pytest

from tests.support.user import User

FILE = "clusters/prod/flux.yaml"
INSTANCE = """\
# the fleet's Flux
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata:
  name: flux
  namespace: flux-system
spec:
  distribution:
    version: "2.x"
    registry: registry.corp.example:5000/fluxcd
  sync:
    kind: OCIRepository
    url: oci://registry.corp.example:5000/fleet
    ref: latest
    path: clusters/prod
"""
SECRET = ("bootstrap", "--image-pull-secret", "regcred", "--registry-creds-env", "CREDS")


@pytest.fixture
def operated(user: User) -> User:
    """A repository with a FluxInstance and nothing of flux bootstrap."""
    user.commit({FILE: INSTANCE})
    return user


def test_cluster_registry_and_source_are_read_from_it(operated: User) -> None:
    result = operated.run(*SECRET, env={"CREDS": "robot:password"})
    assert result.status == 0, result.printed
    assert operated.git("show", "--name-only", "--format=").split() == [
        ".sops.yaml",
        FILE,
        "clusters/prod/pull-secrets.yaml",
        "pull-secrets/prod/regcred.sops.yaml",
    ]
    assert operated.read(FILE).startswith(INSTANCE)
    assert "kind: OCIRepository" in operated.read("clusters/prod/pull-secrets.yaml")
    assert operated.credentials() == {"registry.corp.example:5000": "robot:password"}
    assert operated.run("doctor").stdout.startswith("gitops-secrets: healthy")


def test_a_second_run_changes_no_byte(operated: User) -> None:
    operated.run(*SECRET, env={"CREDS": "robot:password"})
    before = operated.state()
    result = operated.run(*SECRET, env={"CREDS": "robot:password"})
    assert (result.status, operated.state()) == (0, before), result.printed


def test_inline_its_decryption_comes_first(operated: User) -> None:
    first = operated.run(*SECRET, "--layout", "inline", env={"CREDS": "robot:password"})
    assert first.status == 0, first.printed
    assert operated.git("show", "--name-only", "--format=").split() == [".sops.yaml", FILE]
    second = operated.run(*SECRET, "--resume", env={"CREDS": "robot:password"})
    assert second.status == 0, second.printed
    assert operated.credentials("clusters/prod/pull-secrets/regcred.sops.yaml")


def test_doctor_sees_accounts_without_the_secret(operated: User) -> None:
    operated.run(*SECRET, env={"CREDS": "robot:password"})
    operated.git("checkout", "--quiet", "HEAD~1", "--", FILE)
    said = operated.run("doctor").stdout
    assert said.startswith("error[service-accounts]: ServiceAccount source-controller and 3 more")
    assert FILE in said


def test_the_overview_lists_it(operated: User) -> None:
    assert "clusters/prod: no pull Secret" in operated.run().stdout


def test_the_flavour_that_is_not_there_is_refused(user: User) -> None:
    result = user.bootstrap("--flavour", "flux-operator")
    assert (result.status, "no FluxInstance syncs clusters/prod" in result.stderr) == (2, True)


def test_a_path_that_is_not_in_the_repository_is_a_problem_of_its_place(user: User) -> None:
    git = INSTANCE.replace("kind: OCIRepository", "kind: GitRepository")
    git = git.replace("oci://registry.corp.example:5000/fleet", "https://git.example.com/fleet.git")
    git = git.replace("ref: latest", "ref: refs/heads/main")
    user.commit({"flux/flux.yaml": git.replace("clusters/prod", "cluster/prod")})
    user.commit({"clusters/prod/apps.yaml": "kind: Namespace\n"})

    doctor, bare = user.run("doctor"), user.run()

    assert doctor.status == 1
    assert doctor.stdout.startswith(
        "warning[orphans]: flux/flux.yaml:2 has Flux read cluster/prod, and this repository has no such folder"
    )
    assert "  cluster/prod: Flux reads it, and there is no such folder\n" in bare.stdout
    assert "\n  gitops-secrets doctor\n" in bare.stdout
    assert "bootstrap" not in bare.stdout
    # The first file there is enough: a folder of a cluster that is new holds little.
    user.commit({"cluster/prod/README.md": "to come\n"})
    assert user.run("doctor").status == 0


def test_the_path_of_an_artifact_says_nothing_of_the_repository(user: User) -> None:
    user.commit({"flux/flux.yaml": INSTANCE})
    assert user.run("doctor").status == 0
