"""One run of ``verify``: what is looked at, what each check says of it, and what is known afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.age import recipient_problem, refuse_missing
from gitops_secrets.adapters.git.missing import BRINGS
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.commands.verify import gather
from gitops_secrets.commands.verify.gather import Scope
from gitops_secrets.commands.verify.history import Compared, Reports, compare_versions
from gitops_secrets.commands.verify.readable import check_readable, readable_files
from gitops_secrets.commands.verify.widening import check_widening
from gitops_secrets.core.guard.judge.judgement import Judgement
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.judge.weighing import weigh
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.read.markers import find_markers
from gitops_secrets.core.guard.record.facts import Facts
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.sops.reader.read import Verdict
from gitops_secrets.core.sops.reader.structure import EncryptedFile, has_conflict, read_encrypted
from gitops_secrets.core.verify.checks import by_path, found
from gitops_secrets.core.verify.lint import lint
from gitops_secrets.core.verify.objects import check_overridden
from gitops_secrets.core.verify.rules import Rules, check_rules
from gitops_secrets.core.verify.sharing import check_copies, shared_keys
from gitops_secrets.core.verify.structure import check_file
from gitops_secrets.core.yamltext.nodes import Position
from gitops_secrets.errors import InvalidDocumentError, UsageError
from gitops_secrets.report.words import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.commands.verify.opening import ReadBy
    from gitops_secrets.commands.verify.signing import Signed, Trust

_PACE = 1.5
"""Seconds between two steps that are told: a step is shown once it takes longer than a second."""
_NAMED = 3
"""How many of the files that share a data key are named."""


class Request(NamedTuple):
    """What the command line says."""

    folder: Path
    paths: Sequence[str] = ()
    staged: bool = False
    span: str | None = None
    history: bool = False
    keyless: bool = False
    identity_file: Path | None = None
    signed: Trust | None = None
    """Who may sign; None if no signature is needed."""
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


class Paced:
    """Tells a person of steps that follow each other fast, and of no more than can be read."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self._told = 0.0

    def step(self, words: str) -> None:
        """Tell *words*, unless others were told a moment ago."""
        now = time.monotonic()
        if now - self._told > _PACE:
            self._told = now
            self._progress(words)


class Verified(NamedTuple):
    """What was looked at, and what is known of it."""

    outcome: Outcome
    intact: int
    """Files of which every value opens, and the MAC fits."""
    unopened: int
    """Files that no identity at hand opens."""
    keyless: bool
    versions: int
    """Earlier versions that the files were held against."""
    signed: int | None
    """Files that need a signature; None if none was asked for."""
    readers: tuple[ReadBy, ...]
    """Which program opens each file that an identity at hand is for."""
    notes: tuple[str, ...]


def verify(request: Request) -> Verified:
    """Look at every encrypted file that *request* means. No connection is opened, and nothing is written.

    Raises GitOpsSecretsError outside a Git work tree, and for an identity file that is not there.
    """
    return look(request)[0]


def look(request: Request) -> tuple[Verified, Scope]:
    """Return what ``verify`` does, and with it the contents that were judged."""
    refuse_missing(request.identity_file)
    paced = Paced(request.progress)
    paced.step("reading the files")
    repository = open_repository(request.folder)
    git = Git(str(repository.top))
    scope = _scope(request, repository, git)
    files, findings = _read(scope)
    unreadable = [finding.path for finding in findings]
    plain = readable_files(scope, files)
    judged = [file for path, file in files.items() if scope.only is None or path in scope.only]
    rules = Rules(scope.configs)
    findings += _keyless(scope, rules, files, judged, paced)
    findings += check_widening(git, scope, rules)
    paced.step("reading earlier versions")
    compared = _compare(request, git, scope, files, [*(file.path for file in judged), *plain])
    findings += compared.findings
    unread = [
        f"{path}: Git has no content of it here; {BRINGS} brings it" for path in scope.missing
    ]
    notes = list(_notes(judged))
    if compared.missing:
        lost = f"{count(compared.missing, 'earlier contents')} that Git does not have here; {BRINGS} brings them"
        if request.history or scope.begins:
            unread.append(lost)
        else:
            notes.append(f"not compared with {lost}")
    verdicts: Counter[Verdict] = Counter()
    readers: tuple[ReadBy, ...] = ()
    if not request.keyless:
        from gitops_secrets.commands.verify.opening import open_all

        readers, verdicts, findings, unchecked = open_all(
            request.identity_file, judged, findings, compared.of_mac, paced.step
        )
        unread += unchecked
        notes += [reader.note for reader in readers if reader.note]
    findings += compared.earlier
    findings += check_readable(scope, plain, compared)
    judgement = _weighed(findings, {**scope.plain, **scope.contents})
    signed = None
    if request.signed is not None:
        paced.step("checking signatures")
        paths = [*(file.path for file in judged), *unreadable]
        checked = _check_signed(repository, git, scope, paths, request.signed)
        unread += checked.unread
        # What is judged excuses none of these.
        judgement += Judgement(checked.findings)
        signed = checked.needed
    verified = Verified(
        Outcome(scope.what, len(judged), judgement, tuple(unread)),
        verdicts[Verdict.INTACT],
        verdicts[Verdict.NO_KEY],
        request.keyless,
        compared.versions,
        signed,
        readers,
        tuple(notes),
    )
    return verified, scope


