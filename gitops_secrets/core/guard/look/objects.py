"""The Kubernetes objects of a file: which values of them are readable, and what their ciphertexts are."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from gitops_secrets.core.guard.look.inspection import Inspection
from gitops_secrets.core.guard.look.origin import Origin
from gitops_secrets.core.guard.patterns.ciphertext import WRAPPED_LENGTH, end_of, tag_of
from gitops_secrets.core.guard.patterns.holders import OPERATED, ROOTS, holds_values, is_value
from gitops_secrets.core.guard.read.composing import LimitError
from gitops_secrets.core.guard.read.documents import Document
from gitops_secrets.core.guard.read.encoding import from_base64
from gitops_secrets.core.guard.read.nodes import Pairs, child, last, pairs, scalar
from gitops_secrets.core.guard.record.facts import Identity, Key, ObjectFacts, Place
from gitops_secrets.core.guard.rules.credentials.plaintext_dockerconfigjson import KEYS
from gitops_secrets.core.guard.rules.secrets import broken_sops_metadata as metadata
from gitops_secrets.core.sops.encrypted import is_encrypted_value

MAX_VALUES = 2000
"""Readable values that are kept of one Secret."""
TOO_MANY = f"a Secret of it has more than {MAX_VALUES} readable values"
_ARMORED = re.compile(
    r"-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----\s+(?P<body>(?:[A-Za-z0-9+/]{64}\n\s*)*"
    r"[A-Za-z0-9+/]{1,64}={0,2})\s+(?:=[A-Za-z0-9+/]{4}\s+)?-----END [A-Z ]+-----"
)
_CLOUD = re.compile(r"vault:v\d+:[A-Za-z0-9+/=]{40,}|AQICA[A-Za-z0-9+/=]{100,}")
"""How Vault's transit engine and AWS KMS write a wrapped data key."""
_LONGEST_KEY = 23
"""Steps of a key path that are kept ahead of the last."""
_MAX_OBJECTS = 5000
_SHORTEST_SEALED = 200
"""A file of one letter has more characters once sops encrypted it."""


def identify(node: yaml.Node, found: Pairs | None = None) -> Identity | None:
    """Return the object that the mapping *node* is, or None where it is none."""
    if not isinstance(node, yaml.MappingNode):
        return None
    found = pairs(node) if found is None else found
    kind = scalar(last(found, "kind"))
    if kind is None:
        return None
    meta = last(found, "metadata")
    api_version = scalar(last(found, "apiVersion"))
    if meta is None and api_version is None and kind != "Secret":
        return None
    return Identity(
        api_version,
        kind,
        scalar(child(meta, "namespace")),
        scalar(child(meta, "name")),
        scalar(last(found, "type")),
    )


def _unnamed(node: yaml.MappingNode, found: Pairs, kind: str | None) -> Identity:
    """Return the object that *node* is where it says no kind: one of *kind*, as its list says."""
    if kind is None:
        return Identity(None, None, None, None, None)
    said = yaml.ScalarNode("tag:yaml.org,2002:str", kind)
    return identify(node, [*found, ("kind", said, said)]) or Identity(None, kind, None, None, None)


def describe(inspection: Inspection, document: Document, root: yaml.Node) -> None:
    """Record the objects of a document that are Secrets or hold ciphertext."""
    if not isinstance(root, yaml.MappingNode):
        roots = root.value if isinstance(root, yaml.SequenceNode) else []
        for item in roots:
            if isinstance(item, yaml.MappingNode) and identify(item):
                _describe(inspection, document, item, pairs(item), None)
        return
    found = pairs(root)
    block = last(found, "sops")
    for node, kind in objects_of(root):
        own = found if node is root else pairs(node)
        _describe(inspection, document, node, own, block or last(own, "sops"), kind)


def objects_of(root: yaml.MappingNode) -> Iterator[tuple[yaml.MappingNode, str | None]]:
    """Yield *root*, or the objects of a list, lists of lists included, and the kind of one that says none."""
    stack: list[tuple[yaml.Node, str | None]] = [(root, None)]
    seen: set[int] = set()
    while stack:
        node, kind = stack.pop()
        if id(node) in seen or not isinstance(node, yaml.MappingNode):
            continue
        seen.add(id(node))
        items = child(node, "items")
        own_kind = scalar(child(node, "kind")) or ""
        if isinstance(items, yaml.SequenceNode) and own_kind.endswith("List"):
            of_items = own_kind.removesuffix("List") or None
            stack.extend((item, of_items) for item in reversed(items.value))
        else:
            yield node, kind


def refuse_more(inspection: Inspection) -> None:
    """Raise LimitError if *inspection* has as many objects as are kept of one content."""
    if len(inspection.objects) >= _MAX_OBJECTS:
        raise LimitError(f"it holds more than {_MAX_OBJECTS} Secrets")


