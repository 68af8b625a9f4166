"""registry list: who uses a registry and who else holds it, and never a password."""

from __future__ import annotations

import pytest

from tests.cli.test_doctor_images import pulls, runs
from tests.support.documents import read
from tests.support.fleet import seal
from tests.support.leaks import Watch
from tests.support.user import User

CHARTS = """apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {type: oci, url: "oci://registry.example.com/charts"}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop, namespace: shop}
spec:
  chart:
    spec:
      chart: shop
      version: 1.2.3+4
      sourceRef: {kind: HelmRepository, name: charts, namespace: flux-system}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: manifests, namespace: flux-system}
spec: {url: "oci://registry.example.com/manifests", ref: {tag: v7}}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: web, namespace: flux-system}
spec: {image: registry.example.com/team/web}
"""


def used(user: User) -> None:
    user.write(
        {
            "apps/app.yaml": runs("registry.example.com/team/web:1", "ghcr.io/other:1", secret=""),
            "apps/charts.yaml": CHARTS,
        }
    )
    seal(user, "apps/pull.yaml", pulls("registry.example.com"))
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "Apps")


def test_each_registry_with_who_uses_it_and_who_else_holds_it(fleet: User) -> None:
    used(fleet)
    document = read("registry-list", fleet.run("registry", "list", "--output", "json").stdout)
    own, other = sorted(document["secrets"], key=lambda s: s["namespace"])
    assert (own["namespace"], own["secret"]) == ("flux-system", "regcred")
    last = own["last_change"]
    assert last["author"] == "A User <user@example.com>"
    assert last["commit"] == fleet.git("rev-parse", "HEAD~1").strip()
    (registry,) = own["registries"]
    assert (registry["registry"], registry["user"]) == ("registry.example.com", "robot")
    assert registry["provider"] is None
    assert [(u["kind"], u["reference"], u["object"]) for u in registry["uses"]] == [
        ("image", "registry.example.com/team/web:1", "Deployment shop/web"),
        ("source", "registry.example.com/manifests:v7", "OCIRepository flux-system/manifests"),
        ("source", "registry.example.com/charts", "HelmRepository flux-system/charts"),
        ("source", "registry.example.com/team/web", "ImageRepository flux-system/web"),
        ("chart", "registry.example.com/charts/shop:1.2.3_4", "HelmRelease shop/shop"),
    ]
    (holder,) = registry["also_in"]
    assert (holder["namespace"], holder["same_credentials"]) == ("shop", False)
    assert other["registries"][0]["also_in"][0]["namespace"] == "flux-system"


def test_for_people_it_says_the_same(fleet: User) -> None:
    used(fleet)
    said = fleet.run("registry", "list", "--image-pull-secret", "regcred").stdout
    assert said.startswith(
        "clusters/prod: Secret flux-system/regcred in pull-secrets/prod/regcred.sops.yaml\n"
    )
    assert "\n    user      robot\n" in said
    assert "image registry.example.com/team/web:1 of Deployment shop/web" in said
    assert "also in   clusters/prod: shop/regcred, other credentials" in said


def test_explain_says_which_entry_is_tried_by_whom(fleet: User) -> None:
    added = fleet.run(
        *("registry", "add", "--registry", "registry.example.com/team", "--scope", "path"),
        *("--registry-creds-env", "CREDS", "--check", "never"),
        env={"CREDS": "team:word"},
    )
    assert added.status == 0, added.printed
    said = fleet.run("registry", "explain", "registry.example.com/team/web").stdout
    assert (
        "1. registry.example.com/team of regcred, user team\n    2. registry.example.com of" in said
    )
    taken = "takes:\n    1. registry.example.com/team of regcred, user team\n"
    assert said.endswith(f"  source-controller {taken}  image-reflector-controller {taken}")
    other = fleet.run("registry", "explain", "ghcr.io/a/b", "--as", "kubelet").stdout
    assert "kubelet: no entry covers ghcr.io, so it pulls without credentials" in other


def test_explain_of_a_secret_that_is_not_opened_says_no_more_than_that(fleet: User) -> None:
    for identity in (fleet.home / ".config").rglob("*.agekey"):
        identity.unlink()
    said = fleet.run("registry", "explain", "registry.example.com/web", "--as", "kubelet").stdout
    assert "not known: no identity on this machine decrypts pull-secrets/prod/" in said
    assert "kubelet: no entry that could be read covers registry.example.com\n" in said
    assert "without credentials" not in said


