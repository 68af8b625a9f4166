"""Secrets for the stories of encrypt, edit and show: readable manifests, and a rule that covers them."""

from __future__ import annotations

import base64
import json
import string

from tests.support.draw import CHANCE
from tests.support.user import User

PATH = "apps/db.yaml"
RULED = "apps/.*\\.(ya?ml|json)$"


def mixed(length: int = 24) -> str:
    """A fresh password of letters and digits, none of them twice.

    It has each class of them in an order that no words have, and whatever is drawn, each of its pieces
    is one that a watch for leaks looks for: a test must not depend on the draw.
    """
    rest = [c for c in string.ascii_letters + string.digits if c not in "q7K"]
    return "q7K" + "".join(CHANCE.sample(rest, length - 3))


def word() -> str:
    """A fresh value that nothing else in a run could hold by chance, with what has to be escaped."""
    return f'{mixed()}"$é'


def opaque(*values: str, name: str = "db", namespace: str = "shop", extra: str = "") -> str:
    """A readable Secret whose keys are a, b, c, ..."""
    lines = "".join(
        f"  {key}: {json.dumps(value)}\n" for key, value in zip("abcdefgh", values, strict=False)
    )
    return (
        f"# what the shop's database asks for\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n"
        f"  namespace: {namespace}\n{extra}stringData:\n{lines}"
    )


def encoded(value: str) -> str:
    """Base64, as data has it."""
    return base64.b64encode(value.encode()).decode()


def recipient(user: User, name: str = "keys.txt") -> str:
    """Give *user* an identity where sops looks for it, and return its recipient."""
    from pyrage import x25519

    identity = x25519.Identity.generate()
    path = user.home / ".config/sops/age" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{identity}\n")
    return str(identity.to_public())


def rule(*recipients: str, regex: str = RULED, encrypted: str = "^(data|stringData)$") -> str:
    """A .sops.yaml with one rule."""
    ages = "".join(f"  - {r}\n" for r in recipients)
    return (
        f"creation_rules:\n- path_regex: {regex}\n  encrypted_regex: {encrypted}\n  age:\n{ages}"
        "stores:\n  yaml:\n    indent: 2\n"
    )


def opened(user: User, path: str = PATH) -> str:
    """What the real sops makes of the file, with the user's identity."""
    from gitops_secrets.adapters.sops.binary import find_sops

    done = user.program([find_sops(), "decrypt", path])
    assert done.status == 0, done.printed
    return done.stdout
