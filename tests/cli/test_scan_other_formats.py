"""Files in sops' other formats that a creation rule wants encrypted: in each mode, and with a fix that works."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_secrets.adapters.sops.binary import find_sops
from tests.guard.corpus.case import Fresh, recipient
from tests.hostile.server import serve
from tests.support.user import User

RULES = "creation_rules:\n- path_regex: \\.env$\n  age: {}\n"


def _plain(fresh: Fresh) -> str:
    return f"TZ=UTC\nDB_TOKEN={fresh.password}\n"


def test_a_readable_file_is_found_in_each_mode_at_its_line(user: User, tmp_path: Path):
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES.format(recipient())})
    fresh = Fresh()
    user.write({"apps/db.env": _plain(fresh)})
    user.git("add", "--all")
    ran = [user.run("scan"), user.run("scan", "apps"), user.run("scan", "--index", "apps/db.env")]
    user.git("commit", "--quiet", "--message", "x")
    ran += [user.run("scan", *how) for how in (["--tree"], ["--history"], ["--range", "HEAD~1.."])]
    for result in ran:
        assert result.status == 1, result.printed
        assert (
            "apps/db.env:2:1: error[unencrypted-secret]: this file is not encrypted"
            in result.stdout
        )
        assert "hint: sops encrypt --in-place apps/db.env && git add apps/db.env" in result.stdout
        assert fresh.password not in result.printed
    assert user.run("scan", "--history").status == 1, "a second run remembers"
    refused = server.push("main")
    assert (refused.returncode, b"apps/db.env:2:1: error" in refused.stderr) == (1, True)


def test_what_the_hint_says_makes_it_clean(user: User):
    user.commit({".sops.yaml": RULES.format(recipient())})
    user.write({"apps/db.env": _plain(Fresh())})
    user.git("add", "--all")
    hint = user.run("scan").stdout.partition("hint: ")[2].splitlines()[0]
    assert user.program([find_sops(), "encrypt", "--in-place", "apps/db.env"]).status == 0
    assert hint.startswith("sops encrypt --in-place apps/db.env && git add ")
    user.git("add", "apps/db.env")
    assert user.run("scan").status == 0


@pytest.mark.parametrize("name", ["a.env", "a.ini", "secrets.json", "a.enc.txt"])
def test_without_a_rule_such_a_file_is_as_any_other(user: User, name: str):
    user.write({name: _plain(Fresh())})
    user.git("add", "--all")
    result = user.run("scan")
    assert (result.status, result.stdout) == (
        0,
        "gitops-secrets: looked at 1 staged file, nothing found\n",
    )


def test_a_hook_with_such_a_file_and_no_rule_loads_no_reader_of_formats(user: User):
    # A value that is drawn may by chance spell a word in base64, for which the readers are loaded.
    user.write({"a.env": "TZ=UTC\nDB_TOKEN=not-drawn-but-chosen-81\n"})
    user.git("add", "--all")
    result = user.run("scan", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert "gitops_secrets.commands.scan.quick" in result.stderr
    for module in ("guard.read.sopsformats", "sops.choices", " yaml"):
        assert module not in result.stderr, module


def test_an_accepted_file_is_excused_until_it_changes(user: User):
    user.commit({".sops.yaml": RULES.format(recipient()), "a.env": _plain(Fresh())})
    accepted = user.run("scan", "--tree", "--accept", "a test", "--expires", "2100-01-01")
    assert accepted.status == 0
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "x")
    assert user.run("scan", "--tree").status == 0
    user.commit({"a.env": _plain(Fresh())})
    assert user.run("scan", "--tree").status == 1
