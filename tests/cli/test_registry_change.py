"""registry add, update, remove and import: the entries of a pull Secret, one commit for each command."""

from __future__ import annotations

import base64
import json

import pytest

from tests.support.user import Result, User

SECRET = "pull-secrets/prod/regcred.sops.yaml"
CREDS = {"CREDS": "other:word"}
FROM = ("--registry-creds-env", "CREDS", "--check", "never")


def registry(user: User, verb: str, *words: str, **env: str) -> Result:
    result = user.run("registry", verb, *words, env={**CREDS, **env})
    assert result.status == 0, result.printed
    return result


def changed_lines(user: User) -> int:
    counts = user.git("show", "--numstat", "--format=", "HEAD").split()
    return int(counts[0])


def test_add_makes_one_commit_of_the_fewest_lines(fleet: User) -> None:
    commits = fleet.commits()
    registry(fleet, "add", "--registry", "ghcr.io", *FROM)
    assert fleet.credentials() == {
        "registry.example.com": "robot:password",
        "ghcr.io": "other:word",
    }
    assert fleet.commits() == commits + 1
    assert fleet.git("show", "--name-only", "--format=", "HEAD").split() == [SECRET]
    # The value, the MAC and, in another second than before, the time.
    assert changed_lines(fleet) in (2, 3)
    assert fleet.git("show", "--format=%s", "--no-patch").strip() == (
        "Add registries to the pull Secret regcred in clusters/prod"
    )


def test_several_registries_are_added_each_with_its_own_credentials(fleet: User) -> None:
    more = {"OTHER": "second:pass:word"}
    flags = ("--registry", "r.example.com/team", "--scope", "path", "--registry-creds-env", "OTHER")
    registry(fleet, "add", "--registry", "docker.io", *FROM, *flags, **more)
    found = fleet.credentials()
    assert found["https://index.docker.io/v1/"] == "other:word"
    assert found["r.example.com/team"] == "second:pass:word"


@pytest.mark.parametrize("spelling", ["registry.example.com", "https://REGISTRY.example.com/v2/"])
def test_add_refuses_what_is_there_and_update_what_is_not(fleet: User, spelling: str) -> None:
    before = fleet.state()
    there = fleet.run("registry", "add", "--registry", spelling, *FROM, env=CREDS)
    assert there.status == 3, there.printed
    assert "has registry.example.com already" in there.stderr
    assert (
        "hint: gitops-secrets registry update --path clusters/prod --image-pull-secret regcred"
        in (there.stderr)
    )
    absent = fleet.run("registry", "update", "--registry", "ghcr.io", *FROM, env=CREDS)
    assert absent.status == 3
    assert "has no ghcr.io; it has registry.example.com" in absent.stderr
    assert (
        "hint: gitops-secrets registry add --path clusters/prod --image-pull-secret regcred --registry ghcr.io\n"
    ) in absent.stderr
    assert fleet.state() == before


def test_update_again_changes_no_byte(fleet: User) -> None:
    update = ("registry", "update", "--registry", "registry.example.com", *FROM)
    assert fleet.run(*update, env=CREDS).status == 0
    assert fleet.credentials() == {"registry.example.com": "other:word"}
    before = fleet.state()
    again = fleet.run(*update, env=CREDS)
    assert again.stdout.startswith("clusters/prod: everything is in place\n")
    assert fleet.state() == before


def test_remove_says_where_the_credentials_still_are(fleet: User) -> None:
    registry(fleet, "add", "--registry", "ghcr.io", *FROM)
    result = fleet.run("registry", "remove", "--registry", "registry.example.com")
    assert result.status == 0, result.printed
    assert fleet.credentials() == {"ghcr.io": "other:word"}
    assert "registry.example.com (removed)" in result.stdout
    assert "kubectl --context CONTEXT -n flux-system get secret regcred" in result.stdout
    assert "reconcile kustomization pull-secrets --with-source" in result.stdout
    assert "valid until they are revoked" in result.stdout


def test_the_last_registry_is_removed_only_if_that_is_said(fleet: User) -> None:
    before = fleet.state()
    refused = fleet.run("registry", "remove", "--registry", "registry.example.com")
    assert (refused.status, fleet.state()) == (3, before)
    assert "hint: --allow-empty" in refused.stderr
    emptied = registry(fleet, "remove", "--registry", "registry.example.com", "--allow-empty")
    assert fleet.credentials() == {}
    assert f"git rm {SECRET}\n" in emptied.stdout
    assert "gitops-secrets apply --prune --path clusters/prod --context CONTEXT\n" in emptied.stdout
    registry(fleet, "add", "--registry", "ghcr.io", *FROM)
    assert fleet.credentials() == {"ghcr.io": "other:word"}


def test_a_dry_run_shows_the_plan_and_writes_nothing(fleet: User) -> None:
    before = fleet.state()
    result = fleet.run("registry", "add", "--registry", "ghcr.io", *FROM, "--dry-run", env=CREDS)
    assert result.stdout.startswith(f"--- a/{SECRET}\n"), result.printed
    assert "1 file would change; nothing was written\n" in result.stdout
    assert "ghcr.io (new)" in result.stdout
    assert fleet.state() == before


