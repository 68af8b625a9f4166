"""Pods of other namespaces pull too: a copy of the pull Secret for each, with all that it needs."""

from __future__ import annotations

import json

import pytest

from tests.field import artifacts, byhand, gotk, operated, operated_overlays, values
from tests.support.fleet import ACCOUNTS, FILES, FLUX, TEAM, deployments, push
from tests.support.user import User

APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}}
"""
COPY = "pull-secrets/namespaces/prod/team-b/regcred.sops.yaml"
HELD = {"registry.example.com": "robot:password"}
LAYOUTS = {
    "flux bootstrap in another namespace": gotk.LAYOUTS["another namespace"],
    "a release of flux-instance": operated.LAYOUTS["a release with patches"],
    "an overlay of a FluxInstance": operated_overlays.LAYOUTS["a patch in a file"],
    "values in a file": values.LAYOUTS["by a generator"],
    "a home cluster": byhand.LAYOUTS["a home cluster"],
    "an artifact of a subfolder": artifacts.LAYOUTS["pushed by a workflow"],
    "only some folders are fetched": artifacts.LAYOUTS["only folders are let through"],
}


@pytest.fixture
def fleet(user: User) -> User:
    """A user whose cluster has Flux, its pull Secret and a team's apps."""
    user.commit({**gotk.LAYOUTS["one cluster"].files, "clusters/prod/apps.yaml": APPS})
    user.commit({"apps/team-b.yaml": TEAM})
    assert user.bootstrap().status == 0
    return user


def test_a_namespace_gets_a_copy_a_kustomization_and_its_service_account(fleet: User) -> None:
    result = fleet.run("attach", "team-b/builder")

    assert result.status == 0, result.printed
    assert set(fleet.git("show", "--name-only", "--format=").split()) == {
        ".sops.yaml",
        "apps/team-b.yaml",
        "clusters/prod/pull-secrets-team-b.yaml",
        COPY,
    }
    assert fleet.credentials(COPY) == HELD
    assert "path: ./pull-secrets/namespaces/prod/team-b\n" in fleet.read(
        "clusters/prod/pull-secrets-team-b.yaml"
    )
    account = "  name: builder\n  namespace: team-b\nimagePullSecrets:\n  - name: regcred\n---\n"
    assert TEAM.replace("  name: builder\n  namespace: team-b\n---\n", account) == fleet.read(
        "apps/team-b.yaml"
    )
    said = fleet.run("doctor")
    assert (said.status, said.stdout.startswith("gitops-secrets: healthy")) == (0, True), (
        said.printed
    )


def test_again_it_changes_nothing(fleet: User) -> None:
    for names in (("team-b/builder",), ("team-b", "team-b/builder")):
        assert fleet.run("attach", *names).status == 0
        before = fleet.state()
        again = fleet.run("attach", *names)
        assert (again.status, fleet.state()) == (0, before), again.printed
        assert "everything is in place" in again.stdout


def test_the_default_account_is_made_where_git_has_none(fleet: User) -> None:
    result = fleet.run("attach", "team-b")

    assert result.status == 0, result.printed
    file = "pull-secrets/namespaces/prod/team-b/service-account.yaml"
    assert "imagePullSecrets:\n  - name: regcred\n" in fleet.read(file)
    assert (
        f"note: {file} sets the imagePullSecrets of ServiceAccount team-b/default" in result.stdout
    )


