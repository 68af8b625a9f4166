"""doctor from Git alone: each broken set-up is diagnosed in its first line, and a healthy one is healthy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support import documents
from tests.support.fleet import ACCOUNTS, DECRYPTED, FLUX, edit, kustomization, push, seal
from tests.support.secrets import opaque, recipient
from tests.support.user import User

SECRET = "pull-secrets/prod/regcred.sops.yaml"


def test_a_healthy_repository_is_healthy_and_nothing_else_is_said(fleet: User) -> None:
    seal(fleet, "apps/db.yaml", opaque("x"))
    result = fleet.run("doctor")
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout == (
        "gitops-secrets: healthy: 1 cluster, 3 Kustomizations, 2 encrypted files\n"
    )


def no_decryption(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x"))
    edit(user, "clusters/prod/apps.yaml", DECRYPTED, "")


def own_path(user: User) -> None:
    seal(user, "clusters/prod/db.yaml", opaque("x", namespace="flux-system"))


def flux_folder(user: User) -> None:
    seal(user, f"{FLUX}/db.yaml", opaque("x", namespace="flux-system"))
    edit(user, f"{FLUX}/kustomization.yaml", "- gotk-sync.yaml", "- gotk-sync.yaml\n- db.yaml")


def suffix(user: User) -> None:
    user.write(
        {"clusters/prod/keys.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: sops-age, namespace: flux-system}\n"
         "data: {age.key: ''}\n"}
    )  # fmt: skip


def other_secret(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x"))
    edit(user, "clusters/prod/apps.yaml", "sops-age", "sops-keys")


def other_namespace(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x"))
    user.write({"clusters/prod/apps.yaml": kustomization("apps", "apps", DECRYPTED, "shop")})
    edit(
        user,
        "clusters/prod/apps.yaml",
        "name: flux-system}",
        "name: flux-system, namespace: flux-system}",
    )


def foreign(user: User) -> None:
    user.write({"apps/.pre-commit-config.yaml": "repos: []\n"})


def broken_manifest(user: User) -> None:
    user.write({"apps/broken.yaml": "kind: [\n"})


def broken_kustomization(user: User) -> None:
    user.write({"apps/kustomization.yaml": "resources: [\n"})


def missing_resource(user: User) -> None:
    user.write({"apps/kustomization.yaml": "resources: [web.yaml, gone.yaml]\n"})


def other_recipient(user: User) -> None:
    """The rule names the cluster, and the file was encrypted before it did."""
    manifest = opaque("x").encode()
    user.run(
        "encrypt", "-", "--to", "apps/db.yaml", "--age-recipient", recipient(user), stdin=manifest
    )
    config = user.read(".sops.yaml")
    own = config[config.index("  - path_regex") : config.index("stores:")]
    ours = own.replace(r"^pull-secrets/prod/[^/]*\.sops\.ya?ml$", "^apps/")
    assert ours != own
    user.write({".sops.yaml": config.replace("stores:", f"{ours}stores:")})


def config_map(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x"))
    edit(user, "apps/db.yaml", "kind: Secret", "kind: ConfigMap")


def middleware(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x"))
    edit(
        user,
        "apps/db.yaml",
        "apiVersion: v1\nkind: Secret",
        "apiVersion: traefik.io/v1\nkind: Middleware",
    )


def readable_beside(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x"))
    edit(user, "apps/db.yaml", "stringData:\n", "stringData:\n  z: hunter2hunter2\n")


def comment_mode(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x"))
    edit(
        user,
        "apps/db.yaml",
        "encrypted_regex: ^(data|stringData)$",
        "encrypted_comment_regex: secret",
    )


def no_mac(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x"))
    lines = [
        line for line in user.read("apps/db.yaml").splitlines() if not line.startswith("  mac:")
    ]
    user.write({"apps/db.yaml": "\n".join(lines) + "\n"})


def accounts(user: User) -> None:
    user.git("checkout", "HEAD~1", "--", f"{FLUX}/kustomization.yaml")


def in_templates(user: User, secret: str) -> None:
    """As flux bootstrap --image-pull-secret writes them."""
    deployments = "".join(
        f"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n"
        f"  template: {{spec: {{serviceAccountName: {name}, imagePullSecrets: [{{name: {secret}}}]}}}}\n"
        for name in ("source-controller", "kustomize-controller")
    )
    user.write({f"{FLUX}/gotk-components.yaml": ACCOUNTS + deployments})


def template(user: User) -> None:
    in_templates(user, "theirs")


def lockdown(user: User) -> None:
    patch = (
        "patches:\n- patch: |\n    - op: add\n      path: /spec/template/spec/containers/0/args/-\n"
        "      value: --default-service-account=default\n  target: {kind: Deployment}\n"
    )
    text = user.read(f"{FLUX}/kustomization.yaml")
    user.write({f"{FLUX}/kustomization.yaml": text.replace("patches:\n", patch)})


def namespace(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x", namespace="nowhere"))


def orphan(user: User) -> None:
    user.git("rm", "--quiet", "clusters/prod/pull-secrets.yaml")


def broken_config(user: User) -> None:
    user.write({".sops.yaml": "creation_rules: [\n"})


def unfit_rule(user: User) -> None:
    edit(
        user, ".sops.yaml", "encrypted_regex: ^(data|stringData)$", "encrypted_regex: ^stringdata$"
    )


def config_let_in(user: User) -> None:
    user.write({".sourceignore": "!.sops.yaml\n"})
    edit(user, f"{FLUX}/gotk-sync.yaml", "path: ./clusters/prod", "path: ./")


def two_sizes(user: User) -> None:
    seal(user, "apps/db.yaml", opaque("x"))
    text = user.read("apps/db.yaml")
    user.write({"apps/db.yaml": text + "#" * (5 * 1024 * 1024)})


def moved(user: User) -> None:
    push(user)
    edit(user, SECRET, "name: regcred", "name: stolen")


def deadlock(user: User) -> None:
    push(user)
    seal(user, "clusters/prod/db.yaml", opaque("x", namespace="flux-system"))
    text = user.read(f"{FLUX}/kustomization.yaml")
    patch = (
        "patches:\n- patch: |\n    - op: add\n      path: /spec/decryption\n"
        "      value: {provider: sops, secretRef: {name: sops-age}}\n"
        "  target: {kind: Kustomization, name: flux-system}\n"
    )
    user.write({f"{FLUX}/kustomization.yaml": text.replace("patches:\n", patch)})


def post_quantum(user: User) -> None:
    """The recipient is a fake, no key of anybody: nothing here that makes real ones comes from PyPI."""
    recipient = user.read(".sops.yaml").split("- age1")[1].split()[0]
    for path in (".sops.yaml", SECRET):
        text = user.read(path).replace(f"age1{recipient}", "age1pq1" + "q" * 1952)
        user.write({path: text})
    labels = "  labels: {app.kubernetes.io/part-of: flux}\n"
    version = (
        "  labels:\n    app.kubernetes.io/part-of: flux\n    app.kubernetes.io/version: v2.8.4\n"
    )
    edit(user, f"{FLUX}/gotk-components.yaml", labels, version)


BROKEN: dict[Callable[[User], None], str] = {
    no_decryption: "error[decryption]: Kustomization flux-system/apps applies encrypted files and does not decrypt",
    own_path: "error[decryption]: Kustomization flux-system/flux-system applies encrypted files",
    flux_folder: f"error[flux-folder]: {FLUX}/db.yaml is encrypted and in the folder",
    suffix: "error[decryption-secret]: Kustomization flux-system/pull-secrets decrypts with Secret flux-system/sops-age, whose key age.key",
    other_secret: "error[decryption-secret]: Kustomization flux-system/apps decrypts with Secret flux-system/sops-keys",
    other_namespace: "warning[decryption-secret]: Kustomization shop/apps decrypts with a Secret sops-age of its own namespace shop",
    foreign: "error[foreign-file]: apps/.pre-commit-config.yaml is not a Kubernetes object",
    broken_manifest: "error[foreign-file]: apps/broken.yaml is not a Kubernetes object",
    broken_kustomization: "error[kustomization]: apps/kustomization.yaml is not valid YAML",
    missing_resource: "error[kustomization]: apps/kustomization.yaml lists gone.yaml, which is not there",
    other_recipient: "error[recipients]: apps/db.yaml is not encrypted for clusters/prod",
    config_map: "error[encrypted-kind]: apps/db.yaml is an encrypted ConfigMap",
    middleware: "warning[encrypted-kind]: apps/db.yaml is an encrypted Middleware",
    readable_beside: "error[readable]: apps/db.yaml: stringData.z is readable in Git",
    comment_mode: "error[comments]: apps/db.yaml is encrypted by its comments",
    no_mac: "warning[mac]: apps/db.yaml is without a MAC",
    accounts: "error[service-accounts]: ServiceAccount source-controller and 1 more of Flux lacks the pull Secret regcred",
    template: "error[pod-template]: Deployment source-controller and 1 more of Flux names imagePullSecrets of its own, theirs",
    lockdown: "error[lockdown]: Kustomization flux-system/apps names no serviceAccountName",
    namespace: "warning[namespace]: apps/db.yaml is for namespace nowhere",
    orphan: f"warning[orphans]: no Kustomization applies {SECRET}",
    broken_config: "error[sops-config]: .sops.yaml:",
    unfit_rule: f"warning[sops-config]: .sops.yaml:3: the creation rule for {SECRET} leaves data and stringData readable",
    config_let_in: "error[sops-config]: .sops.yaml is let into what Flux fetches",
    two_sizes: "error[size]: apps/db.yaml has ",
    post_quantum: f"error[post-quantum]: {SECRET} is for post-quantum recipients alone, and Flux v2.8",
    moved: f"error[moved]: {SECRET} holds the ciphertext of Secret flux-system/regcred as Secret flux-system/stolen",
    deadlock: "error[deadlock]: clusters/prod/db.yaml arrives in the same push as the decryption",
}


@pytest.mark.parametrize("breaks", BROKEN, ids=lambda b: b.__name__)
def test_the_first_line_says_what_is_broken(fleet: User, breaks: Callable[[User], None]) -> None:
    breaks(fleet)
    result = fleet.run("doctor")
    assert result.status == 1, result.printed
    assert result.stdout.startswith(BROKEN[breaks])
    assert "hunter2" not in result.printed
    assert all(line.strip() for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    "breaks", [foreign, readable_beside, config_map, no_mac], ids=lambda b: b.__name__
)
def test_the_command_that_is_named_fixes_it(fleet: User, breaks: Callable[[User], None]) -> None:
    from tests.support.user import PROGRAM

    breaks(fleet)
    fix = fleet.run("doctor").stdout.partition("hint: ")[2].splitlines()[0]
    if breaks is config_map:
        edit(fleet, "apps/db.yaml", "kind: ConfigMap", "kind: Secret")
        fix = fix.partition("then: ")[2]
    path = {"PATH": f"{PROGRAM.parent}:{fleet.env['PATH']}"}
    assert fleet.program(["sh", "-c", fix], env=path).status == 0, fix
    assert fleet.run("doctor").status == 0, fleet.run("doctor").stdout


def test_a_pod_template_with_our_secret_needs_no_service_account(fleet: User) -> None:
    in_templates(fleet, "regcred")
    accounts(fleet)
    assert fleet.run("doctor").stdout.startswith("gitops-secrets: healthy")


def test_without_a_cluster_it_says_what_would_make_one(user: User) -> None:
    result = user.run("doctor")
    assert (result.status, "no cluster of Flux" in result.stderr) == (3, True)


def test_nothing_is_written(fleet: User) -> None:
    before = fleet.state()
    fleet.run("doctor")
    assert fleet.state() == before


def test_one_cause_in_many_files_leaves_room_for_the_others(fleet: User) -> None:
    fleet.write({f"apps/{n}.yml": "- no object\n" for n in range(30)})
    namespace(fleet)
    said = fleet.run("doctor").stdout
    assert (said.count("[foreign-file]"), said.count("[namespace]")) == (8, 1)
    assert "foreign-file: and 22 more, all of them with --output json\n" in said
    assert "31 problems" in said
    assert (
        len(documents.read("doctor", fleet.run("doctor", "--output", "json").stdout)["diagnoses"])
        == 31
    )


def test_the_output_for_programs_is_json(fleet: User) -> None:
    foreign(fleet)
    said = documents.read("doctor", fleet.run("doctor", "--output", "json").stdout)
    assert (said["version"], said["clusters"]) == (1, ["clusters/prod"])
    assert said["diagnoses"][0]["check"] == "foreign-file"


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", "x" * 5000], ids=["refused", "other", "long"])
@pytest.mark.parametrize("where", ["first", "last"])
def test_a_rule_that_cannot_be_judged_is_one_diagnosis_among_others(
    fleet: User, pattern: str, where: str
) -> None:
    seal(fleet, "apps/db.yaml", opaque("x"))
    edit(fleet, "clusters/prod/apps.yaml", DECRYPTED, "")
    rule = f"- path_regex: '{pattern}'\n"
    before = fleet.read(".sops.yaml")
    if where == "first":
        after = before.replace("creation_rules:\n", f"creation_rules:\n{rule}", 1)
    else:
        after = before.replace("stores:\n", f"{rule}stores:\n", 1)
    assert after != before
    fleet.write({".sops.yaml": after})
    result = fleet.run("doctor", "--output", "json")
    assert (result.status, result.stderr) == (1, "")
    checks = [d["check"] for d in documents.read("doctor", result.stdout)["diagnoses"]]
    assert checks.count("sops-config") == 1
    assert "decryption" in checks
