"""doctor in repositories of every form: what is not broken is not said, and nothing of it is a crash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.fleet import DECRYPTED, FLUX, SYNC, edit, kustomization, push, seal
from tests.support.secrets import opaque, recipient
from tests.support.user import User

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n"


def healthy(user: User, *flags: str) -> None:
    result = user.run("doctor", *flags)
    assert result.stdout.startswith("gitops-secrets: healthy"), result.printed
    assert (result.status, result.stderr) == (0, "")


@pytest.fixture
def two(fleet: User) -> User:
    """A second cluster, dev, beside prod, with a broken Kustomization of its own."""
    fleet.write(
        {
            "clusters/dev/flux-system/gotk-sync.yaml": SYNC.replace("prod", "dev"),
            "clusters/dev/flux-system/gotk-components.yaml": "",
            "clusters/dev/flux-system/kustomization.yaml": "resources: [gotk-components.yaml, gotk-sync.yaml]\n",
        }
    )
    path = ("--path", "clusters/dev", "--image-pull-secret", "regcred", "--registry", "r.example")
    fleet.git("add", "--all")
    fleet.git("commit", "--quiet", "--message", "dev")
    done = fleet.run("bootstrap", *path, "--registry-creds-env", "C", env={"C": "a:b"})
    assert done.status == 0, done.printed
    fleet.write(
        {"clusters/dev/notes.yaml": "- no object\n", "clusters/dev/x.yaml": kustomization("x", "x")}
    )
    seal(fleet, "clusters/dev/db.yaml", opaque("v", namespace="flux-system"))
    return fleet


def test_a_path_is_about_its_cluster_alone(two: User) -> None:
    assert two.run("doctor").status == 1
    healthy(two, "--path", "clusters/prod")
    said = two.run("doctor", "--path", "clusters/dev")
    assert said.status == 1
    assert "clusters/prod" not in said.stdout
    both = two.run("doctor", "--path", "clusters/dev", "--path", "./clusters/prod/")
    assert both.stdout == two.run("doctor").stdout
    assert both.stdout == two.run("doctor", "--all").stdout


def test_one_context_is_one_cluster(two: User) -> None:
    said = two.run("doctor", "--context", "prod")
    assert said.status == 2
    assert (
        "which cluster is the context prod? in this repository: clusters/dev, clusters/prod"
        in said.stderr
    )
    assert "hint: gitops-secrets doctor --path clusters/dev --context prod" in said.stderr


def test_a_path_that_is_not_there_is_a_usage_error(two: User) -> None:
    said = two.run("doctor", "--path", "clusters/stage")
    assert (said.status, "nothing is at clusters/stage" in said.stderr) == (2, True)
    assert "hint: --path clusters/dev\n" in said.stderr
    assert "hint: --path clusters/prod\n" in said.stderr


def test_a_path_that_flux_was_told_of_elsewhere(user: User) -> None:
    """Flux is installed by a chart's values: nothing here says which path it reads."""
    user.write(
        {
            "kubernetes/flux/ks.yaml": kustomization("apps", "kubernetes/apps"),
            "kubernetes/apps/web.yaml": CONFIG_MAP,
        }
    )
    said = user.run("doctor").stderr
    assert "Kustomizations are in kubernetes/flux, and nothing in Git says that Flux reads" in said
    assert "hint: gitops-secrets doctor --path kubernetes/flux\n" in said
    healthy(user, "--path", "kubernetes/flux")
    user.write({"kubernetes/apps/broken.yaml": "a: [\n"})
    assert (
        "broken.yaml is not a Kubernetes object"
        in user.run("doctor", "--path", "kubernetes/flux").stdout
    )


def test_before_flux_bootstrap_a_repository_is_healthy(user: User) -> None:
    assert user.bootstrap().status == 0
    healthy(user)


def other_source(user: User) -> None:
    """A tenant's Kustomization reads the tenant's repository: nothing of it is here."""
    text = kustomization("tenant", "deploy").replace("name: flux-system}", "name: tenant}")
    user.write({"clusters/prod/tenant.yaml": text})


def same_source_by_another_name(user: User) -> None:
    source = SYNC.partition("---")[0].replace("{name: flux-system", "{name: fleet")
    text = kustomization("more", "more", DECRYPTED).replace("name: flux-system}", "name: fleet}")
    user.write({"clusters/prod/more.yaml": f"{source}---\n{text}", "more/web.yaml": CONFIG_MAP})
    seal(user, "more/db.yaml", opaque("v"))


