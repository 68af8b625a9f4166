"""Git's objects, read by plumbing: what the guard judges is what Git holds, never the work tree.

A commit waits for this, so programs are started without ``subprocess``, whose import alone costs
more than two of them. Nothing that a repository names is run, and no connection is opened: a
content that a partial clone lacks counts as missing.
"""

from __future__ import annotations

import os
import sys
from io import BufferedReader, FileIO

from gitops_secrets.adapters.git.rawdiff import SUBMODULE, link, parse_raw
from gitops_secrets.adapters.git.settings import environment_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import NoReturn

    from gitops_secrets.adapters.git.rawdiff import Change

NO_OBJECTS = frozenset({"0" * 40, "0" * 64})
"""What Git writes for an object that is not there, with SHA-1 and with SHA-256."""
LARGEST = 64 * 1024 * 1024
"""A content is held in memory up to this many bytes; what is larger comes in parts."""
OVERLAP = 64 * 1024
_PATHSPECS = {f"GIT_{how}_PATHSPECS": "0" for how in ("LITERAL", "GLOB", "NOGLOB", "ICASE")}
"""How the user's own command reads pathspecs says nothing about ours."""
_CHUNK = 1 << 20
_INTERRUPTED = -2
"""How a program ends whose user pressed Ctrl-C: a terminal interrupts this one with it."""