def test_explain_says_what_the_sources_that_read_the_image_log_in_with(fleet: User) -> None:
    more = "secretRef: {name: regcred}"
    fleet.commit(
        {
            "apps/charts.yaml": CHARTS.replace("team/web}", f"team/web, {more}}}"),
            "apps/cloud.yaml": CHARTS.rsplit("---\n", maxsplit=1)[-1]
            .replace("name: web", "name: cloud")
            .replace("team/web}", f"team/web, provider: aws, {more}}}"),
        }
    )
    image = "registry.example.com/team/web:1"
    document = read(
        "registry-explain",
        fleet.run("registry", "explain", image, "--as", "image-reflector", "--json").stdout,
    )
    (namespace,) = document["namespaces"]
    entry = {"secret": "regcred", "registry": "registry.example.com", "user": "robot"}
    assert namespace["readers"] == [{"reader": "image-reflector", "entries": [entry]}]
    assert [(s["source"], s["outcome"], s["entries"]) for s in namespace["sources"]] == [
        ("ImageRepository flux-system/web", "entry", [entry]),
        ("ImageRepository flux-system/cloud", "cloud", []),
    ]
    said = fleet.run("registry", "explain", image).stdout
    assert (
        "  ImageRepository flux-system/web takes registry.example.com of regcred, user robot\n"
        in said
    )
    assert "cloud logs in with provider aws, and not with regcred" in said
    charts = fleet.run("registry", "explain", "registry.example.com/charts/shop:1").stdout
    assert (
        "HelmRepository flux-system/charts reads without credentials: it names no Secret" in charts
    )
    assert "ImageRepository" not in charts
    assert (
        "ImageRepository" not in fleet.run("registry", "explain", image, "--as", "kubelet").stdout
    )


def test_explain_names_the_host_that_a_source_of_docker_hub_is_written_with(fleet: User) -> None:
    """source-controller compares hosts of charts as text, and Docker Hub's key is for another of its names."""
    fleet.write(
        {
            "clusters/prod/hub.yaml": (
                "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\n"
                "metadata: {name: hub, namespace: flux-system}\n"
                "spec: {type: oci, url: oci://registry-1.docker.io/team, secretRef: {name: regcred}}\n"
            )
        }
    )
    said = fleet.run("registry", "explain", "docker.io/team/shop:1").stdout
    failing = "fails: regcred has no key for the host registry-1.docker.io"
    assert f"HelmRepository flux-system/hub {failing}" in said


def test_without_an_identity_what_is_readable_is_listed(fleet: User) -> None:
    for identity in (fleet.home / ".config").rglob("*.agekey"):
        identity.unlink()
    result = fleet.run("registry", "list")
    assert result.status == 0
    assert "registries not shown: no identity on this machine decrypts it" in result.stdout
    assert "  reader age1" in result.stdout
    assert "  last change " in result.stdout
    document = read("registry-list", fleet.run("registry", "list", "--output", "json").stdout)
    assert document["secrets"][0]["registries"] is None


def test_a_file_that_is_not_committed_is_marked(fleet: User) -> None:
    path = "pull-secrets/prod/regcred.sops.yaml"
    fleet.write({path: fleet.read(path) + "# mine\n"})
    assert "not committed yet, or changed since" in fleet.run("registry", "list").stdout


@pytest.mark.parametrize(
    "creds",
    ["ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8:x-oauth-basic", "Xq9pLmT4vRs8:Xq9pLmT4vRs8"],
    ids=["a token as the user", "user and password alike"],
)
def test_a_secret_in_the_place_of_the_user_name_is_not_shown(fleet: User, creds: str) -> None:
    update = ("registry", "update", "--registry", "registry.example.com", "--registry-creds-env")
    assert fleet.run(*update, "NEW", "--check", "never", env={"NEW": creds}).status == 0
    image = "registry.example.com/team/app:1"
    closed = ("--plain-http", "registry.example.com", "--timeout", "0.5")
    for command in (
        ("registry", "list"),
        ("registry", "list", "--json"),
        ("registry", "list", "--output", "openmetrics"),
        ("registry", "explain", image),
        ("registry", "explain", image, "--json"),
        ("registry", "check", image, *closed),
        ("registry", "check", image, "--json", *closed),
    ):
        with Watch(fleet, creds.partition(":")[0]) as watch:
            done = fleet.run(*command)
        assert watch.leaks(done) == [], command
