"""edit: in an editor, or one value alone; only what changed is encrypted anew."""

from __future__ import annotations

import base64
import json
import os
import pty
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.secrets import PATH, encoded, opaque, opened, recipient, rule, word
from tests.support.user import PROGRAM, Result, User

SMALLEST = (2, 3)


@pytest.fixture
def ruled(user: User) -> User:
    """A user with an encrypted Secret of three values."""
    user.commit({".sops.yaml": rule(recipient(user)), "apps/README.md": "apps\n"})
    assert (
        user.run("encrypt", "-", "--to", PATH, stdin=opaque("one", "two", "three").encode()).status
        == 0
    )
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "Secret")
    return user


def on_a_terminal(user: User, *arguments: str, editor: str, answers: str = "n\n") -> Result:
    """Run gitops-secrets in a terminal, with a shell command as EDITOR and *answers* typed ahead."""
    script = user.home / "editor.sh"
    script.write_text(f"#!/bin/sh\n{editor}\n")
    script.chmod(0o755)
    main, terminal = pty.openpty()
    os.write(main, answers.encode())
    run = subprocess.run(
        [PROGRAM, *arguments],
        cwd=user.repository,
        env={**user.env, "EDITOR": shlex.quote(str(script)), "TERM": "dumb"},
        stdin=terminal,
        capture_output=True,
        timeout=60,
        check=False,
    )
    os.close(main)
    os.close(terminal)
    return Result(run.returncode, run.stdout.decode(), run.stderr.decode())


def changed(before: str, after: str) -> int:
    return len(set(after.splitlines()) - set(before.splitlines()))


def test_what_is_changed_in_the_editor_is_all_that_changes(ruled: User) -> None:
    before = ruled.read(PATH)
    result = on_a_terminal(ruled, "edit", PATH, editor="sed -i 's/two/TWO/' \"$1\"")
    assert result.status == 0, result.printed
    assert result.stdout == f"{PATH}: Secret shop/db encrypted, changed: stringData.b\n"
    assert yaml.safe_load(opened(ruled))["stringData"] == {"a": "one", "b": "TWO", "c": "three"}
    assert changed(before, ruled.read(PATH)) in SMALLEST


def test_a_label_leaves_the_values_ciphertext_alone(ruled: User) -> None:
    before = ruled.read(PATH)
    on_a_terminal(
        ruled, "edit", PATH, editor='sed -i \'s/^metadata:/&\\n  labels: {x: "y"}/\' "$1"'
    )
    after = ruled.read(PATH)
    assert [line for line in after.splitlines() if "a: ENC" in line] == [
        line for line in before.splitlines() if "a: ENC" in line
    ]
    assert yaml.safe_load(opened(ruled))["metadata"]["labels"] == {"x": "y"}


def test_another_name_makes_all_of_the_ciphertext_anew(ruled: User) -> None:
    on_a_terminal(ruled, "edit", PATH, editor="sed -i 's/name: db/name: other/' \"$1\"")
    assert yaml.safe_load(opened(ruled))["metadata"]["name"] == "other"
    ruled.git("add", PATH)
    assert ruled.run("scan").status == 0


def test_nothing_changed_writes_nothing(ruled: User) -> None:
    before = ruled.state()
    result = on_a_terminal(ruled, "edit", PATH, editor="true")
    assert (result.status, result.stdout) == (0, f"{PATH}: nothing changed\n")
    (ruled.home / "editor.sh").unlink()
    assert ruled.state() == before


def test_base64_is_shown_as_text_and_becomes_base64_again(ruled: User) -> None:
    config = json.dumps({"auths": {"ghcr.io": {"username": "u", "password": "p"}}})
    manifest = opaque().replace("stringData:\n", "type: kubernetes.io/dockerconfigjson\ndata:\n")
    manifest += f"  .dockerconfigjson: {encoded(config)}\n"
    path = "apps/pull.yaml"
    ruled.run("encrypt", "-", "--to", path, stdin=manifest.encode())
    seen = ruled.home / "seen"
    editor = f'cat "$1" > {seen}; sed -i \'s/"p"/"q"/\' "$1"'
    assert on_a_terminal(ruled, "edit", path, editor=editor).status == 0
    assert f"  .dockerconfigjson: !text |-\n    {config}\n" in seen.read_text()
    data = yaml.safe_load(opened(ruled, path))["data"][".dockerconfigjson"]
    assert json.loads(base64.b64decode(data))["auths"]["ghcr.io"]["password"] == "q"