def _check_signed(
    repository: Repository, git: Git, scope: Scope, paths: Sequence[str], trust: Trust
) -> Signed:
    from gitops_secrets.commands.verify.signing import check_signed

    return check_signed(repository, git, scope, paths, trust)


def _scope(request: Request, repository: Repository, git: Git) -> Scope:
    chosen = [
        name
        for name, is_given in (
            ("PATH", bool(request.paths)),
            ("--staged", request.staged),
            ("--range", request.span is not None),
            ("--history", request.history),
        )
        if is_given
    ]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} exclude each other")
    if request.staged and request.signed is not None:
        raise UsageError(
            "--staged and --require-signed exclude each other: nobody signs before the commit"
        )
    if request.staged:
        return gather.of_index(git)
    if request.span is not None:
        return gather.of_range(git, request.span)
    if request.history:
        return gather.of_history(repository)
    return gather.of_work_tree(repository, request.paths)


def _read(scope: Scope) -> tuple[dict[str, EncryptedFile], list[Finding]]:
    """Return the encrypted files, and a finding for each that cannot be read."""
    files: dict[str, EncryptedFile] = {}
    findings = []
    for path, content in scope.contents.items():
        try:
            file = read_encrypted(path, content)
        except InvalidDocumentError as error:
            if scope.only is None or path in scope.only:
                findings.append(_unreadable(path, content, error.message))
            continue
        if file is not None:
            files[path] = file
    return files, findings


def _unreadable(path: str, content: bytes, message: str) -> Finding:
    place, _, why = message.removeprefix(f"{path}:").rpartition(": ")
    line, _, column = place.partition(":")
    at = Position(int(line), int(column or 1)) if line.isdigit() else Position(1, 1)
    if has_conflict(content):
        return found("conflict-markers", path, at, "it holds the markers of a merge conflict")
    return found("unreadable", path, at, f"it says that it is encrypted, and cannot be read: {why}")


def _keyless(
    scope: Scope,
    rules: Rules,
    files: Mapping[str, EncryptedFile],
    judged: Sequence[EncryptedFile],
    paced: Paced,
) -> list[Finding]:
    findings: list[Finding] = []
    for number, file in enumerate(judged, 1):
        paced.step(f"looking at file {number} of {len(judged)}")
        findings += check_file(file)
        findings += check_overridden(file)
        findings += check_rules(file, rules)
    if scope.only is None or any(path in scope.only for path in scope.configs):
        findings += lint(rules, scope.paths, set(files), recipient_problem)
    findings += check_copies(files, [file.path for file in judged])
    return findings


def _compare(
    request: Request,
    git: Git,
    scope: Scope,
    files: Mapping[str, EncryptedFile],
    paths: Sequence[str],
) -> Compared:
    if request.history:
        return compare_versions(git, scope.history, files, (), lambda _: True)
    if scope.begins:
        listed = git.ask("rev-list", f"{scope.begins}..{scope.history[0]}").decode().split()
        brought = frozenset(listed)
        compared = compare_versions(git, scope.history, files, (), lambda v: v.commit in brought)
        replaced = tuple(content for content in compared.replaced if content.commit in brought)
        return compared._replace(replaced=replaced)
    if not paths:
        return Compared()
    held = {(path, files[path].content) for path in paths if path in files}
    reports: Reports = lambda version: (version.file.path, version.file.content) in held  # noqa: E731
    return compare_versions(git, scope.history, files, paths, reports)


def _notes(files: Sequence[EncryptedFile]) -> Iterator[str]:
    """Yield what is worth knowing, and wrong in no way."""
    for paths in shared_keys(files):
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        yield (
            f"{count(len(paths), 'files')} share one data key, and whoever opens one opens all of them: "
            f"{', '.join(paths[:_NAMED])}{more}"
        )


def _weighed(findings: Iterable[Finding], contents: Mapping[str, bytes]) -> Judgement:
    """Return *findings*, each once, less those that a marker in its file excuses."""
    total = Judgement()
    for path, of_path in by_path(dict.fromkeys(findings)).items():
        markers = find_markers(contents.get(path, b"").decode(errors="replace"))
        total += weigh(of_path, Facts(markers=markers), Policy(), None, lambda *_: False)
    return total
