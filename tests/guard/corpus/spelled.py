"""Credentials as templates, other languages and Secrets in base64 spell them."""

from __future__ import annotations

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


READABLE: list[tuple[str, str, str, Callable[[Fresh], str], str]] = [
    ("address in data", REGISTRY, "a.yaml", lambda c: _secret("data", "url", b64(f"oci://{c.user}:{c.password}@ghcr.io/acme/web")), "the ordinary form of a Secret"),
    ("address of a catalog in data", REGISTRY, "a.yaml", lambda c: _secret("data", "REGISTRY_URL", b64(f"https://{c.user}:{c.password}@harbor.example.com/v2/_catalog")), "another scheme"),
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
SILENT: list[tuple[str, str, Callable[[Fresh], str], str]] = [
    ("address without a password", "a.yaml", lambda _: _secret("data", "url", b64("https://ghcr.io/acme/web")), "no user in it"),
    ("placeholders in an address", "a.yaml", lambda _: _secret("data", "url", b64("oci://user:password@ghcr.io/acme/web")), "words of documentation"),
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
