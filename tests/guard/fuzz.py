"""Fuzz the guard's engine: ``python -m tests.guard.fuzz --minutes N [--seed S]``.

The corpus is cut, joined, repeated, re-encoded and mutated. Each content is judged under an alarm:
no error, no hang, no piece of a secret in anything said, and the byte filter loses nothing. A content
that breaks a promise is printed, so that it can be had again whatever was drawn, and the exit status is 1.

``--contents N`` looks at N contents instead of for a time: with ``--seed`` and the seed of the tests in the
environment a run is the same one each time, as CI needs it. A search for something new names no seed.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import random
import signal
import sys
import time
import zlib
from collections.abc import Iterator
from types import FrameType

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.filter.prefilter import EVERYTHING, may_hold
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.look.inspection import inspect
from gitops_secrets.core.guard.record.facts import Facts
from tests.guard.corpus import commands, configs, encrypted, hidden, lookalikes, pull_secrets
from tests.guard.corpus.case import KNOWN
from tests.guard.said import PIECE, everything_said, given_away, pieces
from tests.support.draw import SEED, VARIABLE

SECONDS_EACH = 5.0
"""How much of a processor's time one content of at most MAX_BYTES may take: others may be at work there too."""
MAX_BYTES = 400_000
MAX_FAILURES = 20
POLICY = Policy({".sops.yaml": b"creation_rules:\n- path_regex: .*\n"})
TOKENS = (
    b"kind: Secret", b"stringData:", b"data:", b"auths", b'"auth":', b"---\n", b"- ", b"? ", b": ", b"&a ",
    b"*a", b"<<: *a", b"!!binary ", b"!!str ", b"|\n", b">-\n", b"{", b"}", b"[", b"]", b'"', b"'", b"\\", b"\\u0065",
    b"\\x41", b"#", b"\n", b"\r\n", b"\t", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"{{", b"}}", b"${",
    b"sops:", b"ENC[AES256_GCM,data:", b"<<<<<<< a\n", b"=======\n", b">>>>>>> b\n", b"docker login -p ", b"--creds ",
    b"AGE-SECRET-KEY-1", b"-----BEGIN PGP PRIVATE KEY BLOCK-----", b"\x1f\x8b\x08", b"PK\x03\x04", b"x\x9c", b"%TAG ! x\n",
    b"gitops-secrets: ignore[", b"oci://u:", b"pw@", b"metadata:", b"kubectl.kubernetes.io/last-applied-configuration: ", b"items:",
)  # fmt: skip

LETTERS = tuple(bytes([letter]) for letter in b"# \t\n\\\"'xA0=:,-{}[]|./$()<>@%&*!;`_")


class HangError(BaseException):
    """One content took longer than it may. No Exception, so that nothing swallows it."""


def _seeds() -> list[bytes]:
    sections = (pull_secrets, configs, commands, hidden, encrypted)
    cases = [c.content for s in sections for c in s.readable()]
    return cases + [c.content for c in lookalikes.lookalikes()]


def _mutate(chance: random.Random, seeds: list[bytes]) -> bytes:
    content = chance.choice(seeds)
    for _ in range(chance.randint(1, 6)):
        content = chance.choice(_MUTATIONS)(chance, content, seeds)[:MAX_BYTES]
    return content


def _cut(chance: random.Random, content: bytes, _seeds: list[bytes]) -> bytes:
    at, end = sorted(chance.randint(0, len(content)) for _ in range(2))
    return content[:at] + content[end:]


def _join(chance: random.Random, content: bytes, seeds: list[bytes]) -> bytes:
    other = chance.choice(seeds)
    at = chance.randint(0, len(content))
    return content[:at] + chance.choice([b"", b"\n", b"\n---\n"]) + other + content[at:]


def _insert(chance: random.Random, content: bytes, _seeds: list[bytes]) -> bytes:
    at = chance.randint(0, len(content))
    return content[:at] + chance.choice(TOKENS) * chance.choice([1, 1, 1, 3, 500]) + content[at:]


def _repeat(chance: random.Random, content: bytes, _seeds: list[bytes]) -> bytes:
    at = chance.randint(0, len(content))
    piece = content[at : at + chance.randint(1, 40)]
    return content[:at] + piece * chance.choice([2, 10, 2000]) + content[at:]


def _flip(chance: random.Random, content: bytes, _seeds: list[bytes]) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _stretch(chance: random.Random, content: bytes, _seeds: list[bytes]) -> bytes:
    """Put a long run of one letter into *content*: two parts of a pattern that may both take it are slow on it."""
    at = chance.randint(0, len(content))
    return content[:at] + chance.choice(LETTERS) * 20_000 + content[at:]


