"""The product over clones of public Flux repositories: what it recognises, plans, refuses and reports.

    python -m benchmarks.field FOLDER [--roots LIST.tsv] [--program PATH] [--output json]

FOLDER holds one work tree per repository, named owner+name; or it is what an earlier run printed with
``--output json``, and is printed again. Each clone sees the bare command, ``doctor`` and
``bootstrap --dry-run``, with a HOME of its own and a throwaway identity. Nothing is written to a clone,
and a clone whose ``git status`` or HEAD differs afterwards is named.

LIST.tsv says where Flux begins in reality: a line per clone, with owner/name and its Flux paths, comma
separated ("-" if Git shows none), parted by a tab; further columns are ignored. If the bare command finds
no cluster in a clone that has some, the other two commands get them by ``--path``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gitops_secrets.adapters.age import create_identity

PROGRAM = Path(sys.executable).with_name("gitops-secrets")
LIMIT = 300
"""Seconds for one command over one clone."""
CREDENTIALS = "FIELD_CREDENTIALS"
BOOTSTRAP = (
    *("bootstrap", "--dry-run", "--output", "json", "--image-pull-secret", "regcred"),
    *("--registry", "registry.example.com", "--registry-creds-env", CREDENTIALS),
)
ASKS = "precedes this one"
"""In the refusal that asks for --shadowed-recipients: the plan is then made with "keep"."""
_CLUSTER = re.compile(
    r"^  (\S.*): (?:no (?:encrypted )?pull Secret|\d+ pull Secrets? in )", re.MULTILINE
)


class Ran(NamedTuple):
    """One command over one clone."""

    status: int
    milliseconds: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The first line of the error, empty if there is none."""
        lines = self.err.strip().splitlines()
        return lines[0].removeprefix("gitops-secrets: ") if self.status and lines else ""


