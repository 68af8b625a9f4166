"""Hints of verify --require-signed, with a real SSH key."""

from __future__ import annotations

from tests.hints.bases import PATH, ruled
from tests.hints.situation import Situation
from tests.support.fleet import push
from tests.support.signing import allowed, allowed_file, ssh_signer
from tests.system.hints.site import Site

SIGNED = "gitops-secrets verify --require-signed"
SETTINGS = "version: 1\nverify:\n  allowed-signers: .allowed_signers\n"


def signed(site: Site) -> None:
    """An encrypted file in a commit that alice signed, who signs as this user by default."""
    ruled(site)
    alice = ssh_signer(site, "alice")
    allowed_file(site, "alice")
    site.git("config", "--global", "gpg.format", "ssh")
    site.git("config", "--global", "user.signingKey", f"{site.home}/alice.pub")
    done = site.run("edit", PATH, "--key", "a", stdin=b"another")
    assert done.status == 0, done.printed
    alice.commit(site, {})


def edited(site: Site) -> None:
    """The same, and a change that is not committed."""
    signed(site)
    done = site.run("edit", PATH, "--key", "a", stdin=b"a-third")
    assert done.status == 0, done.printed


def by_settings(site: Site) -> None:
    """Settings on the branch at the server, which name who may sign."""
    signed(site)
    site.commit({".gitops-secrets.yaml": SETTINGS, ".allowed_signers": allowed(site, "alice")})
    push(site)


def without_file(site: Site) -> None:
    """The same, whose file of allowed signers is not there."""
    signed(site)
    site.commit({".gitops-secrets.yaml": SETTINGS})
    push(site)


SITUATIONS = (
    Situation[Site](
        "a change that nobody has signed",
        edited,
        f"{SIGNED} --allowed-signers ~/allowed_signers",
        "git add {path} && git commit --gpg-sign",
        status=1,
    ),
    Situation(
        "signers of nothing",
        by_settings,
        "gitops-secrets verify --policy origin/main",
        "--require-signed",
    ),
    Situation(
        "nobody who may sign, and a policy", by_settings, SIGNED, "--policy origin/main", status=3
    ),
    Situation(
        "nobody who may sign, and a file",
        signed,
        SIGNED,
        "--allowed-signers FILE",
        status=3,
        fill={"FILE": "~/allowed_signers"},
    ),
    Situation(
        "a file of allowed signers that is not there",
        without_file,
        f"{SIGNED} --policy origin/main",
        "--allowed-signers FILE",
        status=3,
        fill={"FILE": "~/allowed_signers"},
    ),
    Situation(
        "nobody who may sign, and a key",
        signed,
        SIGNED,
        "--signer FINGERPRINT",
        status=3,
        fill={"FINGERPRINT": "$(ssh-keygen -l -f ~/alice.pub | cut -d' ' -f2)"},
    ),
)
