"""The Secrets within another object, a piece of text or an annotation."""

from __future__ import annotations

import yaml

from gitops_secrets.core.guard.look.inspection import Inspection
from gitops_secrets.core.guard.look.objects import (
    MAX_VALUES,
    TOO_MANY,
    refuse_more,
    sensitive,
    values_of,
)
from gitops_secrets.core.guard.look.origin import Origin
from gitops_secrets.core.guard.patterns.filledin import stands_for
from gitops_secrets.core.guard.patterns.holders import ROOTS
from gitops_secrets.core.guard.patterns.placeholders import is_placeholder, is_placeholder_whole
from gitops_secrets.core.guard.read.documents import Document
from gitops_secrets.core.guard.read.encoding import from_base64
from gitops_secrets.core.guard.read.nodes import Pairs, last
from gitops_secrets.core.guard.record.facts import Identity, Key, ObjectFacts, Place
from gitops_secrets.core.guard.rules.credentials.plaintext_dockerconfigjson import KEYS
from gitops_secrets.core.sops.encrypted import is_encrypted_value


def describe(
    inspection: Inspection,
    document: Document,
    identity: Identity,
    node: yaml.MappingNode,
    found: Pairs,
    origin: Origin,
) -> None:
    """Record the Secret that *node* is, a mapping within another object or a piece of text, if it has values.

    What documentation writes in place of a value is none here: examples stand in comments. Values of a pull
    Secret are credentials, which are found in any case.
    """
    if not isinstance(last(found, "metadata"), yaml.MappingNode):
        return
    values = [
        (key, value_node, value)
        for key, value_node, value in values_of(found)
        if value.strip() and not is_encrypted_value(value) and key[-1] not in KEYS
    ]
    values = [v for v in sensitive(values, has_plugin=True) if not _is_example(v[0], v[2])]
    if not values:
        return
    if len(values) > MAX_VALUES:
        inspection.unreadable(Origin(identity=identity), TOO_MANY)
    refuse_more(inspection)

    def at(place: yaml.Node) -> tuple[int, int]:
        return origin.at(place.start_mark.line + document.line, place.start_mark.column)

    readable = tuple(
        inspection.readable(identity, key, value, Place(key, *at(value_node)))
        for key, value_node, value in values[:MAX_VALUES]
    )
    line, column = at(node)
    inspection.objects.append(
        ObjectFacts(
            identity, line, column, document.number, False, readable, 0, (), (), is_inside=True
        )
    )


def is_readable_copy(value: str) -> bool:
    """Return whether *value*, an annotation's JSON, is a Secret with readable values."""
    import json

    try:
        copied = json.loads(value, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return False
    if not isinstance(copied, tuple) or ("kind", "Secret") not in copied:
        return False
    values = [
        v for root, held in copied if root in ROOTS and isinstance(held, tuple) for _, v in held
    ]
    return any(
        isinstance(v, str) and v and not is_encrypted_value(v) and not stands_for(("data",), v)
        for v in values
    )


def _is_example(key: Key, value: str) -> bool:
    plain = from_base64(value) if key[0] == "data" else None
    return is_placeholder(value) or (
        plain is not None and is_placeholder_whole(plain.decode("latin-1"))
    )