def _describe(
    inspection: Inspection,
    document: Document,
    node: yaml.MappingNode,
    found: Pairs,
    block: yaml.Node | None,
    kind: str | None = None,
) -> None:
    identity = identify(node, found) or _unnamed(node, found, kind)
    is_secret = holds_values(identity.kind)
    values = list(values_of(found, whole=identity.kind != "Secret" and block is not None))
    ciphertexts = [v for _, _, v in values if v.startswith("ENC[") and is_encrypted_value(v)]
    if not is_secret and not ciphertexts:
        return
    origin = Origin(identity=identity)
    line, column = node.start_mark.line + document.line, node.start_mark.column
    if ciphertexts or isinstance(block, yaml.MappingNode):
        for detail in metadata.problems(block):
            place = block if block is not None else node
            inspection.note(
                metadata.RULE.ident,
                origin,
                place.start_mark.line + document.line,
                place.start_mark.column,
                detail=detail,
            )
    readable: list[Place] = []
    if is_secret:
        readable = list(
            _readable(
                inspection, document, identity, found, is_encrypted=bool(block or ciphertexts)
            )
        )
    elif _is_disguised(identity, found):
        inspection.note(
            "encrypted-other-kind", origin, line, column, detail=_known_kind(identity.kind)
        )
    refuse_more(inspection)
    inspection.objects.append(
        ObjectFacts(
            identity=identity,
            line=line + 1,
            column=column + 1,
            document=document.number,
            has_metadata=isinstance(block, yaml.MappingNode),
            readable=tuple(readable),
            encrypted=len(ciphertexts),
            ciphertexts=tuple(tag_of(c) for c in ciphertexts),
            wrapped=tuple(d for w in metadata.wrapped_keys(block) if (d := _wrapped(w))),
        )
    )


def _readable(
    inspection: Inspection,
    document: Document,
    identity: Identity,
    found: Pairs,
    *,
    is_encrypted: bool,
) -> Iterator[Place]:
    """Yield the places of the readable values, and record each where the object is encrypted in part."""
    values = [
        (key, node, value)
        for key, node, value in values_of(found, whole=identity.kind in OPERATED)
        if is_value(identity.kind, key) and value.strip() and not is_encrypted_value(value)
    ]
    if not is_encrypted:
        literal = sensitive(values, has_plugin=_has_plugin(found))
        values = [v for v in literal if not _is_sealed_inside(v[0], v[2])]
    if len(values) > MAX_VALUES:
        inspection.unreadable(Origin(identity=identity), TOO_MANY)
    for key, node, value in values[:MAX_VALUES]:
        line, column = node.start_mark.line + document.line, node.start_mark.column
        if is_encrypted:
            origin = Origin(identity=identity, key=key)
            inspection.note("partly-encrypted-secret", origin, line, column, material=value)
        yield inspection.readable(identity, key, value, Place(key, line + 1, column + 1))


def _is_sealed_inside(key: Key, value: str) -> bool:
    """Return whether *value* is a file that sops encrypted, in base64: Flux decrypts such a value of a Secret too."""
    plain = from_base64(value) if "data" in key and len(value) > _SHORTEST_SEALED else None
    if plain is None or b"ENC[" not in plain:
        return False
    from gitops_secrets.core.guard.read.sopsformats import is_sealed

    return is_sealed(plain)


def sensitive(
    values: list[tuple[Key, yaml.Node, str]], *, has_plugin: bool
) -> list[tuple[Key, yaml.Node, str]]:
    """Return those of a Secret's values that are not filled in elsewhere.

    Beside variables, plain settings are none either: a host, a port, a user name.
    """
    if not values:
        return values
    from gitops_secrets.core.guard.patterns.filledin import is_name, is_plain_setting, stands_for

    literal = [
        v for v in values if not stands_for(v[0], v[2]) and not (has_plugin and is_name(v[0], v[2]))
    ]
    if len(literal) == len(values):
        return literal
    return [v for v in literal if not is_plain_setting(v[0], v[2])]


def _has_plugin(found: Pairs) -> bool:
    """Return whether Argo CD's vault plugin fills in what stands in angle brackets."""
    annotations = child_keys(child(last(found, "metadata"), "annotations"))
    return any(key.startswith("avp.kubernetes.io/") for key in annotations)


def values_of(found: Pairs, *, whole: bool = False) -> Iterator[tuple[Key, yaml.Node, str]]:
    """Yield (key path, node, text) of every value below data and stringData, or of all but sops."""
    for text, _, value in found:
        if text is None or (text == "sops" if whole else text not in ROOTS):
            continue
        stack: list[tuple[Key, yaml.Node]] = [((text,), value)]
        seen: set[int] = set()
        while stack:
            key, node = stack.pop()
            plain = scalar(node)
            if plain is not None:
                yield key, node, plain
            if plain is not None or isinstance(node, yaml.ScalarNode):
                continue
            if id(node) in seen:
                continue
            seen.add(id(node))
            key = key[:_LONGEST_KEY]
            if isinstance(node, yaml.MappingNode):
                below = [((*key, t or "?"), v) for t, _, v in pairs(node)]
                stack.extend(reversed(below))
            elif isinstance(node, yaml.SequenceNode):
                stack.extend(reversed([((*key, i), v) for i, v in enumerate(node.value)]))


def _is_disguised(identity: Identity, found: Pairs) -> bool:
    """Return whether an object that is not a Secret has what only a Secret has, encrypted."""
    if identity.kind != "ConfigMap":
        return False
    data = child_keys(last(found, "data"))
    return (
        (identity.type or "").startswith(("kubernetes.io/", "Opaque", "helm.sh/"))
        or last(found, "stringData") is not None
        or any(key in data for key in KEYS)
    )


def child_keys(node: yaml.Node | None) -> set[str]:
    """Return the scalar keys of a mapping node."""
    return {t for t, _, _ in pairs(node) if t} if isinstance(node, yaml.MappingNode) else set()


def _known_kind(kind: str | None) -> str:
    return kind if kind == "ConfigMap" else "another kind"


def _wrapped(text: str) -> str | None:
    """Return a name for a wrapped data key: its end. None for what is no such thing and may be secret."""
    text = text.strip()
    if _CLOUD.fullmatch(text):
        return text[-WRAPPED_LENGTH:]
    body = _ARMORED.fullmatch(text)
    return end_of("".join(body["body"].split())) if body else None
