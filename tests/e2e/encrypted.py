"""Real age identities and real SOPS files, made by the built age-keygen and sops."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.process import E2EError
from tests.e2e.tools.build import Binaries


@dataclass(frozen=True)
class Identity:
    """An age identity file's text and its recipient."""

    recipient: str
    text: str = field(repr=False)


def make_identity(binaries: Binaries) -> Identity:
    """A new identity."""
    text = _run(binaries.path("age-keygen"), [], "")
    recipient = _run(binaries.path("age-keygen"), ["-y"], text).strip()
    return Identity(recipient, text)


def encrypt(binaries: Binaries, manifest: str, *recipients: str) -> str:
    """The *manifest* (YAML text) with data and stringData encrypted to *recipients*."""
    arguments = [
        "encrypt",
        f"--age={','.join(recipients)}",
        "--encrypted-regex=^(data|stringData)$",
        "--input-type=yaml",
        "--output-type=yaml",
        "--filename-override=secret.yaml",
    ]
    return _run(binaries.path("sops"), arguments, manifest)


def _run(program: Path, arguments: list[str], text: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        # No HOME: neither a key nor a rule of the tester's own may come in.
        env={"PATH": os.environ["PATH"]},
        cwd="/",
    )
    if done.returncode != 0:
        raise E2EError(f"{program.name}: {done.stderr.strip()}")
    return done.stdout
