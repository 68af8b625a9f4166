"""What a push brings besides branches, and what it brings in several steps, is judged all the same."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest

from tests.guard.corpus.case import ONLY_DATA, encrypt
from tests.hostile.server import RULED, RULES, Server, readable, serve
from tests.support.secrets import mixed
from tests.support.user import User

PLACE = "apps/regcred.sops.yaml"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def staged_tree(user: User, files: dict[str, str]) -> str:
    user.write(files)
    user.git("add", "--all")
    tree = user.git("write-tree").strip()
    user.git("reset", "--quiet", "--hard")
    return tree


@pytest.mark.parametrize("what", ["tree", "subtree", "blob"])
@pytest.mark.parametrize("ref", ["refs/tags/v1", "refs/for/main"])
@pytest.mark.parametrize("tags", [0, 2])
def test_a_ref_on_a_tree_or_a_blob_is_judged_by_the_rules(
    user: User, tmp_path: Path, what: str, ref: str, tags: int
) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    tree = staged_tree(user, {RULED: readable()})
    name = {"tree": tree, "subtree": f"{tree}:secrets", "blob": f"{tree}:{RULED}"}[what]
    named = user.git("rev-parse", name).strip()
    for number in range(tags):
        user.git("tag", "--annotate", "--message", "x", f"t{number}", named)
        named = user.git("rev-parse", f"refs/tags/t{number}").strip()
    assert not server.accepts(f"{named}:{ref}")


@pytest.mark.parametrize("kind", ["commit", "tag"])
@pytest.mark.parametrize("where", ["loose", "packed"])
def test_a_message_that_no_pushed_ref_reaches_is_judged(
    user: User, tmp_path: Path, kind: str, where: str
) -> None:
    """Git sends what refs reach; somebody else's program may send more, and the server would keep it."""
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    server.git("config", "receive.unpackLimit", "1" if where == "packed" else "1000")
    password = mixed()
    message = f"docker login -u robot -p {password} ghcr.io"
    old = user.git("rev-parse", "HEAD").strip()
    if kind == "commit":
        stray = user.git("commit-tree", "-m", message, f"{old}^{{tree}}").strip()
    else:
        user.git("tag", "--annotate", "--message", message, "t")
        stray = user.git("rev-parse", "refs/tags/t").strip()
    user.commit({"a": "1"})
    new = user.git("rev-parse", "HEAD").strip()
    reached = user.git("rev-list", "--objects", "--no-object-names", new, f"^{old}").split()

    def push(objects: list[str], ref: str) -> str:
        pack = subprocess.run(
            ["git", "pack-objects", "--stdout", "--quiet"],
            input="".join(f"{name}\n" for name in objects).encode(),
            cwd=user.repository,
            env=user.env,
            capture_output=True,
            check=True,
        ).stdout
        line = f"{'0' * 40} {new} {ref}\0report-status\n".encode()
        done = subprocess.run(
            ["git", "receive-pack", str(server.folder)],
            input=f"{len(line) + 4:04x}".encode() + line + b"0000" + pack,
            env=user.env,
            capture_output=True,
            check=False,
        )
        assert password not in (done.stdout + done.stderr).decode("latin-1")
        return server.git("for-each-ref", "--format=%(objectname)", ref).strip()

    assert push([*reached, stray], "refs/heads/with") == ""
    assert push(reached, "refs/heads/without") == new


@pytest.mark.parametrize("what", ["tree", "subtree", "blob"])
@pytest.mark.parametrize("tags", [0, 2])
def test_a_push_of_such_a_tag_is_refused_at_home(
    user: User, tmp_path: Path, what: str, tags: int
) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    user.git("fetch", "--quiet", "origin")
    tree = staged_tree(user, {"secrets/db.yaml": readable(), "else/where": readable()})
    name = {"tree": tree, "subtree": f"{tree}:else", "blob": f"{tree}:else/where"}[what]
    named = user.git("rev-parse", name).strip()
    for number in range(tags):
        user.git("tag", "--annotate", "--message", "x", f"t{number}", named)
        named = user.git("rev-parse", f"refs/tags/t{number}").strip()
    user.git("update-ref", "refs/tags/v1", named)
    line = f"refs/tags/v1 {named} refs/tags/v1 {'0' * 40}\n".encode()
    done = user.run("scan", "--pre-push", "origin", stdin=line)
    assert done.status == 1, done.printed
    assert not server.accepts("refs/tags/v1")


def test_what_the_remote_has_may_be_tagged_at_home_too(user: User, tmp_path: Path) -> None:
    serve(user, tmp_path / "s.git", {".sops.yaml": RULES, "docs/example.yaml": readable()})
    user.commit({"docs/example.yaml": "a: 1\n"})
    user.git("fetch", "--quiet", "origin")
    for name in ("HEAD~1^{tree}", "HEAD~1:docs", "HEAD~1:docs/example.yaml"):
        named = user.git("rev-parse", name).strip()
        line = f"refs/tags/v {named} refs/tags/v {'0' * 40}\n".encode()
        done = user.run("scan", "--pre-push", "origin", stdin=line)
        assert done.status == 0, done.printed


