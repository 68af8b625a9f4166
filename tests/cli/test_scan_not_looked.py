"""Whatever was asked for and could not be looked at is said, and blocks, in every format."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

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


def test_a_submodule_and_a_pointer_are_no_content_of_the_repository_in_git(user: User):
    user.commit({"a.txt": "hello\n", "image.bin": POINTER})
    head = user.git("rev-parse", "HEAD").strip()
    user.git("update-index", "--add", "--cacheinfo", f"160000,{head},modules/charts")
    assert user.run("scan").status == 0
    user.git("commit", "--quiet", "--message", "a submodule")
    for arguments in (["--tree"], ["--history"], ["--range", "HEAD~1.."]):
        assert user.run("scan", *arguments).status == 0, arguments


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