class Field(NamedTuple):
    """The program, and the environment that it has over every clone."""

    program: Path
    env: Mapping[str, str]

    def run(self, clone: Path, *arguments: str) -> Ran:
        """Run the program in *clone*."""
        return self._run(clone, str(self.program), *arguments)

    def state(self, clone: Path) -> str:
        """Return the commit of *clone*, and what differs from it."""
        head = self._run(clone, "git", "rev-parse", "--short", "HEAD").out
        return head + self._run(clone, "git", "status", "--porcelain").out

    def _run(self, clone: Path, *argv: str) -> Ran:
        begun = time.perf_counter()
        try:
            done = subprocess.run(
                argv,
                cwd=clone,
                env=self.env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Ran(-1, LIMIT * 1000, "", f"not finished after {LIMIT} s")
        spent = round((time.perf_counter() - begun) * 1000)
        return Ran(done.returncode, spent, done.stdout, done.stderr)


def main() -> int:
    """Print the table; 1 if a command had a bug or did not finish, or a clone was changed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--roots", type=Path)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--output", choices=["markdown", "json"], default="markdown")
    asked = parser.parse_args()
    if asked.folder.is_dir():
        roots = read_roots(asked.roots) if asked.roots else {}
        reports = list(measure(asked.folder, roots, asked.program.absolute()))
    else:
        reports = json.loads(asked.folder.read_text())
    print(json.dumps(reports, indent=1) if asked.output == "json" else table(reports))
    return 1 if any(broken(report) for report in reports) else 0


def read_roots(path: Path) -> dict[str, list[str]]:
    """Return the Flux paths of each clone in the list *path*."""
    rows = [line.split("\t") for line in path.read_text().splitlines() if "\t" in line]
    return {name.replace("/", "+", 1): [] if at == "-" else at.split(",") for name, at, *_ in rows}


def measure(
    folder: Path, roots: Mapping[str, Sequence[str]], program: Path
) -> Iterator[dict[str, Any]]:
    """Yield the report of each clone in *folder*."""
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-field-") as home:
        keys = Path(home, ".config/sops/age/keys.txt")
        keys.parent.mkdir(parents=True)
        keys.write_bytes(create_identity().secret)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            CREDENTIALS: "robot:made-up-word",
            **{
                f"GIT_{role}_{what}": "bench@example.com"
                for role in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }
        field = Field(program, env)
        for clone in sorted(path.parent for path in folder.glob("*/.git")):
            print(clone.name, file=sys.stderr)
            yield examine(field, clone, roots.get(clone.name))


def examine(field: Field, clone: Path, roots: Sequence[str] | None) -> dict[str, Any]:
    """Return what the three commands make of *clone*, whose Flux paths are *roots* if they are known."""
    before = field.state(clone)
    bare = field.run(clone)
    found = _CLUSTER.findall(bare.out)
    asked = [] if found else [word for root in roots or () for word in ("--path", root)]
    doctor = field.run(clone, "doctor", "--output", "json", *asked)
    every = ["--all"] if len(found) > 1 else asked
    bootstrap = field.run(clone, *BOOTSTRAP, *every)
    asks = bootstrap.reason if ASKS in bootstrap.reason else ""
    if asks:
        bootstrap = field.run(clone, *BOOTSTRAP, "--shadowed-recipients", "keep", *every)
    return {
        "repository": clone.name.replace("+", "/", 1),
        "commit": before.partition("\n")[0],
        "changed": field.state(clone) != before,
        "roots": None if roots is None else sorted(roots),
        "found": sorted(found),
        "asked": asked,
        "asks": asks,
        "bare": outcome(bare),
        "doctor": outcome(doctor),
        "bootstrap": outcome(bootstrap),
    }


def outcome(ran: Ran) -> dict[str, Any]:
    """Return *ran* for the report, with what it printed as JSON."""
    said: Any = None
    if ran.out.startswith("{"):
        said = json.loads(ran.out)
        # An error is a document as well.
        said = None if said["schema"] == "gitops-secrets/error" else said
    return {
        "status": ran.status,
        "milliseconds": ran.milliseconds,
        "reason": ran.reason,
        "stderr": ran.err.splitlines(),
        "said": said,
    }


def broken(report: Mapping[str, Any]) -> bool:
    """Whether something happened to this clone that never should."""
    statuses = [report[name]["status"] for name in ("bare", "doctor", "bootstrap")]
    return report["changed"] or any(status not in {0, 1, 2, 3} for status in statuses)


def table(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return the Markdown table, and the totals below it."""
    head = ("repository", "recognised", "bootstrap", "doctor", "ms: bare, doctor, bootstrap")
    rows = [head, tuple("---" for _ in head), *(row(report) for report in reports)]
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([*lines, "", *totals(reports)])


def row(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of one repository."""
    spent = ", ".join(str(report[name]["milliseconds"]) for name in ("bare", "doctor", "bootstrap"))
    name = report["repository"] + (" (CHANGED)" if report["changed"] else "")
    cells = name, recognised(report), planned(report), diagnosed(report), spent
    return tuple(cell.replace("|", "\\|").replace("\n", " ") for cell in cells)


def recognised(report: Mapping[str, Any]) -> str:
    """Say which clusters were found, and which of the known ones were not."""
    found, roots = report["found"], report["roots"]
    said = [f"{len(found)}: {', '.join(found)}" if found else "none"]
    if roots is not None:
        missed, wrong = sorted(set(roots) - set(found)), sorted(set(found) - set(roots))
        said += [f"MISSED {', '.join(missed)}"] if missed else []
        said += [f"WRONG {', '.join(wrong)}"] if wrong else []
    return "; ".join(said)


def planned(report: Mapping[str, Any]) -> str:
    """Say what bootstrap would do, or why it refuses."""
    bootstrap = report["bootstrap"]
    how = " with --path" if report["asked"] else ""
    how += " after asking for --shadowed-recipients" if report["asks"] else ""
    if bootstrap["status"]:
        return f"refused{how} [{bootstrap['status']}]: {bootstrap['reason']}"
    plan = bootstrap["said"]
    how += " as a new cluster" if is_new(plan) else ""
    bare = [c["path"] for c in plan["clusters"] if not c["service_accounts"]]
    unused = f"; NO SERVICEACCOUNT pulls with it: {', '.join(bare)}" if bare else ""
    return f"planned{how}: {len(plan['changes'])} files{unused}"


def is_new(plan: Mapping[str, Any] | None) -> bool:
    """Whether *plan* prepares a first ``flux bootstrap``: wrong wherever something else installs Flux."""
    changes = plan["changes"] if plan is not None else ()
    return any(c["change"] == "create" and c["path"].endswith("gotk-sync.yaml") for c in changes)


def diagnosed(report: Mapping[str, Any]) -> str:
    """Count the lines of doctor by check and severity."""
    doctor = report["doctor"]
    if doctor["said"] is None:
        return f"refused [{doctor['status']}]: {doctor['reason']}"
    counts = Counter(lines_of(report))
    said = ", ".join(f"{n} {check} {severity}" for (check, severity), n in counts.items())
    return f"{doctor['said']['kustomizations']} Kustomizations: {said or '-'}"


def lines_of(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the check and severity of each line of doctor."""
    said = report["doctor"]["said"] or {"diagnoses": []}
    return [(line["check"], line["severity"]) for line in said["diagnoses"]]


def totals(reports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of the totals."""
    known = [report for report in reports if report["roots"] is not None]
    right = sum(report["roots"] == report["found"] for report in known)
    plans = sum(report["bootstrap"]["status"] == 0 for report in reports)
    yield f"- {len(reports)} repositories, {sum(bool(r['found']) for r in reports)} with a cluster found"
    yield f"- exactly the known roots: {right} of {len(known)}"
    new = sum(is_new(report["bootstrap"]["said"]) for report in reports)
    yield f"- bootstrap: {plans} planned ({new} as a new cluster), {len(reports) - plans} refused"
    lines = Counter(line for report in reports for line in lines_of(report))
    where = Counter(line for report in reports for line in set(lines_of(report)))
    for (check, severity), n in sorted(lines.items()):
        yield f"- doctor, {check} {severity}: {n} lines in {where[check, severity]} repositories"
    for name in ("bare", "doctor", "bootstrap"):
        spent = sorted(report[name]["milliseconds"] for report in reports)
        if spent:
            yield f"- {name}: median {spent[len(spent) // 2]} ms, longest {spent[-1]} ms"
    yield f"- bugs, timeouts and changed clones: {sum(broken(report) for report in reports)}"


if __name__ == "__main__":
    sys.exit(main())
