"""encrypt --add-rule: a file that no creation rule is for gets one, for the clusters that apply it."""

from __future__ import annotations

import pytest

from tests.field import gotk
from tests.guard.corpus.case import Fresh
from tests.support.secrets import opaque, word
from tests.support.user import PROGRAM, User

APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: apps, namespace: flux-system}}
spec:
  path: ./apps/{name}
  sourceRef: {{kind: GitRepository, name: flux-system}}
  decryption: {{provider: sops, secretRef: {{name: sops-age}}}}
"""
PERSON = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
SECRET = ("--image-pull-secret", "regcred")
REGISTRY = ("--registry", "registry.example.com", "--registry-creds-env", "CREDS")


@pytest.fixture
def fleet(user: User) -> User:
    """A user with two clusters, each of which applies a folder of apps."""
    user.commit(gotk.LAYOUTS["several clusters"].files)
    for name in ("production", "staging"):
        user.commit({f"clusters/{name}/apps.yaml": APPS.format(name=name)})
    made = user.run("bootstrap", "--all", *SECRET, *REGISTRY, env={"CREDS": "robot:password"})
    assert made.status == 0, made.printed
    return user


def own(user: User, cluster: str) -> str:
    """The recipient that .sops.yaml records for *cluster*."""
    lines = user.read(".sops.yaml").splitlines()
    return next(line.split()[1] for line in lines if line.endswith(f"# cluster: {cluster}"))


def test_the_cluster_that_applies_the_file_can_decrypt_it(fleet: User) -> None:
    value = word()
    fleet.write({"apps/staging/db.yaml": opaque(value)})
    result = fleet.run("encrypt", "apps/staging/db.yaml", "--add-rule")

    assert result.status == 0, result.printed
    assert "note: .sops.yaml has a rule now for ^apps/staging/db\\.yaml$" in result.stdout
    sealed = fleet.read("apps/staging/db.yaml")
    assert own(fleet, "clusters/staging") in sealed
    assert own(fleet, "clusters/production") not in sealed
    assert value not in sealed


def test_a_rule_that_is_there_is_used_and_nothing_is_added(fleet: User) -> None:
    fleet.write({"apps/staging/db.yaml": opaque(word())})
    assert fleet.run("encrypt", "apps/staging/db.yaml", "--add-rule").status == 0
    before = fleet.state()
    again = fleet.run("encrypt", "apps/staging/db.yaml", "--add-rule")
    assert (again.status, fleet.state()) == (0, before), again.printed


def test_a_name_that_says_encrypted_has_one_rule_for_the_folder(fleet: User) -> None:
    new = ("encrypt", "-", "--add-rule", "--to")
    for name in ("a", "b"):
        made = fleet.run(*new, f"apps/staging/{name}.sops.yaml", stdin=opaque(word()).encode())
        assert made.status == 0, made.printed
    assert fleet.read(".sops.yaml").count("apps/staging/") == 1


def test_a_file_that_all_clusters_apply_is_for_all_of_them(user: User) -> None:
    user.commit(gotk.LAYOUTS["several clusters"].files)
    shared = APPS.format(name="base")
    user.commit({f"clusters/{name}/apps.yaml": shared for name in ("production", "staging")})
    bootstrap = ("bootstrap", "--all", *SECRET, *REGISTRY, "--age-recipient", PERSON)
    assert user.run(*bootstrap, env={"CREDS": "robot:password"}).status == 0
    user.write({"apps/base/db.yaml": opaque(word())})

    result = user.run("encrypt", "apps/base/db.yaml", "--add-rule")

    assert result.status == 0, result.printed
    sealed = user.read("apps/base/db.yaml")
    for recipient in (own(user, "clusters/production"), own(user, "clusters/staging"), PERSON):
        assert recipient in sealed


def test_a_file_that_nothing_applies_is_for_the_only_cluster_or_for_nobody(
    fleet: User, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fleet.write({"charts/db.yaml": opaque(word())})
    before = fleet.state()
    result = fleet.run("encrypt", "charts/db.yaml", "--add-rule")
    assert (result.status, fleet.state()) == (3, before), result.printed
    assert "no Kustomization applies charts/db.yaml yet" in result.stderr
    for name in ("clusters/production", "clusters/staging"):
        recipient = own(fleet, name)
        assert (
            f"hint: gitops-secrets encrypt charts/db.yaml --age-recipient {recipient}\n"
            in result.stderr
        )
    assert "that of clusters/production, or that of clusters/staging\n" in result.stderr

    single = User(tmp_path_factory.mktemp("single"))
    single.commit(gotk.LAYOUTS["one cluster"].files)
    assert single.bootstrap().status == 0
    single.write({"charts/db.yaml": opaque(word())})
    assert single.run("encrypt", "charts/db.yaml", "--add-rule").status == 0
    assert own(single, "clusters/prod") in single.read("charts/db.yaml")


def test_a_file_that_the_kustomization_beside_it_does_not_list_is_for_the_clusters_that_apply_that(
    fleet: User,
) -> None:
    fleet.commit({"apps/staging/kustomization.yaml": "resources: [web.yaml]\n"})
    fleet.write(
        {"apps/staging/web.yaml": "kind: List\n", "apps/staging/new/db.yaml": opaque(word())}
    )

    result = fleet.run("encrypt", "apps/staging/new/db.yaml", "--add-rule")

    assert result.status == 0, result.printed
    assert own(fleet, "clusters/staging") in fleet.read("apps/staging/new/db.yaml")
    assert "note: apps/staging/kustomization.yaml does not list new/db.yaml yet" in result.stdout


def test_readers_without_any_cluster_are_said_to_leave_flux_out(fleet: User) -> None:
    fleet.write({"charts/db.yaml": opaque(word()), "charts/web.yaml": opaque(word())})
    without = fleet.run("encrypt", "charts/db.yaml", "--age-recipient", PERSON)
    assert without.status == 0, without.printed
    assert (
        "note: Flux cannot decrypt charts/db.yaml: no recipient of clusters/production"
        in without.stdout
    )
    recipient = own(fleet, "clusters/staging")
    read = fleet.run("encrypt", "charts/web.yaml", "--age-recipient", recipient)
    assert read.status == 0, read.printed
    assert "cannot decrypt" not in read.stdout


def test_what_flux_would_not_decrypt_is_said(fleet: User) -> None:
    more = APPS.format(name="more").replace("name: apps", "name: more")
    fleet.commit({"clusters/staging/more.yaml": more.partition("  decryption")[0]})
    fleet.write({"apps/more/db.yaml": opaque(word())})
    result = fleet.run("encrypt", "apps/more/db.yaml", "--add-rule")
    assert result.status == 0, result.printed
    assert "applies apps/more/db.yaml without spec.decryption" in result.stdout


def test_the_hint_of_encrypt_is_the_command(fleet: User) -> None:
    fleet.write({"apps/staging/db.yaml": opaque(word())})
    refused = fleet.run("encrypt", "apps/staging/db.yaml")
    assert refused.status == 3
    assert "hint: gitops-secrets encrypt apps/staging/db.yaml --add-rule\n" in refused.stderr
    both = fleet.run("encrypt", "apps/staging/db.yaml", "--add-rule", "--age-recipient", PERSON)
    assert both.status == 2, both.printed


def test_the_hint_of_the_guard_works_as_it_is_printed_after_a_plain_bootstrap(fleet: User) -> None:
    fleet.write({"apps/staging/regcred.yaml": Fresh().secret})
    fleet.git("add", "--all")
    found = fleet.run("scan")
    hint = found.stdout.partition("hint: ")[2].splitlines()[0]
    assert hint.startswith("gitops-secrets encrypt --add-rule "), found.printed

    fixed = fleet.program(["sh", "-c", hint], env={"PATH": f"{PROGRAM.parent}:{fleet.env['PATH']}"})

    assert fixed.status == 0, fixed.printed
    assert fleet.run("scan").status == 0
    assert ".sops.yaml" in fleet.git("diff", "--cached", "--name-only")
