"""apply speaks to the server that the kubeconfig names, over TLS that is checked, and to nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.applier import Applier
from tests.e2e.between import (
    Answer,
    Asked,
    Between,
    Listener,
    Proxy,
    closes,
    make_certificate,
    speaks_plainly,
)
from tests.support.secrets import encoded

EXPIRED = ("--start-date=Jan 1 15:04:05 2011", "--duration=1h")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (EXPIRED, "is not trusted: certificate has expired"),
        (("--host=other.example.com",), "is not trusted: IP address mismatch, certificate is not valid"),
    ],
)  # fmt: skip
def test_a_certificate_that_is_not_valid_is_named(
    applier: Applier, tmp_path: Path, flags: tuple[str, ...], says: str
) -> None:
    certificate = make_certificate(applier.cluster, tmp_path / "tls", *flags)
    with Between(applier.cluster, certificate=certificate) as between:
        settings = {
            "server": between.url,
            "certificate-authority": str(certificate.certificate),
        }
        printed = applier.apply(kubeconfig=applier.kubeconfig(cluster=settings), status=3)
    assert f"the certificate of {between.url} {says}" in printed
    assert "hint: certificate-authority in the kubeconfig" in printed
    assert between.asked == []


@pytest.mark.parametrize("authority", ["another", None])
def test_a_certificate_of_another_issuer_is_not_trusted(
    applier: Applier, tmp_path: Path, authority: str | None
) -> None:
    if authority is not None:
        authority = str(make_certificate(applier.cluster, tmp_path / "tls").certificate)
    kubeconfig = applier.kubeconfig(cluster={"certificate-authority": authority})
    printed = applier.apply(kubeconfig=kubeconfig, status=3)
    assert f"the certificate of {applier.cluster.url} is not trusted: " in printed


def test_a_name_that_the_certificate_is_for_helps(applier: Applier, tmp_path: Path) -> None:
    certificate = make_certificate(applier.cluster, tmp_path / "tls", "--host=k8s.example.com")
    with Between(applier.cluster, certificate=certificate) as between:
        settings = {
            "server": between.url,
            "certificate-authority": str(certificate.certificate),
            "tls-server-name": "k8s.example.com",
        }
        applier.apply(kubeconfig=applier.kubeconfig(cluster=settings))
    assert applier.is_complete()


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
def test_a_certificate_that_is_not_checked_is_refused(
    applier: Applier, flags: tuple[str, ...]
) -> None:
    with Between(applier.cluster) as between:
        settings = {
            "server": between.url,
            "certificate-authority": None,
            "insecure-skip-tls-verify": True,
        }
        kubeconfig = applier.kubeconfig(cluster=settings)
        printed = applier.apply(*flags, kubeconfig=kubeconfig, status=3)
    assert f"does not check the certificate of {between.url}" in printed
    assert "certificate-authority: FILE in place of insecure-skip-tls-verify" in printed
    assert between.asked == []


def test_a_server_without_tls_is_refused(applier: Applier) -> None:
    """So is one behind kubectl proxy: anybody on this machine can listen on a port that is free."""
    with Listener(closes) as listener:
        kubeconfig = applier.kubeconfig(cluster={"server": f"http://127.0.0.1:{listener.port}"})
        printed = applier.apply(kubeconfig=kubeconfig, status=3)
    assert f"reaches http://127.0.0.1:{listener.port} without TLS" in printed
    assert listener.came == []


def test_a_password_in_the_servers_address_is_not_shown(applier: Applier) -> None:
    address = applier.cluster.url.replace("//", f"//robot:{applier.password[:24]}@")
    printed = applier.apply(kubeconfig=applier.kubeconfig(cluster={"server": address}))
    assert f"e2e, {applier.cluster.url}, commit" in printed


@pytest.mark.parametrize(
    ("serve", "says"),
    [(speaks_plainly, "makes no TLS connection"), (closes, "makes no TLS connection")],
)
def test_a_server_that_speaks_no_tls_learns_nothing(
    applier: Applier, serve: object, says: str
) -> None:
    with Listener(serve) as listener:  # type: ignore[arg-type]
        kubeconfig = applier.kubeconfig(cluster={"server": f"https://127.0.0.1:{listener.port}"})
        printed = applier.apply(kubeconfig=kubeconfig, status=3)
    assert says in printed
    assert "may have taken" not in printed
    # One greeting of TLS, and no second try.
    assert [first[:1] for first in listener.came] == [b"\x16"]


@pytest.mark.parametrize(
    ("method", "status"),
    [("GET", 301), ("GET", 307), ("POST", 307), ("PATCH", 307), ("PATCH", 308)],
)
def test_a_redirect_is_not_followed(first_applier: Applier, method: str, status: int) -> None:
    """Neither with the token nor with the Secret, to a server with a certificate as good."""
    with Between(first_applier.cluster) as other:

        def redirect(asked: Asked) -> Answer | None:
            there = {"Location": f"{other.url}{asked.path}"}
            return Answer(status, there) if asked.method == method else None

        with Between(first_applier.cluster, redirect) as between:
            kubeconfig = first_applier.kubeconfig(cluster={"server": between.url})
            printed = first_applier.apply(kubeconfig=kubeconfig, status=3)
    assert f"what answers for context e2e at {between.url} is no API server" in printed
    assert other.asked == []


@pytest.mark.parametrize("status", [200, 403, 404])
def test_what_is_no_api_server_is_given_nothing(applier: Applier, status: int) -> None:
    """A page that says "not found" is not taken for a cluster in which the namespace lacks."""
    page = Answer(status, {"Content-Type": "text/html"}, b"<html>log in first</html>")
    with Between(applier.cluster, lambda _: page) as between:
        kubeconfig = applier.kubeconfig(cluster={"server": between.url})
        printed = applier.apply(kubeconfig=kubeconfig, status=3)
    assert f"at {between.url} is no API server" in printed
    assert [asked.short for asked in between.asked] == ["GET flux-system"]


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", None])
def test_a_proxy_sees_where_and_nothing_else(applier: Applier, variable: str | None) -> None:
    """Set by a variable or by the kubeconfig, it makes a tunnel to the server."""
    with Proxy() as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        env = {variable: address} if variable is not None else {}
        settings = {"proxy-url": address} if variable is None else {}
        applier.apply(kubeconfig=applier.kubeconfig(cluster=settings), env=env)
    assert applier.is_complete()
    host = applier.cluster.url.removeprefix("https://").encode()
    assert proxy.came
    assert all(first.startswith(b"CONNECT %s " % host) for first in proxy.came)
    sent = b"".join([*proxy.came, *proxy.through])
    assert b"earer" not in sent
    assert not [secret for secret in applier.secrets if secret.encode() in sent]


def test_a_proxy_that_does_not_answer_is_told(applier: Applier) -> None:
    with Listener(closes) as listener:
        env = {"HTTPS_PROXY": f"http://robot:word@127.0.0.1:{listener.port}"}
        printed = applier.apply(env=env, status=3)
    assert "does not answer" in printed
    assert "robot" not in printed
    assert all(first.startswith(b"CONNECT ") for first in listener.came)


@pytest.mark.parametrize("answer", [Answer(0), Answer(502, {}, b"<html>bad gateway</html>")])
def test_an_answer_that_does_not_come_back_leaves_a_doubt(applier: Applier, answer: Answer) -> None:
    """The API server may have the Secret or not; the next run sees which."""

    def hang_up(asked: Asked) -> Answer | None:
        return answer if asked.short == "PATCH regcred" else None

    with Between(applier.cluster, hang_up) as between:
        kubeconfig = applier.kubeconfig(cluster={"server": between.url})
        printed = applier.apply(kubeconfig=kubeconfig, status=3)
        assert "; it may have taken Secret flux-system/regcred all the same" in printed
        assert "applied so far: Secret flux-system/sops-age created" in printed  # fmt: skip
        between.rule = lambda _: None
        assert "regcred   created" in applier.apply(kubeconfig=kubeconfig)


def test_the_keys_of_a_kubeconfig_reach_no_disk(applier: Applier) -> None:
    """The Kubernetes client would put them into the temporary folder, and leave them there."""
    key = (applier.cluster.folder / "key.pem").read_text()
    cluster = {"certificate-authority": None, "certificate-authority-data": encoded(applier.cluster.ca.read_text())}  # fmt: skip
    login = {
        "token": applier.token(),
        "client-certificate-data": encoded(applier.cluster.ca.read_text()),
        "client-key-data": encoded(key),
    }
    applier.apply(kubeconfig=applier.kubeconfig(cluster=cluster, login=login))
    assert applier.is_complete()
    assert list(applier.user.temporary.iterdir()) == []
