"""Commands of docs/ as they are printed there, at a real API server whose context is named as on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.administrator import Administrator
from tests.e2e.cluster import Cluster
from tests.e2e.hints.live import INLINE, Living
from tests.pages import repositories as made
from tests.support.terminal import Terminal
from tests.support.user import Result

COPY = "pull-secrets/namespaces/prod/team-a"
AS_FLUX = ("apply", "--server-side", "--field-manager=kustomize-controller", "--force-conflicts")
GONE = "Secret team-a/regcred"


class Reader(Administrator):
    """Types commands in a shell, also at a terminal."""

    def tries(self, command: str, **env: str) -> Result:
        """Type *command*, however it ends."""
        return self.program(["bash", "-c", command], env=env)

    def answers(self, command: str, *answers: tuple[str, str]) -> str:
        """Type *command* at a terminal, and each answer after its question; return what is shown."""
        with Terminal(self, ["bash", "-c", command]) as terminal:
            for question, answer in answers:
                terminal.wait_for(question)
                terminal.type(f"{answer}\r")
            assert terminal.end(60) == 0, terminal.transcript.decode()
            return terminal.transcript.decode()


@pytest.fixture
def reader(fresh_cluster: Cluster, tmp_path: Path) -> Reader:
    """A repository that bootstrap made, and a cluster without Flux, in which the two namespaces of the page are."""
    found = Reader(tmp_path / "user", fresh_cluster)
    made.teams(found)
    for name in ("flux-system", "team-a"):
        fresh_cluster.create_namespace(name)
    return found


NAMED = ("Type the name of the context to apply", "prod")


def test_a_cluster_gets_what_it_lacks(reader: Reader) -> None:
    dry = reader.tries("gitops-secrets apply --path clusters/prod --context prod --dry-run")
    assert (dry.status, "nothing was changed" in dry.stdout) == (0, True), dry.printed
    assert reader.cluster.find("Secret", "regcred", "flux-system") is None

    reader.answers("gitops-secrets apply --path clusters/prod --context prod", NAMED)
    assert reader.cluster.find("Secret", "regcred", "flux-system") is not None


def test_a_pull_secret_is_taken_from_a_namespace(reader: Reader) -> None:
    """In the order of docs/attach.md: Git, the ServiceAccount, then the cluster."""
    user, cluster = reader, reader.cluster
    assert user.run("attach", "team-a").status == 0
    reader.answers("gitops-secrets apply --path clusters/prod --context prod", NAMED)
    copy = user.run("show", f"{COPY}/regcred.sops.yaml", "--reveal").stdout
    for manifest in user.read(f"{COPY}/service-account.yaml"), copy:
        cluster.kubectl(*AS_FLUX, "-f", "-", input=manifest)
    user.git("rm", "-r", "--quiet", COPY)
    user.git("rm", "--quiet", "clusters/prod/pull-secrets-team-a.yaml")
    user.commit({})

    editor = {"KUBE_EDITOR": "sed -i /imagePullSecrets/,/regcred/d"}
    edited = reader.tries(
        "kubectl --context prod --namespace team-a edit serviceaccount default", **editor
    )
    assert edited.status == 0, edited.printed
    assert "imagePullSecrets" not in cluster.get("ServiceAccount", "default", "team-a")
    shown = reader.answers(
        "gitops-secrets apply --path clusters/prod --context prod --prune", NAMED, (GONE, "y")
    )
    assert "deleted" in shown
    assert cluster.find("Secret", "regcred", "team-a") is None


def test_doctor_asks_the_cluster(reader: Reader) -> None:
    done = reader.tries("gitops-secrets doctor --context prod")
    assert done.status == 1, done.printed
    assert "gitops-secrets apply --path clusters/prod --context prod" in done.printed


def test_flux_lists_its_plugins(reader: Reader) -> None:
    link = 'mkdir -p ~/.fluxcd/plugins && ln -s "$(command -v flux-secrets)" ~/.fluxcd/plugins/'
    assert reader.tries(link).status == 0
    listed = reader.tries("flux plugin list")
    assert (listed.status, "secrets\tmanual" in listed.stdout) == (0, True), listed.printed


def test_the_layout_inline_goes_in_two_commits(living: Living) -> None:
    """The three dots of the page stand for the options of the command before."""
    try:
        living.begin_anew()
        living.flux.source.is_asked = True
        living.types(INLINE)
        for command in (
            "git push",
            "gitops-secrets apply --path clusters/prod --context prod --yes",
            "flux --context prod -n flux-system reconcile kustomization flux-system --with-source",
            "gitops-secrets bootstrap ... --resume --context prod",
        ):
            living.types(command.replace("gitops-secrets bootstrap ...", INLINE))
    finally:
        living.heal()
