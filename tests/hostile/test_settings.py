"""Settings of rules on a server and in a range: those that a change brings turn nothing off for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.server import RULED, RULES, readable, serve
from tests.support.user import User

SETTINGS = ".gitops-secrets.yaml"
OFF = "version: 1\nrules:\n- {rule: unencrypted-secret, severity: off, reason: mine}\n"


@pytest.mark.parametrize("severity", ["off", "warning"])
@pytest.mark.parametrize("together", [True, False])
def test_settings_that_come_along_turn_nothing_off(
    user: User, tmp_path: Path, severity: str, together: bool
) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    user.git("switch", "--quiet", "--create", "topic")
    weaker = {SETTINGS: OFF.replace("off", severity)}
    if together:
        user.commit({**weaker, RULED: readable()})
    else:
        user.commit(weaker)
        user.commit({RULED: readable()})
    result = user.run("scan", "--range", "main..topic")
    assert result.status == 1
    assert f"{RULED}:4:17: error[unencrypted-secret]" in result.stdout
    assert f"{SETTINGS}:1:1: error[policy-change]" in result.stdout
    refused = server.push("topic:main")
    assert refused.returncode == 1
    assert b"error[unencrypted-secret]" in refused.stderr
    assert b"error[policy-change]" in refused.stderr


def test_a_branch_by_itself_has_no_settings_of_its_own(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    user.commit({SETTINGS: OFF, RULED: readable()})
    assert not server.accepts("HEAD:refs/heads/mine")
    assert not server.accepts("HEAD:refs/tags/mine")


def test_settings_of_the_protected_branch_count_and_are_counted(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES, SETTINGS: OFF})
    user.git("switch", "--quiet", "--create", "topic")
    user.commit({RULED: readable()})
    result = user.run("scan", "--range", "main..topic")
    assert (result.status, "1 turned off by .gitops-secrets.yaml" in result.stdout) == (0, True)
    assert f"{RULED}:4: excused[unencrypted-secret] by {SETTINGS}: mine" in result.stdout
    pushed = server.push("topic:main")
    assert pushed.returncode == 0
    assert b"1 turned off by .gitops-secrets.yaml" in pushed.stderr


def test_settings_of_the_first_push_excuse_nothing(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {})
    user.commit({".sops.yaml": RULES, SETTINGS: OFF, RULED: readable()})
    refused = server.push("main")
    assert refused.returncode == 1
    assert b"error[unencrypted-secret]" in refused.stderr


def test_settings_that_are_taken_away_are_a_change_of_policy(user: User, tmp_path: Path) -> None:
    strict = OFF.replace("off", "error")
    server = serve(user, tmp_path / "s.git", {SETTINGS: strict})
    (user.repository / SETTINGS).unlink()
    user.commit({"a": "1\n"})
    assert not server.accepts("main")


def test_broken_settings_are_told_to_who_brings_them(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    before = user.git("rev-parse", "HEAD").strip()
    broken = OFF.replace("severity", "level")
    user.write({SETTINGS: broken})
    user.git("add", "--all")
    said = ".gitops-secrets.yaml:3:30: unknown key 'level'"
    runs = [user.run("scan"), user.run("scan", "."), user.run("scan", "--index", SETTINGS)]
    user.git("commit", "--quiet", "--message", "x")
    runs += [user.run("scan", "--tree"), user.run("scan", "--range", f"{before}..HEAD")]
    for result in runs:
        assert (result.status, said in result.stderr) == (3, True), result.printed
        assert "hint: the keys are rule, severity, paths, reason" in result.stderr
    refused = server.push("main")
    assert (refused.returncode, said.encode() in refused.stderr) == (1, True)
    user.commit({SETTINGS: OFF})
    assert server.accepts("main"), "what was broken in between is past"


def test_broken_settings_on_the_protected_branch_block_what_depends_on_them(
    user: User, tmp_path: Path
) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES, SETTINGS: "version: 3\n"})
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    user.commit({RULED: readable()})
    refused = server.push("main")
    assert refused.returncode == 1
    assert b".gitops-secrets.yaml:1:1: rules is missing" in refused.stderr
    user.git("reset", "--quiet", "--hard", "HEAD^")
    user.commit({SETTINGS: OFF})
    assert server.accepts("main"), "who may can set it right"


def test_settings_by_a_symlink_are_not_followed(user: User, tmp_path: Path) -> None:
    (user.repository / SETTINGS).symlink_to("other.yaml")
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES, "other.yaml": OFF})
    user.commit({RULED: readable()})
    refused = server.push("main")
    assert (refused.returncode, b".gitops-secrets.yaml:1: is not a mapping" in refused.stderr) == (
        1,
        True,
    )