class Git:
    """Git, asked in *folder*, or where the process stands and as the environment says.

    Git tells its hooks by variables which index and which object store to look at: they count where
    *folder* is None, and are dropped where the user named another repository.
    """

    def __init__(self, folder: str | None = None, *, hooks: bool = False) -> None:
        """Ask in *folder*; with *hooks*, where the user's hooks are."""
        self._folder = folder
        self._env = environment_of(os.environ, folder, hooks=hooks)

    @property
    def folder(self) -> str:
        """Where git looks for the repository."""
        return self._folder or os.curdir

    def ask(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> bytes:
        """Return what git prints. Raises GitOpsSecretsError with git's own words where it fails."""
        return self.begin(*arguments, stdin=stdin, env=env)()

    def begin(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Callable[[], bytes]:
        """Start git, and return what waits for its end and gives what ``ask`` would return.

        For whoever has something else to do meanwhile: a module to import, say.
        """
        process, output = self.start(arguments, open_input(stdin), env)

        def finish() -> bytes:
            with output:
                printed = output.read()
            self._end(process, arguments, stdin)
            return printed

        return finish

    def begin_into(self, into: int, *arguments: str, stdin: bytes = b"") -> Callable[[], None]:
        """Start git, to print into the descriptor *into*, and return what waits for its end as ``ask`` would."""
        process = self.spawn(arguments, open_input(stdin), os.dup(into))
        return lambda: self._end(process, arguments, stdin)

    def contents(self, ids: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yield each of *ids* with its content, in their order.

        None stands for what is missing or is no blob. A content over LARGEST comes in several parts,
        each of which begins with the end of the one before.
        """
        if not ids:
            return
        at = 0

        def asked() -> Iterator[str]:
            nonlocal at
            for at, name in enumerate(ids):  # noqa: B007 - told to whoever catches the end
                yield name

        arguments = ("cat-file", "--batch", "--buffer")
        process, output = self.start(arguments, open_input(os.fsencode("\n".join(ids) + "\n")))
        with output:
            try:
                yield from read_contents(output, asked())
            except EOFError:
                from gitops_secrets.adapters.git import partial

                if not partial.is_partial(self):
                    self.fail(process, arguments)
                os.waitpid(process, 0)
                yield from partial.contents(self, ids[at:])
                return
        self._end(process, arguments, b"")

    def is_shallow(self) -> bool:
        """Return whether the clone lacks the beginning of its history, or git cannot say."""
        return self.ask("rev-parse", "--is-shallow-repository").strip() != b"false"

    def is_bare(self) -> bool:
        """Return whether the repository is a bare one: a server's, where nothing is ever staged."""
        return self.ask("rev-parse", "--is-bare-repository").strip() == b"true"

    def staged(self) -> list[Change]:
        """Return what the index changes against HEAD, or against nothing before the first commit."""
        return self.begin_staged()()

    def begin_staged(self) -> Callable[[], list[Change]]:
        """Start what ``staged`` asks, and return what waits for its answer."""
        finish = self.begin("diff", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-relative",
                            "-O/dev/null", "--no-ext-diff", "--ignore-submodules=dirty")  # fmt: skip
        return lambda: list(parse_raw(finish()))

    def index(self, *pathspecs: str, links: bool = False) -> dict[str, str]:
        """Return the index, or what of it *pathspecs* match, as blob ids by path; of submodules with *links*."""
        return self.begin_index(*pathspecs, links=links)()

    def begin_index(self, *pathspecs: str, links: bool = False) -> Callable[[], dict[str, str]]:
        """Start what ``index`` asks, and return what waits for its answer."""
        arguments = ("ls-files", "--full-name", "--stage", "-z", "--", *pathspecs)
        finish = self.begin(*arguments, env=_PATHSPECS)

        def index() -> dict[str, str]:
            found = {}
            for entry in os.fsdecode(finish()).split("\0"):
                meta, _, path = entry.partition("\t")
                if path and (links or not meta.startswith(SUBMODULE)):
                    name = meta.split(" ")[1]
                    found[path] = link(name) if meta.startswith(SUBMODULE) else name
            return found

        return index

    def tree(self, revision: str, *, links: bool = False) -> dict[str, str]:
        """Return the tree of *revision* as blob ids by path; with *links* what stands for submodules as well."""
        out = self.ask("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", revision)
        found = {}
        for entry in os.fsdecode(out).split("\0"):
            meta, _, path = entry.partition("\t")
            if path and (links or not meta.startswith(SUBMODULE)):
                name = meta.split(" ")[2]
                found[path] = link(name) if meta.startswith(SUBMODULE) else name
        return found

    def blob_at(self, commit: str, path: str) -> str:
        """Return the id of the blob that *commit*, given by its id, has at *path*; empty where it has none."""
        literal = {"GIT_LITERAL_PATHSPECS": "1"}
        out = self.ask("ls-tree", "-z", "--full-tree", commit, "--", path, env=literal)
        meta, _, found = os.fsdecode(out).removesuffix("\0").partition("\t")
        return meta.split(" ")[2] if found == path and " blob " in meta else ""

    def compare(self, before: str, after: str) -> list[Change]:
        """Return what differs between the trees of two commits."""
        out = self.ask("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev",
                       "--ignore-submodules=dirty", "--end-of-options", before, after)  # fmt: skip
        return list(parse_raw(out))

    def start(
        self, arguments: Sequence[str], stdin: int, env: Mapping[str, str] | None = None
    ) -> tuple[int, BufferedReader]:
        """Start git with its input from the descriptor *stdin*, which is closed here.

        Return its process id and what it prints.
        """
        read, write = os.pipe()
        output = _reader(read)
        try:
            return self.spawn(arguments, stdin, write, env), output
        except BaseException:
            output.close()
            raise

    def spawn(
        self,
        arguments: Sequence[str],
        stdin: int,
        stdout: int,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Start git between two descriptors, which are closed here."""
        argv = ["git", *(("-C", self._folder) if self._folder is not None else ()), *arguments]
        actions = [
            (os.POSIX_SPAWN_DUP2, stdin, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        try:
            return os.posix_spawnp(
                "git", argv, {**self._env, **env} if env else self._env, file_actions=actions
            )
        except FileNotFoundError:
            from gitops_secrets.errors import GitOpsSecretsError

            raise GitOpsSecretsError("git is not installed", "install git 2.35 or newer") from None
        finally:
            os.close(stdout)
            if stdin > 2:
                os.close(stdin)

    def fail(self, process: int, arguments: Sequence[str]) -> NoReturn:
        """Raise GitOpsSecretsError with the words of a git that ended too early."""
        self._fail(arguments, b"", os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))

    def wait(self, process: int, arguments: Sequence[str], stdin: bytes) -> None:
        """Wait for the end of a git that was started; raises as ``ask`` does if it failed."""
        self._end(process, arguments, stdin)

    def _end(self, process: int, arguments: Sequence[str], stdin: bytes) -> None:
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if status:
            self._fail(arguments, stdin, status)

    def _fail(self, arguments: Sequence[str], stdin: bytes, status: int) -> NoReturn:
        """Raise with git's words, for which it is asked a second time."""
        if status == _INTERRUPTED:
            raise KeyboardInterrupt
        from gitops_secrets.adapters.git.failure import explain

        raise explain(self._folder, self._env, arguments, stdin, status)


def read_contents(output: BufferedReader, ids: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield what ``Git.contents`` does, from what ``cat-file --batch`` prints for *ids*.

    Raises EOFError where it prints less.
    """
    for name in ids:
        header = output.readline().split()
        if len(header) != 3 or not header[2].isdigit():
            if not header:
                raise EOFError
            yield name, None
            continue
        size = int(header[2])
        is_blob = header[1] == b"blob"
        before = b""
        while size > LARGEST:
            part = output.read(LARGEST - OVERLAP)
            size -= len(part)
            if not part:
                raise EOFError
            if is_blob:
                yield name, before + part
            before = part[-OVERLAP:]
        content = output.read(size)
        if len(content) != size or output.read(1) != b"\n":
            raise EOFError
        yield name, before + content if is_blob else None


def _reader(descriptor: int) -> BufferedReader:
    return BufferedReader(FileIO(descriptor), _CHUNK)


def open_input(content: bytes) -> int:
    """Return a descriptor from which a program reads *content*, however long: no pipe can fill up."""
    if not content:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    if sys.platform == "linux":
        descriptor = os.memfd_create("input", os.MFD_CLOEXEC)
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
