"""Encrypted files that somebody mangled: each is judged or refused, and none ends the program."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import pytest

from gitops_secrets.core.sops.reader.cipher import DataKey
from gitops_secrets.core.sops.reader.read import load, open_loaded
from gitops_secrets.core.sops.reader.structure import EncryptedFile, read_encrypted
from gitops_secrets.core.sops.reader.tree import RefusedError, UnsupportedError
from gitops_secrets.core.verify.lint import lint
from gitops_secrets.core.verify.rules import Rules, check_rules
from gitops_secrets.core.verify.sharing import check_copies
from gitops_secrets.core.verify.structure import check_file
from gitops_secrets.core.verify.versions import Version, compare
from gitops_secrets.errors import InvalidDocumentError
from tests.support.draw import CHANCE
from tests.support.secrets import mixed, opaque, recipient, rule
from tests.support.sopsfiles import NAMES, Maker, Sops
from tests.support.user import User

PIECES = (
    *(
        b"<<: *a\n",
        b"&a ",
        b"*a",
        b"!!binary ",
        b"? [a]\n: b\n",
        b"---\n",
        b"...\n",
        b"\x00",
        b"\xff",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"'",
        b"|\n",
        b": ",
        b"- ",
        b"null",
        b"~",
        b"\t",
        b"sops:",
        b"sops: []\n",
    ),
    *(b"ENC[AES256_GCM,data:,iv:,tag:,type:str]", b"\xf0\x9f\x98\x80", b"\\ud800", b"%YAML 1.1\n"),
    *(b"#ENC[", b"key_groups:\n", b"1e999", b"0x", b"2024-99-99", b"(", b"{9999}"),
)
EACH = 60


def mangled(content: bytes, chance: Random) -> bytes:
    """The content with pieces put in, taken out, doubled or changed."""
    result = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(result) + 1)
        how = chance.random()
        if how < 0.5:
            result[at:at] = chance.choice(PIECES)
        elif how < 0.7:
            del result[at : at + chance.randint(1, 40)]
        elif how < 0.85 and at < len(result):
            result[at] = chance.randrange(256)
        else:
            begin = chance.randrange(len(result) + 1)
            result[at:at] = result[begin : begin + chance.randint(1, 200)]
    return bytes(result)


def judged(name: str, content: bytes, before: EncryptedFile, config: bytes) -> bool:
    """Whether the content was an encrypted file at all, once everything was asked of it."""
    rules = Rules({".sops.yaml": config})
    list(lint(rules, [name, "a/b.yaml"], {name}, lambda _: None))
    try:
        file = read_encrypted(name, content)
    except InvalidDocumentError:
        return False
    if file is None:
        return False
    list(check_file(file))
    list(check_rules(file, rules))
    list(compare(Version(before, "a" * 40), Version(file, ""), {}))
    list(check_copies({name: file, "before": before}, [name]))
    with suppress(RefusedError, UnsupportedError):
        open_loaded(load(content, file.form, file.composed), DataKey(bytes(32)))
    return True


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_every_mangled_file_is_judged_or_refused(user: User, name: str) -> None:
    sops = Sops(user.temporary)
    chance = Random(CHANCE.getrandbits(32))
    content = None
    while content is None:
        content = sops.encrypt(name, Maker(chance).make(name), [])
    before = read_encrypted(name, content)
    assert before is not None
    config = rule(recipient(user), regex="^x").encode()
    number = sum(
        judged(name, mangled(content, chance), before, mangled(config, chance)) for _ in range(EACH)
    )
    assert number, "nothing that was left could be read"


def test_an_encrypted_file_in_a_folder_of_odd_names_is_named_as_it_is(user: User) -> None:
    """A name that steers a terminal does not."""
    path = "apps/\x1b[31mred.yaml"
    user.commit({".sops.yaml": rule(recipient(user), regex="apps/")})
    done = user.run("encrypt", "-", "--to", "apps/x.yaml", stdin=opaque(mixed()).encode())
    assert done.status == 0, done.printed
    changed = user.read("apps/x.yaml").replace("ENC[", "XNC[", 1)
    user.write({path: changed})
    for form in ("text", "json", "sarif"):
        assert "\x1b" not in user.run("verify", "--output", form).stdout
