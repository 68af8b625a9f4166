"""A user who applies clusters/prod, every run watched for leaks of all that he has."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.cluster import ADMIN, CONTEXT, DEVELOPER, Cluster
from tests.support.leaks import Watch
from tests.support.secrets import mixed
from tests.support.user import PROGRAM, Result, User


class Applier:
    """Runs apply against *cluster*; the identity is in a file outside of what is searched for leaks."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        folder.mkdir()
        self.user = User(folder / "user")
        self.password = mixed() + '"$é'
        self.identity_file = folder / "prod.agekey"
        done = self.user.bootstrap(
            "--age-identity-file", str(self.identity_file), creds=f"robot:{self.password}"
        )
        assert done.status == 0, done.printed
        # Without the beginning that all identities have: other tests' are no leak of this one.
        self.identity = (
            self.identity_file.read_text().splitlines()[-1].removeprefix("AGE-SECRET-KEY-1")
        )
        self.results: list[Result] = []
        self._kubeconfigs = 0

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that no run may show: the password, the identity, and what the kubeconfigs log in with."""
        # The first line of a key begins as those of all keys do.
        key = (self.cluster.folder / "key.pem").read_text().splitlines()[2]
        return self.password, self.identity, key, *map(self.token, (ADMIN, DEVELOPER))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Fail at the end if a run left or showed a secret where it must not be."""
        with Watch(self.user, *self.secrets, own=("CREDS", "SOPS_AGE_KEY")) as watch:
            yield
        assert watch.leaks(*self.results) == []

    def token(self, user: str = ADMIN) -> str:
        """The bearer token of a user of the cluster."""
        config = json.loads(self.cluster.kubeconfig_for(user).read_text())
        return str(config["users"][0]["user"]["token"])

    def kubeconfig(
        self, *, cluster: Mapping[str, Any] | None = None, login: Mapping[str, Any] | None = None
    ) -> Path:
        """A kubeconfig with other settings of the cluster, None to leave one out, or with another login."""
        config = json.loads(self.cluster.kubeconfig.read_text())
        settings = {**config["clusters"][0]["cluster"], **(cluster or {})}
        config["clusters"][0]["cluster"] = {k: v for k, v in settings.items() if v is not None}
        if login is not None:
            config["users"][0]["user"] = dict(login)
        self._kubeconfigs += 1
        path = self.folder / f"kubeconfig-{self._kubeconfigs}"
        path.write_text(json.dumps(config))
        return path

    def arguments(self, *flags: str, kubeconfig: Path | None = None) -> list[str]:
        """The command line of apply."""
        return [
            *("apply", "--path", "clusters/prod", "--context", CONTEXT, "--yes"),
            *("--kubeconfig", str(kubeconfig or self.cluster.kubeconfig)),
            *("--age-identity-file", str(self.identity_file), *flags),
        ]

    def apply(
        self,
        *flags: str,
        kubeconfig: Path | None = None,
        env: Mapping[str, str] | None = None,
        status: int = 0,
    ) -> str:
        """What apply prints, both streams; it has to end with *status*."""
        result = self.user.run(*self.arguments(*flags, kubeconfig=kubeconfig), env=env)
        return self.ended(result, status)

    def ended(self, result: Result, status: int) -> str:
        """Keep *result* for the search, and return what was printed; it has to have ended with *status*."""
        self.results.append(result)
        assert result.status == status, result.printed
        return result.printed

    def start(self, *flags: str, kubeconfig: Path | None = None) -> subprocess.Popen[bytes]:
        """Start apply, which Ctrl-C can end."""
        return subprocess.Popen(
            [PROGRAM, *self.arguments(*flags, kubeconfig=kubeconfig)],
            cwd=self.user.repository,
            env=self.user.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A shell that runs the tests in the background has them ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    def clear(self) -> None:
        """Take what apply brings out of the cluster again."""
        names = ("secret", "sops-age", "regcred", "--namespace=flux-system", "--ignore-not-found")
        self.cluster.kubectl("delete", *names)

    def data(self, name: str) -> dict[str, str]:
        """The entries of a Secret of flux-system; none if it is not there."""
        found = self.cluster.find("Secret", name, "flux-system") or {}
        return dict(found.get("data", {}))

    def is_complete(self) -> bool:
        """Whether the cluster has both the identity and the pull Secret."""
        return bool(self.data("sops-age")) and bool(self.data("regcred"))

    def hint(self, printed: str, word: str) -> str:
        """What the command prints that is the hint with *word* in it."""
        hints = [line.partition("hint: ")[2] for line in printed.splitlines() if "hint: " in line]
        (command,) = [hint for hint in hints if word in hint]
        kubectl = self.cluster.binaries.path("kubectl")
        done = subprocess.run(
            ["sh", "-c", command],
            env={"PATH": f"{kubectl.parent}:/usr/bin:/bin", "HOME": str(self.cluster.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr
