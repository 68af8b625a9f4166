"""The repositories in which hints about registries are printed, and the vendors whose APIs are asked there."""

from __future__ import annotations

from tests.cli.test_doctor_images import runs
from tests.hints.bases import ready, with_remote
from tests.support.fleet import FILES, push
from tests.support.providers import GitLab, Harbor
from tests.support.user import User
from tests.support.vendors.acr import Acr
from tests.support.vendors.dockerhub import DockerHub
from tests.support.vendors.quay import Quay
from tests.system.hints.site import HOST, MINTING, Site

REGISTRY = f"--registry {HOST}"
ROTATE = f"gitops-secrets registry rotate {REGISTRY}"
MINTS = "--minting-creds-env MINTING_CREDS"
NAME, _, PASSWORD = MINTING.partition(":")


def used(user: User) -> None:
    """A repository that bootstrap was at, whose application pulls from the registry."""
    ready(user)
    user.commit({"clusters/prod/app.yaml": runs(f"{HOST}/team/app:1", secret="")})


running = with_remote(used)
"""The same, pushed."""


def of_two_clusters(user: User) -> None:
    """Two clusters that hold the same credential."""
    used(user)
    user.commit({p.replace("prod", "stage"): c.replace("prod", "stage") for p, c in FILES.items()})
    done = user.run(
        *("bootstrap", "--path", "clusters/stage", "--image-pull-secret", "regcred"),
        *("--registry", HOST, "--registry-creds-env", "CREDS"),
        env={"CREDS": "robot:password"},
    )
    assert done.status == 0, done.printed


def harbor(site: Site) -> None:
    """Harbor, whose admin mints."""
    running(site)
    vendor = Harbor(NAME, PASSWORD)
    site.servers.vend(vendor.answer, lambda: vendor.secrets)


def gitlab(site: Site) -> None:
    """GitLab, with a project and its group."""
    running(site)
    vendor = GitLab(PASSWORD)
    site.servers.vend(
        vendor.answer, lambda: {t["username"]: t["token"] for t in vendor.tokens.values()}
    )


def quay(site: Site) -> None:
    """Quay, with a robot that reads the repository; the credential in Git is another one."""
    running(site)
    vendor = Quay(PASSWORD)
    vendor.make("flux", "app")
    site.servers.vend(
        vendor.answer, lambda: {name: robot["token"] for name, robot in vendor.robots.items()}
    )


def acr(site: Site) -> None:
    """Azure, with one password of a token filled."""
    running(site)
    vendor = Acr(PASSWORD)
    vendor.host, vendor.scheme = "management.azure.com", "https"
    vendor.passwords["password1"] = "of-azure"
    site.servers.vend(vendor.answer, lambda: {"flux": vendor.passwords.get("password2", "none")})


def docker_hub(site: Site) -> None:
    """Docker Hub, whose user mints tokens for itself; the credential in Git is another user's."""
    ready(site)
    site.commit({"clusters/prod/app.yaml": runs("docker.io/team/app:1", secret="")})
    vendor = DockerHub(NAME, PASSWORD)

    def users() -> dict[str, str]:
        tokens = [one["token"] for one in vendor.tokens.values()]
        return {"hub": "a-word-of-the-hub", NAME: tokens[-1] if tokens else PASSWORD}

    site.servers.vend(vendor.answer, users)
    added = ("--registry", "docker.io", "--registry-creds-env", "HUB")
    done = site.run("registry", "add", *added, env={"HUB": "hub:a-word-of-the-hub"})
    assert done.status == 0, done.printed
    push(site)
