"""Random files that the real sops encrypts, tampered with or not, and what it says of them.

    python -m tests.support.sopsfiles --files 2000 --seed 7 --sops /path/to/sops

Each file is held against the reader of this project: where it gives a verdict, sops has the same.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from gitops_secrets.adapters.age import Identity, create_identity, unwrap
from gitops_secrets.adapters.sops.binary import find_sops
from gitops_secrets.adapters.sops.environment import environment_for
from gitops_secrets.core.sops.reader.cipher import DataKey
from gitops_secrets.core.sops.reader.read import Reading, Verdict, load, open_loaded
from gitops_secrets.core.sops.reader.tree import RefusedError, UnsupportedError, form_of
from gitops_secrets.core.sops.structure import Metadata

STATUS = {Verdict.MAC: (51,), Verdict.CLOSED: (25, 2), Verdict.NO_KEY: (128,)}
"""sops before 3.12 panics, with status 2, where a number stands in place of an encrypted value."""
NAMES = ("x.yaml", "x.yaml", "x.yaml", "x.yaml", "x.json", "x.json", "x.env", "x.ini", "x.txt")
_RULES = (
    *([], [], ["--unencrypted-suffix", "_plain"], ["--encrypted-suffix", "_secret"]),
    *(
        ["--encrypted-regex", regex]
        for regex in ("^(data|stringData)$", "data", "^a", "(?i)^KIND$")
    ),
    *(["--unencrypted-regex", regex] for regex in ("^(apiVersion|kind|metadata)$", "name|^b")),
    *(["--encrypted-comment-regex", "secret"], ["--unencrypted-comment-regex", "plain"]),
)
_KEYS = (
    *(
        "apiVersion",
        "kind",
        "metadata",
        "data",
        "stringData",
        "name",
        "a",
        "b",
        "c_plain",
        "d_secret",
    ),
    *("a:b", "true", "1x", "ключ", "x y", "DATA", "sops_", "é", "q'uote", "tls.crt"),
)
_PLAIN = (
    *("0", "1", "-1", "010", "08", "0o17", "0xFF", "0b101", "1_000", "+7", "9223372036854775807"),
    *(
        "9223372036854775808",
        "18446744073709551616",
        "1e3",
        "1.0",
        ".5",
        "-.5e3",
        "1.",
        "1e22",
        "1e400",
    ),
    *("0.1", "123456789.123456789", "-0", "-0.0", ".inf", "-.Inf", ".nan", "1e-7", "685_230.15"),
    *("true", "True", "FALSE", "yes", "on", "n", "~", "null", "Null", "", "text", "two words"),
    *("2024-01-02", "2024-1-2", "2024-01-02T03:04:05Z", "2024-01-02T03:04:05.120+02:00"),
    *("2024-01-02 03:04:05", "2024-02-30", "2001-12-14t21:59:43.10-05:00", "12:30:45", "0x", "0b2"),
    *(
        "10:20",
        "a#b",
        "-a",
        "é",
        "=",
        "<",
        "1.2.3",
        "v1",
        "-",
        "+",
        ".",
        "..",
        "1,000",
        "_1",
        "1__0",
    ),
)
_TEXTS = (
    *(
        "",
        "plain",
        "true",
        "12",
        "2024-01-02",
        "two\nlines",
        "two\nlines\n",
        " lead",
        "trail ",
        "tab\tx",
    ),
    *(
        "ключ",
        "é",
        "\U0001f600",
        'quote"s',
        "back\\slash",
        "#no",
        "ENC[",
        "ENC[AES256_GCM,data:x]",
        "a: b",
    ),
    *(
        "-----BEGIN X-----\nabc\n-----END X-----\n",
        "x" * 300,
        "<&>",
        "\u2028",
        "\x7f",
        "%",
        "\\n",
        "null",
    ),
)
_ENC = re.compile(r"ENC\[AES256_GCM,data:[^\]]*\]")


class Case(NamedTuple):
    """A file as it is to be judged."""

    name: str
    content: bytes
    how: str
    """How it came about, for whoever reads a failure."""


class Maker:
    """Makes readable files from one source of chance."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def make(self, name: str) -> str:
        """Return a readable file in the form of *name*."""
        if name.endswith(".yaml"):
            documents = 1 if self._chance.random() < 0.85 else self._chance.randint(2, 3)
            return "---\n".join(self._yaml(0, 0) for _ in range(documents))
        if name.endswith(".json"):
            separators = self._chance.choice(((",", ":"), (", ", ": ")))
            indent = self._chance.choice((None, 2))
            value = self._json(0)
            return json.dumps(
                value,
                indent=indent,
                separators=separators,
                ensure_ascii=self._chance.random() < 0.2,
            )
        if name.endswith(".env"):
            return "".join(self._dotenv_line() for _ in range(self._chance.randint(1, 6)))
        if name.endswith(".ini"):
            return "".join(
                f"[s{number}]\n"
                + "".join(self._ini_line(n) for n in range(self._chance.randint(1, 4)))
                for number in range(self._chance.randint(1, 3))
            )
        return self._chance.choice(_TEXTS) + self._chance.choice(("x", "\n", "12"))

    def mapping(self, indent: int) -> str:
        """Return a mapping of YAML that stands below a key."""
        return self._yaml(1, indent)

    def _yaml(self, depth: int, indent: int) -> str:
        keys = self._chance.sample(_KEYS, self._chance.randint(1, 5))
        pad = " " * indent
        lines = []
        for key in keys:
            if self._chance.random() < 0.15:
                lines.append(f"{pad}# {self._chance.choice(('a secret', 'plain', 'note', ''))}\n")
            lines.append(f"{pad}{self._yaml_key(key)}:{self._yaml_value(depth, indent)}")
        return "".join(lines)

    def _yaml_key(self, key: str) -> str:
        if self._chance.random() < 0.2 or key == "true":
            return json.dumps(key, ensure_ascii=False)
        return f"'{key}'" if ":" in key else key

    def _yaml_value(self, depth: int, indent: int) -> str:
        kind = self._chance.random()
        inner = indent + self._chance.choice((1, 2, 4))
        pad = " " * inner
        if depth < 3 and kind < 0.2:
            return "\n" + self._yaml(depth + 1, inner)
        if depth < 3 and kind < 0.32:
            items = [self._yaml_scalar(inner + 2) for _ in range(self._chance.randint(1, 3))]
            if self._chance.random() < 0.3:
                items.append(" " + self._yaml(depth + 2, inner + 2).lstrip(" "))
            comment = f"{pad}# a secret in a list\n" if self._chance.random() < 0.2 else ""
            return "\n" + comment + "".join(f"{pad}-{item}" for item in items)
        if kind < 0.38:
            flow = json.dumps(self._json(2), ensure_ascii=False)
            return f" {flow}\n"
        if kind < 0.42:
            return self._chance.choice((" []\n", " {}\n", " [1, a, 010]\n", " {a: 1, b: yes}\n"))
        return self._yaml_scalar(inner)

    def _yaml_scalar(self, indent: int) -> str:
        kind = self._chance.random()
        pad = " " * indent
        after = "  # a secret\n" if self._chance.random() < 0.08 else "\n"
        if kind < 0.5:
            return f" {self._chance.choice(_PLAIN)}{after}"
        text = self._chance.choice(_TEXTS)
        if kind < 0.6 and "\n" in text:
            sign = self._chance.choice(("|", "|-", ">", "|+"))
            return f" {sign}\n" + "".join(f"{pad}{line}\n" for line in text.splitlines())
        if kind < 0.65:
            return f" !!str {self._chance.choice(('12', 'true', '2024-01-02', 'x'))}{after}"
        if kind < 0.75 and "\n" not in text and text.isprintable():
            return f" '{text.replace(chr(39), chr(39) * 2)}'{after}"
        return (
            f" {json.dumps(text)}{after}"
            if text.isascii()
            else f" {json.dumps(text, ensure_ascii=False)}{after}"
        )

    def _json(self, depth: int) -> dict[str, object]:
        keys = self._chance.sample(_KEYS, self._chance.randint(1, 4))
        return {key: self._json_value(depth) for key in keys}

    def _json_value(self, depth: int) -> object:
        kind = self._chance.random()
        if depth < 3 and kind < 0.2:
            return self._json(depth + 1)
        if depth < 3 and kind < 0.35:
            return [self._json_value(depth + 1) for _ in range(self._chance.randint(0, 3))]
        if kind < 0.6:
            return self._chance.choice(_TEXTS)
        return self._chance.choice(
            (0, 1, -5, 2**53, 2**53 + 1, 1.5, 1e22, 1e-7, True, False, None, -0.0)
        )

    def _dotenv_line(self) -> str:
        if self._chance.random() < 0.2:
            return self._chance.choice(("# a secret\n", "#plain\n", "\n", "#\n"))
        key = self._chance.choice(("A", "B_plain", "d_secret", "data", "X Y", "a.b"))
        return f"{key}={self._chance.choice(('', 'x', '12', 'a=b', chr(34) + 'q' + chr(34), ' s ', 'a' + chr(92) + 'nb', '#x', 'é'))}\n"

    def _ini_line(self, number: int) -> str:
        if self._chance.random() < 0.15:
            return "; a secret\n"
        key = self._chance.choice(("a", "b_plain", "d_secret", "data"))
        value = self._chance.choice(
            ("", "x", "12", "two words", "a:b", "a=b", "é", "true", "%(x)s", "'q'", "a;b")
        )
        return f"{key}{number} = {value}\n"


