"""Credentials as templates, other languages and Secrets in base64 spell them."""

from __future__ import annotations

import base64
import hashlib
import json
import textwrap
from collections.abc import Callable, Iterator

from tests.guard.corpus.case import Case, Fresh, b64, found, silent

DOCKER, PULL, REGISTRY = "docker-config", "plaintext-dockerconfigjson", "registry-password"


def _secret(field: str, key: str, value: str) -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n{field}:\n  {key}: {value}\n"


def _pull(entry: str) -> str:
    return (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: r\ntype: kubernetes.io/dockerconfigjson\nstringData:\n"
        f'  .dockerconfigjson: |\n    {{"auths":{{"ghcr.io":{entry}}}}}\n'
    )


def _terraform(auth: str) -> str:
    return (
        'resource "kubernetes_secret" "r" {\n  data = {\n    ".dockerconfigjson" = <<DOCKER\n'
        f'{{"auths": {{"ghcr.io": {{"auth": "{auth}"}}}}}}\nDOCKER\n  }}\n}}\n'
    )


def _doubled(c: Fresh) -> str:
    return c.config.replace('"', '""')


def _registry(c: Fresh) -> str:
    return f"https://{c.user}:{c.password}@registry.example.com/v2/"


def _packed(c: Fresh) -> str:
    return b64(_registry(c))


