"""A secret that lost its option is repeated nowhere: no message, no file, no commit holds it.

The tester is the person in a hurry who pastes the password where the name of something goes.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitops_secrets.adapters.age import create_identity
from tests.support.draw import hexadecimal
from tests.support.leaks import Watch
from tests.support.secrets import mixed, opaque
from tests.support.user import BOOTSTRAP, User

PLACES: dict[str, tuple[str, ...]] = {
    "a command": ("SECRET",),
    "an option": ("bootstrap", "--SECRET"),
    "an option's equals sign": ("bootstrap", "--nothing=SECRET"),
    "an extra argument": (*BOOTSTRAP, "SECRET"),
    "--registry": (*BOOTSTRAP[:5], "--registry", "SECRET", "--registry-creds-stdin"),
    "--registry=": (*BOOTSTRAP[:5], "--registry=SECRET", "--registry-creds-stdin"),
    "--registry-creds-env": (*BOOTSTRAP[:7], "--registry-creds-env", "SECRET"),
    "--registry-creds-file": (*BOOTSTRAP[:7], "--registry-creds-file", "SECRET"),
    "--registry-creds-docker-config": (*BOOTSTRAP[:7], "--registry-creds-docker-config", "SECRET"),
    "--image-pull-secret": (*BOOTSTRAP, "--image-pull-secret", "SECRET"),
    "--scope": (*BOOTSTRAP, "--scope", "SECRET"),
    "--namespace": (*BOOTSTRAP, "--namespace", "SECRET"),
    "--source": (*BOOTSTRAP, "--source", "SECRET"),
    "--branch": (*BOOTSTRAP, "--branch", "SECRET"),
    "--branch, half": (*BOOTSTRAP, "--branch", "registry/SECRET"),
    "--source, half": (*BOOTSTRAP, "--source", "GitRepository/SECRET"),
    "--path": ("bootstrap", "--path", "SECRET", *BOOTSTRAP[3:]),
    "--path, below": ("bootstrap", "--path", "clusters/SECRET", *BOOTSTRAP[3:]),
    "--layout": (*BOOTSTRAP, "--layout", "SECRET"),
    "--age-recipient": (*BOOTSTRAP, "--age-recipient", "SECRET"),
    "--age-identity-file": (*BOOTSTRAP, "--age-identity-file", "SECRET"),
    "--shadowed-recipients": (*BOOTSTRAP, "--shadowed-recipients", "SECRET"),
    "--output": (*BOOTSTRAP, "--output", "SECRET"),
    "--repo": (*BOOTSTRAP, "--repo", "SECRET"),
    "--context": (*BOOTSTRAP, "--resume", "--context", "SECRET"),
    "--kubeconfig": (*BOOTSTRAP, "--resume", "--context", "x", "--kubeconfig", "SECRET"),
    "a flag": (*BOOTSTRAP, "--dry-run", "SECRET"),
    "a flag's equals sign": (*BOOTSTRAP, "--dry-run=SECRET"),
    "apply --context": ("apply", "--yes", "--context", "SECRET"),
    "apply --kubeconfig": ("apply", "--yes", "--context", "x", "--kubeconfig", "SECRET"),
    "apply --age-identity-file": (
        "apply",
        "--yes",
        "--context",
        "x",
        "--age-identity-file",
        "SECRET",
    ),
    "doctor --path": ("doctor", "--path", "SECRET"),
    "doctor --context": ("doctor", "--context", "SECRET"),
    "doctor --age-identity-file": ("doctor", "--age-identity-file", "SECRET"),
    "scan a file": ("scan", "SECRET"),
    "scan --tree": ("scan", "--tree", "SECRET"),
    "scan --tree, a file": ("scan", "--tree", "HEAD:SECRET"),
    "scan --range": ("scan", "--range", "SECRET"),
    "scan --range, half": ("scan", "--range", "HEAD..SECRET"),
    "scan --policy": ("scan", "--tree", "--policy", "SECRET"),
    "scan --only": ("scan", "--only", "SECRET"),
    "scan --output": ("scan", "--output", "SECRET"),
    "scan --accept": ("scan", "--tree", "--accept", "SECRET"),
    "scan --expires": ("scan", "--tree", "--accept", "why", "--expires", "SECRET"),
    "scan --repo": ("scan", "--repo", "SECRET"),
    "scan --index": ("scan", "--index", "SECRET"),
    "encrypt": ("encrypt", "SECRET"),
    "encrypt --to": ("encrypt", "apps/db.yaml", "--to", "SECRET"),
    "encrypt --age-recipient": ("encrypt", "apps/db.yaml", "--age-recipient", "SECRET"),
    "encrypt --age-identity-file": ("encrypt", "apps/db.yaml", "--age-identity-file", "SECRET"),
    "show": ("show", "SECRET"),
    "show --key": ("show", "apps/db.yaml", "--key", "SECRET"),
    "show --age-identity-file": (
        "show",
        "apps/db.yaml",
        "--reveal",
        "--age-identity-file",
        "SECRET",
    ),
    "edit": ("edit", "SECRET", "--key", "a"),
    "edit --key": ("edit", "apps/db.yaml", "--key", "SECRET"),
    "edit --age-identity-file": (
        "edit",
        "apps/db.yaml",
        "--key",
        "a",
        "--age-identity-file",
        "SECRET",
    ),
    "hooks": ("hooks", "SECRET"),
    "hooks --repo": ("hooks", "install", "--repo", "SECRET"),
}
FORMS: dict[str, Callable[[str], str]] = {
    "a password": lambda secret: secret,
    "user and password": lambda secret: f"robot:{secret}",
    "a token": lambda secret: f"ghp_{secret}",
}


def in_place(arguments: tuple[str, ...], value: str) -> list[str]:
    return [argument.replace("SECRET", value) for argument in arguments]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PLACES)
def test_a_secret_in_the_wrong_place_is_nowhere_afterwards(
    user: User, place: str, form: str
) -> None:
    secret = mixed()
    user.commit({"apps/db.yaml": opaque("value"), "README.md": "fleet\n"})
    before = user.state()
    with Watch(user, secret, own_arguments=True) as watch:
        done = user.run(*in_place(PLACES[place], FORMS[form](secret)), env={"CREDS": "robot:other"})
    # Git is asked for what the user calls a revision or a path, while our own command line has it too.
    of_git = {"the command line of git"} if place.startswith("scan --") else set()
    assert set(watch.leaks(done)) <= of_git
    assert done.status in ((0,) if "--index" in place else (1, 2, 3)), done.printed
    assert user.state() == before


@pytest.mark.parametrize(
    "name",
    [
        *("ghp_TOKEN.json", "ghp_TOKEN", "apps/glpat-TOKEN/a.json", "robot:TOKEN", "TOKEN.json"),
        *("AGE-SECRET-KEY-1TOKEN.json", "-----BEGIN TOKEN", '{"auths": TOKEN}'),
    ],
)
@pytest.mark.parametrize("flags", [(), ("--only", "credentials"), ("--output", "json")])
def test_a_staged_file_is_looked_at_whatever_it_is_called(
    user: User, name: str, flags: tuple[str, ...]
) -> None:
    """A hook gives the paths that are staged; what is not in the index is passed over, a pasted token as well."""
    token, password = f"{hexadecimal(16)}Xq7", mixed()
    path = f"./{name.replace('TOKEN', token)}"
    done = user.run("scan", *flags, "--index", path)
    assert (done.status, token in done.printed) == (0, False), done.printed
    user.write({path: f"docker login -u robot -p {password} ghcr.io\n"})
    user.git("add", "--all")
    done = user.run("scan", *flags, "--index", "README.md", path)
    assert (done.status, token in done.printed) == (1, False), done.printed
    assert "registry-login" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        (*BOOTSTRAP, "--age-identity-file", "IDENTITY"),
        (*BOOTSTRAP, "--age-identity-file=IDENTITY"),
        ("apply", "--yes", "--context", "x", "--age-identity-file", "IDENTITY"),
        ("doctor", "--age-identity-file", "IDENTITY"),
        ("encrypt", "apps/db.yaml", "--age-identity-file", "IDENTITY"),
        ("edit", "apps/db.yaml", "--age-identity-file", "IDENTITY"),
        ("show", "apps/db.yaml", "--age-identity-file", "IDENTITY"),
    ],
)
def test_an_identity_given_as_its_file_is_told_at_once(
    user: User, arguments: tuple[str, ...]
) -> None:
    user.commit({"apps/db.yaml": opaque("value")})
    before = user.state()
    identity = create_identity().secret.decode()
    given = [a.replace("IDENTITY", identity) for a in arguments]
    with Watch(user, identity, own_arguments=True) as watch:
        done = user.run(*given, env={"CREDS": "robot:other"})
    assert watch.leaks(done) == []
    assert (done.status, user.state()) == (2, before)
    assert "--age-identity-file was given an identity" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("scan", "--tree", "mian"), "'mian'"),
        (("scan", "clusters/prd"), "clusters/prd"),
        (("scan", "--output", "jsno"), "'jsno'"),
        (("boostrap",), "'boostrap'"),
        (("doctor", "--path", "clusters/prd"), "clusters/prd"),
        (("show", "apps/bd.yaml"), "apps/bd.yaml"),
        ((*BOOTSTRAP, "--registry-creds-file", "creds/prod"), "--registry-creds-file is a second"),
        ((*BOOTSTRAP[:7], "--registry-creds-file", "creds/prod"), "creds/prod"),
        ((*BOOTSTRAP[:7], "--registry-creds-env", "REGISTRY_CREDS2"), "REGISTRY_CREDS2 is not set"),
        ((*BOOTSTRAP, "--image-pull-secret", "Regcred"), "'Regcred'"),
    ],
)
def test_a_mistyped_name_is_shown(user: User, arguments: tuple[str, ...], shown: str) -> None:
    user.commit({"README.md": "fleet\n"})
    done = user.run(*arguments, env={"CREDS": "robot:other"})
    assert shown in done.stderr
    assert "not shown" not in done.stderr


@pytest.mark.parametrize("name", ["hunter2", "Hunter", hexadecimal(10)], ids=["low", "high", "hex"])
def test_a_word_behind_an_option_for_credentials_is_not_shown(user: User, name: str) -> None:
    for option in ("--registry-creds-env", "--registry-creds-file"):
        done = user.run(*BOOTSTRAP[:7], option, name)
        assert (done.status in (2, 3), name in done.printed) == (True, False), done.printed