def tamper(content: bytes, name: str, chance: Random) -> tuple[bytes, str]:
    """Return *content* changed in one place, and what was done."""
    text = content.decode()
    lines = text.splitlines(keepends=True)
    values = _ENC.findall(text)
    which = chance.choice(_TAMPERINGS)
    one = chance.choice(values) if values else ""
    index = chance.randrange(len(lines))
    if which == "swap" and len(values) > 1:
        other = chance.choice(values)
        text = text.replace(one, "\0").replace(other, one).replace("\0", other)
    elif which == "letter" and one:
        at = chance.randrange(len(one))
        text = text.replace(one, one[:at] + chance.choice("Ab0=+,:]") + one[at + 1 :], 1)
    elif which == "type" and one:
        kind = chance.choice(("str", "int", "float", "bool", "bytes", "time", "comment", "other"))
        text = text.replace(one, re.sub(r"type:\w+", f"type:{kind}", one), 1)
    elif which == "blank" and one:
        text = text.replace(
            one, chance.choice(("", "~", "clear", "12", "ENC[x]", one + "x", one * 2)), 1
        )
    elif which == "delete":
        text = "".join(lines[:index] + lines[index + 1 :])
    elif which == "double":
        text = "".join(lines[: index + 1] + lines[index:])
    elif which == "move":
        line = lines.pop(index)
        lines.insert(chance.randrange(len(lines) + 1), line)
        text = "".join(lines)
    elif which == "field":
        before, after = chance.choice(_FIELDS)
        text = re.sub(before, after, text, count=1)
    elif which == "clear":
        words = re.findall(r"(?<=[ \"])[a-z0-9.]+(?=[\"\n,])", text)
        if words:
            word = chance.choice(words)
            text = text.replace(word, chance.choice(("other", "1", "1.0", "010", "true")), 1)
    elif which == "form":
        text = chance.choice(
            (text.replace("\n", "\r\n"), "\ufeff" + text, text + "\n", text + "# end\n")
        )
    elif which == "rename":
        text = re.sub(
            chance.choice((r"\ba\b", "data", "name", "kind")),
            chance.choice(("a", "z")),
            text,
            count=1,
        )
    return text.encode(), which


