"""A repository's own modules are not Python's: PYTHONPATH may name its folder, and nothing of it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.hostile.server import readable
from tests.support.user import User

IMPORTED = ("yaml", "click", "resource", "json", "ahocorasick_rs", "sitecustomize")
BY_PYTHON = ("sitecustomize",)
"""What Python imports before a program begins: only who starts Python can keep it out."""


def trap(user: User, *names: str, folder: str = "") -> Path:
    """Have each module *names* of the repository leave a file and end the program as if all were well."""
    ran = user.home / "ran"
    text = f"open({str(ran)!r}, 'w').write(__name__)\nimport os\nos._exit(0)\n"
    user.write({f"{folder}{name}.py": text for name in names})
    return ran


@pytest.mark.parametrize("value", [".", "", ":", ":/nowhere", "/nowhere::", "./", "lib", "{top}"])
def test_a_hook_imports_nothing_of_the_repository(user: User, value: str) -> None:
    assert user.run("hooks", "install").status == 0
    ran = trap(user, *IMPORTED, folder="lib/" if value == "lib" else "")
    user.write({"s.yaml": readable(), ".sops.yaml": "creation_rules:\n- age: x\n"})
    user.git("add", "--all")
    env = {"PYTHONPATH": value.format(top=user.repository)}
    done = user.program(["git", "commit", "--message", "x"], env=env)
    assert done.status == 1, done.printed
    assert "error[unencrypted-secret]" in done.printed
    assert not ran.exists()


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX", "PYTHONUSERBASE"])  # fmt: skip
def test_no_variable_leads_the_python_of_a_hook_into_the_repository(user: User, name: str) -> None:
    assert user.run("hooks", "install").status == 0
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    ran = trap(user, "yaml", "site", "encodings", folder=f"lib/{version}/")
    user.write({"s.yaml": readable(), ".sops.yaml": "creation_rules:\n- age: x\n"})
    user.git("add", "--all")
    done = user.program(["git", "commit", "--message", "x"], env={name: "."})
    assert "error[unencrypted-secret]" in done.printed
    assert not ran.exists()


@pytest.mark.parametrize("value", [".", ":/nowhere", "..", "{top}", "lib", "{top}/lib"])
@pytest.mark.parametrize("arguments", [("scan",), ("doctor", "--offline"), ("scan", "--help")])
def test_the_command_imports_nothing_of_the_repository(
    user: User, value: str, arguments: tuple[str, ...]
) -> None:
    names = [name for name in IMPORTED if name not in BY_PYTHON]
    ran = trap(user, *names)
    for folder in ("lib/", "sub/", "sub/lib/"):
        trap(user, *names, folder=folder)
    user.write({"s.yaml": readable(), ".sops.yaml": "creation_rules:\n- age: x\n"})
    user.git("add", "--all")
    env = {"PYTHONPATH": value.format(top=user.repository)}
    done = user.run(*arguments, env=env, cwd=user.repository / "sub")
    assert not ran.exists(), ran.read_text()
    assert done.printed


def test_a_folder_of_the_users_own_stays_on_the_path(user: User, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/click.py").write_text("raise SystemExit('it was asked')\n")
    done = user.run("scan", "--help", env={"PYTHONPATH": str(tmp_path / "own")})
    assert "it was asked" in done.stderr
