"""apply --prune: what Git no longer has goes from the cluster, if it is ours and nothing needs it any more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.applier import Applier
from tests.e2e.between import Answer, Asked, Between
from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.support import documents
from tests.support.githttp import Repository
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM

FILE = "pull-secrets/prod/other.sops.yaml"
OWN = "Secret flux-system/other"
IN_NAMESPACE = "--namespace=flux-system"
DOCKER = ("--docker-server=r", "--docker-username=u", "--docker-password=p")
METADATA = "metadata: {name: web, namespace: flux-system}"
CONTAINERS = "containers: [{name: web, image: registry.example.com/web:1}]"
NAMING = {
    "ServiceAccount": f"{{apiVersion: v1, kind: ServiceAccount, {METADATA}, imagePullSecrets: [{{name: other}}]}}",
    "Deployment": f"""\
apiVersion: apps/v1
kind: Deployment
{METADATA}
spec:
  selector: {{matchLabels: {{a: b}}}}
  template:
    metadata: {{labels: {{a: b}}}}
    spec: {{imagePullSecrets: [{{name: other}}], {CONTAINERS}}}
""",
    "CronJob": f"""\
apiVersion: batch/v1
kind: CronJob
{METADATA}
spec:
  schedule: "0 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          {CONTAINERS}
          volumes: [{{name: login, secret: {{secretName: other}}}}]