_TAMPERINGS = (
    *("swap", "letter", "letter", "type", "blank", "blank", "delete", "double", "move", "field"),
    *("field", "clear", "clear", "form", "rename"),
)
_FIELDS = (
    (r"(lastmodified\W+\d{4}-\d\d-\d\dT\d\d:\d\d:)\d\d", r"\g<1>61"),
    (r"(lastmodified\W+\d{4}-\d\d-\d\dT\d\d:\d\d:)\d\d", r"\g<1>17"),
    (r"(lastmodified.*)Z", r"\1+00:00"),
    (r"(mac_only_encrypted\W+)true", r"\1false"),
    (r"(encrypted_(?:regex|suffix)\W+)\S", r"\1z"),
    (r"(\s+)(un)?encrypted_(regex|suffix): ", r"\1encrypted_regex: "),
    (r"(version\W+)3", r"\1three"),
    (r"(version\W+)3", r"\g<1>4"),
    (r"-> X25519 \w", "-> X25519 x"),
    (r"(recipient\W+age1)\w", r"\1x"),
    (r"(?m)^(\s*)mac: ", r"\1mac_only_encrypted: true\n\1mac: "),
    (r"(?m)^(\s*)mac: ", r"\1shamir_threshold: 2\n\1mac: "),
    (r"(?m)^(\s*)mac: .*", r"\1mac: ''"),
    (r"mac(\W+)ENC", r"mak\1ENC"),
    (r"lastmodified", "LastModified"),
)


