"""attach --resourceset: the Flux Operator copies the Secret, in place of an encrypted file for each namespace."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.field import gotk
from tests.support.fleet import TEAM
from tests.support.user import Result, User

INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec:
  distribution:
    version: "2.x"
    registry: ghcr.io/fluxcd
  sync:
    kind: GitRepository
    url: https://git.example.com/fleet.git
    ref: refs/heads/main
    path: clusters/prod
"""
BY_DEFAULT = TEAM.replace("      serviceAccountName: builder\n", "")
"""The same with a workload that runs as the ServiceAccount ``default``."""
FILE = "clusters/prod/pull-secret-copies-regcred.yaml"


@pytest.fixture
def operated(user: User) -> User:
    """A user whose Flux the operator installs, with a tenant and the pull Secret."""
    user.commit({"clusters/prod/flux.yaml": INSTANCE, "clusters/prod/team-b.yaml": BY_DEFAULT})
    assert user.bootstrap().status == 0
    return user


CHARTS = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: charts, namespace: team-b}
spec:
  interval: 1m
  url: oci://registry.example.com/charts
"""


BUILDER = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: builder, namespace: team-b}
"""


def make_namespace(user: User, name: str) -> None:
    text = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"
    user.commit({f"clusters/prod/{name}.yaml": text})


def follow(user: User, said: Result) -> str:
    """Run the only hint, of one or two commands, and return what they ask for: each ends with the cluster and the Secret."""
    (hint,) = re.findall(r"hint: gitops-secrets (attach .*)", said.printed)
    found = []
    for command in hint.split(" && gitops-secrets "):
        asked, rest = command.split(" --path ")
        assert rest == "clusters/prod --image-pull-secret regcred"
        done = user.run(*command.split())
        assert done.status == 0, done.printed
        found.append(asked)
    return " && ".join(found)


def written(user: User) -> dict[str, object]:
    return dict(yaml.safe_load(user.read(FILE)))


def test_one_resource_set_copies_into_all_namespaces_without_ciphertext(operated: User) -> None:
    result = operated.run(
        "attach", "--resourceset", "team-b", "team-b/builder", "team-a", "-o", "json"
    )

    assert result.status == 0, result.printed
    changed = operated.git("show", "--name-only", "--format=").split()
    assert changed == [FILE, "clusters/prod/team-b.yaml"]
    spec = written(operated)["spec"]
    assert isinstance(spec, dict)
    assert spec["inputs"] == [
        {"namespace": "team-a", "defaultAccount": "enabled"},
        {"namespace": "team-b", "defaultAccount": "enabled"},
    ]
    secret, account = spec["resources"]
    copy_from = secret["metadata"]["annotations"]["fluxcd.controlplane.io/copyFrom"]
    assert copy_from == "flux-system/regcred"
    assert account["imagePullSecrets"] == [{"name": "regcred"}]
    assert "imagePullSecrets:\n  - name: regcred\n" in operated.read("clusters/prod/team-b.yaml")
    (cluster,) = json.loads(result.stdout)["clusters"]
    told = {n["namespace"]: (n["resource_set"], n["file"]) for n in cluster["namespaces"]}
    assert told == dict.fromkeys(("team-a", "team-b"), ("pull-secret-copies-regcred", FILE))


def test_again_it_changes_nothing_and_another_namespace_joins(operated: User) -> None:
    assert operated.run("attach", "--resourceset", "team-b").status == 0
    before = operated.state()
    again = operated.run("attach", "--resourceset", "team-b")
    assert (again.status, operated.state()) == (0, before), again.printed

    assert operated.run("attach", "--resourceset", "team-c/builder").status == 0

    spec = written(operated)["spec"]
    assert isinstance(spec, dict)
    assert spec["inputs"] == [
        {"namespace": "team-b", "defaultAccount": "enabled"},
        {"namespace": "team-c", "defaultAccount": "disabled"},
    ]


def test_doctor_knows_that_the_pods_pull_then(operated: User) -> None:
    assert "attach team-b" in operated.run("doctor").stdout
    assert operated.run("attach", "--resourceset", "team-b").status == 0
    said = operated.run("doctor")
    assert said.stdout.startswith("gitops-secrets: healthy"), said.printed


def test_all_namespaces_are_copied_into_and_a_later_one_is_named(operated: User) -> None:
    assert operated.run("attach", "--resourceset", "--all-namespaces").status == 0
    assert "[copies]" not in operated.run("doctor").stdout
    make_namespace(operated, "c")
    said = operated.run("doctor")
    assert "the namespace c has no copy" in said.stdout
    assert follow(operated, said) == "attach --resourceset --all-namespaces"
    assert "healthy" in operated.run("doctor").stdout


def test_where_others_have_files_the_hint_names_the_namespace(operated: User) -> None:
    make_namespace(operated, "c")
    assert operated.run("attach", "--all-namespaces").status == 0
    make_namespace(operated, "d")
    assert operated.run("attach", "--resourceset", "d").status == 0
    make_namespace(operated, "e")
    assert follow(operated, operated.run("doctor")) == "attach --resourceset e"
    assert "healthy" in operated.run("doctor").stdout


def test_a_refusal_without_resourceset_prints_all_that_was_asked_for(operated: User) -> None:
    assert operated.run("attach", "--resourceset", "--all-namespaces").status == 0
    make_namespace(operated, "c")
    refused = operated.run("attach", "--all-namespaces", "other/builder")
    wanted = "attach --resourceset --all-namespaces other/builder"
    assert follow(operated, refused) == wanted, refused.printed
    assert "[copies]" not in operated.run("doctor").stdout

    make_namespace(operated, "d")
    refused = operated.run("attach", "c", "d", "d/builder")
    assert follow(operated, refused) == "attach --resourceset c d d/builder", refused.printed
    assert "[copies]" not in operated.run("doctor").stdout