def decryption_by_patch(user: User) -> None:
    """One patch in the parent, or in a kustomization on the way, gives all children their decryption."""
    patch = (
        "  patches:\n  - target: {kind: Kustomization}\n    patch: |\n      kind: Kustomization\n"
        "      metadata: {name: all}\n      spec:\n        decryption: {provider: sops, secretRef: {name: sops-age}}\n"
    )
    user.write(
        {
            "clusters/prod/all.yaml": kustomization("all", "all", patch),
            "all/one.yaml": kustomization("one", "one"),
        }
    )
    seal(user, "one/db.yaml", opaque("v"))


def decryption_by_component(user: User) -> None:
    user.write(
        {
            "clusters/prod/all.yaml": kustomization("all", "all"),
            "all/kustomization.yaml": "resources: [one.yaml]\ncomponents: [../component]\n",
            "all/one.yaml": kustomization("one", "one"),
            "component/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n"
            "patches:\n- path: patch.yaml\n  target: {kind: Kustomization}\n",
            "component/patch.yaml": "- op: add\n  path: /spec/decryption\n  value: {provider: sops, secretRef: {name: sops-age}}\n",
        }
    )
    seal(user, "one/db.yaml", opaque("v"))


def what_sops_encrypts_besides(user: User) -> None:
    """Values of machines and pipelines: encrypted whole, by rules of their own, and none of Flux's business."""
    own = user.read(".sops.yaml").split("- age1")[1].split()[0]
    enc = "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]"
    block = f"sops:\n  age:\n  - recipient: age1{own}\n    enc: x\n  mac_only_encrypted: true\n  mac: {enc}\n"
    config = user.read(".sops.yaml")
    rules = f"- path_regex: machines/\n  age:\n  - age1{own}\n"
    user.write(
        {
            ".sops.yaml": config.replace("creation_rules:\n", f"creation_rules:\n{rules}"),
            "machines/all.yaml": f"root: {enc}\n{block}",
            "machines/admin.kubeconfig.yaml": f"apiVersion: v1\nkind: Config\nusers: {enc}\n{block}",
            "pipelines/.sops.yaml": f"creation_rules:\n- age: {recipient(user)}\n",
            "pipelines/values.yaml": f"root: {enc}\n{block}",
        }
    )


def generators_and_bases(user: User) -> None:
    user.write(
        {
            "apps/kustomization.yaml": "resources:\n- web.yaml\n- https://example.com/x.yaml\n- github.com/o/r//d?ref=v1\n"
            "- git.example.org/o/r//d?ref=v1\nbases: [../base]\n"
            "configMapGenerator: [{name: x, files: [x.conf]}]\n",
            "base/kustomization.yml": "resources: [more.yaml]\n",
            "apps/x.conf": "a = b\n",
            "base/more.yaml": CONFIG_MAP.replace("name: web", "name: more"),
        }
    )


def only_a_remote_base(user: User) -> None:
    user.write({"clusters/prod/far.yaml": kustomization("far", "far"),
                "far/kustomization.yaml": "resources: ['https://example.com/r//d?ref=v1']\n"})  # fmt: skip


def links(user: User) -> None:
    """Flux leaves symlinks out of what it fetches, so a generated kustomization never sees one."""
    (user.repository / "apps/link.yaml").symlink_to("nowhere.yaml")
    (user.repository / "apps/loop").symlink_to("..")
    user.git("add", "--all")


def submodule(user: User) -> None:
    other = user.home / "other"
    other.mkdir()
    user.git("init", "--quiet", str(other))
    user.git("-C", str(other), "commit", "--quiet", "--allow-empty", "--message", "x")
    user.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "--quiet",
        str(other),
        "apps/charts.yaml",
    )


def helm(user: User) -> None:
    release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x, namespace: shop}\n"
    user.write({"apps/release.yaml": f"{release}spec: {{values: {{image: {{repository: registry.example.com/x}}}}}}\n",
                "charts/x/templates/secret.yaml": "{{- if .Values.x }}\nkind: Secret\n{{ end }}\nsops: ENC[\n"})  # fmt: skip


