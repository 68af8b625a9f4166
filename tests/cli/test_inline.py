"""bootstrap --layout inline: below the cluster's path, and never in the order that deadlocks Flux."""

from __future__ import annotations

import pytest

from tests.support import documents
from tests.support.fleet import FILES, FLUX, push
from tests.support.user import User

SECRET = "clusters/prod/pull-secrets/regcred.sops.yaml"
KEY = "registry.example.com"
INLINE = ("--layout", "inline")
PATCHED = """\
patches:
- patch: |
    - op: add
      path: /spec/decryption
      value: {provider: sops, secretRef: {name: keys}}
  target: {kind: Kustomization, name: flux-system}
"""


@pytest.fixture
def live(user: User) -> User:
    """The repository of a cluster that runs Flux."""
    user.commit(FILES)
    push(user)
    return user


def committed(user: User) -> list[str]:
    return user.git("show", "--name-only", "--format=").split()


def test_before_the_first_flux_bootstrap_one_commit_does(user: User) -> None:
    result = user.bootstrap(*INLINE)
    assert result.status == 0, result.printed
    assert user.commits() == 1
    assert user.credentials(SECRET) == {KEY: "robot:password"}
    assert "provider: sops" in user.read(f"{FLUX}/kustomization.yaml")
    assert "clusters/prod/pull-secrets.yaml" not in committed(user)
    assert "path_regex: ^clusters/prod/pull-secrets/[^/]*" in user.read(".sops.yaml")


def test_a_second_run_changes_no_byte_and_need_not_name_the_layout(user: User) -> None:
    user.bootstrap(*INLINE)
    before = user.state()
    for layout in ((), INLINE):
        result = user.bootstrap(*layout)
        assert (result.status, user.state()) == (0, before), result.printed


def test_a_live_cluster_gets_its_decryption_first_and_the_secret_when_it_has_it(live: User) -> None:
    first = live.bootstrap(*INLINE)
    assert first.status == 0, first.printed
    assert committed(live) == [".sops.yaml", f"{FLUX}/kustomization.yaml"]
    assert "comes with a second commit" in first.stdout
    again = (
        "gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred --registry "
        f"{KEY} --registry-creds-env CREDS --layout inline --resume --context CONTEXT"
    )
    assert again in first.stdout

    unpushed = live.bootstrap(*INLINE, "--resume")
    assert (unpushed.status, "is committed and not pushed" in unpushed.stderr) == (3, True)
    push(live)
    before = live.state()
    hasty = live.bootstrap(*INLINE)
    assert (hasty.status, live.state()) == (0, before), "again is nothing"
    assert "the Secret waits until Flux decrypts" in hasty.stdout
    assert again in hasty.stdout

    second = live.bootstrap("--resume")
    assert second.status == 0, second.printed
    assert committed(live) == [SECRET]
    assert live.credentials(SECRET) == {KEY: "robot:password"}
    push(live)
    assert live.run("doctor").stdout.startswith("gitops-secrets: healthy")

    assert live.bootstrap(creds="robot:changed").status == 0, "from here on it is one commit"
    assert live.credentials(SECRET) == {KEY: "robot:changed"}


def test_the_first_commit_reads_no_credentials(live: User) -> None:
    result = live.run(
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred", *INLINE),
        *("--registry", KEY, "--registry-creds-file", "/not/there"),
    )
    assert result.status == 0, result.printed
    said = live.run(
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred", *INLINE),
        *("--registry", KEY, "--registry-creds", "robot:hunter2hunter2", "--dry-run"),
    )
    assert "hunter2" not in said.printed


def test_a_dry_run_says_that_it_is_the_first_of_two(live: User) -> None:
    before = live.state()
    said = live.bootstrap(*INLINE, "--dry-run")
    assert (said.status, live.state()) == (0, before)
    assert "the Secret of clusters/prod comes with a second commit" in said.stdout


def test_the_password_on_the_command_line_is_not_said_again(live: User) -> None:
    said = live.run(
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred", *INLINE),
        *("--registry", KEY, "--registry-creds", "robot:hunter2hunter2"),
    )
    assert said.status == 0
    assert "--registry-creds USER:PASSWORD" in said.stdout
    assert "hunter2" not in said.printed


def test_where_flux_decrypts_already_one_commit_does(live: User) -> None:
    text = live.read(f"{FLUX}/kustomization.yaml")
    live.commit({f"{FLUX}/kustomization.yaml": text + PATCHED})
    assert live.bootstrap(*INLINE, "--resume").status == 3, "it is not pushed"
    push(live)
    assert live.bootstrap(*INLINE, "--resume").status == 0
    assert live.credentials(SECRET) == {KEY: "robot:password"}
    assert live.read(f"{FLUX}/kustomization.yaml").count("provider: sops") == 1
    push(live)
    result = live.run(
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "second"),
        *("--registry", KEY, "--registry-creds-env", "CREDS"),
        env={"CREDS": "robot:two"},
    )
    assert result.status == 0, "an encrypted file is there, so Flux does decrypt"


