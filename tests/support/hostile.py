"""Repositories that want something run or contacted: one that was cloned, and one from an archive.

A clone brings what Git stores: files, attributes, creation rules, encrypted files, links, and folders that
Git takes for repositories. An archive brings the whole of ``.git``.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.support.fleet import seal
from tests.support.secrets import opaque, rule
from tests.support.traps import Traps
from tests.support.user import User

SECRET = "pull-secrets/prod/regcred.sops.yaml"
OWN = "apps/db.yaml"
"""A Secret under a creation rule of the repository's own."""
OPEN = "db/open.yaml"
"""An encrypted Secret that the user can open by age."""
PLUGIN = "age1evil1pzry9x8gf2tvdw0sudc48u"
PGP = "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"
TIME = '"2024-01-01T00:00:00Z"'
PROGRAMS = (
    *("gpg", "gpg2", "age-plugin-evil", "aws", "gcloud", "az", "vault", "ssh", "git-lfs"),
    *("git-remote-evil", "less", "kubectl", "helm", "docker-credential-evil"),
)
"""Programs that a key manager, a remote or an attribute of the repository could have run."""


def keys(port: int) -> str:
    """Master keys of kinds that can be caught, each of which sops tries."""
    return (
        f"  hc_vault:\n  - vault_address: http://127.0.0.1:{port}\n    engine_path: transit\n"
        f"    key_name: k\n    created_at: {TIME}\n    enc: vault:v1:eA==\n"
        f"  pgp:\n  - fp: {PGP}\n    created_at: {TIME}\n    enc: |\n"
        "      -----BEGIN PGP MESSAGE-----\n\n      wcFMA0Zzz\n      =abcd\n"
        "      -----END PGP MESSAGE-----\n"
        f"  azure_kv:\n  - vault_url: https://127.0.0.1:{port}\n    name: k\n    version: v\n"
        f"    created_at: {TIME}\n    enc: eA==\n"
    )


def add_keys(user: User, path: str, port: int, *, break_age: bool = True) -> str:
    """Add hostile master keys, and break age's so that sops would go on to them; return the file."""
    content = user.read(path)
    if break_age:
        body = re.search(r"BEGIN AGE ENCRYPTED FILE-----\n\s+\S+\n\s+(\S+)", content)
        assert body
        line = body[1]
        content = content.replace(line, ("B" if line[0] != "B" else "C") + line[1:])
    content = content.replace("  lastmodified:", keys(port) + "  lastmodified:")
    assert "hc_vault" in content
    user.commit({path: content})
    return content


def make_hostile(user: User, traps: Traps) -> None:
    """Commit what a clone can bring to a repository that bootstrap was at."""
    for name in PROGRAMS:
        traps.program(name)
    evil = traps.program("embedded")
    seal(user, OPEN, opaque("one", "two"))
    add_keys(user, OPEN, traps.port, break_age=False)
    add_keys(user, SECRET, traps.port)
    own = "age1" + user.read(".sops.yaml").split("- age1")[1].split()[0]
    rules = rule(own, PLUGIN).removeprefix("creation_rules:\n").partition("stores:")[0]
    user.write(
        {
            ".sops.yaml": user.read(".sops.yaml").replace(
                "creation_rules:\n", f"creation_rules:\n{rules}"
            ),
            OWN: "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\n"
            "stringData: {a: placeholder}\n",
            ".gitattributes": "* filter=evil diff=evil merge=evil\n*.bin filter=lfs diff=lfs\n",
            ".gitmodules": f'[submodule "sub"]\n\tpath = sub\n\turl = ext::{evil}\n',
            ".lfsconfig": f"[lfs]\n\turl = http://127.0.0.1:{traps.port}\n",
            ".git-hooks/pre-commit": f"#!/bin/sh\nexec {evil}\n",
            "embedded/HEAD": "ref: refs/heads/main\n",
            "embedded/objects/.k": "",
            "embedded/refs/.k": "",
            "embedded/config": "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ..\n"
            f"\tfsmonitor = {evil}\n\thooksPath = {user.repository}/.git-hooks\n",
        }
    )
    link = user.repository / "link"
    link.symlink_to("/etc/hostname")
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "Hostile")


