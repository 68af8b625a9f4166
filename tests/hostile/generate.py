"""Random pushes to a guarded server, of which some carry what has to be refused; an oracle knows which.

    python -m tests.hostile.generate --minutes 10 [--seed 7]

Each step builds commits, refs and settings by chance. What is planted decides the verdict: an innocent
push has to be accepted, a planted one refused, with every ref as it was.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.guard.corpus.case import ONLY_DATA, encrypt
from tests.hostile.history import Commit, Edit, Script
from tests.hostile.server import RULES, Server, serve
from tests.support.user import User

NAMES = (
    *(
        b"plain.txt",
        b"a b",
        b"a\tb",
        b"a\nb",
        b'a"b',
        b"-x",
        b":(top)y",
        b"*",
        b"caf\xc3\xa9",
        b"\xff\xfe",
    ),
    *("\u2028.yaml".encode(), "\u0085/x".encode(), b"secret/x.yaml", b"docs/secrets/x.yaml"),
)
"""Paths that no rule covers."""
BRANCHES = ("topic", "a\u2028b", "a\u0085b", "\u00a0x", "-dash", "it's", 'q"q', "HEAD", "x" * 150)
OTHERS = (
    "refs/notes/n",
    "refs/for/main",
    "refs/changes/01/1/1",
    "refs/x/y",
)
TAKEN = ("refs/tags/main", "refs/tags/HEAD", "refs/heads/HEAD", "refs/remotes/main/x")
MARK = "# gitops-secrets: ignore[registry-login] the test registry\n"
SETTINGS = (
    *("receive.unpackLimit=1", "receive.unpackLimit=100", "transfer.fsckObjects=false"),
    *("core.quotePath=false", "core.quotePath=true", "diff.renames=copies", "diff.relative=true"),
    *("repack.writeBitmaps=false", "core.ignoreCase=true", "diff.ignoreSubmodules=all"),
)


@dataclass
class Push:
    """What one step pushes."""

    refspecs: list[str] = field(default_factory=list)
    planted: str = ""
    """What has to be refused, for people; empty for an innocent push."""


class Generator:
    """The server, the user's repository and what is known of both."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.user = User(folder)
        self.cipher = encrypt(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred\n  namespace: flux-system\n"
            "stringData:\n  password: hunter2hunter2\n",
            *ONLY_DATA,
        )
        self.login = f"docker login -u robot -p {self._word()} reg.test.example\n"
        user = self.user
        user.commit({"begun": "1\n"})
        self.oldest = user.git("rev-parse", "HEAD").strip()
        files = {".sops.yaml": RULES, "apps/c.sops.yaml": self.cipher, "ci.sh": MARK + self.login}
        self.server: Server = serve(user, folder / "server.git", files)
        hook = self.server.folder / "hooks/pre-receive"
        if self.chance.random() < 0.5:
            hook.write_text(
                hook.read_text().replace("--pre-receive", "--pre-receive --policy main")
            )
        self.main = user.git("rev-parse", "HEAD").strip()
        self.pushed = 0
        self.refused = 0

    def step(self) -> str:
        """Push once; return what went wrong, or nothing."""
        name, _, value = self.chance.choice(SETTINGS).partition("=")
        self.server.git("config", name, value)
        script = Script()
        push = self._plan(script)
        done = subprocess.run(
            ["git", "fast-import", "--quiet", "--force", "--export-marks=.git/built"],
            cwd=self.user.repository, env=self.user.env, input=bytes(script.text),
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        marks = dict(
            line.split() for line in (self.user.repository / ".git/built").read_text().splitlines()
        )
        refspecs = [self._resolved(spec, marks) for spec in push.refspecs]
        before = self.server.git("for-each-ref")
        told = self.server.push("--force", *refspecs)
        words = told.stderr.decode(errors="replace")
        what = f"{push.planted or 'innocent'}: git push {refspecs}\n{words}"
        self.pushed += 1
        if push.planted:
            self.refused += 1
            if not told.returncode or "gitops-secrets" not in words:
                return f"accepted, or not refused by the guard: {what}"
            return "" if self.server.git("for-each-ref") == before else f"refs moved: {what}"
        if told.returncode:
            return f"refused: {what}"
        self.main = self.server.git("rev-parse", "refs/heads/main").strip()
        return ""

    def _plan(self, script: Script) -> Push:
        push = Push()
        tip = self._innocent(script)
        plants: list[Callable[[Script, str, Push], str]] = [
            self._readable, self._credentials, self._move, self._policy, self._marker,
            self._tree, self._main_policy, self._innocent_ref, self._innocent_ref,
            self._innocent_ref, self._innocent_ref, self._innocent_ref,
        ]  # fmt: skip
        tip = self.chance.choice(plants)(script, tip, push)
        if tip:
            if self.chance.random() < 0.3:
                tip = script.commit(Commit([tip], [self._edit()]))
            push.refspecs.append(f"{tip} {self._ref()}")
        if self.chance.random() < 0.3:
            push.refspecs.append(f"{self._innocent(script)} refs/heads/second")
        # Git itself refuses two updates of one ref.
        by_ref = {spec.partition(" ")[2]: spec for spec in reversed(push.refspecs)}
        push.refspecs = list(by_ref.values())
        self.chance.shuffle(push.refspecs)
        return push

    def _innocent(self, script: Script) -> str:
        """Add commits that nobody minds, and return the last."""
        tip = script.commit(Commit([self.main], [self._edit()]))
        for _ in range(self.chance.randrange(3)):
            if self.chance.random() < 0.3:
                side = script.commit(Commit([self.main], [self._edit()]))
                tip = script.commit(Commit([tip, side], [self._edit()]))
            else:
                tip = script.commit(Commit([tip], [self._edit(), self._edit()]))
        return tip

    def _innocent_ref(self, script: Script, tip: str, push: Push) -> str:
        draw = self.chance.random()
        if draw < 0.2:
            push.refspecs.append(f"{self.oldest} {self.chance.choice(TAKEN)}")
        elif draw < 0.3:
            push.refspecs.append(f"{tip} refs/heads/main")
        elif draw < 0.4:
            push.refspecs.append(f"{tip}^{{tree}} refs/tags/of-a-tree")
        elif draw < 0.5:
            push.refspecs.append(" refs/heads/second")
            self.server.without_guard("--force", f"{self.main}:refs/heads/second")
        elif draw < 0.6:
            # A branch that began before the rules, and never touched them.
            return script.commit(Commit([self.oldest], [self._edit()]))
        return tip

    def _readable(self, script: Script, tip: str, push: Push) -> str:
        push.planted = "a readable Secret under a rule"
        path = self.chance.choice((b"secrets/x.yaml", b"secrets/\xff/y", b"secrets/a\nb.json"))
        if self.chance.random() < 0.3:
            push.planted += ", in a merge"
            side = script.commit(Commit([self.main], [self._edit()]))
            bad = script.commit(Commit([tip, side], [Edit(path, self._secret())]))
        else:
            bad = script.commit(Commit([tip], [Edit(path, self._secret())]))
        if self.chance.random() < 0.5:
            push.planted += ", gone again"
            return script.commit(Commit([bad], [Edit(path, None)]))
        return bad

    def _credentials(self, script: Script, tip: str, push: Push) -> str:
        push.planted = "credentials"
        line = f"docker login -u robot -p {self._word()} registry.corp.example\n".encode()
        path = self.chance.choice(NAMES)
        bad = script.commit(Commit([tip], [Edit(path, line)]))
        return script.commit(Commit([bad], [Edit(path, b"1\n")]))

    def _move(self, script: Script, tip: str, push: Push) -> str:
        push.planted = "a moved ciphertext"
        moved = self.cipher.replace("flux-system", "elsewhere").encode()
        steps = [[Edit(b"new.sops.yaml", moved)], [Edit(b"apps/c.sops.yaml", None)]]
        self.chance.shuffle(steps)
        draw = self.chance.random()
        if draw < 0.2:
            push.planted += " from a branch without the original"
            return script.commit(Commit([self.oldest], [Edit(b"new.sops.yaml", moved)]))
        if draw < 0.4:
            push.planted += " over two refs"
            push.refspecs.append(f"{script.commit(Commit([tip], steps[0]))} refs/heads/second-half")
            return script.commit(Commit([tip], steps[1]))
        for edits in steps:
            tip = script.commit(Commit([tip], edits))
        return tip

    def _policy(self, script: Script, tip: str, push: Push) -> str:
        push.planted = "a change of policy"
        path = self.chance.choice(
            (b".sops.yaml", b"apps/.sops.yaml", b".gitops-secrets-baseline.yaml")
        )
        gone = path == b".sops.yaml" and self.chance.random() < 0.5
        return script.commit(Commit([tip], [Edit(path, None if gone else b"# none\n")]))

    def _main_policy(self, script: Script, tip: str, push: Push) -> str:
        push.planted = "older rules on main"
        how = self.chance.randrange(3)
        if how == 0:
            merge = script.commit(
                Commit([self.oldest, tip], [self._edit(), Edit(b".sops.yaml", None)])
            )
            push.refspecs.append(f"{merge} refs/heads/main")
        else:
            push.refspecs.append(f"{self.oldest if how == 1 else ''} refs/heads/main")
        return ""

    def _marker(self, script: Script, tip: str, push: Push) -> str:
        push.planted = "an excuse for another value"
        other = self.login.replace("-p ", f"-p {self._word()}")
        text = self.chance.choice((MARK + other, MARK + self.login + MARK + other))
        path = self.chance.choice((b"ci.sh", b"other.sh"))
        return script.commit(Commit([tip], [Edit(path, text.encode())]))

    def _tree(self, script: Script, tip: str, push: Push) -> str:
        push.planted = "a readable Secret without a commit"
        bad = script.commit(Commit([tip], [Edit(b"secrets/x.yaml", self._secret())]))
        what = self.chance.choice(("^{tree}", ":secrets", ":secrets/x.yaml"))
        ref = self.chance.choice(("refs/tags/t", *OTHERS[1:3]))
        push.refspecs.append(f"{bad}{what} {ref}")
        return ""

    def _edit(self) -> Edit:
        return Edit(self.chance.choice(NAMES), f"{self.chance.random()}\n".encode())

    def _ref(self) -> str:
        if self.chance.random() < 0.5:
            return f"refs/heads/{self.chance.choice(BRANCHES)}"
        return self.chance.choice((*OTHERS, "refs/tags/v1", "refs/heads/dir/x"))

    def _secret(self) -> bytes:
        return (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: apps}\n"
            f"stringData: {{p: {self._word()}}}\n"
        ).encode()

    def _word(self) -> str:
        return "q7K" + "".join(self.chance.choices("bcdfghkmnpRSTVWX23456789", k=14))

    def _resolved(self, spec: str, marks: dict[str, str]) -> str:
        """Return *spec* (SOURCE, a blank, REF) as git push takes it, with annotated tags by chance."""
        source, _, ref = spec.partition(" ")
        for mark in sorted(marks, key=len, reverse=True):
            if source == mark or source.startswith((f"{mark}^", f"{mark}:")):
                source = marks[mark] + source[len(mark) :]
                break
        if source and ref.startswith("refs/tags/"):
            source = self.user.git("rev-parse", source).strip()
            for depth in range(self.chance.randrange(3)):
                self.user.git("tag", "--force", "--annotate", "--message", "x", f"d{depth}", source)
                source = self.user.git("rev-parse", f"refs/tags/d{depth}").strip()
        return f"{source}:{ref}"


def main() -> int:
    """Run steps until the time is over; the seed of each thousand is printed, and what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    until = time.monotonic() + options.minutes * 60
    seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    wrong = 0
    while time.monotonic() < until:
        with tempfile.TemporaryDirectory() as folder:
            generator = Generator(Path(folder), seed)
            while time.monotonic() < until and generator.pushed < 1000:
                problem = generator.step()
                if problem:
                    wrong += 1
                    sys.stdout.write(f"seed {seed}, push {generator.pushed}: {problem}\n")
                    break
            sys.stdout.write(
                f"seed {seed}: {generator.pushed} pushes, {generator.refused} to be refused\n"
            )
        seed += 1
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