@pytest.mark.parametrize("at_home", [True, False])
@pytest.mark.parametrize("name", ["{}", "{}:else", "{}:else/where"])
def test_the_hint_about_what_no_commit_has_works(
    user: User, tmp_path: Path, name: str, at_home: bool
) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    text = readable()
    tree = staged_tree(user, {"else/where": text})
    named = user.git("rev-parse", name.format(tree)).strip()
    user.git("update-ref", "refs/tags/v1", named)
    line = f"refs/tags/v1 {named} refs/tags/v1 {'0' * 40}\n".encode()
    if at_home:
        printed = user.run("scan", "--pre-push", "origin", stdin=line).printed
    else:
        printed = server.push("refs/tags/v1").stderr.decode()
    hints = re.findall("hint: (git cat-file blob [0-9a-f]+)", printed)
    assert hints, printed
    assert user.git(*hints[0].split()[1:]) == text


def test_what_the_server_has_may_be_tagged(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES, "docs/example.yaml": readable()})
    for number, name in enumerate(("HEAD^{tree}", "HEAD:docs", "HEAD:docs/example.yaml")):
        user.git("tag", f"t{number}", name)
        assert server.accepts(f"refs/tags/t{number}"), name


def test_a_thin_pack_is_not_blamed_for_what_the_server_had(user: User, tmp_path: Path) -> None:
    """Git completes a large pack with the objects that its deltas are based on: those are not pushed."""
    text = readable() + "".join(f"# {n} {'x' * 60}\n" for n in range(200))
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES, "docs/example.yaml": text})
    server.git("config", "receive.unpackLimit", "1")
    user.commit(
        {
            "docs/example.yaml": text.split("---")[0].replace("kind: Secret", "kind: None")
            + "# more\n"
        }
    )
    assert server.accepts("main")


def secret(namespace: str = "flux-system") -> str:
    plain = (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred\n  namespace: {namespace}\n"
        "stringData:\n  password: hunter2hunter2\n"
    )
    return encrypt(plain, *ONLY_DATA)


def moved(text: str) -> str:
    return text.replace("namespace: flux-system", "namespace: elsewhere")


def other_bits(text: str) -> str:
    """The same ciphertext, its tag in other letters: base64 leaves four bits of the last one unused."""
    before, _, rest = text.partition(",tag:")
    tag, _, after = rest.partition("==")
    last = ALPHABET[ALPHABET.index(tag[-1]) + 1]
    return f"{before},tag:{tag[:-1]}{last}=={after}"


def escaped(text: str) -> str:
    """The same ciphertext, each letter of it escaped in a quoted scalar."""
    before, _, rest = text.partition("ENC[")
    value, _, after = rest.partition("]")
    letters = "".join(f"\\x{ord(c):02x}" for c in f"ENC[{value}]")
    return f'{before}"{letters}"{after}'


def as_binary(text: str) -> str:
    before, _, rest = text.partition("ENC[")
    value, _, after = rest.partition("]")
    return f"{before}!!binary {base64.b64encode(f'ENC[{value}]'.encode()).decode()}{after}"


def holder(user: User, tmp_path: Path) -> tuple[Server, str]:
    text = secret()
    return serve(user, tmp_path / "s.git", {PLACE: text}), text


def delete(user: User) -> None:
    (user.repository / PLACE).unlink()
    user.commit({})


@pytest.mark.parametrize("spelled", [str, other_bits, escaped, as_binary])
@pytest.mark.parametrize("order", ["one commit", "deleted first", "added first", "never deleted"])
def test_a_ciphertext_does_not_move_whatever_the_steps_and_the_spelling(
    user: User, tmp_path: Path, order: str, spelled: object
) -> None:
    assert callable(spelled)
    server, text = holder(user, tmp_path)
    files = {"new.sops.yaml": spelled(moved(text))}
    if order == "deleted first":
        delete(user)
        user.commit(files)
    elif order == "added first":
        user.commit(files)
        delete(user)
        user.commit({"new.sops.yaml": "# again\n" + files["new.sops.yaml"]})
    else:
        if order == "one commit":
            (user.repository / PLACE).unlink()
        user.commit(files)
    assert not server.accepts("HEAD:refs/heads/topic")


def test_a_ciphertext_does_not_move_over_a_merge_that_takes_the_other_side(
    user: User, tmp_path: Path
) -> None:
    user.commit({"a": "1\n"})
    user.git("branch", "old")
    server, text = holder(user, tmp_path)
    user.git("switch", "--quiet", "old")
    user.commit({"new.sops.yaml": moved(text)})
    user.git("merge", "--quiet", "--strategy=ours", "--message", "x", "main")
    assert not server.accepts("old:main")


