"""What a bootstrap must not do in silence: leave readers out, cut a path, add a second Secret."""

from __future__ import annotations

import pytest

from tests.field import gotk
from tests.support.user import User

PERSON = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
PGP = "creation_rules:\n  - pgp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21\n"
KMS = f"creation_rules:\n  - kms: arn:aws:kms:eu-west-1:1:key/a\n    age: {PERSON}\n"


@pytest.fixture
def fleet(user: User) -> User:
    """A user whose repository has one cluster."""
    user.commit(gotk.LAYOUTS["one cluster"].files)
    return user


@pytest.mark.parametrize(("config", "line", "name"), [(PGP, 2, "pgp"), (KMS, 2, "kms")])
def test_readers_by_a_key_manager_are_asked_for_and_never_dropped_in_silence(
    fleet: User, config: str, line: int, name: str
) -> None:
    fleet.commit({".sops.yaml": config})
    before = fleet.state()

    asked = fleet.bootstrap()
    kept = fleet.bootstrap("--shadowed-recipients", "keep")

    assert (asked.status, kept.status, fleet.state()) == (2, 3, before), kept.printed
    assert f"{name} (.sops.yaml:{line}) could decrypt the Secret" in asked.stderr
    assert f".sops.yaml:{line}: {name} names a key manager" in kept.stderr
    assert fleet.bootstrap("--shadowed-recipients", "drop").status == 0


def test_a_path_of_a_registry_that_is_left_out_is_said(fleet: User) -> None:
    command = ("bootstrap", "--image-pull-secret", "regcred", "--registry", "r.example.com/team/x")
    creds = ("--registry-creds-env", "CREDS")
    note = "note: the key in the Secret is r.example.com, without the path"
    for scope, is_said in ((), True), (("--scope", "host"), False), (("--scope", "path"), False):
        result = fleet.run(*command, *scope, *creds, "--dry-run", env={"CREDS": "robot:password"})
        assert (result.status, note in result.stderr) == (0, is_said), result.printed


def test_a_second_secret_for_the_same_registry_is_said(fleet: User) -> None:
    assert fleet.bootstrap().status == 0
    result = fleet.bootstrap("--image-pull-secret", "regcerd")
    assert result.status == 0, result.printed
    assert (
        "note: pull-secrets/prod/regcred.sops.yaml has a key for registry.example.com already"
        in (result.stdout)
    )
    assert "to change that one: --image-pull-secret regcred" in result.stdout


def test_a_second_secret_for_another_registry_is_said_too(fleet: User) -> None:
    assert fleet.bootstrap().status == 0
    more = ("--image-pull-secret", "other", "--registry", "other.example.com")
    creds = ("--registry-creds-env", "CREDS")
    result = fleet.run("bootstrap", *more, *creds, env={"CREDS": "robot:password"})
    assert "note: other is one more pull Secret beside regcred" in result.stdout, result.printed


def test_the_result_names_what_takes_the_commit_back(fleet: User) -> None:
    fleet.write({"mine": "work in progress\n"})
    before = fleet.git("rev-parse", "HEAD")
    result = fleet.bootstrap()
    command = result.stdout.partition("before it is pushed: git ")[2].split()
    fleet.git(*command)
    assert fleet.git("rev-parse", "HEAD") == before
    assert fleet.git("status", "--porcelain") == "?? mine\n"


def test_the_first_commit_of_a_repository_has_no_such_way_back(user: User) -> None:
    assert "take the commit back" not in user.bootstrap().stdout


def test_a_dry_run_shows_no_recipient_that_the_run_would_not_use(fleet: User) -> None:
    planned = fleet.bootstrap("--dry-run").stdout
    assert "- age1... # cluster: clusters/prod" in planned
    assert fleet.bootstrap().status == 0
    assert "age1... # cluster" not in fleet.read(".sops.yaml")


@pytest.mark.parametrize("where", ["in the work tree", "ignored", "elsewhere"])
def test_a_file_of_credentials_that_git_add_would_take_is_warned_of(
    fleet: User, where: str
) -> None:
    fleet.commit({".gitignore": "private/\n"})
    file = {
        "in the work tree": fleet.repository / "creds.txt",
        "ignored": fleet.repository / "private/creds.txt",
        "elsewhere": fleet.home / "creds.txt",
    }[where]
    file.parent.mkdir(exist_ok=True)
    file.write_text("robot:a-password-of-mine\n")
    command = ("bootstrap", "--image-pull-secret", "regcred", "--registry", "registry.example.com")
    result = fleet.run(*command, "--registry-creds-file", str(file))
    assert result.status == 0, result.printed
    warned = f"warning: {file} is in a Git work tree, and Git does not ignore it"
    assert (warned in result.stderr) == (where == "in the work tree"), result.printed


def test_an_identity_that_git_add_would_take_is_warned_of(fleet: User) -> None:
    assert fleet.bootstrap().status == 0
    made = next((fleet.home / ".config").rglob("*.agekey"))
    (fleet.repository / "prod.agekey").write_bytes(made.read_bytes())
    secret = "pull-secrets/prod/regcred.sops.yaml"
    shown = fleet.run("show", secret, "--age-identity-file", "prod.agekey")
    assert "warning: prod.agekey is in a Git work tree" in shown.stderr, shown.printed
