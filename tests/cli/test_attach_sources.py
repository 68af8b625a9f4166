"""Sources of Flux log in with the pull Secret: the smallest edit where they are made, and a copy in their namespace."""

from __future__ import annotations

import json

import pytest

from tests.field import gotk
from tests.support.fleet import FLUX
from tests.support.user import User

APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
"""
PODINFO = """\
# what the team runs
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: podinfo
  namespace: team-b
spec:
  interval: 5m
  url: oci://registry.example.com/charts/podinfo
---
"""
SOURCES = (
    PODINFO
    + """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec:
  type: oci
  url: oci://registry.example.com/charts
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: web, namespace: team-b}
spec:
  image: registry.example.com/team/web
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: web, namespace: team-b}
spec:
  url: https://registry.example.com/index
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: cloud, namespace: team-b}
spec:
  provider: aws
  url: oci://1.dkr.ecr.eu-west-1.amazonaws.com/app
---
apiVersion: v1
kind: Namespace
metadata: {name: team-b}
"""
)
COPY = "pull-secrets/namespaces/prod/team-b/regcred.sops.yaml"


@pytest.fixture
def fleet(user: User) -> User:
    """A user whose cluster has Flux, its pull Secret and sources in a private registry."""
    user.commit({**gotk.LAYOUTS["one cluster"].files, "clusters/prod/apps.yaml": APPS})
    user.commit({"apps/sources.yaml": SOURCES})
    assert user.bootstrap().status == 0
    return user


def test_a_source_gets_its_secret_ref_and_its_namespace_a_copy_in_one_commit(fleet: User) -> None:
    before = fleet.commits()
    result = fleet.run("attach", "--source", "OCIRepository/podinfo.team-b")

    assert (result.status, fleet.commits()) == (0, before + 1), result.printed
    line = "  url: oci://registry.example.com/charts/podinfo\n"
    edited = SOURCES.replace(line, f"{line}  secretRef:\n    name: regcred\n")
    assert fleet.read("apps/sources.yaml") == edited
    assert fleet.credentials(COPY) == {"registry.example.com": "robot:password"}
    assert "sources    OCIRepository team-b/podinfo" in result.stdout
    # No pod was asked for.
    assert "service-account.yaml" not in fleet.git("show", "--name-only", "--format=")


def test_again_it_changes_nothing(fleet: User) -> None:
    command = ("attach", "--source", "oci/podinfo", "--source", "ImageRepository/web.team-b")
    assert fleet.run(*command).status == 0
    before = fleet.state()
    again = fleet.run(*command)
    assert (again.status, fleet.state()) == (0, before), again.printed
    assert "everything is in place" in again.stdout


def test_a_source_beside_flux_uses_the_secret_that_is_there(fleet: User) -> None:
    result = fleet.run(
        "attach", "--source", "HelmRepository/charts.flux-system", "--output", "json"
    )

    assert result.status == 0, result.printed
    assert fleet.git("show", "--name-only", "--format=").split() == ["apps/sources.yaml"]
    (cluster,) = json.loads(result.stdout)["clusters"]
    assert (cluster["sources"], cluster["namespaces"]) == (
        ["HelmRepository flux-system/charts"],
        [],
    )


@pytest.mark.parametrize(
    ("source", "status", "why"),
    [
        ("HelmRepository/web.team-b", 3, "takes username and password from a Secret"),
        ("OCIRepository/cloud", 3, "logs in with provider aws"),
        ("OCIRepository/podinof", 2, "nothing in Git makes OCIRepository/podinof"),
        ("GitRepository/flux-system", 2, "does not name a source that logs in to a registry"),
        ("FluxInstance/flux", 2, "has no FluxInstance in Git"),
        ("podinfo", 2, "does not name a source"),
    ],
)
def test_what_takes_no_pull_secret_is_refused_with_the_reason(
    fleet: User, source: str, status: int, why: str
) -> None:
    before = fleet.state()
    result = fleet.run("attach", "--source", source)
    assert (result.status, fleet.state()) == (status, before), result.printed
    assert why in result.stderr
    assert "hint: " in result.stderr


def test_the_command_that_doctor_prints_works_for_a_spec_in_braces(fleet: User) -> None:
    spec = 'spec: {interval: 5m, url: "oci://registry.example.com/charts/podinfo"'
    head, _, tail = SOURCES.partition("spec:\n  interval: 5m\n")
    rest = tail.partition("\n")[2]
    fleet.commit({"apps/sources.yaml": f"{head}{spec}}}\n{rest}"})
    hint = "hint: gitops-secrets attach --source OCIRepository/podinfo.team-b"
    line = next(i for i in fleet.run("doctor").stdout.splitlines() if hint in i)

    result = fleet.run(*line.split("hint: gitops-secrets ")[1].split())

    assert result.status == 0, result.printed
    edited = f"{head}{spec}, secretRef: {{name: regcred}}}}\n{rest}"
    assert fleet.read("apps/sources.yaml") == edited


def test_another_secret_ref_is_not_replaced(fleet: User) -> None:
    other = SOURCES.replace("  interval: 5m\n", "  interval: 5m\n  secretRef: {name: other}\n")
    fleet.commit({"apps/sources.yaml": other})
    result = fleet.run("attach", "--source", "OCIRepository/podinfo")
    assert result.status == 3, result.printed
    assert (
        "apps/sources.yaml:2: OCIRepository team-b/podinfo has the secretRef other" in result.stderr
    )


def bootstrap_two_clusters(user: User, apps: str) -> None:
    """Bootstrap two clusters that share the sources, each by its own Kustomization *apps*."""
    user.commit(gotk.LAYOUTS["several clusters"].files)
    user.commit({f"clusters/{name}/apps.yaml": apps for name in ("production", "staging")})
    user.commit({"apps/sources.yaml": SOURCES})
    command = ("bootstrap", "--all", "--image-pull-secret", "regcred")
    groups = ("--registry", "registry.example.com", "--registry-creds-env", "CREDS")
    assert user.run(*command, *groups, env={"CREDS": "robot:password"}).status == 0


def test_a_file_of_several_clusters_is_patched_through_this_clusters_kustomization(
    user: User,
) -> None:
    bootstrap_two_clusters(user, APPS)

    asked = ("attach", "--source", "OCIRepository/podinfo.team-b", "--path", "clusters/production")
    result = user.run(*asked)

    assert result.status == 0, result.printed
    assert user.read("apps/sources.yaml") == SOURCES
    assert user.read("clusters/staging/apps.yaml") == APPS
    added = user.read("clusters/production/apps.yaml").removeprefix(APPS)
    assert added == (
        "  patches:\n    - patch: |\n        - op: add\n          path: /spec/secretRef\n"
        "          value:\n            name: regcred\n"
        "      target:\n        kind: OCIRepository\n        name: podinfo\n"
    )
    before = user.state()
    assert user.run(*asked).status == 0
    assert user.state() == before


def test_a_kustomization_in_braces_is_patched(user: User) -> None:
    spec = "spec: {path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}"
    braced = f"{APPS.partition('spec:')[0]}{spec}}}\n"
    bootstrap_two_clusters(user, braced)
    asked = ("attach", "--source", "OCIRepository/podinfo.team-b", "--path", "clusters/production")

    result = user.run(*asked)

    assert result.status == 0, result.printed
    assert f"{spec}, patches: [" in user.read("clusters/production/apps.yaml")
    # Flux reads it as the patch that it is: there is nothing left to do.
    before = user.state()
    assert user.run(*asked).status == 0
    assert user.state() == before


def test_a_source_of_another_repository_is_patched_through_its_kustomization(fleet: User) -> None:
    other = APPS.replace("flux-system}\n", "flux-system}\n", 1).replace(
        "name: apps", "name: theirs"
    )
    other = other.replace(
        "{kind: GitRepository, name: flux-system}", "{kind: GitRepository, name: theirs}"
    )
    fleet.commit({"clusters/prod/theirs.yaml": other})

    asked = ("attach", "--source", "OCIRepository/hidden.team-b")
    result = fleet.run(*asked)

    assert result.status == 0, result.printed
    assert "        name: hidden\n" in fleet.read("clusters/prod/theirs.yaml")
    assert (
        "note: Kustomization flux-system/theirs makes OCIRepository team-b/hidden" in result.stdout
    )
    before = fleet.state()
    assert fleet.run(*asked).status == 0
    assert fleet.state() == before


def test_a_registry_that_the_secret_has_no_key_for_is_said(fleet: User) -> None:
    fleet.commit(
        {
            "apps/sources.yaml": SOURCES.replace(
                "registry.example.com/team", "other.example.com/team"
            )
        }
    )
    result = fleet.run("attach", "--source", "ImageRepository/web")
    assert "regcred has no key for other.example.com: gitops-secrets registry add" in result.stdout


def test_doctor_names_the_command_and_it_works(fleet: User) -> None:
    said = fleet.run("doctor").stdout
    hints = [line.partition("hint: ")[2] for line in said.splitlines() if "attach --source" in line]
    assert len(hints) == 3, said
    assert "web.team-b" in "".join(hints)
    for hint in hints:
        assert fleet.run(*hint.split()[1:]).status == 0
    assert "[sources]" not in fleet.run("doctor").stdout
    assert FLUX in fleet.git("ls-files")


WEB = "  image: registry.example.com/team/web\n"
NAMED = "  secretRef: {name: regcred}\n"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {WEB: f"{WEB}  provider: azure\n{NAMED}"},
            (
                "ImageRepository team-b/web logs in with provider azure, and image-reflector-controller reads no Secret "
                "beside it: its secretRef regcred has no effect"
            ),
        ),
        (
            {WEB: WEB.replace("registry.", "other.") + NAMED},
            (
                "ImageRepository team-b/web reads other.example.com/team/web, and no key of its Secret regcred covers it: "
                "it reads without credentials"
            ),
        ),
        (
            {"oci://registry.example.com/charts}": "oci://other.example.com/charts}"},
            None,
        ),
        (
            {
                "  url: oci://registry.example.com/charts\n": "  url: oci://other.example.com/charts\n"
                + NAMED
            },
            (
                "HelmRepository flux-system/charts reads other.example.com/charts, and its secretRef regcred has no key for "
                "the host other.example.com"
            ),
        ),
    ],
    ids=["a cloud beside it", "no key for the image", "nothing named", "no key for charts"],
)
def test_doctor_tells_a_secret_ref_that_does_not_count(
    fleet: User, files: dict[str, str], told: str | None
) -> None:
    assert fleet.run("attach", "team-b").status == 0
    content = SOURCES
    for old, new in files.items():
        content = content.replace(old, new)
    fleet.commit({"apps/sources.yaml": content})
    said = fleet.run("doctor").stdout
    if told is None:
        assert "other.example.com" not in said
    else:
        assert told in said


def test_attach_says_that_beside_a_cloud_an_image_repository_reads_no_secret(fleet: User) -> None:
    fleet.commit({"apps/sources.yaml": SOURCES.replace(WEB, f"{WEB}  provider: gcp\n")})
    result = fleet.run("attach", "--source", "ImageRepository/web")
    assert "it logs in with provider gcp, and reads no secretRef beside it" in result.stderr


def test_a_flux_instance_pulls_its_artifact_and_its_images(user: User) -> None:
    user.commit({"clusters/prod/flux-instance.yaml": INSTANCE, "clusters/prod/a.yaml": "{}\n"})
    made = user.bootstrap()
    assert made.status == 0, made.printed

    result = user.run("attach", "--source", "FluxInstance/flux")

    assert result.status == 0, result.printed
    written = user.read("clusters/prod/flux-instance.yaml")
    assert "    registry: registry.example.com/fluxcd\n    imagePullSecret: regcred\n" in written
    assert "    path: clusters/prod\n    pullSecret: regcred\n" in written


INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata:
  name: flux
  namespace: flux-system
spec:
  distribution:
    version: "2.x"
    registry: registry.example.com/fluxcd
  sync:
    kind: OCIRepository
    url: oci://registry.example.com/fleet
    ref: latest
    path: clusters/prod
"""