def test_a_second_pull_secret_joins_the_first_on_the_account(fleet: User) -> None:
    assert fleet.run("attach", "team-b").status == 0
    more = ("--registry", "other.example.com", "--registry-creds-env", "CREDS", "--for", "team-b")
    other = ("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "other", *more)
    result = fleet.run(*other, env={"CREDS": "robot:password"})

    assert result.status == 0, result.printed
    made = fleet.read("pull-secrets/namespaces/prod/team-b/service-account.yaml")
    assert made.endswith("imagePullSecrets:\n  - name: regcred\n  - name: other\n")


def test_an_account_that_git_does_not_make_is_named(fleet: User) -> None:
    result = fleet.run("attach", "team-b/deployer")

    assert result.status == 0, result.printed
    assert (
        "note: nothing in Git makes ServiceAccount team-b/deployer: give it imagePullSecrets: "
        "[{name: regcred}] where it is made" in result.stdout
    )
    assert "pulled by  deployer" not in result.stdout


def test_an_account_that_nobody_makes_is_named_in_a_dry_run_and_again(fleet: User) -> None:
    assert fleet.run("attach", "team-b").status == 0
    for more in ((), ("--dry-run",)):
        result = fleet.run("attach", "team-b/deployer", *more)
        assert "note: nothing in Git makes ServiceAccount team-b/deployer" in result.stdout, more


LEFT = "pull-secrets/namespaces/prod/team-b/service-account.yaml"
DEFAULT = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: default
  namespace: team-b
"""


def test_a_service_account_in_a_file_that_nothing_applies_is_named(fleet: User) -> None:
    listing = f"{LEFT.rpartition('/')[0]}/kustomization.yaml"
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    fleet.commit({LEFT: DEFAULT, listing: f"{head}  - other.yaml\n"})
    fleet.commit({listing.replace("kustomization", "other"): TEAM.partition("---")[0]})

    result = fleet.run("attach", "team-b")

    assert result.status == 0, result.printed
    assert (
        f"note: nothing applies {LEFT}, so ServiceAccount team-b/default does not" in result.stdout
    )
    assert f"list service-account.yaml under resources in {listing}" in result.stdout
    assert "pulled by  default" not in result.stdout
    assert fleet.read(LEFT) == DEFAULT
    fleet.commit({listing: f"{fleet.read(listing)}  - service-account.yaml\n"})
    assert "pulled by  default" in fleet.run("attach", "team-b").stdout
    assert fleet.read(LEFT) == f"{DEFAULT}imagePullSecrets:\n  - name: regcred\n"


@pytest.mark.parametrize(
    "other", ["name: other\n  namespace: team-b", "name: default\n  namespace: team-c"]
)
def test_a_file_with_another_service_account_is_not_edited(fleet: User, other: str) -> None:
    made = DEFAULT.replace("name: default\n  namespace: team-b", other)
    fleet.commit({LEFT: made})

    result = fleet.run("attach", "team-b")

    assert f"note: {LEFT} makes another; nothing in Git makes ServiceAccount" in result.stdout
    assert "pulled by  default" not in result.stdout
    assert fleet.read(LEFT) == made


def test_an_account_of_several_clusters_is_left_alone(user: User) -> None:
    user.commit(gotk.LAYOUTS["several clusters"].files)
    user.commit({f"clusters/{name}/apps.yaml": APPS for name in ("production", "staging")})
    user.commit({"apps/team-b.yaml": TEAM})
    command = ("bootstrap", "--all", "--image-pull-secret", "regcred")
    groups = ("--registry", "registry.example.com", "--registry-creds-env", "CREDS")
    assert user.run(*command, *groups, env={"CREDS": "robot:password"}).status == 0

    result = user.run("attach", "team-b/builder", "--path", "clusters/production")

    assert result.status == 0, result.printed
    assert user.read("apps/team-b.yaml") == TEAM
    assert "note: apps/team-b.yaml:6: ServiceAccount team-b/builder is left as it is, since " in (
        result.stdout
    )
    assert "another cluster applies the file too" in result.stdout


def test_bootstrap_does_it_in_the_same_commit(user: User) -> None:
    user.commit({**gotk.LAYOUTS["one cluster"].files, "clusters/prod/apps.yaml": APPS})
    user.commit({"apps/team-b.yaml": TEAM})

    result = user.bootstrap("--for", "team-b/builder", "--output", "json")

    assert (result.status, user.commits()) == (0, 3), result.printed
    (namespace,) = json.loads(result.stdout)["clusters"][0]["namespaces"]
    assert namespace["service_accounts"] == ["builder"]
    assert user.credentials(COPY) == HELD
    # One rule for the copies, which the same readers can read.
    recipients = {line for line in user.read(".sops.yaml").split() if line.startswith("age1")}
    assert len(recipients) == 1


def test_a_new_password_reaches_the_copies(fleet: User) -> None:
    assert fleet.run("attach", "team-b/builder").status == 0

    result = fleet.bootstrap(creds="robot:newer")

    assert result.status == 0, result.printed
    assert fleet.credentials(COPY) == {"registry.example.com": "robot:newer"}
    changed = fleet.git("show", "--name-only", "--format=").split()
    assert changed == [COPY, "pull-secrets/prod/regcred.sops.yaml"]


def test_the_registry_commands_change_the_copies_too(fleet: User) -> None:
    assert fleet.run("attach", "team-b/builder").status == 0
    more = ("--registry", "ghcr.io", "--registry-creds-env", "CREDS")

    added = fleet.run("registry", "add", *more, env={"CREDS": "other:word"})

    assert added.status == 0, added.printed
    both = {"registry.example.com": "robot:password", "ghcr.io": "other:word"}
    assert fleet.credentials(COPY) == both == fleet.credentials()
    assert fleet.run("registry", "remove", "--registry", "ghcr.io").status == 0
    assert fleet.credentials(COPY) == HELD


def test_another_reader_of_the_secret_reads_the_copies(fleet: User) -> None:
    person = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    assert fleet.bootstrap("--age-recipient", person).status == 0
    assert fleet.run("attach", "team-b").status == 0
    assert person in fleet.read(COPY)


def test_readers_of_a_copy_who_do_not_read_the_secret_are_said(fleet: User) -> None:
    person = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    config = fleet.read(".sops.yaml")
    own = next(line for line in config.splitlines() if "# cluster" in line)
    rule = (
        "  - path_regex: ^pull-secrets/namespaces/prod/team-b/[^/]*\\.sops\\.ya?ml$\n"
        f"    encrypted_regex: ^(data|stringData)$\n    age:\n{own}\n      - {person} # person\n"
    )
    fleet.commit({".sops.yaml": config.replace("creation_rules:\n", f"creation_rules:\n{rule}")})

    result = fleet.run("attach", "team-a", "team-b")

    assert result.status == 0, result.printed
    assert person in fleet.read(COPY)
    assert person not in fleet.read("pull-secrets/namespaces/prod/team-a/regcred.sops.yaml")
    said = result.stdout.partition("team-b/regcred in")[2].partition("pulled by")[0]
    assert f"             {person}\n" in said


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_fits_every_layout(user: User, name: str) -> None:
    layout = LAYOUTS[name]
    user.commit(layout.files)
    secret = ("--image-pull-secret", "regcred")
    groups = ("--registry", "registry.example.com", "--registry-creds-env", "CREDS")
    every = ("--all",) if len(layout.roots) > 1 else ()
    made = user.run("bootstrap", *every, *secret, *groups, env={"CREDS": "robot:password"})
    assert made.status == 0, made.printed

    result = user.run("attach", "kube-system", *every)

    assert result.status == 0, result.printed
    copies = user.git("ls-files", "*/kube-system/regcred.sops.yaml").split()
    assert len(copies) == len(layout.roots)
    assert user.credentials(copies[0]) == HELD
    said = user.run("doctor")
    assert (said.status, said.stdout.startswith("gitops-secrets: healthy")) == (0, True), (
        said.printed
    )


def test_doctor_names_the_command_and_it_works(fleet: User) -> None:
    said = fleet.run("doctor")
    hint = next(line for line in said.stdout.splitlines() if "hint: gitops-secrets attach" in line)
    command = hint.partition("gitops-secrets ")[2].split()
    assert command[:2] == ["attach", "team-b/builder"]

    assert fleet.run(*command).status == 0
    assert fleet.run("doctor").stdout.startswith("gitops-secrets: healthy")


def test_what_it_cannot_do_is_said_before_anything_is_written(fleet: User) -> None:
    before = fleet.state()
    for arguments, status, message in (
        (["flux-system"], 2, "flux-system is the namespace of Flux"),
        (["Team_B"], 2, "Kubernetes takes no namespace named 'Team_B'"),
        (["team-b/No_Account"], 2, "Kubernetes takes no ServiceAccount named 'No_Account'"),
        (["team-b", "--image-pull-secret", "other"], 2, "clusters/prod has no pull Secret other"),
        ([], 2, "NAMESPACE[/SERVICEACCOUNT]"),
    ):
        result = fleet.run("attach", *arguments)
        assert result.status == status, result.printed
        assert message in result.stderr
        assert fleet.state() == before


def test_before_bootstrap_there_is_nothing_to_attach(user: User) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    result = user.run("attach", "team-b")
    assert result.status == 2, result.printed
    assert "clusters/prod has no pull Secret yet in pull-secrets/prod" in result.stderr
    assert "gitops-secrets bootstrap --path clusters/prod" in result.stderr


def test_changes_of_the_users_own_stop_it(fleet: User) -> None:
    fleet.write({"apps/team-b.yaml": TEAM + "# mine\n"})
    before = fleet.state()
    result = fleet.run("attach", "team-b/builder")
    assert (result.status, fleet.state()) == (3, before), result.printed
    assert "apps/team-b.yaml has changes that are not committed" in result.stderr


def test_without_the_identity_nothing_is_copied(fleet: User) -> None:
    before = fleet.state()
    result = fleet.run("attach", "team-b", env={"XDG_CONFIG_HOME": str(fleet.temporary)})
    assert (result.status, fleet.state()) == (3, before), result.printed
    assert "no identity at hand opens pull-secrets/prod/regcred.sops.yaml" in result.stderr


def test_dry_run_writes_nothing_and_hides_values(fleet: User) -> None:
    before = fleet.state()
    result = fleet.run("attach", "team-b", "--dry-run")
    assert (result.status, fleet.state()) == (0, before), result.printed
    assert f"+++ b/{COPY}" in result.stdout
    assert "ENC[AES256" not in result.stdout


def test_inline_secrets_are_copied_into_a_folder_of_their_own(user: User) -> None:
    result = user.bootstrap("--layout", "inline", "--for", "team-b")
    assert result.status == 0, result.printed
    assert user.credentials(COPY) == HELD
    assert user.read("clusters/prod/pull-secrets-team-b.yaml").endswith("      name: sops-age\n")


def test_copies_wait_for_the_second_of_the_two_inline_commits(user: User) -> None:
    user.commit(FILES)
    push(user)
    before = user.state()
    result = user.bootstrap("--layout", "inline", "--for", "team-b")
    assert (result.status, user.state()) == (2, before), result.printed
    assert "give --for with --resume" in result.stderr


def test_what_looks_like_a_slip_is_said_also_where_nothing_changes(fleet: User) -> None:
    misspelt = fleet.run("attach", "tema-b", "--dry-run")
    assert "nothing in Git names the namespace tema-b" in misspelt.stdout, misspelt.printed
    assert "Did you mean team-b?" in misspelt.stdout
    assert fleet.run("attach", "team-b/builder").status == 0
    again = fleet.run("attach", "team-b/bulider")
    assert "everything is in place" in again.stdout, again.printed
    assert "note: nothing in Git makes ServiceAccount team-b/bulider" in again.stdout
    assert "names the namespace" not in again.stdout


def test_each_namespace_without_a_key_gets_the_command_and_copies_leave_no_key_unused(
    fleet: User,
) -> None:
    fleet.commit({"apps/team-c.yaml": TEAM.replace("team-b", "team-c")})
    fleet.commit({f"{FLUX}/gotk-components.yaml": ACCOUNTS + deployments("ghcr.io/fluxcd")})
    assert fleet.run("attach", "team-b/builder").status == 0
    said = fleet.run("doctor")
    hint = "hint: gitops-secrets attach team-c/builder --path clusters/prod --image-pull-secret regcred\n"
    assert hint in said.stdout, said.printed
    added = ("registry", "add", "--registry", "unused.example.com", "--registry-creds-env", "CREDS")
    assert fleet.run(*added, env={"CREDS": "robot:other"}).status == 0
    assert fleet.run("attach", "team-c/builder").status == 0

    unused = fleet.run("doctor").stdout

    assert unused.count("has a key for unused.example.com") == 1, unused
    assert "has a key for registry.example.com" not in unused
    remove = "registry remove --path clusters/prod --image-pull-secret regcred --registry unused.example.com"
    assert f"hint: gitops-secrets {remove}\n" in unused
    assert fleet.run(*remove.split()).status == 0
    assert "healthy" in fleet.run("doctor").stdout