def clone(user: User, to: Path) -> Path:
    """Clone the user's repository as anybody would."""
    user.git("clone", "--quiet", str(user.repository), str(to), cwd=user.home)
    return to


def archive(user: User, traps: Traps, to: Path) -> Path:
    """Return an unpacked archive of a clone, in whose ``.git`` everything is poisoned."""
    clone(user, to)
    sub = to.with_name(f"{to.name}-sub")
    user.git("init", "--quiet", str(sub), cwd=user.home)
    (sub / "x").write_text("x")
    user.git("add", "x", cwd=sub)
    user.git("commit", "--quiet", "--message", "x", cwd=sub)
    git = to / ".git"
    (git / "modules").mkdir()
    shutil.move(sub / ".git", git / "modules" / "sub")
    shutil.move(sub, to / "sub")
    (to / "sub" / ".git").write_text("gitdir: ../.git/modules/sub\n")
    program = {
        name: traps.program(f"config-{name}")
        for name in (
            *("fsmonitor", "clean", "smudge", "process", "textconv", "external", "ssh", "helper"),
            *("askpass", "pager", "editor", "gpg", "alternates", "upload", "merge", "hook", "vcs"),
        )
    }
    with (git / "modules" / "sub" / "config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = {program['fsmonitor']}\n\tworktree = ../../../sub\n")
    user.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub", cwd=to)
    with (git / "config").open("a") as config:
        config.write(
            f"""
[core]
	fsmonitor = {program["fsmonitor"]}
	sshCommand = {program["ssh"]}
	askPass = {program["askpass"]}
	pager = {program["pager"]}
	editor = {program["editor"]}
	alternateRefsCommand = {program["alternates"]}
	repositoryformatversion = 1
[extensions]
	partialClone = origin
[remote "origin"]
	promisor = true
	url = ext::{program["upload"]}
	vcs = evil
	uploadpack = {program["upload"]}
[protocol]
	allow = always
[include]
	path = included
[diff]
	external = {program["external"]}
[diff "evil"]
	textconv = {program["textconv"]}
	command = {program["external"]}
[merge "evil"]
	driver = {program["merge"]}
[credential]
	helper = {program["helper"]}
[gpg]
	program = {program["gpg"]}
[log]
	showSignature = true
[commit]
	gpgSign = true
[submodule]
	recurse = true
[submodule "sub"]
	url = ext::{program["upload"]}
	active = true
[status]
	submoduleSummary = true
[trace2]
	eventTarget = af_unix:/nonexistent
[alias]
	status = !{program["hook"]}
	scan = !{program["hook"]}
"""
        )
    (git / "included").write_text(
        f'[filter "evil"]\n\tclean = {program["clean"]}\n\tsmudge = {program["smudge"]}\n\trequired = true\n'
        f'[filter "lfs"]\n\tprocess = {program["process"]}\n\trequired = true\n'
        f'[filter "a.b =c"]\n\tclean = {program["clean"]}\n'  # a name that needs care
    )
    (git / "info").mkdir(exist_ok=True)
    (git / "info" / "attributes").write_text("apps/* filter=evil diff=evil\n")
    (git / "objects" / "info" / "alternates").write_text("/nonexistent/objects\n")
    for hook in ("pre-commit", "post-index-change", "reference-transaction", "post-checkout"):
        path = git / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nexec {program['hook']}\n")
        path.chmod(0o755)
    # Every file looks changed, and the object of one is missing: Git would run filters, and fetch.
    for file in (to / "apps" / "web.yaml", to / OWN):
        file.write_text(file.read_text() + "# more\n")
    blob = user.git("rev-parse", "HEAD:clusters/prod/apps.yaml", cwd=to).strip()
    for loose in git.glob(f"objects/{blob[:2]}/{blob[2:]}"):
        loose.unlink()
    return to