def test_a_refusal_asks_by_a_command_of_its_own_for_those_that_have_files(operated: User) -> None:
    make_namespace(operated, "c")
    assert operated.run("attach", "team-b").status == 0
    assert operated.run("attach", "--resourceset", "c").status == 0
    make_namespace(operated, "d")
    refused = operated.run("attach", "--all-namespaces")
    wanted = "attach --resourceset c d && attach team-b"
    assert follow(operated, refused) == wanted, refused.printed
    assert "[copies]" not in operated.run("doctor").stdout


def test_an_account_by_a_file_and_one_by_the_operator_are_asked_for_by_two_commands(
    operated: User,
) -> None:
    make_namespace(operated, "c")
    assert operated.run("attach", "team-b").status == 0
    assert operated.run("attach", "--resourceset", "c").status == 0
    operated.commit({"clusters/prod/builder.yaml": BUILDER})

    refused = operated.run("attach", "c", "team-b/builder")

    assert refused.status == 2, refused.printed
    assert follow(operated, refused) == "attach --resourceset c && attach team-b/builder"
    assert "imagePullSecrets" in operated.read("clusters/prod/builder.yaml")


def test_a_source_of_a_namespace_with_a_file_goes_with_an_account_by_the_operator(
    operated: User,
) -> None:
    """The copy that is there in a file is enough for the source."""
    make_namespace(operated, "c")
    assert operated.run("attach", "team-b").status == 0
    assert operated.run("attach", "--resourceset", "c").status == 0
    operated.commit({"clusters/prod/charts.yaml": CHARTS})

    refused = operated.run("attach", "c", "--source", "OCIRepository/charts.team-b")

    assert refused.status == 2, refused.printed
    wanted = "attach --resourceset c --source OCIRepository/charts.team-b"
    assert follow(operated, refused) == wanted
    assert "secretRef" in operated.read("clusters/prod/charts.yaml")
    inputs = written(operated)["spec"]["inputs"]  # type: ignore[index]
    assert [entry["namespace"] for entry in inputs] == ["c"]
    assert "healthy" in operated.run("doctor").stdout
    before = operated.state()
    alone = operated.run("attach", "--resourceset", "--source", "OCIRepository/charts.team-b")
    assert (alone.status, operated.state()) == (0, before), alone.printed


def test_doctor_and_a_refusal_print_the_same_beside_a_file_for_what_git_does_not_make(
    operated: User,
) -> None:
    """A file for a namespace of which Git knows nothing is no reason against all that Git makes."""
    assert operated.run("attach", "other/builder").status == 0
    assert operated.run("attach", "--resourceset", "--all-namespaces").status == 0
    make_namespace(operated, "c")
    wanted = "gitops-secrets attach --resourceset --all-namespaces --path clusters/prod"
    assert f"hint: {wanted} --image-pull-secret regcred\n" in operated.run("doctor").stdout
    refused = operated.run("attach", "--all-namespaces", "other/builder")
    assert (refused.status, f"hint: {wanted}" in refused.stderr) == (2, True), refused.printed
    wanted = "attach --resourceset --all-namespaces && attach other/builder"
    assert follow(operated, refused) == wanted
    assert "[copies]" not in operated.run("doctor").stdout


def test_a_source_uses_the_copy_of_the_operator(operated: User) -> None:
    assert operated.run("attach", "--resourceset", "team-b").status == 0
    operated.commit({"clusters/prod/charts.yaml": CHARTS})
    before = operated.read(FILE)
    hint = "attach --source OCIRepository/charts.team-b"
    assert follow(operated, operated.run("doctor")) == hint
    assert operated.read(FILE) == before
    assert "secretRef" in operated.read("clusters/prod/charts.yaml")
    assert "healthy" in operated.run("doctor").stdout


def test_a_namespace_gets_the_secret_in_one_way_only(operated: User) -> None:
    assert operated.run("attach", "team-a").status == 0
    before = operated.state()
    twice = operated.run("attach", "--resourceset", "team-a")
    assert (twice.status, operated.state()) == (2, before), twice.printed
    assert "team-a has a file with a copy of regcred already" in twice.stderr

    assert operated.run("attach", "--resourceset", "team-b").status == 0
    before = operated.state()
    twice = operated.run("attach", "team-b")
    assert (twice.status, operated.state()) == (2, before), twice.printed
    assert "copy regcred into team-b already" in twice.stderr
    # A new password reaches the file of team-a, and the operator copies it to team-b.
    assert operated.bootstrap(creds="robot:newer").status == 0
    assert FILE not in operated.git("show", "--name-only", "--format=")


def test_a_namespace_that_nothing_names_is_said_with_what_follows(operated: User) -> None:
    result = operated.run("attach", "--resourceset", "tema-b")
    assert "the ResourceSet fails, and no namespace gets a new password, until" in result.stdout
    assert "Did you mean team-b?" in result.stdout


def test_without_the_operator_it_is_refused(user: User) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    assert user.bootstrap().status == 0
    before = user.state()
    result = user.run("attach", "--resourceset", "team-b")
    assert (result.status, user.state()) == (2, before), result.printed
    assert "only the Flux Operator knows ResourceSets" in result.stderr
