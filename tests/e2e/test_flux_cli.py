"""``flux secrets``: Flux's own command line finds this program among its plugins, runs it and completes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_secrets.cli.commands import in_order
from tests.e2e.tools.build import Binaries
from tests.guard.corpus.case import Fresh
from tests.support.fleet import FILES
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM, Result, User
from tests.support.webserver import Reply, Request, WebServer

PLUGIN = PROGRAM.with_name("flux-secrets")
CATALOG = Path(__file__).parents[2] / "docs" / "flux-plugin"
NO_FILES = ":4"
"""What flux tells the shell after its completions: to add no files."""


class FluxUser(User):
    """A user with the flux CLI."""

    def __init__(self, folder: Path, binaries: Binaries) -> None:
        super().__init__(folder)
        self.cli = binaries.flux_cli
        self.plugins = self.home / ".fluxcd" / "plugins"
        self.commit(FILES)

    def link(self) -> None:
        """Make ours a plugin, as the documentation says."""
        self.plugins.mkdir(parents=True)
        (self.plugins / "flux-secrets").symlink_to(PLUGIN)

    def flux(self, *arguments: str, **env: str) -> Result:
        """Run flux with *arguments*."""
        return self.program([self.cli, *arguments], env=env)

    def completed(self, *words: str) -> tuple[dict[str, str], str]:
        """What flux offers a shell: the completions with their help, and its directive."""
        done = self.flux("__complete", "secrets", *words)
        assert done.status == 0, done.printed
        *lines, directive = done.stdout.splitlines()
        return {line.partition("\t")[0]: line.partition("\t")[2] for line in lines}, directive


@pytest.fixture
def bare(binaries: Binaries, tmp_path: Path) -> FluxUser:
    """A user whose Flux has no plugin."""
    return FluxUser(tmp_path, binaries)


@pytest.fixture
def linked(bare: FluxUser) -> FluxUser:
    """A user whose Flux has ours."""
    bare.link()
    return bare


def test_flux_names_the_plugin_among_its_commands(linked: FluxUser) -> None:
    named = linked.flux("--help").stdout.partition("Plugin Commands:\n")[2].splitlines()
    assert named[0].split()[0] == "secrets"


def test_flux_lists_the_plugin_as_installed_by_hand(linked: FluxUser) -> None:
    listed = linked.flux("plugin", "list").stdout.splitlines()
    assert [line.split() for line in listed[1:]] == [
        ["secrets", "manual", str(linked.plugins / "flux-secrets")]
    ]


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("bootstrap", "--help"), ("help", "doctor"), ("--version",)],
    ids=" ".join,
)
def test_help_is_that_of_the_program(linked: FluxUser, arguments: tuple[str, ...]) -> None:
    assert linked.flux("secrets", *arguments) == linked.run(*arguments)


def test_doctor_looks_at_the_repository_in_which_flux_was_called(linked: FluxUser) -> None:
    assert linked.bootstrap().status == 0
    done = linked.flux("secrets", "doctor")
    assert done.status == 0, done.printed
    assert done.stdout.startswith("gitops-secrets: healthy")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("scan",), 1),
        (("scan", "--nonsense"), 2),
        (("show", "nowhere.yaml"), 3),
    ],
    ids=["findings", "usage", "could not look"],
)
def test_the_exit_status_is_passed_on(
    linked: FluxUser, arguments: tuple[str, ...], status: int
) -> None:
    linked.write({"regcred.yaml": Fresh().secret})
    linked.git("add", "--all")
    done = linked.flux("secrets", *arguments)
    assert done.status == status, done.printed
    assert done == linked.run(*arguments)


def test_a_flag_that_flux_has_too_goes_to_the_program(linked: FluxUser) -> None:
    """flux itself has --context, --kubeconfig and --namespace."""
    done = linked.flux("secrets", "doctor", "--context", "prod", "--kubeconfig", "nowhere")
    assert (done.status, done.stderr.startswith("gitops-secrets: error: ")) == (3, True)


def test_a_person_is_asked_on_the_terminal(linked: FluxUser) -> None:
    command = ("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred")
    flags = ("--registry", "registry.example.com")
    with Terminal(linked, [linked.cli, "secrets", *command, *flags]) as terminal:
        terminal.wait_for("User name for registry.example.com")
        terminal.type("robot\r")
        terminal.wait_for("Password for robot")
        terminal.type("password\r")
        assert terminal.end() == 0
    assert linked.credentials() == {"registry.example.com": "robot:password"}


def test_commands_are_completed_with_their_help(linked: FluxUser) -> None:
    found, directive = linked.completed("")
    assert (list(found), directive) == (in_order(), NO_FILES)
    assert all(found.values())


@pytest.mark.parametrize(
    ("words", "expected", "directive"),
    [
        (("do",), ["doctor"], NO_FILES),
        (("registry", "rot"), ["rotate"], NO_FILES),
        (("doctor", "--pa"), ["--path"], NO_FILES),
        (("doctor", "--path", ""), ["clusters/prod"], NO_FILES),
        (("doctor", "--kubeconfig", "config", "--context", ""), ["dev", "prod"], NO_FILES),
        (("bootstrap", "--layout", "in"), ["inline"], NO_FILES),
        (("encrypt", ""), [], ":0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_flags_and_their_values_are_completed(
    linked: FluxUser, words: tuple[str, ...], expected: list[str], directive: str
) -> None:
    linked.write({"config": "contexts: [{name: dev}, {name: prod}]\n"})
    found, told = linked.completed(*words)
    assert (list(found), told) == (expected, directive)


def test_the_catalog_finds_and_installs_it(bare: FluxUser) -> None:
    """The addresses of the manifest are replaced by those of a server here; the checksum is its own."""
    text = (CATALOG / "secrets.yaml").read_text()
    address = text.partition("url: ")[2].split()[0]

    def answer(request: Request) -> Reply:
        name = request.path.rpartition("/")[2]
        body = (CATALOG / name).read_bytes()
        if name == "secrets.yaml":
            body = text.replace(address, f"http://{server.host}/flux-secrets").encode()
        return Reply(200, body=body)

    with WebServer(answer) as server:
        env = {"FLUXCD_PLUGIN_CATALOG": f"http://{server.host}/"}
        searched = bare.flux("plugin", "search", "secrets", **env)
        installed = bare.flux("plugin", "install", "secrets", **env)
    assert "encrypted with SOPS and age" in searched.stdout, searched.printed
    assert installed.status == 0, installed.printed
    listed = bare.flux("plugin", "list").stdout.splitlines()[1].split()
    assert listed == ["secrets", "0.1.0", str(bare.plugins / "flux-secrets")]
    path = f"{PROGRAM.parent}:{bare.env['PATH']}"
    assert bare.flux("secrets", "--version", PATH=path) == bare.run("--version")