def test_broken_text_may_be_fixed(ruled: User) -> None:
    editor = f"test -e {ruled.home}/once && sed -i 's/b: \\[/b: fixed/' \"$1\" || sed -i 's/b: two/b: [/' \"$1\"; touch {ruled.home}/once"
    result = on_a_terminal(ruled, "edit", PATH, editor=editor, answers="y\n")
    assert result.status == 0, result.printed
    assert "not valid YAML" in result.stderr
    assert yaml.safe_load(opened(ruled))["stringData"]["b"] == "fixed"


def test_broken_text_may_be_thrown_away(ruled: User) -> None:
    before = ruled.read(PATH)
    result = on_a_terminal(ruled, "edit", PATH, editor="echo '[' >> \"$1\"", answers="n\n")
    assert (result.status, ruled.read(PATH)) == (3, before)


def test_an_editor_that_fails_changes_nothing(ruled: User) -> None:
    before = ruled.read(PATH)
    result = on_a_terminal(ruled, "edit", PATH, editor='echo x >> "$1"; exit 1')
    assert (result.status, ruled.read(PATH)) == (3, before)
    assert "ended with 1, and nothing was changed" in result.stderr


def test_an_editor_that_is_not_known_is_warned_about(ruled: User) -> None:
    assert "editor.sh is not known here" in on_a_terminal(ruled, "edit", PATH, editor="true").stderr


def test_files_that_an_editor_leaves_are_removed_and_said(ruled: User) -> None:
    where = ruled.home / "where"
    editor = f'cp "$1" "$1~"; dirname "$1" > {where}'
    result = on_a_terminal(ruled, "edit", PATH, editor=editor)
    assert "editor.sh wrote db.yaml~ beside it" in result.stderr
    assert not Path(where.read_text().strip()).exists()


def test_the_text_is_in_a_folder_of_the_users_own(ruled: User) -> None:
    seen = ruled.home / "seen"
    editor = f'stat -c %a "$1" "$(dirname "$1")" > {seen}; dirname "$1" >> {seen}'
    on_a_terminal(ruled, "edit", PATH, editor=editor)
    file, folder, place = seen.read_text().split()
    assert (file, folder) == ("600", "700")
    assert place.startswith("/dev/shm/") or not os.access("/dev/shm", os.W_OK)


def test_somebody_elses_change_meanwhile_is_kept(ruled: User) -> None:
    target = ruled.repository / PATH
    editor = f"sed -i 's/two/TWO/' \"$1\"; echo '# theirs' >> {target}"
    result = on_a_terminal(ruled, "edit", PATH, editor=editor)
    assert result.status == 3
    assert "was changed by somebody else meanwhile" in result.stderr
    assert target.read_text().endswith("# theirs\n")


def test_one_value_comes_from_standard_input(ruled: User) -> None:
    value, before = word() + "\n\n", ruled.read(PATH)
    result = ruled.run("edit", PATH, "--key", "b", stdin=value.encode())
    assert result.status == 0, result.printed
    assert yaml.safe_load(opened(ruled))["stringData"]["b"] == value
    assert changed(before, ruled.read(PATH)) in SMALLEST
    assert value.strip() not in result.printed


def test_a_key_may_be_said_with_its_field_as_it_is_shown(ruled: User) -> None:
    assert "stringData.b" in ruled.run("show", PATH).stdout
    assert ruled.run("edit", PATH, "--key", "stringData.b", stdin=b"said").status == 0
    assert yaml.safe_load(opened(ruled))["stringData"]["b"] == "said"
    assert ruled.run("show", PATH, "--key", "stringData.b").stdout == "said"
    assert ruled.run("edit", PATH, "--key", "data.new", stdin=b"x").status == 0
    assert yaml.safe_load(opened(ruled))["data"] == {"new": "eA=="}


def test_a_new_key_goes_to_data_and_holds_any_bytes(ruled: User) -> None:
    result = ruled.run("edit", PATH, "--key", "k.bin", stdin=b"\x00\xff")
    assert result.status == 0, result.printed
    assert yaml.safe_load(opened(ruled))["data"] == {"k.bin": "AP8="}


def test_without_a_terminal_the_hint_works(ruled: User) -> None:
    result = ruled.run("edit", PATH)
    assert result.status == 2
    hint = result.stderr.partition("hint: ")[2].replace("KEY", "b")
    env = {"PATH": f"{PROGRAM.parent}:{ruled.env['PATH']}", "VALUE": "hinted"}
    assert ruled.program(["sh", "-c", hint], env=env).status == 0
    assert yaml.safe_load(opened(ruled))["stringData"]["b"] == "hinted"