def test_decryption_without_a_secret_of_its_own_is_refused(live: User) -> None:
    text = live.read(f"{FLUX}/kustomization.yaml")
    patch = PATCHED.replace(", secretRef: {name: keys}", "")
    live.commit({f"{FLUX}/kustomization.yaml": text + patch})
    before = live.state()
    result = live.bootstrap(*INLINE)
    assert (result.status, live.state()) == (3, before)
    assert "decrypts without a secretRef" in result.stderr


def test_a_kustomization_that_lists_what_it_takes_lists_the_secret(live: User) -> None:
    listed = "resources:\n- flux-system\n"
    live.commit({"clusters/prod/kustomization.yaml": listed})
    push(live)
    live.bootstrap(*INLINE)
    assert live.read("clusters/prod/kustomization.yaml") == listed, "not before it is there"
    push(live)
    assert live.bootstrap("--resume").status == 0
    assert (
        live.read("clusters/prod/kustomization.yaml")
        == f"{listed}- pull-secrets/regcred.sops.yaml\n"
    )


def test_a_namespace_that_would_move_it_is_refused(user: User) -> None:
    user.commit(
        {"clusters/prod/kustomization.yaml": "namespace: apps\nresources:\n- flux-system\n"}
    )
    before = user.state()
    result = user.bootstrap(*INLINE)
    assert (result.status, user.state()) == (3, before)
    assert "would move the pull Secret out of flux-system" in result.stderr


@pytest.mark.parametrize(("first", "then"), [((), INLINE), (INLINE, ("--layout", "separate"))])
def test_a_cluster_keeps_its_layout(
    user: User, first: tuple[str, ...], then: tuple[str, ...]
) -> None:
    assert user.bootstrap(*first).status == 0
    before = user.state()
    result = user.bootstrap(*then)
    assert (result.status, user.state()) == (2, before)
    assert "has its pull Secrets the other way" in result.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--resume",), "--resume goes with --layout inline"),
        ((*INLINE, "--resume"), "no commit has Flux decrypt clusters/prod yet"),
        ((*INLINE, "--context", "prod"), "--context needs --resume"),
    ],
)
def test_what_cannot_be_meant_is_refused(live: User, flags: tuple[str, ...], said: str) -> None:
    before = live.state()
    result = live.bootstrap(*flags)
    assert (result.status, live.state()) == (2, before)
    assert said in result.stderr


def test_another_kustomization_that_would_take_it_undecrypted_stops_the_run(user: User) -> None:
    all_of_it = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: all}\n"
        "spec: {path: ./clusters, sourceRef: {kind: GitRepository, name: flux-system}}\n"
    )
    user.commit({**FILES, "clusters/prod/all.yaml": all_of_it})
    result = user.bootstrap(*INLINE)
    assert result.status == 3
    assert "would apply clusters/prod/pull-secrets without decrypting it" in result.stderr


def test_programs_are_told_which_commit_it_is(live: User) -> None:
    printed = live.bootstrap(*INLINE, "--output", "json").stdout
    said = documents.read("bootstrap", printed)["clusters"][0]
    assert (said["layout"], said["decryption_only"]) == ("inline", True)


def test_the_overview_knows_the_layout(user: User) -> None:
    user.bootstrap(*INLINE)
    assert "1 pull Secret in clusters/prod/pull-secrets" in user.run().stdout


PLACE = "apiVersion: builtin\nkind: {kind}\nmetadata: {{name: place, namespace: else}}\n"


@pytest.mark.parametrize(("kind", "status"), [("NamespaceTransformer", 3), ("LabelTransformer", 0)])
def test_a_secret_that_a_transformer_may_move_is_not_made(
    user: User, kind: str, status: int
) -> None:
    """What a transformer makes of the Secret is not followed, so nobody could say where it ends up."""
    listing = "resources: [flux-system]\ntransformers: [../../place.yaml]\n"
    user.commit(
        {"clusters/prod/kustomization.yaml": listing, "place.yaml": PLACE.format(kind=kind)}
    )
    before = user.state()
    result = user.bootstrap(*INLINE)
    assert result.status == status, result.printed
    if status:
        words = "kustomization.yaml has the transformer NamespaceTransformer, which is not followed"
        assert words in result.printed
        assert user.state() == before
