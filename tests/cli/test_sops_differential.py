"""Random ``.sops.yaml`` files: what we read in them is what the real sops does by them.

A failure prints the file and the seed it was drawn from. What is compared: whether sops fails, which recipients
are in which group, which values are encrypted, and what the MAC is over.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from gitops_secrets.adapters.age import recipient_problem
from gitops_secrets.adapters.sops.binary import find_sops
from gitops_secrets.adapters.sops.environment import environment_for
from gitops_secrets.core.sops.rules.creation import choose_rule, parse_rules
from gitops_secrets.core.sops.structure import SopsDocument, read_documents
from gitops_secrets.core.yamltext.nodes import compose_single, walk_scalars
from gitops_secrets.errors import GitOpsSecretsError
from tests.support.draw import CHANCE
from tests.support.sopsconfigs import MANIFEST, PATHS, Maker

CHUNKS, IN_CHUNK = 12, 50


class Reading(NamedTuple):
    """By what a file is encrypted."""

    groups: tuple[tuple[str, ...], ...]
    encrypted: frozenset[tuple[str, ...]] | None
    """None if comments decide."""
    mac_only: bool


def values() -> list[tuple[str, ...]]:
    root = compose_single(MANIFEST.encode(), "x")
    assert root is not None
    return [tuple(map(str, path)) for path, _ in walk_scalars(root)]


def ours(content: bytes, path: str) -> Reading | None:
    """What we take the rule for; None where sops is to fail, and at what is not understood."""
    try:
        rule = choose_rule(parse_rules(content), path)
    except GitOpsSecretsError:
        return None
    if rule is None or len(rule.choices) > 1 or not all(g.recipients for g in rule.groups):
        return None
    if any(recipient_problem(r.value) for r in rule.recipients):
        return None
    if len(rule.groups) > 1 and (rule.threshold == 1 or rule.threshold > len(rule.groups)):
        return None
    by_comments = any(choice.is_by_comments for choice in rule.choices)
    return Reading(
        tuple(tuple(r.value for r in group.recipients) for group in rule.groups),
        None if by_comments else frozenset(p for p in values() if rule.encrypts(p)),
        rule.mac_only_encrypted,
    )


def theirs(folder: Path, content: bytes, path: str) -> Reading | None:
    """What sops makes of it; None if it fails."""
    (folder / ".sops.yaml").write_bytes(content)
    command = [find_sops(), "--config", str(folder / ".sops.yaml"), "encrypt"]
    command += [
        "--filename-override",
        str(folder / path),
        "--input-type",
        "yaml",
        "--output-type",
        "yaml",
    ]
    done = subprocess.run(
        command, input=MANIFEST.encode(), capture_output=True, env=environment_for(()), check=False
    )
    if done.returncode:
        return None
    (document,) = read_documents(done.stdout, path)
    return reading_of(document)


def reading_of(document: SopsDocument) -> Reading:
    metadata = document.metadata
    assert metadata is not None
    by_comments = metadata.rule is not None and "comment" in metadata.rule[0]
    return Reading(
        metadata.opening,
        None
        if by_comments
        else frozenset(tuple(map(str, v.path)) for v in document.values if v.encrypted),
        metadata.mac_only_encrypted,
    )


@pytest.fixture(scope="module")
def recipients() -> list[str]:
    from pyrage import x25519

    return [str(x25519.Identity.generate().to_public()) for _ in range(4)]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_is_read_is_what_sops_does(chunk: int, recipients: list[str], tmp_path: Path) -> None:
    for _ in range(IN_CHUNK):
        seed = CHANCE.getrandbits(32)
        content, path = drawn(seed, recipients)
        expected, found = theirs(tmp_path, content, path), ours(content, path)
        assert found == expected, f"seed {seed}, {path}:\n{content.decode()}"


def test_neither_all_configurations_fail_nor_none(recipients: list[str]) -> None:
    """Over configurations that are the same each time, so that no draw decides it."""
    failed = sum(ours(*drawn(seed, recipients)) is None for seed in range(CHUNKS * IN_CHUNK))
    assert CHUNKS < failed < CHUNKS * (IN_CHUNK - 5)


def drawn(seed: int, recipients: list[str]) -> tuple[bytes, str]:
    """A configuration, and the path that it is asked about."""
    chance = Random(seed)
    content = Maker(chance, recipients).make().encode()
    return content, chance.choice(PATHS)