def test_a_ciphertext_does_not_move_over_two_refs_of_one_push(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {"a": "1\n"})
    text = secret()
    user.git("branch", "second")
    user.commit({PLACE: text})
    user.git("switch", "--quiet", "second")
    user.commit({"new.sops.yaml": moved(text)})
    assert not server.accepts("main", "second")


def test_an_encrypted_file_may_be_renamed_and_written_anew(user: User, tmp_path: Path) -> None:
    server, text = holder(user, tmp_path)
    delete(user)
    user.commit({"other/name.sops.yaml": text})
    user.commit({"other/name.sops.yaml": secret("elsewhere")})
    assert server.accepts("main", "main:topic")


MARK = "# gitops-secrets: ignore[registry-login] the test registry\n"


def login(password: str, host: str = "reg.test.example") -> str:
    return f"docker login -u robot -p {password} {host}\n"


def test_a_trusted_marker_excuses_its_value_and_no_other(user: User, tmp_path: Path) -> None:
    one, two = "kXtest7Kw0pLq", "Zz9qLm3RrT5v"
    first = MARK + login(one) + "\n" + MARK + login(two)
    server = serve(user, tmp_path / "s.git", {"ci.sh": first})
    cases = {
        "moved down": ("# a note\n" + first, True),
        "one of two is gone": (MARK + login(two), True),
        "a changed value": (first.replace(one, "q7KfreshfreshZ9"), False),
        "a second value under a copied marker": (first + MARK + login("q7KfreshfreshZ9"), False),
        "the same value once more": (first + MARK + login(one), False),
    }
    for what, (text, is_fine) in cases.items():
        user.git("reset", "--quiet", "--hard", "origin/main")
        user.commit({"ci.sh": text})
        assert server.accepts("HEAD:refs/heads/x", "--force") is is_fine, what
    user.git("reset", "--quiet", "--hard", "origin/main")
    user.commit({"other.sh": MARK + login(one)})
    assert not server.accepts("HEAD:refs/heads/x", "--force")


def test_a_second_value_in_a_packed_scalar_is_no_part_of_the_excuse(
    user: User, tmp_path: Path
) -> None:
    def packed(*passwords: str) -> str:
        script = base64.b64encode("".join(map(login, passwords)).encode()).decode()
        return f"# gitops-secrets: ignore[registry-login] for tests\nscript: {script}\n"

    server = serve(user, tmp_path / "s.git", {"a.yaml": packed("kXtest7Kw0pLq")})
    user.commit({"a.yaml": packed("kXtest7Kw0pLq") + "# a note\n"})
    assert server.accepts("main")
    user.commit({"a.yaml": packed("kXtest7Kw0pLq", "q7KfreshfreshZ9")})
    assert not server.accepts("main")


def test_a_baseline_entry_is_for_one_value_and_is_not_fooled_by_a_path(
    user: User, tmp_path: Path
) -> None:
    path = "ci\n.sh"
    user.commit({path: login("kXtest7Kw0pLq")})
    user.run("scan", "--tree", "--accept", "for tests")
    server = serve(user, tmp_path / "s.git", {"a": "1\n"})
    user.commit({path: "# a note\n" + login("kXtest7Kw0pLq")})
    assert server.accepts("main")
    user.commit({path: login("kXtest7Kw0pLq") + login("q7KfreshfreshZ9")})
    refused = server.push("main")
    assert refused.stderr.count(b"error[registry-login]") == 1


def test_a_push_with_names_of_any_letters_is_read(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {"a": "1\n"})
    assert user.run("hooks", "install").status == 0
    user.git("commit", "--quiet", "--allow-empty", "--message", "fix me\nplease")
    names = [
        "a\u2028b",
        "a\u0085b",
        "\u00a0",
        "-dash",
        "a'b\"c",
        "x" * 200,
        "@",
        "a\x1bb".replace("\x1b", ""),
    ]
    files = ["\u2028", "\u0085", "a\tb", "a\nb", '"', "-x", " ", ":(top)x", "*.yaml"]
    user.commit(dict.fromkeys(files, "1\n"))
    for source in ("HEAD^{/fix me}", "HEAD^{/fix me\nplease}", "HEAD"):
        for name in names:
            done = subprocess.run(
                ["git", "push", "--quiet", "--force", "origin", f"{source}:refs/heads/{name}"],
                cwd=user.repository,
                env=user.env,
                capture_output=True,
                check=False,
            )
            assert done.returncode == 0, (source, name, done.stderr)
    assert len(server.git("for-each-ref", "refs/heads").split("\n")) > len(names)


def test_a_clone_that_lacks_objects_is_not_taken_for_clean(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {"a": "1\n"})
    user.commit({"b": "2\n"})
    blob = user.git("rev-parse", "HEAD:b").strip()
    commit = user.git("rev-parse", "HEAD").strip()
    (user.repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    line = f"HEAD {commit} refs/heads/main {'0' * 40}\n"
    result = user.run("scan", "--pre-push", "origin", stdin=line.encode())
    assert result.status == 3
    assert "b: Git has no content" in result.stdout
    del server