def left_out_by_rules(user: User) -> None:
    user.write({".sourceignore": "apps/notes.yaml\n", "apps/notes.yaml": "- no object\n"})
    rule = "interval: 1m, ignore: 'apps/more.yaml'}"
    edit(user, f"{FLUX}/gotk-sync.yaml", "interval: 1m}", rule)
    user.write({"apps/more.yaml": "- no object\n"})


def large(user: User) -> None:
    line = "  key: value value value value value value value value\n"
    user.write(
        {
            "apps/crd.yaml": CONFIG_MAP.replace("name: web", "name: large")
            + "data:\n"
            + "".join(f"  k{i}: {line[7:]}" for i in range(110_000))
        }
    )


def odd_names(user: User) -> None:
    user.write(
        {"docs/a b\n\"c'.yaml": "x: [\n", "docs/é.yaml": "{{ }}\n", "apps/README.md": "no\n"}
    )
    (user.repository / "docs").joinpath(b"\xff.yaml".decode(errors="surrogateescape")).write_text(
        "a"
    )


def moved_by_kustomize(user: User) -> None:
    """The namespace that a Secret ends up in is the kustomization's, and that one is made here."""
    seal(user, "apps/db.yaml", opaque("v", namespace="other"))
    user.write({"apps/kustomization.yaml": "namespace: shop\nresources: [web.yaml, db.yaml]\n"})


def identity_of_another_namespace(user: User) -> None:
    """A component gives each team a Secret by the name that the one of Flux's namespace has too."""
    seal(user, "apps/key.yaml", opaque("v", name="sops-age").replace("  a:", "  age.agekey:"))


@pytest.mark.parametrize(
    "make",
    [
        *(
            identity_of_another_namespace,
            other_source,
            same_source_by_another_name,
            decryption_by_patch,
            decryption_by_component,
        ),
        *(what_sops_encrypts_besides, generators_and_bases, only_a_remote_base, links, submodule),
        *(helm, left_out_by_rules, large, odd_names, moved_by_kustomize),
    ],
    ids=lambda f: f.__name__,
)
def test_what_is_not_broken_is_not_said(fleet: User, make) -> None:
    make(fleet)
    healthy(fleet)
    push(fleet)
    healthy(fleet)
    fleet.git("checkout", "--quiet", "--detach")
    healthy(fleet)


def test_what_a_sparse_checkout_leaves_out_is_there_for_flux(fleet: User) -> None:
    fleet.commit({"docs/x.yaml": "x\n", "apps/kustomization.yaml": "resources: [web.yaml]\n"})
    fleet.git("sparse-checkout", "set", "docs")
    assert not (fleet.repository / "apps").exists()
    healthy(fleet)
    (fleet.repository / "docs/x.yaml").unlink()
    healthy(fleet)
    fleet.git("sparse-checkout", "disable")
    fleet.git("rm", "--quiet", "--cached", "apps/web.yaml")
    (fleet.repository / "apps/web.yaml").unlink()
    assert "lists web.yaml, which is not there" in fleet.run("doctor").stdout


def test_a_partial_clone_is_not_completed_over_the_network(fleet: User) -> None:
    """What Flux has already is then not known, and no connection is opened to find out."""
    old = CONFIG_MAP.replace("name: web", "name: old")
    fleet.commit({"apps/old.yaml": old})
    push(fleet)
    fleet.git("config", "uploadpack.allowFilter", "true", cwd=fleet.home / "remote")
    fleet.commit({"apps/old.yaml": old + "data: {a: b}\n"})
    fleet.git("push", "--quiet")
    clone = fleet.home / "clone"
    fleet.git(
        "clone",
        "--quiet",
        "--branch=main",
        "--filter=blob:none",
        f"file://{fleet.home / 'remote'}",
        str(clone),
    )
    fleet.git("branch", "old", "HEAD~1", cwd=clone)
    fleet.git("branch", "--quiet", "--set-upstream-to=old", cwd=clone)
    fleet.git(
        "config",
        "remote.origin.uploadpack",
        f"touch {fleet.home}/asked; git-upload-pack",
        cwd=clone,
    )
    said = fleet.run("doctor", cwd=clone)
    assert (said.status, said.stderr, (fleet.home / "asked").exists()) == (0, "", False), (
        said.printed
    )
    fleet.git("cat-file", "-p", "old:apps/old.yaml", cwd=clone)
    assert (fleet.home / "asked").exists(), "which Git would have done"