READABLE: list[tuple[str, str, str, Callable[[Fresh], str], str]] = [
    ("address in data", REGISTRY, "a.yaml", lambda c: _secret("data", "url", b64(f"oci://{c.user}:{c.password}@ghcr.io/acme/web")), "the ordinary form of a Secret"),
    ("address of a catalog in data", REGISTRY, "a.yaml", lambda c: _secret("data", "REGISTRY_URL", b64(f"https://{c.user}:{c.password}@harbor.example.com/v2/_catalog")), "another scheme"),
    ("address in a script", REGISTRY, "a.sh", lambda c: f"curl $(echo {_packed(c)} | base64 -d)\n", "base64 outside of a Secret"),
    ("address in settings", REGISTRY, "a.json", lambda c: json.dumps({"mirrors": [_packed(c)]}), "base64 in JSON"),
    ("address in a ConfigMap", REGISTRY, "a.yaml", lambda c: f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\nbinaryData:\n  url: {_packed(c)}\n", "an object that is no Secret"),
    ("address in lines", REGISTRY, "a.yaml", lambda c: "url: |\n" + textwrap.indent("\n".join(textwrap.wrap(b64(f"the images of the team are at {_registry(c)}"), 40)), "  ") + "\n", "base64 in lines, behind a sentence"),
    ("address behind an escape", REGISTRY, "a.sh", lambda c: f"printf 'first\\n{_packed(c)}' > x\n", "the letter of an escaped line end is none of base64"),
    ("address behind others", REGISTRY, "a.txt", lambda c: b64("https://a.example.com/ http://b.example.com:80/ " * 9 + _registry(c)) + "\n", "most addresses have no password"),
    ("address of addresses", REGISTRY, "a.txt", lambda c: base64.urlsafe_b64encode(f"?>~{_registry(c)}".encode()).decode() + "\n", "in the alphabet of addresses"),
    ("call in a heredoc", PULL, "a.tf", lambda c: _terraform(f'${{base64encode("{c.user}:{c.password}")}}'), "literals in an interpolation"),
    ("format in HCL", PULL, "a.tf", lambda c: f'd = {{ ".dockerconfigjson" = jsonencode({{ auths = {{ "ghcr.io" = {{ auth = base64encode(format("%s:%s", "{c.user}", "{c.password}")) }} }} }}) }}\n', "put together by a format"),
    ("piped to b64enc", PULL, "a.yaml", lambda c: _pull(f'{{"auth":"{{{{ "{c.user}:{c.password}" | b64enc }}}}"}}'), "quotes within quotes"),
    ("printf to b64enc", PULL, "a.yaml", lambda c: _pull(f'{{"auth":"{{{{ printf "%s:%s" "{c.user}" "{c.password}" | b64enc }}}}"}}'), "put together by printf"),
    ("default of a value", PULL, "a.yaml", lambda c: _pull(f'{{"username":"robot","password":"{{{{ .Values.pw | default "{c.password}" }}}}"}}'), "a default is what is used"),
    ("string of C#", DOCKER, "a.cs", lambda c: f'var c = @"{_doubled(c)}";\n', "each quote is doubled"),
    ("field of CSV", DOCKER, "a.csv", lambda c: f'name,config\nprod,"{_doubled(c)}"\n', "the same"),
    ("string of PowerShell", DOCKER, "a.ps1", lambda c: f'Set-Content "$HOME/.docker/config.json" "{_doubled(c)}"\n', "the same"),
    ("backticks of PowerShell", DOCKER, "a.ps1", lambda c: 'Set-Content config.json "{}"\n'.format(c.config.replace('"', '`"')), "a backtick escapes"),
    ("header below an address", REGISTRY, "a.yaml", lambda c: f'url: https://ghcr.io/v2/\nheaders:\n  Authorization: "Basic {c.auth}"\n', "in quotes"),
    ("header beside an address", REGISTRY, "a.yaml", lambda c: f"registry: https://ghcr.io\nHttpHeaders: {{Authorization: Basic {c.auth}}}\n", "without quotes"),
]  # fmt: skip
DECODED = [
    ("of a login without a password", "echo $P | docker login -u robot --password-stdin ghcr.io", "the password comes from elsewhere"),
    ("of a login of documentation", "docker login -u user -p password registry.example.com", "words of documentation"),
    ("of addresses", "see https://registry.example.com:5000/v2/ and https://a.example.com/docs?b=c@d", "no user and no password"),
    ("of an address with variables", "https://robot:${TOKEN}@registry.example.com/v2/acme", "a variable"),
    ("of a database", "postgres://app:Kd93kslQp2xVb7@db.example.com:5432/app", "another trade"),
    ("of a remote of Git", "https://app:Kd93kslQp2xVb7@git.example.com/acme/web.git", "another trade"),
]  # fmt: skip
SILENT: list[tuple[str, str, Callable[[Fresh], str], str]] = [
    ("address without a password", "a.yaml", lambda _: _secret("data", "url", b64("https://ghcr.io/acme/web")), "no user in it"),
    ("placeholders in an address", "a.yaml", lambda _: _secret("data", "url", b64("oci://user:password@ghcr.io/acme/web")), "words of documentation"),
    *(
        (f"{name} {of}", "a.yaml", lambda _, spell=spell, text=text: f"x: {spell(text)}\n", reason)
        for name, spell in (("base64", b64), ("hexadecimal", lambda text: text.encode().hex()))
        for of, text, reason in DECODED
    ),
    ("sums", "a.lock", lambda _: "".join(f"{hashlib.sha512(bytes([n])).hexdigest()}  {hashlib.sha1(bytes([n])).hexdigest()}\n" for n in range(200)), "sums and commits"),
    ("numbers", "a.txt", lambda _: f"{'31' * 40} {'0a' * 40} {'7' * 80} {'20' * 40}\n", "digits that are hexadecimal of digits, of blanks and of line ends"),
    ("words and hexadecimal", "a.txt", lambda _: "password for the registry: " + b"docker pull registry.example.com/a".hex() + "\n", "no word of the text belongs to the hexadecimal"),
    ("variables in a heredoc", "a.tf", lambda _: _terraform('${base64encode("${var.user}:${var.password}")}'), "nothing literal"),
    ("values to b64enc", "a.yaml", lambda _: _pull('{"auth":"{{ printf "%s:%s" .Values.user .Values.password | b64enc }}"}'), "nothing literal"),
    ("empty default", "a.yaml", lambda _: _pull('{"username":"robot","password":"{{ .Values.pw | default "" }}"}'), "nothing is used"),
    ("header of another service", "a.yaml", lambda c: f'url: https://metrics.example.com/api/v1/write\nheaders:\n  Authorization: "Basic {c.auth}"\n', "no registry"),
]  # fmt: skip


def readable() -> Iterator[Case]:
    for name, rule, path, spell, reason in READABLE:
        yield found(f"spelled/{name}", rule, spell(Fresh()), reason, path)


def lookalikes() -> Iterator[Case]:
    for name, path, spell, reason in SILENT:
        yield silent(f"spelled/{name}", spell(Fresh()), reason, path, sops_config=None)
