"""Whatever was asked for and could not be looked at is said, and blocks, in every format."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guard.corpus.case import Fresh
from tests.hostile.server import serve
from tests.support.user import User

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit")
POINTER = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:"
    + "0123456789abcdef" * 4
    + "\nsize 12\n"
)
Asked = tuple[list[str], str]
"""Arguments of ``scan``, and what the report has to say."""


def _pipe(user: User) -> Asked:
    os.mkfifo(user.repository / "pipe")
    return ["pipe"], "it is a pipe or a device"


def _device(user: User) -> Asked:
    return ["/dev/zero"], "it is a pipe or a device"


def _unreadable_file(user: User) -> Asked:
    return ["/proc/self/mem"], "Input/output error"


def _unreadable_folder(user: User) -> Asked:
    """A folder whose path is longer than the system takes cannot be listed, whoever asks."""
    here = os.open(user.repository, os.O_RDONLY)
    try:
        for _ in range(20):
            os.mkdir("d" * 250, dir_fd=here)
            below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    return [str(user.repository)], "File name too long"


def _pointer(user: User) -> Asked:
    (user.repository / "image.bin").write_text(POINTER)
    return ["."], "git lfs pull brings it"


def _submodule(user: User) -> Asked:
    user.commit({"a.txt": "hello\n"})
    head = user.git("rev-parse", "HEAD").strip()
    user.git("update-index", "--add", "--cacheinfo", f"160000,{head},modules/charts")
    (user.repository / "modules/charts").mkdir(parents=True)
    return ["modules"], "git submodule update --init brings it"


def _lost_content(user: User) -> Asked:
    user.commit({"a.txt": "hello\n"})
    blob = user.git("rev-parse", "HEAD:a.txt").strip()
    (user.repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    return ["--tree"], f"Git has no content {blob[:12]} here"


def _shallow(user: User) -> Asked:
    user.commit({"a.txt": "one\n"})
    user.commit({"a.txt": "two\n"})
    shallow = user.temporary / "shallow"
    user.git("clone", "--quiet", "--depth=1", f"file://{user.repository}", str(shallow))
    user.repository = shallow
    return ["--history"], "git fetch --unshallow"


def _packed(user: User) -> Asked:
    (user.repository / "a.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(range(64)))
    user.git("add", "a.zst")
    return [], "packed as zstd"


CASES: list[Callable[[User], Asked]] = [
    *(_pipe, _device, _unreadable_file, _unreadable_folder, _pointer, _submodule),
    *(_lost_content, _shallow, _packed),
]


@pytest.mark.parametrize("prepare", CASES, ids=lambda f: f.__name__.strip("_"))
def test_what_could_not_be_looked_at_is_said_in_every_format(
    user: User, prepare: Callable[[User], Asked]
):
    arguments, said = prepare(user)
    for form in FORMATS:
        result = user.run("scan", *arguments, "--output", form)
        assert result.status == 3, (form, result.stdout, result.stderr)
        assert said in result.stdout, form
    document = json.loads(user.run("scan", *arguments, "--output", "json").stdout)
    assert document["verdict"] == "not-looked"
    assert document["not_looked_at"] or any(f["rule"] == "unreadable" for f in document["findings"])


LFS = "image.bin", "Git LFS keeps its content elsewhere"
LINK = "modules/charts", "it is a submodule, whose files another repository has"
ELSEWHERE = "warning[content-elsewhere]: what it stands for was not looked at: "
Scan = tuple[list[str], str]
"""Arguments of ``scan``, and what is on its standard input."""


def _hold(user: User, message: str = "x") -> str:
    """Stage a pointer and a submodule at another commit than before; return that commit."""
    commit = user.git("commit-tree", "-m", message, "4b825dc642cb6eb9a060e54bf8d69288fbee4904")
    user.write({"image.bin": POINTER.replace("size 12", f"size {len(message)}")})
    user.git("add", "image.bin")
    user.git("update-index", "--add", "--cacheinfo", f"160000,{commit.strip()},modules/charts")
    return commit.strip()


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_kept_elsewhere_is_told_in_every_format_and_blocks_no_commit(user: User, form: str):
    user.commit({"a.txt": "hello\n"})
    _hold(user)
    result = user.run("scan", "--output", form)
    assert result.status == 0
    for path, why in (LFS, LINK):
        assert (path in result.stdout, why in result.stdout) == (True, True), form


def test_every_mode_tells_of_what_is_kept_elsewhere(user: User):
    user.commit({"a.txt": "hello\n"})
    _hold(user)
    said = [user.run("scan"), user.run("scan", "--index", "image.bin", "modules/charts")]
    user.git("commit", "--quiet", "--message", "x")
    said += [user.run("scan", *how) for how in (["--tree"], ["--history"], ["--range", "HEAD~1.."])]
    for result in said:
        assert result.status == 0
        for path, why in (LFS, LINK):
            assert f"{path}:1:1: {ELSEWHERE}{why}" in result.stdout
        assert "2 findings, 2 warnings among them" in result.stdout


def test_a_push_tells_of_what_is_kept_elsewhere(user: User, tmp_path: Path):
    server = serve(user, tmp_path / "s.git", {"a.txt": "hello\n"})
    _hold(user)
    user.git("commit", "--quiet", "--message", "x")
    pushed = server.push("main")
    assert pushed.returncode == 0
    assert pushed.stderr.count(ELSEWHERE.encode()) == 2


def test_a_submodule_that_does_not_change_is_not_told_of_again(user: User):
    user.commit({"a.txt": "hello\n"})
    _hold(user)
    user.git("commit", "--quiet", "--message", "x")
    user.write({"b.txt": "1\n"})
    user.git("add", "b.txt")
    result = user.run("scan")
    assert (result.status, result.stdout) == (
        0,
        "gitops-secrets: looked at 1 staged file, nothing found\n",
    )


def test_a_submodule_that_moves_on_is_one_line_of_a_history(user: User):
    user.commit({"a.txt": "hello\n"})
    for message in ("one", "three", "fifteen"):
        _hold(user, message)
        user.git("commit", "--quiet", "--message", message)
    for _ in ("a first run", "a run that remembers"):
        result = user.run("scan", "--history")
        assert result.stdout.count(ELSEWHERE) == 2
        assert result.stdout.count(", also in ") == 2


@pytest.mark.parametrize(("severity", "status"), [("error", 3), ("off", 0)])
def test_a_repository_decides_whether_what_is_elsewhere_blocks(
    user: User, severity: str, status: int
):
    user.commit({"a.txt": "hello\n"})
    _hold(user)
    entry = f"{{rule: content-elsewhere, severity: {severity}, reason: ours}}"
    user.write({".gitops-secrets.yaml": f"version: 1\nrules:\n- {entry}\n"})
    user.git("add", ".gitops-secrets.yaml")
    result = user.run("scan")
    assert (result.status, "by .gitops-secrets.yaml: ours" in result.stdout) == (status, True)


def test_what_begins_as_a_pointer_is_looked_at_as_any_other_text(user: User):
    fresh = Fresh()
    user.write({"a.yaml": f"{POINTER}---\n{fresh.secret}"})
    user.git("add", "--all")
    result = user.run("scan")
    assert (result.status, ELSEWHERE in result.stdout) == (1, False)


def test_the_page_has_a_row_for_each_kind():
    page = Path("docs/scan.md").read_text()
    table = page.partition("### What cannot be looked at")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| (?!what|-)([^|]+?) \|", table)
    assert len(rows) == 9
    for word in (
        "shallow",
        "partial",
        "read",
        "pipe",
        "limit",
        "symlink",
        "LFS",
        "submodule",
        "not there",
    ):
        assert any(word in row for row in rows), word


def test_the_repository_of_a_submodule_is_not_opened(user: User):
    user.commit({"a.txt": "hello\n"})
    head = user.git("rev-parse", "HEAD").strip()
    user.git("init", "--quiet", "modules/charts")
    inside = user.repository / "modules/charts"
    ran = user.temporary / "ran"
    user.git("update-index", "--add", "--cacheinfo", f"160000,{head},modules/charts")
    user.git("config", "core.fsmonitor", f"touch {ran}; true", cwd=inside)
    user.git("commit", "--quiet", "--message", "x")
    ran.unlink(missing_ok=True)
    for arguments in ([], ["--tree"], ["--history"], ["--range", "HEAD~1.."]):
        assert user.run("scan", *arguments).status == 0
    assert not ran.exists()