def test_without_an_identity_it_is_said_which_would_do(ruled: User) -> None:
    (ruled.home / ".config/sops/age/keys.txt").unlink()
    result = ruled.run("edit", PATH, "--key", "b", stdin=b"x")
    assert result.status == 3
    assert "no identity at hand opens" in result.stderr
    assert "age1" in result.stderr


def test_a_file_changed_by_other_hands_is_not_opened(ruled: User) -> None:
    ruled.write({PATH: ruled.read(PATH).replace("name: db", "name: stolen")})
    result = ruled.run("edit", PATH, "--key", "b", stdin=b"x")
    assert (result.status, "its MAC does not fit" in result.stderr) == (3, True)


def test_a_file_that_is_not_encrypted_is_refused(ruled: User) -> None:
    ruled.write({"apps/plain.yaml": opaque("x")})
    result = ruled.run("edit", "apps/plain.yaml", "--key", "a", stdin=b"y")
    assert (result.status, "gitops-secrets encrypt apps/plain.yaml" in result.stderr) == (3, True)


def test_the_first_value_of_a_file_of_empty_ones_is_encrypted(user: User) -> None:
    """sops writes such a file, and encrypts nothing in it."""
    from gitops_secrets.adapters.sops.binary import find_sops

    user.commit({".sops.yaml": rule(recipient(user)), PATH: opaque("")})
    assert user.program([find_sops(), "encrypt", "--in-place", PATH]).status == 0
    value = word()
    result = user.run("edit", PATH, "--key", "stringData.a", stdin=value.encode())
    assert result.status == 0, result.printed
    assert "changed: stringData.a" in result.stdout
    assert yaml.safe_load(opened(user))["stringData"]["a"] == value


def with_crlf(user: User, path: str) -> None:
    """Commit the file *path* with CRLF at the end of every line."""
    file = user.repository / path
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    user.git("commit", "--quiet", "--all", "--message", "CRLF")


def test_a_file_with_crlf_keeps_it_and_every_value(user: User) -> None:
    """As the real sops decrypts both: with readable values and comments in literal blocks too."""
    user.commit({".sops.yaml": rule(recipient(user))})
    readable = (
        "# why it is here\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: apps\n"
        "  annotations:\n    about: |\n      one\n\n      two\ntype: Opaque\nstringData:\n"
        '  # of the team\n  a: |\n    first\n    second\n  b: "with\\r\\nboth"\n  token: old\n'
    )
    assert user.run("encrypt", "-", "--to", PATH, stdin=readable.encode()).status == 0
    user.git("add", "--all")
    with_crlf(user, PATH)
    file = user.repository / PATH
    before, readable_before = file.read_bytes(), opened(user, PATH)

    result = user.run("edit", PATH, "--key", "token", stdin=b"new")

    assert result.status == 0, result.printed
    after = file.read_bytes()
    assert after.count(b"\n") == after.count(b"\r\n") == before.count(b"\r\n")
    assert len(set(after.splitlines()) - set(before.splitlines())) in SMALLEST
    assert opened(user, PATH) == readable_before.replace("token: old", "token: new")
    assert yaml.safe_load(readable_before) == yaml.safe_load(readable)
    assert user.run("verify").status == 0


@pytest.mark.parametrize("verb", ["update", "add"])
def test_a_pull_secret_with_crlf_keeps_it(fleet: User, verb: str) -> None:
    path = "pull-secrets/prod/regcred.sops.yaml"
    with_crlf(fleet, path)
    before = (fleet.repository / path).read_bytes().splitlines()
    if verb == "update":
        command = ("registry", "update", "--registry", "registry.example.com", "--check", "never")
        result = fleet.run(*command, "--registry-creds-env", "CREDS", env={"CREDS": "robot:new"})
    else:
        result = fleet.run("key", "add", recipient(fleet, "other.txt"), "--path", "clusters/prod")

    assert result.status == 0, result.printed
    after = (fleet.repository / path).read_bytes()
    assert after.count(b"\n") == after.count(b"\r\n")
    # Another reader has every reader's stanza written anew, and no value.
    changed = set(after.splitlines()) - set(before)
    assert len(changed) in SMALLEST if verb == "update" else not any(b"ENC[" in c for c in changed)
    assert fleet.credentials()["registry.example.com"].startswith("robot:")