""",
}


@pytest.fixture
def pruner(applier: Applier) -> Iterator[Applier]:
    """A user whose cluster has two pull Secrets, one of which Git no longer has."""
    more = ("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "other")
    group = ("--registry", "other.example.com", "--registry-creds-env", "CREDS")
    identity = ("--age-identity-file", str(applier.identity_file))
    creds = {"CREDS": f"robot:{applier.password}"}
    assert applier.user.run(*more, *group, *identity, env=creds).status == 0
    applier.apply()
    drop(applier, FILE)
    yield applier
    applier.cluster.kubectl("delete", "secret", "other", IN_NAMESPACE, "--ignore-not-found")


def drop(applier: Applier, *paths: str) -> None:
    """Take *paths* out of Git as a person does."""
    applier.user.git("rm", "--quiet", "-r", *paths)
    applier.user.git("commit", "--quiet", "--message", "Take it out")


def test_a_secret_that_git_no_longer_has_is_shown_and_then_deleted(pruner: Applier) -> None:
    assert OWN not in pruner.apply()
    shown = pruner.apply("--prune", "--dry-run")
    assert "-  .dockerconfigjson: (hidden)\n" in shown
    last = shown.partition("\n\nnote: ")[0].splitlines()[-1].split(maxsplit=3)
    assert last == ["Secret", "flux-system/other", "deleted", f"{FILE} is no longer in Git"]
    assert pruner.data("other")

    printed = pruner.apply("--prune", "--output", "json")

    done = {s["object"]: s["done"] for s in documents.read("apply", printed)["objects"]}
    assert (done[OWN], done["Secret flux-system/regcred"]) == ("deleted", "unchanged")
    assert not pruner.data("other")
    assert pruner.data("regcred")
    assert OWN not in pruner.apply("--prune")


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("n\n", 3)])
def test_on_a_terminal_it_asks_with_the_list(pruner: Applier, typed: str, status: int) -> None:
    command = [word for word in pruner.arguments("--prune") if word != "--yes"]
    with Terminal(pruner.user, [PROGRAM, *command]) as terminal:
        terminal.wait_for("Type the name of the context to apply")
        terminal.type(f"{CONTEXT}\n")
        terminal.wait_for(f"{OWN}: {FILE} is no longer in Git")
        assert pruner.data("other")
        terminal.type(typed)
        assert terminal.end() == status
    assert bool(pruner.data("other")) == (status == 3)


def test_a_path_that_would_steer_the_terminal_is_shown_escaped(pruner: Applier) -> None:
    evil = "pull-secrets/prod/\x1b[2Jother.sops.yaml"
    pruner.user.git("checkout", "--quiet", "HEAD~1", "--", FILE)
    pruner.user.git("mv", FILE, evil)
    pruner.user.git("commit", "--quiet", "--message", "Rename it")
    drop(pruner, evil)
    command = [word for word in pruner.arguments("--prune") if word != "--yes"]
    with Terminal(pruner.user, [PROGRAM, *command]) as terminal:
        terminal.wait_for("Type the name of the context to apply")
        terminal.type(f"{CONTEXT}\n")
        terminal.wait_for("\\x1b[2Jother.sops.yaml is no longer in Git")
        terminal.type("n\n")
        assert terminal.end() == 3


@pytest.mark.parametrize("kind", NAMING)
def test_a_secret_that_something_names_is_kept_and_it_is_said_by_what(
    pruner: Applier, kind: str
) -> None:
    pruner.cluster.apply(NAMING[kind])
    try:
        printed = pruner.apply("--prune")
    finally:
        pruner.cluster.kubectl("delete", kind, "web", IN_NAMESPACE)
    assert f"named by {kind} web" in printed
    assert pruner.data("other")


def test_what_somebody_else_made_under_the_same_name_is_kept(pruner: Applier) -> None:
    cluster = pruner.cluster
    cluster.kubectl("delete", "secret", "other", IN_NAMESPACE)
    cluster.kubectl("create", "secret", "docker-registry", "other", IN_NAMESPACE, *DOCKER)
    assert "kubectl-create set its value" in pruner.apply("--prune")
    assert pruner.data("other")


def test_what_somebody_changed_is_kept(pruner: Applier) -> None:
    pruner.cluster.kubectl(
        *("patch", "secret", "other", IN_NAMESPACE, "--field-manager=somebody"),
        "--patch=" + json.dumps({"stringData": {".dockerconfigjson": '{"auths": {}}'}}),
    )
    assert "somebody set its value" in pruner.apply("--prune")
    assert pruner.data("other")


def test_what_was_never_in_this_repository_is_not_looked_at(pruner: Applier) -> None:
    cluster = pruner.cluster
    body = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson"}
    body |= {"metadata": {"name": "another", "namespace": "flux-system"}}  # type: ignore[dict-item]
    body |= {"stringData": {".dockerconfigjson": "{}"}}  # type: ignore[dict-item]
    manager = ("--server-side", "--field-manager=gitops-secrets")
    cluster.kubectl("apply", *manager, "-f", "-", input=json.dumps(body))
    assert "another" not in pruner.apply("--prune")
    assert pruner.data("another")
    cluster.kubectl("delete", "secret", "another", IN_NAMESPACE)


def on_a_branch(applier: Applier) -> str:
    """Have a branch that adds a pull Secret, and applies it; return its file."""
    git, name = applier.user.git, "passing"
    git("switch", "--quiet", "--create", "feature")
    more = ("bootstrap", "--path", "clusters/prod", "--image-pull-secret", name)
    group = ("--registry", f"{name}.example.com", "--registry-creds-env", "CREDS")
    identity = ("--age-identity-file", str(applier.identity_file))
    creds = {"CREDS": f"robot:{applier.password}"}
    assert applier.user.run(*more, *group, *identity, env=creds).status == 0
    applier.apply()
    assert applier.data(name)
    return f"pull-secrets/prod/{name}.sops.yaml"


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (("--squash",), "was in {commit}, which was not merged as it is"),
        (("--no-ff", "--no-edit"), "is no longer in Git"),
    ],
    ids=["squash", "merge commit"],
)
def test_what_came_and_went_in_a_branch_is_seen_after_its_merge(
    pruner: Applier, how: tuple[str, ...], why: str
) -> None:
    git = pruner.user.git
    base = git("rev-parse", "--abbrev-ref", "HEAD").strip()
    path = on_a_branch(pruner)
    commit = git("rev-parse", "--short=10", "HEAD").strip()
    git("revert", "--no-edit", "HEAD")
    pruner.user.commit({"README.md": "What else the branch was for."})
    git("switch", "--quiet", base)
    git("merge", "--quiet", *how, "feature")
    pruner.user.commit({})
    git("branch", "--quiet", "-D", "feature")

    printed = pruner.apply("--prune")

    assert f"{path} {why.format(commit=commit)}\n" in printed
    assert not pruner.data("passing")


def test_what_a_branch_still_has_is_kept_until_the_branch_is_gone(pruner: Applier) -> None:
    git = pruner.user.git
    base = git("rev-parse", "--abbrev-ref", "HEAD").strip()
    on_a_branch(pruner)
    git("switch", "--quiet", base)
    assert "kept       refs/heads/feature has it, and is not merged\n" in pruner.apply("--prune")
    assert pruner.data("passing")
    git("branch", "--quiet", "-D", "feature")
    pruner.apply("--prune")
    assert not pruner.data("passing")


def test_what_this_clone_does_not_have_is_said_with_the_commands_that_show_it(
    pruner: Applier,
) -> None:
    git, words = pruner.user.git, "what was only in a branch that this clone does not have"
    assert words not in pruner.apply()
    whole = pruner.apply("--prune")
    assert f"note: {words} was not looked at; all pull Secrets of the cluster: kubectl " in whole
    lists = whole.rpartition("all pull Secrets of the cluster: kubectl ")[2].split()
    assert "other" not in pruner.cluster.kubectl(*lists)
    assert "regcred" in pruner.cluster.kubectl(*lists)

    remote = pruner.folder / "remote"
    git("init", "--quiet", "--bare", str(remote))
    git("remote", "add", "-t", "main", "origin", str(remote))
    git("push", "--quiet", "origin", "HEAD:refs/heads/main", "HEAD:refs/heads/another")
    single = pruner.apply("--prune")
    brings = "git remote set-branches origin '*' && git fetch origin"
    assert f"this clone has some branches of origin only: {brings};" in single
    git("remote", "set-branches", "origin", "*")
    git("fetch", "--quiet", "origin")
    assert git("rev-parse", "origin/another") == git("rev-parse", "HEAD")
    assert "set-branches" not in pruner.apply("--prune")


def test_a_secret_that_changes_before_the_deletion_is_left(pruner: Applier) -> None:
    def rule(asked: Asked) -> Answer | None:
        if asked.short == "DELETE other":
            pruner.cluster.kubectl("annotate", "secret", "other", IN_NAMESPACE, "by=somebody")
        return None

    with Between(pruner.cluster, rule) as between:
        kubeconfig = pruner.kubeconfig(cluster={"server": between.url})
        printed = pruner.apply("--prune", kubeconfig=kubeconfig, status=3)
    assert f"{OWN} was changed while this ran, and is left as it is" in printed
    assert pruner.data("other")


def test_a_shallow_clone_cannot_see_what_git_had(pruner: Applier) -> None:
    shallow = pruner.user.repository / ".git" / "shallow"
    shallow.write_text(pruner.user.git("rev-parse", "HEAD"))
    printed = pruner.apply("--prune", status=3)
    assert "this clone is shallow" in printed
    assert "git fetch --unshallow" in printed
    assert pruner.data("other")


def test_an_identity_that_nothing_is_encrypted_for_is_removed_and_others_stay(
    applier: Applier,
) -> None:
    applier.apply()
    (old,) = applier.data("sops-age")
    theirs = json.dumps({"stringData": {"theirs.agekey": "AGE-SECRET-KEY-OF-THEIRS"}})
    applier.cluster.kubectl("patch", "secret", "sops-age", IN_NAMESPACE, f"--patch={theirs}")
    drop(applier, ".sops.yaml", "pull-secrets", "clusters")
    # A file that only an earlier cluster of the repository could open.
    applier.identity_file.rename(applier.folder / "before.agekey")
    done = applier.user.bootstrap("--age-identity-file", str(applier.identity_file), creds="a:b")
    assert done.status == 0, done.printed

    printed = applier.apply("--force", "--prune")

    assert f"removed    {old}: no file in Git is encrypted for its identity any more" in printed
    entries = applier.data("sops-age")
    assert (len(entries), old in entries, "theirs.agekey" in entries) == (2, False, True)


def test_flux_has_to_let_go_of_a_copy_first(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, tmp_path: Path
) -> None:
    operator = Operator(repository, tmp_path / "operator")
    operator.bootstrap("robot:password", "--for", "team-b")
    operator.apply(fresh_cluster)
    operator.push()
    fresh_cluster.create_namespace("team-b")
    fresh_flux.bootstrap(repository, "clusters/prod")
    fresh_flux.wait_ready("pull-secrets-team-b")
    operator.git("pull", "--quiet", "--rebase", "origin", "main")
    kustomization = "pull-secrets-team-b"
    gone = ("pull-secrets/namespaces", f"clusters/prod/{kustomization}.yaml")
    operator.git("rm", "--quiet", "-r", *gone)
    operator.git("commit", "--quiet", "--message", "Take the copy out")

    there: Callable[[], object] = lambda: fresh_cluster.find("Secret", "regcred", "team-b")  # noqa: E731
    printed = operator.apply(fresh_cluster, "--prune")
    assert f"Flux still applies it by flux-system/{kustomization}: git push" in printed
    assert there()

    fresh_flux.wait_ready("flux-system", revision=operator.push())
    fresh_cluster.wait_for(
        lambda: fresh_cluster.find("Kustomization", kustomization, "flux-system") is None,
        "the Kustomization to be gone",
    )
    # attach gave the ServiceAccount the Secret, and Flux prunes neither.
    assert "named by ServiceAccount default" in operator.apply(fresh_cluster, "--prune")
    fresh_cluster.api.patch("ServiceAccount", "default", "team-b", {"imagePullSecrets": None})

    assert "Secret team-b/regcred" in operator.apply(fresh_cluster, "--prune")
    assert not there()
    assert fresh_cluster.find("Secret", "regcred", "flux-system") is not None


def test_an_identity_that_flux_still_decrypts_with_is_kept_until_it_applied_the_commit(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, tmp_path: Path
) -> None:
    operator = Operator(repository, tmp_path / "operator")
    operator.bootstrap("robot:password")
    operator.apply(fresh_cluster)
    operator.push()
    fresh_flux.bootstrap(repository, "clusters/prod")
    fresh_flux.wait_ready("pull-secrets")
    operator.git("pull", "--quiet", "--rebase", "origin", "main")
    (old,) = fresh_cluster.get("Secret", "sops-age", "flux-system")["data"]
    operator.git("rm", "--quiet", "-r", ".sops.yaml", "pull-secrets")
    operator.git("commit", "--quiet", "--message", "Begin anew")
    next(operator.home.rglob("prod.agekey")).unlink()
    operator.bootstrap("robot:password")

    printed = operator.apply(fresh_cluster, "--force", "--prune")
    assert "in which a file is encrypted for its identity" in printed
    assert old in fresh_cluster.get("Secret", "sops-age", "flux-system")["data"]

    fresh_flux.wait_ready("pull-secrets", revision=operator.push())
    operator.apply(fresh_cluster, "--prune")
    assert old not in fresh_cluster.get("Secret", "sops-age", "flux-system")["data"]