def test_all_clusters_are_changed_in_one_commit(fleet: User) -> None:
    stage = {p.replace("prod", "stage"): c for p, c in sync("stage").items()}
    fleet.commit(stage)
    flags = ("--path", "clusters/stage", "--image-pull-secret", "regcred", *REGISTRY)
    assert fleet.run("bootstrap", *flags, env=CREDS).status == 0
    which = fleet.run("registry", "add", "--registry", "ghcr.io", *FROM, env=CREDS)
    assert (which.status, "hint: --path clusters/prod\n" in which.stderr) == (2, True)
    commits = fleet.commits()
    registry(fleet, "add", "--all", "--registry", "ghcr.io", *FROM)
    assert fleet.commits() == commits + 1
    for name in ("prod", "stage"):
        assert (
            fleet.credentials(f"pull-secrets/{name}/regcred.sops.yaml")["ghcr.io"] == "other:word"
        )


def test_without_a_pull_secret_bootstrap_is_the_hint(user: User) -> None:
    user.commit(sync("prod"))
    result = user.run("registry", "add", "--registry", "ghcr.io", *FROM, env=CREDS)
    assert result.status == 3
    assert "hint: gitops-secrets bootstrap --path clusters/prod" in result.stderr


def test_without_an_identity_nothing_is_asked_for_and_nothing_changed(fleet: User) -> None:
    for identity in (fleet.home / ".config").rglob("*.agekey"):
        identity.unlink()
    before = fleet.state()
    result = fleet.run("registry", "add", "--registry", "ghcr.io", *FROM, env=CREDS)
    assert (result.status, fleet.state()) == (3, before)
    assert "no identity at hand opens" in result.stderr


def test_changes_of_the_users_own_are_not_committed_with_it(fleet: User) -> None:
    fleet.write({SECRET: fleet.read(SECRET) + "# mine\n"})
    before = fleet.state()
    result = fleet.run("registry", "add", "--registry", "ghcr.io", *FROM, env=CREDS)
    assert (result.status, fleet.state()) == (3, before)
    assert f"{SECRET} has changes that are not committed" in result.stderr


def test_a_whole_docker_config_is_imported(fleet: User) -> None:
    config(
        fleet,
        {
            "auths": {
                "https://index.docker.io/v1/": {"auth": encoded("hub:token")},
                "https://index.docker.io/v1/access-token": {"auth": encoded("hub:other")},
                "registry.example.com": {"auth": encoded("robot:newer")},
                "helped.example.com": {},
            },
            "credHelpers": {"ecr.example.com": "mine"},
            "credsStore": "mine",
        },
    )
    helper(fleet, "mine", '{"Username": "from", "Secret": "helper"}')
    registry(fleet, "import", str(fleet.home / "config.json"))
    assert fleet.credentials() == {
        "registry.example.com": "robot:newer",
        "https://index.docker.io/v1/": "hub:token",
        "helped.example.com": "from:helper",
        "ecr.example.com": "from:helper",
    }
    before = fleet.state()
    registry(fleet, "import", str(fleet.home / "config.json"))
    assert fleet.state() == before


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"bad.example.com": {"identitytoken": "token"}}, "holds only a token"),
        ({"bad.example.com:*": {"auth": "eDp5"}}, "glob in its port"),
        ({"bad.example.com": {"auth": "eA=="}}, "auth without a colon"),
    ],
)
def test_import_refuses_what_the_kubelet_ignores_and_takes_the_rest_by_name(
    fleet: User, entry: dict[str, dict[str, str]], says: str
) -> None:
    config(fleet, {"auths": {**entry, "good.example.com": {"auth": encoded("a:b")}}})
    before = fleet.state()
    refused = fleet.run("registry", "import", str(fleet.home / "config.json"))
    assert (refused.status, fleet.state()) == (3, before)
    assert says in refused.stderr
    registry(fleet, "import", str(fleet.home / "config.json"), "--registry", "good.example.com")
    assert fleet.credentials()["good.example.com"] == "a:b"


def config(user: User, content: dict[str, object]) -> None:
    (user.home / "config.json").write_text(json.dumps(content))


def helper(user: User, name: str, answer: str) -> None:
    """Give the user a credential helper. A fake: real ones need a desktop or a cloud."""
    folder = user.home / "bin"
    folder.mkdir()
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\ncat > /dev/null\necho '{answer}'\n")
    program.chmod(0o755)
    user.env["PATH"] = f"{folder}:{user.env['PATH']}"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


REGISTRY = ("--registry", "registry.example.com", "--registry-creds-env", "CREDS")


def sync(name: str) -> dict[str, str]:
    from tests.support.fleet import FILES

    return {p.replace("prod", name): c.replace("prod", name) for p, c in FILES.items()}


def test_a_reader_who_comes_by_a_line_in_the_rules_gets_no_new_password(fleet: User) -> None:
    other = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    config = fleet.read(".sops.yaml")
    line = next(line for line in config.splitlines() if "# cluster" in line)
    fleet.commit({".sops.yaml": config.replace(line, f"{line}\n      - {other}")})
    before = fleet.state()

    update = ("registry", "update", "--registry", "registry.example.com", *FROM)
    refused = fleet.run(*update, env=CREDS)

    assert (refused.status, fleet.state()) == (3, before), refused.printed
    assert f"lets {other} read {SECRET}, which was not encrypted for them" in refused.stderr
    command = refused.stderr.partition("hint: gitops-secrets ")[2].partition("\n")[0].split()
    assert fleet.run(*command).status == 0
    assert fleet.run(*update, env=CREDS).status == 0
    assert other in fleet.read(SECRET)