BROKEN = {
    "a link": ({"apps/kustomization.yaml": "resources: [web.yaml, link.yaml]\n"}, "lists link.yaml, which is a symlink"),
    "a folder": (
        {"apps/kustomization.yaml": "resources: [web.yaml, sub]\n", "apps/sub/x.yaml": CONFIG_MAP},
        "lists apps/sub, a folder without a kustomization.yaml",
    ),
    "a listed file": (
        {"apps/kustomization.yaml": "resources: [web.yaml, x.yaml]\n", "apps/x.yaml": "{{ x\n"},
        "apps/x.yaml is not valid YAML",
    ),
    "a rule that lets .sops.yaml in": (
        {".sourceignore": "docs/\n", "clusters/prod/root.yaml": kustomization("root", ".")},
        "error[sops-config]: .sops.yaml is let into what Flux fetches",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_said(fleet: User, what: str) -> None:
    (fleet.repository / "apps/link.yaml").symlink_to("web.yaml")
    files, words = BROKEN[what]
    fleet.write(files)
    said = fleet.run("doctor")
    assert (said.status, words in said.stdout) == (1, True), said.printed


@pytest.mark.parametrize(
    "where", [SYNC, "", "kind: [\n", "{{ x }}\n", "- a\n- b\n", "kind: Kustomization\n", "\x00\n"]
)
def test_no_repository_is_a_crash(user: User, where: str) -> None:
    """The same content everywhere that doctor looks."""
    names = (
        "gotk-sync.yaml",
        "gotk-components.yaml",
        "kustomization.yaml",
        ".sourceignore",
        ".sops.yaml",
    )
    user.write({f"clusters/prod/flux-system/{name}": where for name in names})
    user.write(
        dict.fromkeys(
            (".sops.yaml", ".sourceignore", "gotk-sync.yaml", "clusters/prod/kustomization.yaml"),
            where,
        )
    )
    for also in ("", "sops: [ENC[\n"):
        user.write(
            {
                "clusters/prod/x.yaml": where + also,
                "pull-secrets/prod/x.sops.yaml": f"sops: ENC[]\n{where}",
            }
        )
        result = user.run("doctor", "--path", "clusters/prod")
        assert result.status in (0, 1, 3), result.printed
        assert result.status != 3 or "hint" in result.stderr


@pytest.mark.parametrize(
    "text", ["x: " + "[" * 200_000, "x:\n" + "- " * 200_000, "{" * 200_000, "- [" * 100_000]
)
def test_what_nests_without_end_is_not_a_crash(fleet: User, text: str) -> None:
    """libyaml's composer calls itself for each level, and would end the process."""
    fleet.write(
        {
            "apps/deep.yaml": text,
            "deep.yaml": f"sops: ENC[{text}\nFluxInstance: fluxcd.controlplane.io",
        }
    )
    said = fleet.run("doctor")
    assert said.stdout.startswith(
        "error[foreign-file]: apps/deep.yaml is not a Kubernetes object"
    ), said
    fleet.write({".sops.yaml": text})
    said = fleet.run("doctor")
    assert said.status == 1
    assert re.search(
        r"(?m)^error\[sops-config\]: \.sops\.yaml\S* (?:is nested more|not valid YAML)", said.stdout
    )


def test_an_empty_repository_and_one_without_a_folder(user: User, tmp_path: Path) -> None:
    assert user.run("doctor").status == 3
    assert user.run("doctor", "--repo", str(tmp_path)).status == 3
    assert user.run("doctor", "--path", ".").status == 2


def test_an_operator_that_locks_tenants_down_is_a_lockdown(fleet: User) -> None:
    fleet.git("rm", "--quiet", "-r", FLUX)
    instance = (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux, namespace: flux-system}\n"
        "spec:\n  cluster: {multitenant: true}\n  distribution: {registry: registry.example.com/fluxcd}\n"
        "  sync: {kind: GitRepository, url: 'ssh://git@example.com/fleet', ref: main, path: clusters/prod}\n"
    )
    fleet.write({"clusters/prod/flux.yaml": instance})
    said = fleet.run("doctor").stdout
    assert "error[lockdown]: Kustomization flux-system/apps names no serviceAccountName" in said
    fleet.write({"clusters/prod/flux.yaml": instance.replace("true", "false")})
    assert "lockdown" not in fleet.run("doctor").stdout
