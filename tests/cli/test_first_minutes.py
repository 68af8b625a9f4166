"""A new user's first minutes on a terminal, in the three layouts that are met most: every word that is shown."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from tests.field import gotk, operated
from tests.field.layout import Layout
from tests.guard.corpus.case import Fresh
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM, User

PASSWORD = "p4ss:w0rd"
RED, GREEN, CYAN, PLAIN = "\x1b[1;31m", "\x1b[32m", "\x1b[36m", "\x1b[0m"
BARE = """\
FLEET: 1 cluster of Flux
  {path}: no pull Secret{pulls}

\x1b[1mnext:\x1b[0m
  gitops-secrets bootstrap --path {path} --image-pull-secret regcred --registry {registry}
  gitops-secrets hooks install
  gitops-secrets --help
"""
BOOTSTRAPPED = """\
User name for registry.example.com: robot
Password for robot at registry.example.com:\x20
{path}: 4 files in commit COMMIT on main

  Secret     flux-system/regcred in pull-secrets/{name}/regcred.sops.yaml
  registries registry.example.com (new)
  readers    RECIPIENT (cluster)
  pulled by  {controllers}
  identity   HOME/.config/sops/age/gitops-secrets/{name}.agekey (new)

\x1b[1mback up now, outside Git:\x1b[0m HOME/.config/sops/age/gitops-secrets/{name}.agekey
  only this identity decrypts the Secret: if it is lost, the values are lost; --age-recipient adds a second reader
  for plain sops: export SOPS_AGE_KEY_FILE=HOME/.config/sops/age/gitops-secrets/{name}.agekey

\x1b[1mnext:\x1b[0m
  gitops-secrets apply --path {path} --context CONTEXT
  gitops-secrets hooks install
  git push

to take the commit back before it is pushed: git reset --keep HEAD~1
"""
THREE = "source-controller, kustomize-controller, helm-controller"


class Place(NamedTuple):
    """A layout, and what its user reads of it."""

    layout: Layout
    path: str
    name: str
    controllers: str
    registry: str = "HOST:PORT"
    """The registry of the printed command: that of the images, if Git says where they come from."""
    pulls: str = ""


PLACES = {
    "flux bootstrap": Place(gotk.LAYOUTS["one cluster"], "clusters/prod", "prod", THREE),
    "a FluxInstance": Place(
        operated.LAYOUTS["an object"],
        "clusters/prod",
        "prod",
        f"{THREE}, notification-controller",
        "registry.example.com",
        "\n    Deployment flux-system/source-controller and 3 more pull from registry.example.com, "
        "and nothing in Git has credentials for it",
    ),
    "the chart flux-instance": Place(
        operated.LAYOUTS["a release"],
        operated.CLUSTER,
        "flux/cluster",
        f"{THREE}, notification-controller",
    ),
}


class Person:
    """Somebody at a terminal."""

    def __init__(self, user: User) -> None:
        self.user = user

    def types(self, *command: str, answers: tuple[tuple[str, str], ...] = ()) -> tuple[int, str]:
        """Type a *command* and *answers*, each after its question; return the status and what is on the screen."""
        program = str(PROGRAM) if command[0] == "gitops-secrets" else command[0]
        with Terminal(self.user, [program, *command[1:]]) as terminal:
            for question, answer in answers:
                terminal.wait_for(question)
                terminal.type(f"{answer}\r")
            status = terminal.end(60)
        return status, self._named(terminal.transcript.decode())

    def _named(self, text: str) -> str:
        """The *text* as the screen has it, with names for what differs in each run."""
        text = text.replace("\r\n", "\n").replace(str(self.user.repository), "FLEET")
        text = text.replace(str(self.user.home), "HOME")
        # What is under way is shown in a line that is erased.
        text = re.sub(r"(?m)^.*\r\x1b\[K", "", text)
        text = re.sub(r"\bage1[0-9a-z]{58}\b", "RECIPIENT", text)
        return re.sub(r"(?<=commit )[0-9a-f]{10}\b", "COMMIT", text)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_from_the_bare_command_to_a_healthy_repository(user: User, place: Place) -> None:
    user.commit(place.layout.files)
    person = Person(user)

    status, bare = person.types("gitops-secrets")
    assert (status, bare) == (0, BARE.format(**place._asdict()))

    command = bare.partition("next:")[2].splitlines()[1].strip()
    command = command.replace("HOST:PORT", "registry.example.com")
    questions = ("User name for registry.example.com", "robot"), ("Password for robot", PASSWORD)
    status, screen = person.types(*command.split(), answers=questions)
    assert (status, screen) == (0, BOOTSTRAPPED.format(**place._asdict()))

    secret = f"pull-secrets/{place.name}/regcred.sops.yaml"
    assert user.credentials(secret) == {"registry.example.com": f"robot:{PASSWORD}"}
    status, screen = person.types("gitops-secrets", "doctor")
    assert (status, screen.startswith(f"gitops-secrets: {GREEN}healthy{PLAIN}: 1 cluster, ")) == (
        *(0, True),
    ), screen


def test_from_hooks_install_to_a_refused_commit_and_its_fix(user: User) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    assert user.bootstrap().status == 0
    person = Person(user)

    status, screen = person.types("gitops-secrets", "hooks", "install")
    assert status == 0, screen
    assert "pre-commit guards FLEET/.git/hooks/pre-commit\n" in screen

    user.write({"apps/regcred.yaml": Fresh().secret})
    user.git("add", "--all")
    status, screen = person.types("git", "commit", "-m", "Pull Secret for the apps")
    assert status == 1, screen
    assert f"{RED}error[plaintext-dockerconfigjson]:{PLAIN} Secret " in screen
    hint = re.search(
        rf"(?m)^ +{re.escape(CYAN)}hint:{re.escape(PLAIN)} (gitops-secrets .*)$", screen
    )
    assert hint is not None, screen
    assert screen.endswith(f"gitops-secrets: looked at 1 staged file, {RED}1 finding{PLAIN}\n")

    path = f"{PROGRAM.parent}:{user.env['PATH']}"
    fixed = user.program(["sh", "-c", hint[1]], env={"PATH": path})
    assert fixed.status == 0, fixed.printed
    status, screen = person.types("git", "commit", "-m", "Pull Secret for the apps")
    assert status == 0, screen
    assert f"looked at 2 staged files, {GREEN}nothing found{PLAIN}\n" in screen
