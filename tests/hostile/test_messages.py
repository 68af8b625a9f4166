"""A credential in what is not a file: messages, authors, tags and names of refs go wherever the contents go."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from gitops_secrets.adapters.age import create_identity
from tests.support import documents
from tests.support.secrets import mixed, opaque
from tests.support.spellings import Needles
from tests.support.user import Result, User

FORMS = ("text", "json", "sarif", "github", "gitlab", "junit")
SARIF = json.loads(Path("tests/support/sarif-schema-2.1.0.json").read_text())


def login(secret: str) -> str:
    return f"docker login -u robot -p {secret} registry.corp.example"


def commit(user: User, message: str, *flags: str) -> str:
    user.git("commit", "--quiet", "--allow-empty", "--no-verify", *flags, "--message", message)
    return user.git("rev-parse", "HEAD").strip()


def place(name: str, line: int) -> str:
    return f"commit {name[:10]}:{line}:"


def in_the_body(user: User, secret: str) -> str:
    return place(commit(user, f"Log in\n\n{login(secret)}"), 3)


def in_the_subject(user: User, secret: str) -> str:
    return f"commit {commit(user, login(secret))[:10]}:1:"


def in_a_merge(user: User, secret: str) -> str:
    user.git("switch", "--quiet", "--create", "side", "before")
    commit(user, "Side")
    user.git("switch", "--quiet", "main")
    commit(user, "Main")
    user.git("merge", "--quiet", "--no-verify", "--no-ff", "--message", login(secret), "side")
    return f"commit {user.git('rev-parse', 'HEAD').strip()[:10]}:1:"


def in_the_author(user: User, secret: str) -> str:
    return (
        f"commit {commit(user, 'Log in', f'--author={login(secret)} <robot@example.com>')[:10]}:1:"
    )


def in_another_encoding(user: User, secret: str) -> str:
    user.git("config", "i18n.commitEncoding", "ISO-8859-1")
    return place(commit(user, f"Grüße\n\n{login(secret)}"), 3)


def later_reworded(user: User, secret: str) -> str:
    name = commit(user, login(secret))
    commit(user, "Take it back")
    return f"commit {name[:10]}:1:"


STORIES: dict[str, Callable[[User, str], str]] = {
    f.__name__.replace("_", " "): f
    for f in (in_the_body, in_the_subject, in_a_merge, in_the_author, in_another_encoding, later_reworded)
}  # fmt: skip


def pushed(user: User, ref: str = "refs/heads/new") -> tuple[bytes, bytes]:
    """What a pre-push and a pre-receive hook are given for the tip."""
    tip = user.git("rev-parse", "HEAD").strip()
    zero = "0" * 40
    return f"{ref} {tip} {ref} {zero}\n".encode(), f"{zero} {tip} {ref}\n".encode()


def scans(user: User, *flags: str) -> dict[str, Result]:
    sent, received = pushed(user)
    server = user.home / "server.git"
    user.git(
        "clone", "--quiet", "--bare", "--branch", "before", "--single-branch", ".", str(server)
    )
    user.program(["git", "push", "--quiet", "--no-verify", str(server), "HEAD:refs/brought/x"])
    user.program(["git", "update-ref", "-d", "refs/brought/x"], cwd=server)
    return {
        "range": user.run("scan", "--range", "before..HEAD", *flags),
        "history": user.run("scan", "--history", *flags),
        "history again": user.run("scan", "--history", *flags),
        "history anew": user.run("scan", "--history", "--no-cache", *flags),
        "pre-push": user.run("scan", "--pre-push", "origin", *flags, stdin=sent),
        "pre-receive": user.run("scan", "--pre-receive", *flags, stdin=received, cwd=server),
    }


@pytest.fixture
def begun(user: User) -> User:
    user.commit({"README.md": "fleet\n"})
    user.git("branch", "before")
    return user


@pytest.mark.parametrize("story", STORIES)
def test_a_credential_in_a_commit_is_found_wherever_contents_are(begun: User, story: str) -> None:
    secret = mixed()
    place = STORIES[story](begun, secret)
    for way, done in scans(begun).items():
        assert (done.status, f"{place}" in done.stdout) == (1, True), (way, done.printed)
        assert not Needles(secret).are_in(done.printed.encode())


def test_every_form_of_report_names_the_commit_and_not_the_secret(begun: User) -> None:
    secret = mixed()
    name = commit(begun, f"Log in\n\n{login(secret)}")
    for form in FORMS:
        done = begun.run("scan", "--range", "before..HEAD", "--output", form)
        assert (done.status, f"commit {name[:10]}" in done.stdout) == (1, True)
        assert not Needles(secret).are_in(done.printed.encode())
        if form == "json":
            (found,) = documents.read("scan", done.stdout)["findings"]
            assert (found["where"], found["commit"], found["line"]) == ("commit", name, 3)
        if form == "sarif":
            jsonschema.validate(json.loads(done.stdout), SARIF)


def test_the_hook_refuses_the_message_before_the_commit(begun: User) -> None:
    assert begun.run("hooks", "install").status == 0
    secret = mixed()
    before = begun.git("rev-parse", "HEAD")
    argv = ["git", "commit", "--allow-empty", "--message", f"Log in\n\n{login(secret)}"]
    done = begun.program(argv)
    assert (done.status, begun.git("rev-parse", "HEAD")) == (1, before)
    assert "commit message:3:" in done.printed
    assert not Needles(secret).are_in(done.printed.encode())
    author = begun.program(
        [*argv[:3], f"--author={login(secret)} <a@example.com>", "--message", "Log in"]
    )
    assert author.status == 1, author.printed
    assert begun.program([*argv[:3], "--message", "Log in"]).status == 0
    assert "commit-msg: guards" in begun.run("hooks", "status").stdout
    assert begun.run("hooks", "uninstall").status == 0
    assert not (begun.repository / ".git/hooks/commit-msg").exists()


def test_a_diff_below_the_message_is_no_part_of_it(begun: User) -> None:
    below = "# ------------------------ >8 ------------------------\n# Do not modify or remove the line above.\n"
    draft = begun.home / "draft"
    draft.write_text(f"Take it out\n# Please enter the message\n{below}-{login(mixed())}\n")
    assert begun.run("scan", "--commit-msg", str(draft)).status == 0
    draft.write_text(f"{login(mixed())}\n{below}")
    assert begun.run("scan", "--commit-msg", str(draft)).status == 1
    draft.write_text(
        f"Log in\n# ------------------------ >8 ------------------------\n{login(mixed())}\n"
    )
    assert begun.run("scan", "--commit-msg", str(draft)).status == 1


@pytest.mark.parametrize("target", ["HEAD", "HEAD:README.md", "HEAD^{tree}", "inner"])
def test_a_credential_in_a_tag_is_found(begun: User, target: str) -> None:
    secret = mixed()
    commit(begun, "Release")
    begun.git("tag", "--annotate", "--message", "A tag", "inner")
    begun.git("tag", "--annotate", "--message", f"Release\n\n{login(secret)}", "v1", target)
    name = begun.git("rev-parse", "v1").strip()
    zero = "0" * 40
    sent = f"refs/tags/v1 {name} refs/tags/v1 {zero}\n".encode()
    received = f"{zero} {name} refs/tags/v1\n".encode()
    for done in (
        begun.run("scan", "--history"),
        begun.run("scan", "--history"),
        begun.run("scan", "--pre-push", "origin", stdin=sent),
        begun.run("scan", "--pre-receive", stdin=received),
    ):
        assert (done.status, f"tag {name[:10]}:3:" in done.stdout) == (1, True), done.printed
        assert not Needles(secret).are_in(done.printed.encode())


PERSON = "A <a@example.com> 1700000000 +0000"


@pytest.mark.parametrize("who", ["author", "committer"])
def test_a_token_that_is_assigned_in_a_name_is_found(user: User, who: str) -> None:
    token = f"ghp_{mixed(36)}"
    user.commit({"a.txt": "a\n"})
    env = {
        f"GIT_{who.upper()}_NAME": f"CR_PAT={token}",
        f"GIT_{who.upper()}_EMAIL": "a@example.com",
    }
    done = user.program(["git", "commit", "--allow-empty", "--message", "Log in"], env=env)
    assert done.status == 0, done.printed
    result = user.run("scan", "--range", "HEAD~1..HEAD")
    assert (result.status, f", in its {who}" in result.stdout) == (1, True), result.printed
    assert token not in result.printed


COMMIT = "tree {tree}\nparent {parent}\nauthor {person}\ncommitter {person}\n\nm\n"
TAG = "object {parent}\ntype commit\ntag v\ntagger {person}\n\nm\n"
ODD_COMMITS = {
    "behind the author's time zone": ("author {person}", "author {person} {key}"),
    "behind the committer's time zone": ("committer {person}", "committer {person} {key}"),
    "in place of the time zone": ("author {person}", "author A <a@example.com> 1 {key}"),
    "in place of the time": ("author {person}", "author A <a@example.com> {key}"),
    "next to the time zone": ("author {person}", "author {person}{key}"),
    "behind another address": ("author {person}", "author A <a@b> {key} <a@b> 1 +0000"),
    "in one more header of Git's": ("\n\nm", "\ntree {key}\n\nm"),
    "in one more parent": ("\n\nm", "\nparent {parent} {key}\n\nm"),
    "in a header of a tag": ("\n\nm", "\ntype {key}\n\nm"),
    "in an object's header": ("\n\nm", "\nobject {key}\n\nm"),
    "in an encoding": ("\n\nm", "\nencoding {key}\n\nm"),
}
ODD_TAGS = {
    "behind the tagger's time zone": ("{person}", "{person} {key}"),
    "in place of the tagger's time": ("{person}", "A <a@example.com> {key}"),
    "in one more object": ("\n\nm", "\nobject {key}\n\nm"),
    "in one more type": ("\n\nm", "\ntype {key}\n\nm"),
}


@pytest.mark.parametrize("where", [*ODD_COMMITS, *ODD_TAGS])
def test_a_key_in_any_header_is_found(begun: User, where: str) -> None:
    """Git writes no such object, and takes one from whoever does."""
    kind = "tag" if where in ODD_TAGS else "commit"
    key = create_identity().secret.decode()
    plain, odd = (ODD_TAGS if kind == "tag" else ODD_COMMITS)[where]
    tree, parent = begun.git("rev-parse", "HEAD^{tree}", "HEAD").split()
    form = (TAG if kind == "tag" else COMMIT).replace(plain, odd)
    text = form.format(tree=tree, parent=parent, person=PERSON, key=key)
    hash_object = ["git", "hash-object", "-t", kind, "-w", "--literally", "--stdin"]
    name = begun.program(hash_object, stdin=text.encode()).stdout.strip()
    ref = "refs/tags/v" if kind == "tag" else "refs/heads/odd"
    begun.git("update-ref", ref, name)
    sent = f"{ref} {name} {ref} {'0' * 40}\n".encode()
    received = f"{'0' * 40} {name} {ref}\n".encode()
    history = begun.run("scan", "--history", "--no-cache")
    begun.git("update-ref", "-d", ref)
    for done in (
        history,
        begun.run("scan", "--pre-push", "origin", stdin=sent),
        begun.run("scan", "--pre-receive", stdin=received),
    ):
        assert (done.status, f"{kind} {name[:10]}:1:" in done.stdout) == (1, True), done.printed
        assert key not in done.printed


def test_a_tag_within_a_tag_is_looked_at(begun: User) -> None:
    begun.git("tag", "--annotate", "--message", login(mixed()), "inner")
    begun.git("tag", "--annotate", "--message", "Outer", "outer", "inner")
    inner, outer = (begun.git("rev-parse", name).strip() for name in ("inner", "outer"))
    begun.git("tag", "--delete", "inner")
    sent = f"refs/tags/outer {outer} refs/tags/outer {'0' * 40}\n".encode()
    for done in (
        begun.run("scan", "--history"),
        begun.run("scan", "--pre-push", "origin", stdin=sent),
    ):
        assert (done.status, f"tag {inner[:10]}:1:" in done.stdout) == (1, True), done.printed


def test_a_key_in_the_name_of_a_ref_is_found(begun: User) -> None:
    identity = create_identity().secret.decode()
    tip = commit(begun, "Branch")
    begun.git("branch", identity)
    sent, received = pushed(begun, f"refs/heads/{identity}")
    for done in (
        begun.run("scan", "--history"),
        begun.run("scan", "--pre-push", "origin", stdin=sent),
        begun.run("scan", "--pre-receive", stdin=received),
    ):
        assert (done.status, f"ref {tip[:10]}:1:" in done.stdout) == (1, True), done.printed
        assert not Needles(identity).are_in(done.printed.encode())


def test_the_baseline_accepts_a_message_by_its_commit(begun: User) -> None:
    name = commit(begun, login(mixed()))
    other = commit(begun, login(mixed()))
    baseline = {"version": 1, "accepted": [
        {"rule": "registry-login", "path": f"commit {c[:10]}", "object": "", "key": [], "reason": "revoked",
         "expires": "2999-12-31", "author": "A <a@example.com>", "commit": name}
        for c in (name, other)
    ]}  # fmt: skip
    begun.commit({".gitops-secrets-baseline.yaml": json.dumps(baseline)})
    done = begun.run("scan", "--history")
    assert f"commit {name[:10]}:1: excused[registry-login] by the baseline: revoked" in done.stdout
    assert (done.status, f"commit {other[:10]}:1:" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    "message",
    [
        "Encrypt the Secret\n\n" + opaque("value"),
        "docs: docker login -u robot -p $PASSWORD registry.example.com",
        "Take out # gitops-secrets: ignore[registry-login]",
        "Resolve\n\n<<<<<<< HEAD\na: ENC[AES256_GCM,data:a]\n=======\n>>>>>>> side",
        "Merge branch 'auth' of https://git@git.example.com/fleet",
    ],
)
def test_a_message_that_speaks_of_secrets_has_none(begun: User, message: str) -> None:
    commit(begun, message)
    for way, done in scans(begun).items():
        assert done.status == 0, (way, done.printed)


def test_a_commit_that_is_missing_is_not_passed_over(begun: User) -> None:
    _, received = pushed(begun)
    lost = received.replace(b" refs", b"\0").split(b"\0")[0].split()[1]
    commit(begun, "More")
    path = begun.repository / ".git/objects" / lost[:2].decode() / lost[2:].decode()
    path.unlink()
    assert begun.run("scan", "--history").status == 3
