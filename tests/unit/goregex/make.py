# ruff: noqa: SIM905 - lists of a hundred lines say no more
"""Make the vectors anew: ``python -m tests.unit.goregex.make [--seed N] [--patterns N]``, with Go on PATH.

Patterns are drawn from the pieces of Go's syntax, half of them mangled. With --check nothing is
written: every pattern is compared at once.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

from gitops_secrets.core.goregex.match import GoRegexError, go_regex

HERE = Path(__file__).parent
VECTORS = HERE / "vectors.jsonl"
ATOMS = (
    "a b c d s k S K x / . _ - : é ſ Σ 0 7 aa ab .* [^/]* a|b ^ $ \\A \\z \\b \\B \\d \\D \\s \\S \\w \\W \\. \\- \\/ \\_ \\n \\t \\x61 \\x{61} \\x{10FFFF} "
    "\\141 \\0 \\07 \\pL \\PL \\p{Lu} \\p{^Lu} \\P{Nd} \\pN \\p{Any} \\pZ \\Qa.b\\E \\Q* [a-c] [^a-c] [[:alnum:]] [[:^alpha:]] [^[:space:]] "
    "[[:punct:]_] [\\d-] [-a] []a] [^]a] [\\w.] [a-z0-9._-]+ [a\\]b] [a&&b] [[a] [^\\n] [\\x61-\\x63] [[:word:]-z] [a-] [\\pL\\d] [^\\PL] "
    "[a-zé] [é-ü] yaml secrets/ \\.ya?ml$ ^apps/ (?:a) (?P<n>a) (?<n>b)"
).split()
BROKEN = (
    "\\C \\Z \\1 \\8 \\k \\y \\h \\R \\K \\G \\X \\u0061 \\xg \\x{} \\x{110000} \\p{Nope} \\pX \\p{ (?=a) (?!a) (?<=a) (?<!a) (?>a) (?P=n) "
    "(?P>n) (?#c) (?i (? (?- (?-) (?x) (?a) (?i-) (?i-s-m) [ [^ [] [a [b-a] [[:nope:]] [[:alpha:] [a-\\d] [\\d-z] ) ( (| a{1001} a{2,1} "
    "a{,2} a{01} { } {1} a{ a{1 a{1,} a{2}{3} a** a*+ a++ a?? a??? a*?* ^* $+ \\b* (*) |* (?i)* (a{100}){11} (a{100}){10} (a*){1000} (a{0}){9} \\"
).split()
REPEATS = ("*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}", "{3}?", "{0}", "{,2}", "{1,3}")
FLAGS = ("(?i)", "(?s)", "(?m)", "(?U)", "(?-i)", "(?i-s)", "(?ms)", "(?i:", "(?s-m:", "(?m:")
PIECES = (
    "a b c ab abc aab S s k K ſ ſecret \u212a x / . _ - : é É ü Σ σ \n \t \x0b \r 0 7 42 aa a.b * secrets/db.yaml apps/prod/x.sops.yml "
    "clusters/eu-1/ yaml .yml \udcff \U00010400 \u3000 \xa0 ٣ ǅ ] [ ^ ( { }".split(" ")
)


def _pattern(chance: random.Random, depth: int = 0) -> str:
    parts = []
    for _ in range(chance.randint(1, 4)):
        part = chance.choice(ATOMS)
        if chance.random() < 0.12:
            part = chance.choice(BROKEN)
        if depth < 3 and chance.random() < 0.25:
            part = f"({_pattern(chance, depth + 1)})"
        if chance.random() < 0.1:
            flag = chance.choice(FLAGS)
            part = f"{flag}{part})" if flag.endswith(":") else flag + part
        if chance.random() < 0.25:
            part += chance.choice(REPEATS)
        parts.append(part)
    return chance.choice(("", "", "", "|")).join(parts)


def _mangled(chance: random.Random, pattern: str) -> str:
    at = chance.randint(0, len(pattern))
    if chance.random() < 0.5:
        return pattern[:at] + pattern[at + 1 :]
    return pattern[:at] + chance.choice("()[]{}|*+?\\^$-,:.&<>=!Pip1Q") + pattern[at:]


def _text(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(0, 5)))


def cases(seed: int, count: int) -> list[list[str]]:
    """Return *count* patterns, each with four texts."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        pattern = BROKEN[number] if number < len(BROKEN) else _pattern(chance)
        if number >= len(BROKEN) and chance.random() < 0.3:
            pattern = _mangled(chance, pattern)
        found.append([pattern, *(_text(chance) for _ in range(4))])
    return found


def asked_of_go(found: list[list[str]]) -> list[list[bool] | None]:
    """Return what Go says of each case."""
    ran = subprocess.run(
        ["go", "run", str(HERE / "match.go")],
        input="".join(json.dumps(case) + "\n" for case in found),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in ran.stdout.splitlines()]


def difference(case: list[str], said: list[bool] | None) -> str:
    """Return what we say otherwise than Go of *case*; nothing where a pattern is not understood."""
    try:
        regex = go_regex(case[0])
    except GoRegexError as error:
        return "refused here only" if error.is_refused and said is not None else ""
    if said is None:
        return "refused by Go only"
    ours = [regex.is_found_in(text) for text in case[1:]]
    return "" if ours == said else f"ours {ours}, Go's {said}"


def main() -> int:
    """Compare, and write the vectors unless --check is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patterns", type=int, default=1200)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    found = cases(options.seed, options.patterns)
    said = asked_of_go(found)
    differences = [(c, d) for c, s in zip(found, said, strict=True) if (d := difference(c, s))]
    for case, what in differences[:20]:
        print(f"{case!r}: {what}", file=sys.stderr)
    if not options.check:
        lines = (json.dumps([c, s]) + "\n" for c, s in zip(found, said, strict=True))
        VECTORS.write_text("".join(lines))
    print(f"{len(found)} patterns, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
