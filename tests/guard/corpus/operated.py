"""Secrets of the operators that decrypt in the cluster: readable, encrypted in part, and as they are to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.guard.corpus.case import (
    ONLY_DATA,
    RULE_FOR_ALL,
    Case,
    Fresh,
    b64,
    encrypt,
    found,
    silent,
)

RULE = "unencrypted-secret"
TEMPLATES = ("--encrypted-suffix", "Templates")
"""How isindir/sops-secrets-operator has its files encrypted."""


def _isindir(value: str, kind: str = "SopsSecret", field: str = "secretTemplates") -> str:
    return (
        f"apiVersion: isindir.github.com/v1alpha3\nkind: {kind}\nmetadata:\n  name: shop\n  namespace: apps\nspec:\n"
        f"  {field}:\n    - name: db\n      labels:\n        app: shop\n      stringData:\n        password: {value}\n"
    )


def _craftypath(value: str) -> str:
    return (
        "apiVersion: craftypath.github.io/v1alpha1\nkind: SopsSecret\nmetadata:\n  name: shop\nspec:\n"
        f"  type: Opaque\n  stringData:\n    password: {value}\n"
    )


def _peak_scale(value: str, kind: str = "SopsSecret") -> str:
    return (
        f"apiVersion: addons.projectcapsule.dev/v1alpha1\nkind: {kind}\nmetadata:\n  name: shop\nspec:\n"
        f"  secrets:\n  - name: db\n    data:\n      password: {value}\n"
    )


READABLE: list[tuple[str, Callable[[Fresh], str], str]] = [
    ("templates", lambda c: _isindir(c.password), "a value of a Secret that will be made"),
    ("the older field", lambda c: _isindir(c.password, field="secret_templates"), "as v1alpha1 had it"),
    ("spec", lambda c: _craftypath(c.password), "its values stand in spec itself"),
    ("secrets", lambda c: _peak_scale(b64(c.password)), "a list of Secrets"),
    ("of all namespaces", lambda c: _peak_scale(b64(c.password), "GlobalSopsSecret"), "another kind of it"),
    ("second document", lambda c: f"kind: ConfigMap\napiVersion: v1\ndata: {{a: b}}\n---\n{_isindir(c.password)}", "the second document"),
]  # fmt: skip


def readable() -> Iterator[Case]:
    for name, spell, reason in READABLE:
        yield found(f"operated/{name}", RULE, spell(Fresh()), reason, sops_config=RULE_FOR_ALL)
    yield from _credentials()
    yield from _partly()


def _credentials() -> Iterator[Case]:
    case = Fresh()
    text = _isindir("x").replace("password: x", f".dockerconfigjson: '{case.config}'")
    yield found(
        "operated/pull secret",
        "plaintext-dockerconfigjson",
        text,
        "registry credentials, rule or not",
    )


def _partly() -> Iterator[Case]:
    rule = "partly-encrypted-secret"
    for name, plain, options in (
        ("templates", _isindir("first"), TEMPLATES),
        ("spec", _craftypath("first"), ONLY_DATA),
    ):
        case = Fresh()
        lines = encrypt(plain, *options).splitlines(keepends=True)
        at = next(n for n, line in enumerate(lines) if "password: ENC[" in line)
        begin = lines[at].partition("password")[0]
        lines.insert(at + 1, f"{begin}token: {case.password}\n")
        yield found(
            f"operated/added to {name}", rule, "".join(lines), "a value that sops did not write"
        )


def lookalikes() -> Iterator[Case]:
    for name, plain, options in (
        ("templates", _isindir("first"), TEMPLATES),
        ("spec", _craftypath("first"), ONLY_DATA),
        ("secrets", _peak_scale("Zmlyc3Q="), ONLY_DATA),
    ):
        yield silent(f"operated/{name}, encrypted", encrypt(plain, *options), "as it is to be")
    yield silent("operated/from elsewhere", _isindir("${DB_PASSWORD}"), "a variable stands for it")
    yield silent(
        "operated/labels",
        _isindir("${DB_PASSWORD}").replace("app: shop", f"release: {Fresh().password}"),
        "labels are no values",
    )
    yield silent(
        "operated/without a rule",
        _isindir(Fresh().password),
        "nothing says it must be",
        sops_config=None,
    )
    yield silent(
        "operated/definition",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n"
        "  name: sopssecrets.isindir.github.com\nspec:\n  names:\n    kind: SopsSecret\n    plural: sopssecrets\n",
        "the definition of the kind",
    )
