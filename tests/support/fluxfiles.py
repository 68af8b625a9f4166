"""Random encrypted files as a Flux repository has them, and what kustomize-controller's own decryptor makes of them.

    python -m tests.support.fluxfiles --files 5000 --seed 7

The program is the one that ``python -m tests.e2e.tools.build`` builds. Each file is held against what this project
says that the controller does with it.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from gitops_secrets.core.sops.encrypted import ENCRYPTED
from gitops_secrets.core.sops.reader.controller import Handled, Handling, handle, is_manifest
from gitops_secrets.core.sops.reader.read import Reading, Verdict, load, open_loaded
from gitops_secrets.core.sops.reader.structure import EncryptedFile, read_encrypted
from gitops_secrets.core.sops.reader.tree import RefusedError, UnsupportedError
from gitops_secrets.errors import InvalidDocumentError
from tests.support.sopsfiles import Case, Maker, Sops, cases

_KINDS = ("Secret", "Secret", "Secret", "ConfigMap", "Widget")
_RULES = (
    *("^(data|stringData)$", "^(data|stringData)$", "^(data|stringData)$", "data", "^spec$"),
    *("(?i)^KIND$", "^(name|stringData)$"),
)
BATCH = 200


class Asked(NamedTuple):
    """A file, what this project says of it, and how the controller is asked."""

    case: Case
    file: EncryptedFile
    handled: Handled


class Answer(NamedTuple):
    """What the controller does with a file."""

    handling: Handling | None
    """None if kustomize cannot read it, so that nothing is decrypted."""
    why: str


def manifests(chance: Random, sops: Sops, tampered: int) -> Iterator[Case]:
    """Yield a manifest as sops encrypted it, and *tampered* changed ones; none if sops refuses to."""
    name = chance.choice(("x.yaml", "x.yaml", "x.yaml", "x.json"))
    plain = _yaml(chance) if name == "x.yaml" else _json(chance)
    rule = chance.choice(("--encrypted-regex", "--encrypted-regex", "--unencrypted-regex"))
    regex = chance.choice(_RULES) if rule == "--encrypted-regex" else "^(apiVersion|kind|metadata)$"
    flags = [rule, regex, *(["--mac-only-encrypted"] if chance.random() < 0.2 else [])]
    yield from sops.encrypted(name, plain, flags, chance, tampered)


def _yaml(chance: Random) -> str:
    maker, documents = Maker(chance), []
    for number in range(1 if chance.random() < 0.7 else 2):
        field = chance.choice(("data", "stringData", "stringData", "spec"))
        switch = chance.choice(("disabled", "Disabled", "enabled"))
        annotated = f"  annotations: {{kustomize.toolkit.fluxcd.io/decrypt: {switch}}}\n"
        documents.append(
            f"apiVersion: v1\nkind: {chance.choice(_KINDS)}\nmetadata:\n  name: n{number}\n"
            f"{annotated if chance.random() < 0.1 else ''}{field}:\n{maker.mapping(2)}"
        )
    return "---\n".join(documents)


def _json(chance: Random) -> str:
    value = json.loads(Maker(chance).make("x.json"))
    head = {"apiVersion": "v1", "kind": chance.choice(_KINDS), "metadata": {"name": "n"}}
    return json.dumps({**head, chance.choice(("stringData", "spec")): value}, indent=2)


def ask(sops: Sops, drawn: Sequence[Case]) -> list[Asked]:
    """Return what this project says of those of *drawn* that it takes for encrypted files."""
    asked = []
    for case in drawn:
        try:
            file = read_encrypted(case.name, case.content)
        except InvalidDocumentError:
            continue
        if file is not None:
            handled = handle(file, sops.key)
            assert _handled_as_opened(file, sops) in (None, handled), case.name
            asked.append(Asked(case, file, handled))
    return asked


def _handled_as_opened(file: EncryptedFile, sops: Sops) -> Handled | None:
    """Return what ``verify`` says of a file that it has opened itself; None if it is not intact."""
    try:
        loaded = load(file.content, file.form, file.composed, file.metadata)
        key = sops.key(loaded.metadata)
        opened = open_loaded(loaded, key) if key is not None else None
    except (RefusedError, UnsupportedError):
        return None
    if opened is None or opened.reading.verdict is not Verdict.INTACT:
        return None
    return handle(file, sops.key, opened)


def answers(program: Path, sops: Sops, asked: Sequence[Asked]) -> list[Answer]:
    """Return what the controller's decryptor makes of each."""
    done = subprocess.run(
        [program],
        input="\n".join(_question(sops, one) for one in asked),
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": "/nonexistent", "TMPDIR": tempfile.gettempdir()},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return [_answer(one, answer) for one, answer in zip(asked, told, strict=True)]


def _question(sops: Sops, asked: Asked) -> str:
    name = asked.case.name
    if is_manifest(asked.file):
        kustomization = f"resources: [{name}]\n"
    else:
        listed = "envs" if name.endswith(".env") else "files"
        kustomization = f"secretGenerator: [{{name: s, {listed}: [{name}]}}]\n"
    files = {"kustomization.yaml": kustomization.encode(), name: asked.case.content}
    return json.dumps(
        {
            "Identities": sops.identity.secret.decode(),
            "Files": {name: base64.b64encode(text).decode() for name, text in files.items()},
        }
    )


def _answer(asked: Asked, told: dict[str, object]) -> Answer:
    if told["Error"]:
        refuses = Handling.REFUSES if told["Step"] != "build" else None
        return Answer(refuses, f"{told['Step']}: {told['Error']}")
    objects = told["Objects"]
    assert isinstance(objects, list)
    if is_manifest(asked.file):
        is_left = any(_is_object_left(one["Content"], one["HadBlock"]) for one in objects)
    else:
        (secret,) = objects
        is_left = _is_left(asked.case, secret["Content"].get("data", {}))
    return Answer(Handling.LEAVES if is_left else Handling.OPENS, "")


def _is_object_left(content: dict[str, object], had_block: bool) -> bool:
    return "sops" in content or (
        not had_block and ENCRYPTED.search(json.dumps(content)) is not None
    )


def _is_left(case: Case, data: dict[str, str]) -> bool:
    if case.name.endswith(".env"):
        return any(key.startswith("sops_") for key in data)
    return base64.b64decode(data.get(case.name, "")) == case.content


def disagreement(asked: Asked, answer: Answer) -> str | None:
    """Return how this project and the controller disagree on a file; None if they do not."""
    ours = asked.handled.handling
    if ours is Handling.UNSUPPORTED or answer.handling is None:
        return None
    expected = Handling.REFUSES if ours is Handling.NO_KEY else ours
    if expected is answer.handling:
        return None
    shown = asked.case.content.decode(errors="replace")
    said = f"we say {asked.handled.handling} {asked.handled.why}, it {answer.handling} {answer.why}"
    return f"{said}: {asked.case.how}\n{shown}"


def draw(chance: Random, sops: Sops, number: int) -> list[Case]:
    """Return about *number* files: manifests, and others."""
    drawn: list[Case] = []
    while len(drawn) < number:
        kind = manifests if chance.random() < 0.6 else cases
        drawn.extend(kind(chance, sops, 4))
    return drawn


class Tally:
    """What was counted, and what differs."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.unbuilt = 0
        self.despite = 0
        """Files that the controller opens, and sops refuses."""

    def add(self, asked: Asked, answer: Answer, reading: Reading) -> None:
        """Count one file."""
        self.counted[asked.handled.handling] += 1
        if asked.handled.handling is Handling.UNSUPPORTED:
            self.reasons[asked.handled.why] += 1
        self.unbuilt += answer.handling is None
        self.despite += answer.handling is Handling.OPENS and reading.verdict not in (
            *(Verdict.INTACT, Verdict.UNSUPPORTED),
        )
        problem = disagreement(asked, answer)
        if problem is not None:
            self.wrong.append(problem)

    def ask(self, program: Path, sops: Sops, chance: Random, number: int) -> None:
        """Draw about *number* files, ask this project and the decryptor *program* of each, and count them."""
        asked = ask(sops, draw(chance, sops, number))
        for one, answer in zip(asked, answers(program, sops, asked), strict=True):
            self.add(one, answer, sops.ours(one.case))


def main() -> int:
    from tests.e2e.tools.build import build

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    options = parser.parse_args()
    program, chance, tally = build().decrypting, Random(options.seed), Tally()
    with tempfile.TemporaryDirectory() as folder:
        sops = Sops(Path(folder))
        while tally.counted.total() < options.files:
            tally.ask(program, sops, chance, BATCH)
    for problem in tally.wrong:
        print(problem)
    print(
        f"seed {options.seed}: {tally.counted.total()} files, {dict(tally.counted)}, "
        f"{tally.unbuilt} that kustomize cannot read, {tally.despite} that the controller opens though sops refuses them, "
        f"{len(tally.wrong)} disagreements"
    )
    for why, number in tally.reasons.most_common():
        print(f"  unsupported {number}: {why}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
