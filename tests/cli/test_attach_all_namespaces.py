"""attach --all-namespaces: every namespace that Git makes, and doctor says which came later."""

from __future__ import annotations

import pytest

from tests.field import gotk
from tests.support.documents import read
from tests.support.user import User

APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}}
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: flux-system}
spec: {targetNamespace: charted, install: {createNamespace: true}}
"""
ANNOTATION = "gitops-secrets/all-namespaces: regcred\n"
FILE = "clusters/prod/pull-secrets.yaml"


def namespace(name: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"


@pytest.fixture
def fleet(user: User) -> User:
    """A user whose cluster makes three namespaces besides Flux's own."""
    user.commit({**gotk.LAYOUTS["one cluster"].files, "clusters/prod/apps.yaml": APPS})
    made = {f"apps/{name}.yaml": namespace(name) for name in ("team-a", "team-b", "flux-system")}
    user.commit({**made, "apps/web.yaml": RELEASE})
    assert user.bootstrap().status == 0
    return user


def copies(user: User) -> list[str]:
    files = user.git("ls-files", "pull-secrets/namespaces/prod/*/regcred.sops.yaml").split()
    return [file.split("/")[3] for file in files]


def test_each_namespace_that_git_makes_gets_a_copy_and_the_choice_is_recorded(fleet: User) -> None:
    result = fleet.run("attach", "--all-namespaces")

    assert result.status == 0, result.printed
    assert copies(fleet) == ["charted", "team-a", "team-b"]
    assert ANNOTATION in fleet.read(FILE)
    said = fleet.run("doctor")
    assert said.stdout.startswith("gitops-secrets: healthy"), said.printed
    before = fleet.state()
    assert fleet.run("attach", "--all-namespaces").status == 0
    assert fleet.state() == before


def test_what_is_true_of_all_new_accounts_is_said_once(fleet: User) -> None:
    fleet.run("attach", "team-b", "--no-commit")
    fleet.commit({})
    for run in (("--dry-run",), ()):
        said = fleet.run("attach", "--all-namespaces", *run).stdout
        (note,) = (line for line in said.splitlines() if "from now on" in line)
        assert note == (
            "note: service-account.yaml beside each copy sets the imagePullSecrets of ServiceAccount default "
            "in 2 namespaces (charted, team-a) from now on: add to the file what was put there by hand"
        )


def test_a_document_says_it_of_each_namespace(fleet: User) -> None:
    ran = fleet.run("attach", "team-a", "team-b", "--output", "json")
    (cluster,) = read("attach", ran.stdout)["clusters"]
    assert [
        (one["namespace"], f"ServiceAccount {one['namespace']}/default" in " ".join(one["notes"]))
        for one in cluster["namespaces"]
    ] == [("team-a", True), ("team-b", True)]


def test_doctor_names_a_namespace_that_came_later_and_the_command_that_adds_it(
    fleet: User,
) -> None:
    assert fleet.run("attach", "--all-namespaces").status == 0
    fleet.commit({"apps/later.yaml": namespace("later")})

    said = fleet.run("doctor").stdout
    assert "warning[copies]: the namespace later has no copy of the pull Secret regcred" in said
    (hint,) = [line.partition("hint: ")[2] for line in said.splitlines() if "hint: " in line]
    assert fleet.run(*hint.split()[1:]).status == 0

    assert copies(fleet) == ["charted", "later", "team-a", "team-b"]
    assert "healthy" in fleet.run("doctor").stdout


def test_where_namespaces_were_named_none_that_comes_later_is_missed(fleet: User) -> None:
    assert fleet.run("attach", "team-a").status == 0
    assert "[copies]" not in fleet.run("doctor").stdout


def test_the_record_stays_when_the_kustomization_is_written_anew(fleet: User) -> None:
    assert fleet.run("attach", "--all-namespaces").status == 0
    fleet.commit({FILE: fleet.read(FILE).replace("prune: false", "prune: true")})

    assert fleet.bootstrap().status == 0

    assert "prune: false" in fleet.read(FILE)
    assert ANNOTATION in fleet.read(FILE)


def test_a_second_secret_is_recorded_beside_the_first(fleet: User) -> None:
    assert fleet.run("attach", "--all-namespaces").status == 0
    made = ("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "other")
    group = ("--registry", "other.example.com", "--registry-creds-env", "CREDS")
    assert fleet.run(*made, *group, env={"CREDS": "a:b"}).status == 0

    result = fleet.run("attach", "--all-namespaces", "--image-pull-secret", "other")

    assert result.status == 0, result.printed
    assert "gitops-secrets/all-namespaces: regcred,other\n" in fleet.read(FILE)


def test_without_a_namespace_or_a_place_for_the_record_it_is_refused(user: User) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    assert user.bootstrap().status == 0
    before = user.state()
    result = user.run("attach", "--all-namespaces")
    assert (result.status, user.state()) == (2, before), result.printed
    assert "Git makes no namespace in clusters/prod but that of Flux" in result.stderr


def test_the_inline_layout_has_no_place_for_the_record(user: User) -> None:
    assert user.bootstrap("--layout", "inline").status == 0
    result = user.run("attach", "--all-namespaces")
    assert result.status == 2, result.printed
    assert "clusters/prod has the inline layout" in result.stderr
