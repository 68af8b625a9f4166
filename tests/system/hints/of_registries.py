"""Hints of registry check and registry update, where a real registry answers."""

from __future__ import annotations

from tests.cli.test_doctor_images import runs
from tests.hints.bases import ready, with_remote
from tests.hints.situation import Situation
from tests.system.hints.bases import REGISTRY, ROTATE, running
from tests.system.hints.site import HOST, PLAIN, Site


def untrusted(site: Site) -> None:
    """A machine that does not know the CA of the registry."""
    running(site)
    del site.env["SSL_CERT_FILE"]


def outdated(site: Site) -> None:
    """The credential in Git is no longer the registry's."""
    running(site)
    done = site.run(
        *("registry", "update", "--registry", HOST, "--registry-creds-env", "WRONG_CREDS"),
        *("--check", "never"),
    )
    assert done.status == 0, done.printed


def plain(site: Site) -> None:
    """A registry that does not speak TLS."""
    ready(site)
    site.commit({"clusters/prod/app.yaml": runs(f"{PLAIN}/team/app:1", secret="")})
    done = site.run(
        *("registry", "add", "--registry", PLAIN, "--registry-creds-env", "CREDS"),
        env={"CREDS": "robot:password"},
    )
    assert done.status == 0, done.printed


def slow(site: Site) -> None:
    """A registry that takes its time."""
    running(site)
    site.servers.delay = 0.6


CHECK = f"gitops-secrets registry check {REGISTRY}"
SITUATIONS = (
    Situation[Site](
        "a credential that the registry refuses",
        running,
        f"gitops-secrets registry update {REGISTRY} --registry-creds-env WRONG_CREDS",
        "--check never",
        status=3,
    ),
    Situation(
        "a file without a certificate",
        untrusted,
        f"gitops-secrets registry check {REGISTRY} --ca-file README.md",
        "--ca-file CA.pem",
        status=3,
        fill={"CA.pem": "~/ca.pem"},
        says=" proven ",
    ),
    Situation(
        "an image that the repository does not name",
        ready,
        CHECK,
        "{naming} {host}/NAME:TAG",
        status=3,
        fill={"NAME": "team/app", "TAG": "1"},
        replaces=True,
        says=" proven ",
    ),
    Situation(
        "an image that a rotation has to be told",
        with_remote(ready),
        f"{ROTATE} --exec mint-robot --push",
        "{naming} {host}/NAME:TAG",
        status=3,
        fill={"NAME": "team/app", "TAG": "1"},
        says="confirm       waiting",
    ),
    Situation(
        "a credential that is outdated",
        outdated,
        CHECK,
        "{update}",
        status=1,
        adds=" --registry-creds-env CREDS",
        says=" proven ",
    ),
    Situation(
        "a CA that this machine does not know",
        untrusted,
        CHECK,
        "if the registry has a certificate of your own CA, which nodes and Flux need too: --ca-file CA.pem",
        status=3,
        fill={"CA.pem": "~/ca.pem"},
        says=" proven ",
    ),
    Situation(
        "a registry without TLS",
        plain,
        f"gitops-secrets registry check --registry {PLAIN}",
        "if it has none, and others on the way may read the credentials: --plain-http {host}",
        status=3,
        says=" proven ",
    ),
    Situation(
        "a registry that answers late",
        slow,
        f"{CHECK} --timeout 0.3",
        "--timeout SECONDS",
        status=3,
        fill={"SECONDS": "9"},
        says=" proven ",
    ),
)
