"""One value that lives through several commits of a range or a push is one finding, with all of them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.guard.corpus.case import Fresh
from tests.hostile.server import serve
from tests.support.user import User


def _versions(user: User, fresh: Fresh) -> list[str]:
    """Commit three versions of a script with the same login, and a fourth with another; return the commits."""
    login = f"docker login -u {fresh.user} -p {fresh.password} ghcr.io\n"
    commits = []
    for text in (
        login,
        f"# by hand\n{login}",
        login,
        login.replace(fresh.password, Fresh().password),
    ):
        user.commit({"login.sh": text})
        commits.append(user.git("rev-parse", "HEAD").strip()[:12])
    return commits


def test_a_range_tells_a_value_once_with_its_commits(user: User):
    user.commit({"a": "1\n"})
    base = user.git("rev-parse", "HEAD").strip()
    first, second, third, _ = _versions(user, Fresh())
    result = user.run("scan", "--range", f"{base}..HEAD")
    assert (result.status, result.stdout.count("error[")) == (1, 2)
    assert f"since commit {first}, also in {second}, {third}\n" in result.stdout
    report = json.loads(user.run("scan", "--range", f"{base}..HEAD", "--output", "json").stdout)
    assert sorted(len(f["commits"]) for f in report["findings"]) == [1, 3]


def test_a_server_tells_a_value_once_with_its_commits(user: User, tmp_path: Path):
    server = serve(user, tmp_path / "s.git", {"a": "1\n"})
    first, second, third, _ = _versions(user, Fresh())
    refused = server.push("main")
    assert (refused.returncode, refused.stderr.count(b"error[registry-login]")) == (1, 2)
    assert f"since commit {first}, also in {second}, {third}".encode() in refused.stderr


def test_two_branches_that_share_commits_are_told_of_once_before_a_push(user: User):
    user.commit({"a": "1\n"})
    _versions(user, Fresh())
    tip = user.git("rev-parse", "HEAD").strip()
    none = "0" * 40
    lines = "".join(f"refs/heads/{n} {tip} refs/heads/{n} {none}\n" for n in ("one", "two"))
    result = user.run("scan", "--pre-push", "origin", stdin=lines.encode())
    assert (result.status, result.stdout.count("error[")) == (1, 2)
