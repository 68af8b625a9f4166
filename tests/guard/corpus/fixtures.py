"""Credentials that tests and documentation make up, and real ones that stand in the same places."""

from __future__ import annotations

from collections.abc import Iterator

from tests.guard.corpus.case import Case, Fresh, found, silent

SPOKEN = ["moonwalker", "shared-by-two", "REGISTRY_FILE-second", "left>right", "only in the cache"]
"""Words, as people make them up for a test."""
TESTS = [
    *("pkg/auth/chain_test.go", "__tests__/login.test.ts", "src/push.spec.js", "tests/data/push.txt"),
    *("internal/testdata/login.txt", "tools/test_push.py"),
]  # fmt: skip
PLACEHOLDERS = [
    "your-pass-word-123",
    "conta1n3rize14",
    "your-pw",
    "botpass123",
    "hunter2",
    "test123test123",
    "db-password",
]


def _go(password: str) -> str:
    return f'want := &AuthConfig{{Username: "robot", Password: "{password}"}}\n'


def _login(password: str) -> str:
    return f"docker login -u robot -p '{password}' registry.example.com\n"


def readable() -> Iterator[Case]:
    for number, path in enumerate(TESTS):
        yield found(
            f"fixture/random {number}",
            "registry-login",
            _login(Fresh().password),
            "nobody makes this up",
            path,
        )
    for number, word in enumerate(SPOKEN):
        yield found(
            f"fixture/words {number}",
            "registry-login",
            _login(word),
            "people choose such passwords",
            "scripts/push.sh",
        )


def lookalikes() -> Iterator[Case]:
    for number, path in enumerate(TESTS):
        word = SPOKEN[number % len(SPOKEN)]
        yield silent(
            f"fixture/login {number}", _login(word), "made up for a test", path, sops_config=None
        )
    yield silent("fixture/go", _go(SPOKEN[1]), "made up for a test", TESTS[0], sops_config=None)
    for word in PLACEHOLDERS:
        yield silent(
            f"fixture/{word}",
            _login(word),
            "documentation's words",
            "docs/push.md",
            sops_config=None,
        )
