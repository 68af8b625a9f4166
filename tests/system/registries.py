"""Real registries on loopback: Debian's docker-registry with a password file, with tokens, and with TLS."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import ipaddress
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import bcrypt
import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tests.e2e.process import Process, stopping, wait_for
from tests.support.webserver import Reply, Request, WebServer

OCI = "application/vnd.oci.image.manifest.v1+json"
PROGRAM = "docker-registry"


class Authority:
    """A CA of the suite's own."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = _certificate(self.key, "Tests", self.key, "Tests", ca=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str = "server", *more: str) -> tuple[Path, Path]:
        """The files of a certificate for 127.0.0.1, localhost and the names, and of its key."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = _certificate(key, name, self.key, "Tests", *more, ca=False)
        files = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(_pem(key))
        return files

    def context(self, name: str = "context", *more: str) -> ssl.SSLContext:
        """What a server of Python's serves TLS with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, *more))
        return context


class Rights(NamedTuple):
    """What a token server knows: passwords by user, and who may pull which repository."""

    passwords: Mapping[str, str]
    pulls: Mapping[str, tuple[str, ...]]
    """By repository; "" stands for everybody."""


class Tokens:
    """A small token server: RS256, its certificate in the header x5c. Wrong passwords get 401.

    A stand-in for the token servers of the vendors, of which none can be had here; what it says is
    what distribution's specification asks for.
    """

    def __init__(self, folder: Path, rights: Rights) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._certificate = _certificate(self._key, "Tokens", self._key, "Tokens", ca=True)
        self.bundle = folder / "tokens.pem"
        self.bundle.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        self.rights = rights
        self.life = 60

    def answer(self, request: Request) -> Reply:
        user = ""
        if request.authorization:
            pair = base64.b64decode(request.authorization.split()[1]).decode()
            user, _, password = pair.partition(":")
            if self.rights.passwords.get(user) != password:
                return Reply(401, [("Content-Type", "application/json")], b"{}")
        query = parse_qs(urlsplit(request.path).query)
        access = []
        for scope in query.get("scope", []):
            kind, name, actions = scope.split(":", 2)
            allowed = self.rights.pulls.get(name, ())
            if user in allowed or "" in allowed or user == "pusher":
                access.append({"type": kind, "name": name, "actions": actions.split(",")})
        token = self._token(user, query.get("service", [""])[0], access)
        return Reply(
            200, [("Content-Type", "application/json")], json.dumps({"token": token}).encode()
        )

    def _token(self, user: str, audience: str, access: list[dict[str, Any]]) -> str:
        now = int(time.time())
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        claims = {
            "iss": "tests",
            "sub": user,
            "aud": audience,
            "exp": now + self.life,
            "nbf": now - 10,
            "iat": now,
            "jti": hashlib.sha256(repr((user, now, access)).encode()).hexdigest(),
            "access": access,
        }
        signed = f"{_url64(json.dumps(header).encode())}.{_url64(json.dumps(claims).encode())}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_url64(signature)}"


class Registry(NamedTuple):
    """A registry that runs."""

    host: str
    url: str
    ca: Path | None


@contextlib.contextmanager
def serving(
    folder: Path,
    *,
    htpasswd: Mapping[str, str] | None = None,
    realm: str | None = None,
    bundle: Path | None = None,
    authority: Authority | None = None,
) -> Iterator[Registry]:
    """Run Debian's registry below *folder* on a port that the system chooses, and end it."""
    folder.mkdir(parents=True, exist_ok=True)
    http: dict[str, Any] = {"addr": "127.0.0.1:0", "secret": "of the tests"}
    if authority is not None:
        certificate, key = authority.issue(folder.name)
        http["tls"] = {"certificate": str(certificate), "key": str(key)}
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": http,
    }
    if htpasswd is not None:
        path = folder / "htpasswd"
        write_htpasswd(path, htpasswd)
        config["auth"] = {"htpasswd": {"realm": "Tests", "path": str(path)}}
    if realm is not None:
        config["auth"] = {
            "token": {
                "realm": realm,
                "service": "tests",
                "issuer": "tests",
                "rootcertbundle": str(bundle),
            }
        }
    (folder / "config.yml").write_text(json.dumps(config))
    log = folder / "log"
    with stopping(Process([PROGRAM, "serve", folder / "config.yml"], log, {})) as process:
        port = wait_for(lambda: _port(process, log), "the registry", 20, process.tail)
        scheme = "https" if authority is not None else "http"
        host = f"127.0.0.1:{port}"
        yield Registry(host, f"{scheme}://{host}", authority.file if authority else None)


def write_htpasswd(path: Path, users: Mapping[str, str]) -> None:
    """Write the password file: bcrypt, which is all that the registry takes."""
    lines = (
        f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}\n"
        for user, password in users.items()
    )
    path.write_text("".join(lines))


def push(registry: Registry, name: str, tag: str, authorization: str = "") -> str:
    """Push an image of one small layer by plain HTTP, and return its digest."""
    headers = {"Authorization": authorization} if authorization else {}
    with httpx.Client(
        base_url=registry.url,
        headers=headers,
        trust_env=False,
        verify=ssl.create_default_context(cafile=registry.ca) if registry.ca else True,
    ) as client:

        def put(blob: bytes) -> dict[str, Any]:
            digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
            began = client.post(f"/v2/{name}/blobs/uploads/")
            assert began.status_code == 202, began.text
            place = began.headers["Location"]
            done = client.put(
                f"{place}{'&' if '?' in place else '?'}digest={digest}",
                content=blob,
                headers={"Content-Type": "application/octet-stream"},
            )
            assert done.status_code == 201, done.text
            return {"digest": digest, "size": len(blob)}

        config = put(b'{"architecture": "amd64", "os": "linux"}')
        layer = put(b"a layer")
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI,
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer}],
            }
        ).encode()
        done = client.put(
            f"/v2/{name}/manifests/{tag}", content=manifest, headers={"Content-Type": OCI}
        )
        assert done.status_code == 201, done.text
        return done.headers["Docker-Content-Digest"]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def token_for(server: WebServer, name: str, user: str, password: str) -> str:
    """The Authorization by which *user* pushes to *name*."""
    query = f"service=tests&scope=repository:{name}:pull,push"
    answer = httpx.get(
        f"http://{server.host}/token?{query}",
        headers={"Authorization": basic(user, password)},
        trust_env=False,
    )
    return f"Bearer {answer.json()['token']}"


def _port(process: Process, log: Path) -> str | None:
    process.check()
    found = re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text())
    return found[1] if found else None


def _certificate(
    key: rsa.RSAPrivateKey,
    name: str,
    signer: rsa.RSAPrivateKey,
    issuer: str,
    *more: str,
    ca: bool,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        hosts = [x509.DNSName(host) for host in ("localhost", name, *more)]
        names = [*hosts, x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