def _swap_lines(chance: random.Random, content: bytes, _seeds: list[bytes]) -> bytes:
    lines = content.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def _indent(chance: random.Random, content: bytes, _seeds: list[bytes]) -> bytes:
    prefix = chance.choice([b"  ", b"# ", b"\t", b"- ", b"// ", b"> "])
    return b"x: |\n" + b"\n".join(prefix + line for line in content.split(b"\n"))


def _wrap(chance: random.Random, content: bytes, _seeds: list[bytes]) -> bytes:
    how = chance.randrange(4)
    if how == 0:
        return b"x: " + base64.b64encode(content) + b"\n"
    if how == 1:
        return gzip.compress(content, mtime=0)
    if how == 2:
        return json.dumps({"a": content.decode("latin-1")}).encode()
    return content.decode("latin-1").encode(
        chance.choice(["utf-16", "utf-32", "utf-16-be", "utf-8"])
    )


_MUTATIONS = (
    _cut, _join, _insert, _insert, _repeat, _flip, _swap_lines, _indent, _wrap, _cut, _join, _insert, _insert,
    _repeat, _flip, _swap_lines, _indent, _wrap, _stretch,
)  # fmt: skip


def _check(content: bytes, secret_pieces: frozenset[str]) -> str | None:
    """Return what went wrong with *content*, or None."""
    facts = engine.examine(content)
    judged = engine.judge("a/b.yaml", facts, POLICY)
    judged += engine.judge_set({"a": facts, "b": facts}, POLICY)
    judged += engine.judge_change("a", facts, [("b", facts)], POLICY)
    # Elsewhere it is the very same call: a second one would only take its time again.
    if b"\nsops:\n" in content and facts != engine._examine(content):
        return "the form of the content has other facts"
    if Facts.from_json(facts.to_json()) != facts:
        return "facts do not survive a cache"
    said = everything_said(facts, [*judged.findings, *(i.finding for i in judged.ignored)])
    given = given_away(said, secret_pieces)
    if any(not _is_a_rest(piece, content) for piece in given):
        return "a piece of a secret is said"
    if not may_hold(content):
        inspection, text = inspect(content, EVERYTHING)
        unfiltered = inspection.facts(text)
        if unfiltered.notes or any(o.readable for o in unfiltered.objects):
            return f"the byte filter lost {sorted({n.rule for n in unfiltered.notes})}"
    return None


def _is_a_rest(piece: str, content: bytes) -> bool:
    """Return whether *piece* is all that a cut left of its secret, beside other letters: nobody can tell it from a name."""
    text = content.replace(b"\0", b"").decode("latin-1")
    longer = (
        secret[max(0, at - 3) : at + PIECE + 3]
        for secret in KNOWN
        if (at := secret.find(piece)) >= 0
    )
    return piece in text and not any(around in text for around in longer)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise HangError


def _wrong_with(content: bytes, secret_pieces: frozenset[str]) -> str | None:
    """Return what is wrong with *content*, looked at under an alarm, or None."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS_EACH)
    try:
        return _check(content, secret_pieces)
    except HangError:
        return f"takes longer than {SECONDS_EACH} s"
    except Exception as error:
        return f"raises {type(error).__name__}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _numbers(contents: int | None, minutes: float) -> Iterator[int]:
    """Yield the numbers of the contents to look at: so many, or as many as the time allows."""
    deadline = time.monotonic() + minutes * 60
    number = 0
    while number < contents if contents is not None else time.monotonic() < deadline:
        number += 1
        yield number


def main() -> int:
    """Run for the time or the number asked for, and return 0 if every promise held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument(
        "--contents", type=int, default=None, help="how many, whatever time it takes"
    )
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    seeds = _seeds()
    secret_pieces = pieces(KNOWN)
    signal.signal(signal.SIGPROF, _ring)
    count = failures = 0
    slowest = 0.0
    for count in _numbers(options.contents, options.minutes):
        # Each content draws for itself: what programs draw (keys, nonces) cannot shift the others.
        content = _mutate(random.Random(f"{seed} {count}"), seeds)
        begun = time.process_time()
        wrong = _wrong_with(content, secret_pieces)
        slowest = max(slowest, time.process_time() - begun)
        if wrong:
            failures += 1
            print(
                f"content {count} of seed {seed}: {wrong} ({len(content)} bytes)", file=sys.stderr
            )
            packed = base64.b64encode(zlib.compress(content, 9)).decode()
            print(f"the content, base64 of zlib: {packed}", file=sys.stderr)
        if failures == MAX_FAILURES:
            break
    print(f"{count} contents of seed {seed}, slowest {slowest:.2f} s, {failures} failures")
    print(f"the same again: {VARIABLE}={SEED} python -m tests.guard.fuzz --seed {seed}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