class Sops:
    """A sops program with one identity."""

    def __init__(self, folder: Path, program: str | None = None) -> None:
        self.identity: Identity = create_identity()
        self._folder = folder
        self._program = program or find_sops()
        (folder / "keys").write_bytes(self.identity.secret + b"\n")
        self._env = {**environment_for(()), "SOPS_AGE_KEY_FILE": str(folder / "keys")}

    def encrypt(self, name: str, plain: str, rule: list[str]) -> bytes | None:
        """Return *plain* as sops encrypts it; None if it refuses."""
        (self._folder / name).write_bytes(plain.encode())
        done = self._run("encrypt", "--age", self.identity.recipient, *rule, name)
        return done.stdout if done.returncode == 0 else None

    def status(self, case: Case) -> int:
        """Return the exit status of sops as it decrypts *case*."""
        (self._folder / case.name).write_bytes(case.content)
        return self._run("decrypt", case.name).returncode

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._program, *arguments],
            cwd=self._folder,
            env=self._env,
            capture_output=True,
            check=False,
        )

    def ours(self, case: Case) -> Reading:
        """Return what this project's reader says of *case*, with the same identity."""
        try:
            loaded = load(case.content, form_of(case.name))
        except RefusedError as error:
            return Reading(Verdict.REFUSED, str(error))
        except UnsupportedError as error:
            return Reading(Verdict.UNSUPPORTED, str(error))
        key = self.key(loaded.metadata)
        return open_loaded(loaded, key).reading if key is not None else Reading(Verdict.NO_KEY)

    def key(self, metadata: Metadata) -> DataKey | None:
        """Return the data key that the identity unwraps; None if it unwraps none."""
        secrets = [unwrap(key.wrapped, self.identity) for key in metadata.keys]
        return next((DataKey(secret) for secret in secrets if secret is not None), None)

    def encrypted(
        self, name: str, plain: str, rule: list[str], chance: Random, tampered: int
    ) -> Iterator[Case]:
        """Yield *plain* as sops encrypted it, and *tampered* changed ones; none if sops refuses to."""
        content = self.encrypt(name, plain, rule)
        if content is None:
            return
        yield Case(name, content, f"{rule}, as sops wrote it")
        for _ in range(tampered):
            changed, how = tamper(content, name, chance)
            yield Case(name, changed, f"{rule}, {how}")


def cases(chance: Random, sops: Sops, tampered: int) -> Iterator[Case]:
    """Yield one file as sops encrypted it, and *tampered* changed ones; none if sops refuses to."""
    name = chance.choice(NAMES)
    rule = list(chance.choice(_RULES))
    if chance.random() < 0.2:
        rule.append("--mac-only-encrypted")
    yield from sops.encrypted(name, Maker(chance).make(name), rule, chance, tampered)


def disagreement(case: Case, reading: Reading, status: int) -> str | None:
    """Return how the verdict *reading* and the exit status of sops disagree; None if they do not."""
    if reading.verdict is Verdict.UNSUPPORTED:
        return None
    expected = STATUS.get(reading.verdict)
    is_same = (status == 0) == (reading.verdict is Verdict.INTACT)
    if is_same and (expected is None or status in expected):
        return None
    return f"{reading}, sops {status}: {case.how}\n{case.content.decode(errors='replace')}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--sops", help="the sops program [default: the one that is found]")
    options = parser.parse_args()
    chance, counted, wrong, reasons = Random(options.seed), Counter[str](), 0, Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        sops = Sops(Path(folder), options.sops)
        while counted.total() < options.files:
            for case in cases(chance, sops, 4):
                reading, status = sops.ours(case), sops.status(case)
                counted[f"{reading.verdict}"] += 1
                if reading.verdict is Verdict.UNSUPPORTED:
                    reasons[reading.why] += 1
                problem = disagreement(case, reading, status)
                if problem:
                    wrong += 1
                    print(problem)
    print(f"seed {options.seed}: {counted.total()} files, {dict(counted)}, {wrong} disagreements")
    for why, number in reasons.most_common():
        print(f"  unsupported {number}: {why}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
