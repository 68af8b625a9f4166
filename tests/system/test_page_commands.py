"""Commands of docs/ as they are printed there, with the hosts that they name: real registries and signatures.

A tunnel leads to registries on loopback by the names of the pages; their certificates are of a CA of the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.pages import repositories as made
from tests.support.fleet import push
from tests.support.secrets import mixed
from tests.support.signing import allowed, ssh_signer
from tests.support.tunnel import Tunnel
from tests.support.user import PROGRAM, Result, User
from tests.system.registries import Authority, basic, serving
from tests.system.registries import push as push_image
from tests.system.robots import mint_robot

ROOT = Path(__file__).parents[2]
HOST = "registry.example.com"
SIGNERS = """\
version: 1
verify:
  allowed-signers: .allowed_signers
  signers:
    alice: [alice@example.com]
  signed:
  - paths: [apps/]
"""


class Reader:
    """Types commands in a shell that reaches the registries of the pages."""

    def __init__(self, user: User, folder: Path) -> None:
        self.user, self.folder, self.env = user, folder, dict(made.SECRETS)
        self.bin = folder / "bin"
        self.bin.mkdir()

    def types(self, command: str) -> Result:
        path = f"{self.bin}:{PROGRAM.parent}:{self.user.env['PATH']}"
        return self.user.program(["bash", "-c", command], env={**self.env, "PATH": path})


def shown(page: str, command: str) -> Sequence[str]:
    """The lines that *page* shows below *command*."""
    lines = (ROOT / page).read_text().partition(f"$ {command}\n")[2].splitlines()
    return lines[: lines.index("```")]


@pytest.fixture(params=["two_clusters"])
def reader(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """A repository, and two registries: ghcr.io, which a registry here stands in for, has another password."""
    user = User(tmp_path / "user")
    getattr(made, request.param)(user)
    push(user)
    authority = Authority(tmp_path)
    name, _, password = made.SECRETS["REGISTRY_CREDS"].partition(":")
    with ExitStack() as stack:
        ours = stack.enter_context(
            serving(tmp_path / HOST, htpasswd={name: password}, authority=authority)
        )
        theirs = stack.enter_context(
            serving(tmp_path / "ghcr.io", htpasswd={"acme-bot": mixed()}, authority=authority)
        )
        push_image(ours, "team/web", "1.4", basic(name, password))
        places = {f"{HOST}:5000": ours, "ghcr.io:443": theirs}
        ports = {place: int(r.host.rpartition(":")[2]) for place, r in places.items()}
        tunnel = stack.enter_context(Tunnel(ports))
        found = Reader(user, tmp_path)
        found.env |= {"HTTPS_PROXY": tunnel.url, "SSL_CERT_FILE": str(authority.file)}
        yield found


def test_registries_are_checked(reader: Reader) -> None:
    command = "gitops-secrets registry check --all"
    result = reader.types(command)
    assert result.stdout.splitlines() == shown("docs/registries.md", command), result.printed
    assert result.status == 1
    (fix,) = re.findall("hint: (.*)", result.stdout)
    fixed = reader.types(f"{fix} --registry-creds-env GHCR_CREDS --check never")
    assert fixed.status == 0, fixed.printed

    result = reader.types(
        "gitops-secrets registry check --all registry.example.com:5000/team/web:1.4"
    )
    assert (result.status, " proven " in result.stdout) == (0, True), result.printed


@pytest.mark.parametrize("reader", ["bootstrapped"], indirect=True)
def test_a_program_rotates(reader: Reader) -> None:
    """mint-robot is the program that the page shows, for the password file of the registry."""
    mint_robot(reader.bin, reader.folder / HOST / "htpasswd")

    result = reader.types(
        "gitops-secrets registry rotate --registry registry.example.com:5000 --exec 'mint-robot --project team' --push"
    )
    stages = [line.split()[:2] for line in result.stdout.splitlines() if line[:1].isalpha()]
    assert stages[:6] == [
        *(["find", "done"], ["mint", "done"], ["prove", "done"]),
        *(["switch", "done"], ["push", "done"], ["confirm", "waiting"]),
    ], result.printed


def test_the_commits_of_a_branch_are_signed_by_somebody_who_may(tmp_path: Path) -> None:
    reader = Reader(User(tmp_path / "user"), tmp_path)
    user = reader.user
    made.with_secret(user)
    alice, stranger = ssh_signer(user, "alice"), ssh_signer(user, "stranger")
    user.commit({".gitops-secrets.yaml": SIGNERS, ".allowed_signers": allowed(user, "alice")})
    push(user)
    command = "gitops-secrets verify --require-signed --range origin/main..HEAD"
    for signer, finding in (alice, None), (stranger, "error[untrusted-signer]"):
        done = user.run("edit", made.PATH, "--key", "password", stdin=mixed().encode())
        assert done.status == 0, done.printed
        signer.commit(user, {})
        result = reader.types(command)
        assert result.status == (0 if finding is None else 1), result.printed
        assert finding is None or finding in result.stdout
