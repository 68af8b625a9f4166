"""doctor holds images against the registry keys of pull Secrets, namespace by namespace, as the kubelet does."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.field import gotk
from tests.support import documents
from tests.support.fleet import ACCOUNTS, FLUX, deployments, kustomization, seal
from tests.support.user import User

HEALTHY = "gitops-secrets: healthy"
APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}}
"""


def pulls(*registries: str, name: str = "regcred", namespace: str = "shop") -> str:
    auths = {
        registry: {"username": "robot", "password": "hunter2hunter2"} for registry in registries
    }
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
        "type: kubernetes.io/dockerconfigjson\nstringData:\n"
        f"  .dockerconfigjson: {json.dumps(json.dumps({'auths': auths}))}\n"
    )


def runs(
    *images: str, kind: str = "Deployment", secret: str = "regcred", namespace: str = "shop"
) -> str:
    containers = "".join(
        f"      - {{name: c{n}, image: '{image}'}}\n" for n, image in enumerate(images)
    )
    named = f"      imagePullSecrets: [{{name: {secret}}}]\n" if secret else ""
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web, namespace: {namespace}}}\nspec:\n  template:\n"
        f"    spec:\n{named}      containers:\n{containers}"
    )


def shop(user: User, keys: tuple[str, ...], *images: str, secret: str = "regcred") -> None:
    if keys:
        seal(user, "apps/regcred.yaml", pulls(*keys))
    user.write({"apps/app.yaml": runs(*images, secret=secret)})


def flux_images(user: User, registry: str) -> None:
    user.write({f"{FLUX}/gotk-components.yaml": ACCOUNTS + deployments(registry)})


LISTED = "resources: [web.yaml, app.yaml, regcred.yaml]\n"
PATCH = "patches:\n- target: {kind: Deployment}\n  patch: |\n"
R = "registry.example.com"


def by_account(user: User, image: str = f"{R}/web:1", named: str = "regcred") -> None:
    shop(user, (R,), image, secret="")
    user.write({"apps/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\n"
                f"imagePullSecrets: [{{name: {named}}}]\n"})  # fmt: skip


def replace(user: User, kind: str, path: str, value: str) -> None:
    target = f"{{select: {{kind: {kind}}}, fieldPaths: ['{path}']}}"
    listed = LISTED.replace("]", ", account.yaml]")
    entry = f"- sourceValue: {value}\n  targets: [{target}]\n"
    user.write({"apps/kustomization.yaml": f"{listed}replacements:\n{entry}"})


def account_replaced(user: User) -> None:
    """The pull Secret of a ServiceAccount is the one that a replacement gives it."""
    by_account(user, f"{R}:5000/web:1", "theirs")
    replace(user, "ServiceAccount", "imagePullSecrets.0.name", "regcred")


WRONG: dict[str, tuple[Callable[[User], None], str]] = {
    "another port": (
        lambda u: shop(u, (R,), f"{R}:5000/web:1"),
        (
            f"error[images]: Deployment shop/web pulls {R}:5000/web:1, and its pull Secret regcred has a key for {R}: "
            "the kubelet takes it for no other port"
        ),
    ),
    "another port, by a replaced account": (
        account_replaced,
        f"error[images]: Deployment shop/web pulls {R}:5000/web:1, and its pull Secret regcred has a key for {R}: ",
    ),
    "another path": (
        lambda u: shop(u, (f"{R}/team",), f"{R}/other/web:1"),
        (
            f"warning[images]: Deployment shop/web pulls {R}/other/web:1, and its pull Secret regcred has a key for {R}/team: "
            "the kubelet takes it for no other path"
        ),
    ),
    "a glob that is too short": (
        lambda u: shop(u, ("*.example.com",), "a.b.example.com/web:1"),
        (
            "warning[images]: Deployment shop/web pulls a.b.example.com/web:1, and its pull Secret regcred has no key for "
            "a.b.example.com: it has *.example.com"
        ),
    ),
    "no key": (
        lambda u: shop(u, (R,), f"{R}/web:1", "other.example.com/proxy:2"),
        "warning[images]: Deployment shop/web pulls other.example.com/proxy:2, and its pull Secret regcred has no key",
    ),
    "a key for nothing": (
        lambda u: shop(u, (R, "unused.example.com"), f"{R}/web:1"),
        (
            "warning[images]: pull Secret shop/regcred has a key for unused.example.com, and nothing in shop is pulled from "
            f"there, but from {R}"
        ),
    ),
    "not named": (
        lambda u: shop(u, (R,), f"{R}/web:1", secret=""),
        f"warning[images]: Deployment shop/web pulls {R}/web:1, and nothing names the pull Secret regcred",
    ),
    "of another namespace": (
        lambda u: shop(u, (), f"{R}/web:1", secret=""),
        f"warning[images]: Deployment shop/web pulls {R}/web:1, and the key for it is in flux-system, whose Secrets",
    ),
    "for none of Flux's own": (
        lambda u: flux_images(u, "mirror.example.com/fluxcd"),
        "warning[images]: Deployment flux-system/source-controller pulls mirror.example.com/fluxcd/source-controller:v1",
    ),
    "while Flux is pulled from its usual place": (
        lambda u: flux_images(u, "ghcr.io/fluxcd"),
        (
            f"warning[images]: pull Secret flux-system/regcred has a key for {R}, and nothing in flux-system is pulled from "
            "there, but from ghcr.io"
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_covered_is_said_first(fleet: User, what: str) -> None:
    make, words = WRONG[what]
    make(fleet)
    said = fleet.run("doctor")
    assert said.stdout.startswith(words), said.printed
    assert (said.status, said.stderr, "hunter2" in said.printed) == (1, "", False)


def transformed(user: User) -> None:
    """What kustomize makes of the image is what is pulled."""
    shop(user, (R,), "other.example.com/web:1")
    images = f"images:\n- {{name: other.example.com/web, newName: {R}/web, newTag: '2'}}\n"
    user.write({"apps/kustomization.yaml": f"{LISTED}{images}"})


def image_replaced(user: User) -> None:
    """The image is what a replacement makes of it."""
    by_account(user, f"{R}:5000/web:1")
    path = "spec.template.spec.containers.[name=c0].image"
    replace(user, "Deployment", path, f"{R}/web:1")


def patched(user: User) -> None:
    """A patch may put on the pod what its manifest lacks: then nothing is known."""
    shop(user, (R,), f"{R}/web:1", secret="")
    operation = "{op: add, path: /spec/template/spec/imagePullSecrets, value: [{name: else}]}"
    user.write({"apps/kustomization.yaml": f"{LISTED}{PATCH}    - {operation}\n"})


def image_patched(user: User) -> None:
    """What a patch makes of an image is not followed: any key may be for it."""
    shop(user, (R, "unused.example.com"), f"{R}/web:1")
    operation = "{op: replace, path: /spec/template/spec/containers/0/image, value: x/y}"
    user.write({"apps/kustomization.yaml": f"{LISTED}{PATCH}    - {operation}\n"})


def by_release(user: User) -> None:
    """Nobody knows what a chart pulls."""
    shop(user, (R, "unused.example.com"), f"{R}/web:1")
    user.write({"apps/release.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
                "metadata: {name: x, namespace: flux-system}\nspec: {targetNamespace: shop}\n"})  # fmt: skip


def by_source(user: User) -> None:
    flux_images(user, "ghcr.io/fluxcd")
    user.write({"clusters/prod/source.yaml": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\n"
                f"metadata: {{name: x, namespace: flux-system}}\nspec: {{url: 'oci://{R}/x', secretRef: {{name: regcred}}}}\n"})  # fmt: skip


HEALTHY_ONES: dict[str, Callable[[User], None]] = {
    "covered": lambda u: shop(u, (R,), f"{R}/web:1", "nginx", "ghcr.io/a/b", "x.azurecr.io/y", f"{R}/x@sha256:{'0' * 64}"),
    "every kind": lambda u: shop(u, (f"{R}:5000", "*.example.org", "https://index.docker.io/v1/"), f"{R}:5000/web", "a.example.org/b", "web"),
    "a path beside public images": lambda u: shop(u, ("ghcr.io/team",), "ghcr.io/team/web:1", "ghcr.io/fluxcd/x:1"),
    "a Secret that is not in Git": lambda u: shop(u, (R,), "other.example.com/web", f"{R}/x", secret="theirs"),
    "Flux from where the key is": lambda u: flux_images(u, f"{R}/fluxcd"),
    "nothing private": lambda u: shop(u, (), "nginx", secret=""),
    "transformed": transformed, "image replaced": image_replaced, "by account": by_account, "patched": patched, "image patched": image_patched, "by release": by_release,
    "by source": by_source,
}  # fmt: skip


@pytest.mark.parametrize("what", HEALTHY_ONES)
def test_what_may_well_be_pulled_is_not_said(fleet: User, what: str) -> None:
    HEALTHY_ONES[what](fleet)
    said = fleet.run("doctor")
    assert said.stdout.startswith(HEALTHY), said.printed


@pytest.mark.parametrize(
    "kind", ["StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"]
)
def test_every_kind_that_runs_pods_counts(fleet: User, kind: str) -> None:
    seal(fleet, "apps/regcred.yaml", pulls(R))
    text = runs(f"{R}:5000/web", kind=kind)
    if kind == "CronJob":
        pod = f"{{initContainers: [{{image: '{R}:5000/web'}}], imagePullSecrets: [{{name: regcred}}]}}"
        template = f"  jobTemplate: {{spec: {{template: {{spec: {pod}}}}}}}\n  x:"
        text = text.replace("  template:", template)
    if kind == "Pod":
        text = text.replace("spec:\n  template:\n    spec:", "spec:")
    fleet.write({"apps/app.yaml": text})
    assert fleet.run("doctor").stdout.startswith(
        f"error[images]: {kind} shop/web pulls {R}:5000/web"
    )


def test_without_an_identity_nothing_is_invented(fleet: User) -> None:
    shop(fleet, (R,), f"{R}:5000/web:1")
    kept = next(fleet.home.rglob("*.agekey"))
    moved = kept.rename(fleet.home / "prod.agekey")
    said = fleet.run("doctor")
    assert said.stdout.endswith("2 encrypted files, 2 pull Secrets not opened\n"), said.stdout
    assert said.status == 0
    assert documents.read("doctor", fleet.run("doctor", "--output", "json").stdout)["unopened"] == 2
    said = fleet.run("doctor", "--age-identity-file", str(moved))
    assert said.stdout.startswith("error[images]")
    assert "not opened" not in said.stdout


def test_each_cluster_has_its_own_images(fleet: User) -> None:
    """dev runs in its own flux-system what prod has the key for: two clusters, two Secrets of one name."""
    flux_images(fleet, f"{R}/fluxcd")
    text = fleet.read(f"{FLUX}/gotk-sync.yaml").replace("prod", "dev")
    fleet.write({"clusters/dev/flux-system/gotk-sync.yaml": text, "clusters/dev/x.yaml": kustomization("x", "x"),
                 "x/x.yaml": runs(f"{R}:5000/web", namespace="flux-system")})  # fmt: skip
    assert fleet.run("doctor").stdout.startswith(HEALTHY)


def test_before_bootstrap_a_note_names_what_pulls_without_credentials(user: User) -> None:
    user.commit({**gotk.LAYOUTS["one cluster"].files, "clusters/prod/apps.yaml": APPS})
    flux_images(user, "flux.example.com/mirror")
    user.write(
        {"apps/app.yaml": runs(f"{R}:5000/web:1", "ghcr.io/x/y:1", "localhost:5001/z:1", secret="")}
    )

    said = user.run("doctor")
    seen = user.run()

    assert said.status == 0, said.printed
    notes = [line for line in said.stdout.splitlines() if line.startswith("note: ")]
    command = "gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred --registry"
    assert [note.partition(": gitops-secrets")[0] for note in notes] == [
        (
            "note: Deployment flux-system/source-controller and 1 more pull from flux.example.com, and "
            "nothing in Git has credentials for it"
        ),
        f"note: Deployment shop/web pulls from {R}:5000, and nothing in Git has credentials for it",
    ]
    assert notes[0].endswith(f"{command} flux.example.com")
    assert notes[1].endswith(f"{command} {R}:5000 --for shop")
    assert f"  {command} flux.example.com\n" in seen.stdout


def test_after_bootstrap_there_is_no_such_note(user: User) -> None:
    user.commit({**gotk.LAYOUTS["one cluster"].files, "clusters/prod/apps.yaml": APPS})
    assert user.bootstrap().status == 0
    user.write({"apps/app.yaml": runs(f"{R}:5000/web:1", secret="")})
    assert "note: " not in user.run("doctor").stdout
