"""No report holds the secret if the file, its folder, its object or its rule is called after it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from gitops_secrets.adapters.age import create_identity
from tests.support.leaks import Watch
from tests.support.secrets import mixed, opaque, recipient, rule
from tests.support.spellings import Needles
from tests.support.user import User

FORMS = ("text", "json", "sarif", "github", "gitlab", "junit")


def config(secret: str) -> str:
    auth = base64.b64encode(f"robot:{secret}".encode()).decode()
    return json.dumps({"auths": {"registry.corp.example": {"auth": auth}}})


def login(secret: str) -> str:
    return f"docker login -u robot -p {secret} registry.corp.example\n"


def marked(secret: str) -> str:
    return f"# gitops-secrets: ignore[registry-login] {secret} is for tests\n{login(secret)}"


STORIES: dict[str, Callable[[str], dict[str, str]]] = {
    "the file": lambda s: {f"{s}.json": config(s)},
    "the file, without an ending": lambda s: {s: config(s)},
    "the folder": lambda s: {f"apps/{s}/config.json": config(s)},
    "every folder": lambda s: {f"{s}/{s}/{s}.json": config(s)},
    "a part of the name": lambda s: {f"apps/robot-{s}-old.json": config(s)},
    "half of it": lambda s: {f"apps/{s[:12]}.json": config(s)},
    "a name with blanks": lambda s: {f"apps/the {s} one.json": config(s)},
    "base64": lambda s: {
        base64.b64encode(f"robot:{s}".encode()).decode().replace("/", "_"): config(s)
    },
    "a script": lambda s: {f"{s}.sh": login(s)},
    "what a marker excuses": lambda s: {f"{s}.sh": marked(s)},
    "the secret of another file": lambda s: {"a.json": config(s), f"{s}.sh": login(mixed())},
    "the folder of the rule": lambda s: {
        f"{s}/.sops.yaml": rule("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"),
        f"{s}/apps/db.yaml": opaque(s),
    },
    "a readable Secret": lambda s: {
        ".sops.yaml": rule("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"),
        f"apps/{s}.yaml": opaque(s),
    },
    "the object": lambda s: {
        ".sops.yaml": rule("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"),
        "apps/db.yaml": opaque(s.lower(), name=s.lower(), namespace=s.lower()),
    },
}


@pytest.mark.parametrize("story", STORIES)
def test_what_is_called_after_a_secret_is_told_without_it(user: User, story: str) -> None:
    secret = mixed()
    needles = Needles(secret, secret.lower(), secret[:12])
    user.commit({"README.md": "fleet\n"})
    user.git("branch", "before")
    user.write(STORIES[story](secret))
    user.git("add", "--all")
    results = [user.run("scan", *way, "--output", "json") for way in ((), (".",))]
    user.git("commit", "--quiet", "--no-verify", "--message", "Add")
    tip = user.git("rev-parse", "HEAD").strip()
    sent = f"refs/heads/main {tip} refs/heads/main {'0' * 40}\n"
    received = f"{'0' * 40} {tip} refs/heads/new\n"
    ways = ("--tree",), ("--range", "before..HEAD"), ("--history",), ("--history",)
    results += [user.run("scan", *way, "--output", "json") for way in ways]
    results.append(user.run("scan", "--pre-push", "origin", stdin=sent.encode()))
    results.append(user.run("scan", "--pre-receive", stdin=received.encode()))
    assert {done.status for done in results} <= {0, 1}
    assert [done.printed for done in results if needles.are_in(done.printed.encode())] == []
    assert any("(hidden)" in done.printed for done in results)


def test_no_form_of_report_tells_it(user: User) -> None:
    secret = mixed()
    user.write({f"{secret}.json": config(secret), f"{secret}.sh": marked(secret)})
    user.git("add", "--all")
    for form in FORMS:
        done = user.run("scan", "--output", form)
        assert (done.status, "hidden" in done.stdout) == (1, True)
        assert not Needles(secret).are_in(done.printed.encode())


def test_a_hook_tells_it_no_more_than_a_report(user: User) -> None:
    secret = mixed()
    user.commit({"README.md": "fleet\n"})
    user.run("hooks", "install")
    user.write({f"{secret}.json": config(secret)})
    user.git("add", "--all")
    with Watch(user, secret) as watch:
        done = user.program(["git", "commit", "--message", "Add"])
    assert done.status == 1
    assert [leak for leak in watch.leaks(done) if leak.startswith("standard")] == []


def test_the_hint_leads_to_the_file(user: User) -> None:
    secret = mixed()
    user.write({f"{secret}.json": config(secret)})
    user.git("add", "--all")
    found = json.loads(user.run("scan", "--output", "json").stdout)["findings"][0]
    assert found["path"] == "(hidden).json"
    assert "the path holds a secret too" in found["message"]
    command = found["hint"]
    assert secret in user.program(["sh", "-c", command]).stdout
    user.git("commit", "--quiet", "--message", "Add")
    found = json.loads(user.run("scan", "--history", "--output", "json").stdout)["findings"][0]
    assert secret in user.program(["sh", "-c", found["hint"]]).stdout


def test_a_path_that_is_a_key_is_a_finding_whatever_the_file_holds(user: User) -> None:
    identity = create_identity().secret.decode()
    user.commit({"README.md": "fleet\n", "docs/secret-key-rotation.md": "how\n"})
    assert user.run("scan", "--history").status == 0
    user.write({f"keys/{identity}": "README.md\n"})
    user.git("add", "--all")
    results = [user.run("scan"), user.run("scan", "keys")]
    user.git("commit", "--quiet", "--message", "Add")
    results += [
        user.run("scan", *way) for way in (("--tree",), ("--history",), ("--range", "HEAD~1..HEAD"))
    ]
    for done in results:
        assert done.status == 1, done.printed
        assert "keys/(hidden):1:1: error[age-identity]" in done.stdout
        assert not Needles(identity).are_in(done.printed.encode())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("clusters/eu-west-1/apps/payments.yaml", "eu-west-1"),
        ("clusters/production/apps/payments.yaml", "payments"),
        ("apps/registry.example.com/v1.2.3-beta1.yaml", "https://registry.example.com"),
    ],
)
def test_a_path_that_a_value_is_called_after_is_told(user: User, path: str, value: str) -> None:
    user.commit({".sops.yaml": rule(recipient(user), regex=".*")})
    user.write({path: opaque(value, mixed())})
    user.git("add", "--all")
    assert f"{path}:" in user.run("scan").stdout


def half_encrypted(key: str, value: str, name: str) -> str:
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: shop\nstringData:\n"
        f"  {key}: {value}\nsops: {{}}\n"
    )


@pytest.mark.parametrize(
    ("key", "value"), [("userID", "admin"), ("username", "administrator"), ("password", "changeme")]
)
def test_a_user_name_left_readable_hides_neither_path_nor_object(
    user: User, key: str, value: str
) -> None:
    user.write({f"csi-{value}-creds.yaml": half_encrypted(key, value, f"csi-{value}-creds")})
    user.git("add", "--all")
    said = user.run("scan").stdout
    assert f"csi-{value}-creds.yaml:" in said
    assert f"Secret shop/csi-{value}-creds is encrypted only in part" in said
    assert "hidden" not in said


@pytest.mark.parametrize("key", ["userKey", "password", "phrase"])
def test_a_password_left_readable_is_told_nowhere(user: User, key: str) -> None:
    value = mixed().lower()
    user.write({f"csi-{value}.yaml": half_encrypted(key, value, f"csi-{value}")})
    user.git("add", "--all")
    done = user.run("scan")
    assert "partly-encrypted-secret" in done.stdout
    assert not Needles(value).are_in(done.printed.encode())


def test_a_password_of_letters_left_readable_is_told_nowhere(user: User) -> None:
    user.write({"csi-sommer.yaml": half_encrypted("password", "sommer", "csi")})
    user.git("add", "--all")
    done = user.run("scan")
    assert "(hidden).yaml:" in done.stdout
    assert "sommer" not in done.printed


def test_a_weak_password_hides_no_path_but_its_own(user: User) -> None:
    user.write(
        {
            "clusters/production-1/a.json": config("production-1x"),
            "production/b.json": config(mixed()),
        }
    )
    user.git("add", "--all")
    done = user.run("scan")
    assert "production/b.json:" in done.stdout
