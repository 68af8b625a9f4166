"""Readable pull secrets in every spelling that some reader accepts."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from tests.guard.corpus.case import Case, Fresh, b64, found

RULE = "plaintext-dockerconfigjson"


def readable() -> Iterator[Case]:
    for name, spell, reason in SPELLINGS:
        yield found(f"secret/{name}", RULE, spell(Fresh()), reason)
    c = Fresh()
    patch = [{"op": "replace", "path": "/data/.dockerconfigjson", "value": c.packed}]
    yield found(
        "secret/json patch", "docker-config", json.dumps(patch), "a JSON patch in a file of its own"
    )
    c = Fresh()
    inline = f"    - op: replace\n      path: /data/.dockerconfigjson\n      value: {c.packed}\n"
    text = (
        "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\npatches:\n- patch: |-\n"
    )
    yield found("secret/inline json patch", "docker-config", text + inline, "an inline JSON patch")
    fake = Fresh().secret + "sops:\n  mac: x\n"
    rules = RULE + " partly-encrypted-secret broken-sops-metadata"
    yield found("secret/fake sops block", rules, fake, "a sops block excuses nothing")
    for encoding in (
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "utf-32-be",
        "utf-8-sig",
    ):
        yield found(
            f"secret/{encoding}",
            RULE,
            Fresh().secret.encode(encoding),
            f"the same text in {encoding}",
        )
    for path in (
        "regcred",
        "notes.txt",
        "secret.yaml.bak",
        "a b/ü.YAML",
        ".hidden/x.json",
        "Makefile",
        "x.png",
    ):
        yield found(
            f"secret/path {path}",
            RULE,
            Fresh().secret,
            "a file's name says nothing of its content",
            path,
        )


def _json(c: Fresh) -> dict[str, object]:
    return {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "regcred"},
        "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": c.packed},
    }  # fmt: skip


def _string_data(c: Fresh, value: str) -> str:
    return (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred\n"
        f"type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: {value}\n"
    )


def _wrapped(text: str, width: int = 60, indent: str = "    ") -> str:
    return "\n".join(indent + line for line in textwrap.wrap(text, width))


def _list(c: Fresh) -> str:
    return "apiVersion: v1\nkind: List\nitems:\n- " + c.secret.replace("\n", "\n  ").rstrip() + "\n"


SPELLINGS = [
    ("plain", lambda c: c.secret, "the spelling of the documentation"),
    ("crlf", lambda c: c.secret.replace("\n", "\r\n"), "Windows line ends"),
    ("cr", lambda c: c.secret.replace("\n", "\r"), "the line ends of an old Mac are YAML's too"),
    ("json", lambda c: json.dumps(_json(c)), "kubectl reads JSON"),
    ("json indented", lambda c: json.dumps(_json(c), indent=2), "kubectl -o json"),
    ("json tabs", lambda c: json.dumps(_json(c), indent="\t"), "JSON with tabs"),
    (
        "json list",
        lambda c: json.dumps({"apiVersion": "v1", "kind": "List", "items": [_json(c)]}),
        "kubectl get -o json",
    ),
    (
        "json stream",
        lambda c: '{"apiVersion":"v1","kind":"Namespace"}' + json.dumps(_json(c)),
        "kubectl reads JSON values one after the other",
    ),
    ("json lines", lambda c: '{"kind":"A"}\n' + json.dumps(_json(c)) + "\n", "one object a line"),
    (
        "json comments",
        lambda c: "// pull secret\n" + json.dumps(_json(c), indent=1).replace("{\n", "{ // c\n", 1),
        "JSON with comments",
    ),
    (
        "json trailing comma",
        lambda c: json.dumps(_json(c), indent=1)[:-1] + ",}",
        "a lenient reader takes it",
    ),
    (
        "json surrogate",
        lambda c: json.dumps({"note": "\U0001f511", **_json(c)}),
        "PyYAML refuses half a surrogate, others do not",
    ),
    ("string data", lambda c: _string_data(c, f"'{c.config}'"), "stringData needs no base64"),
    ("string data block", lambda c: _string_data(c, f"|\n    {c.config}"), "a literal block"),
    ("string data folded", lambda c: _string_data(c, f">-\n    {c.config}"), "a folded block"),
    (
        "string data indented json",
        lambda c: _string_data(
            c, "|\n" + textwrap.indent(json.dumps(json.loads(c.config), indent=2), "    ")
        ),
        "JSON on many lines",
    ),
    (
        "string data escaped",
        lambda c: _string_data(c, json.dumps(c.config)),
        "JSON in a quoted string",
    ),
    (
        "only auth",
        lambda c: _string_data(c, "'" + json.dumps({"auths": {c.host: {"auth": c.auth}}}) + "'"),
        "auth alone is enough",
    ),
    (
        "only password",
        lambda c: _string_data(
            c,
            "'"
            + json.dumps({"auths": {c.host: {"username": c.user, "password": c.password}}})
            + "'",
        ),
        "user name and password without auth",
    ),
    (
        "identity token",
        lambda c: _string_data(
            c, "'" + json.dumps({"auths": {c.host: {"identitytoken": c.password}}}) + "'"
        ),
        "a refresh token is a credential",
    ),
    (
        "registry token",
        lambda c: _string_data(
            c, "'" + json.dumps({"auths": {c.host: {"registrytoken": c.password}}}) + "'"
        ),
        "a bearer token is a credential",
    ),
    (
        "two registries",
        lambda c: _string_data(
            c, "'" + json.dumps({"auths": {"ghcr.io": {}, c.host: {"auth": c.auth}}}) + "'"
        ),
        "the second registry counts too",
    ),
    (
        "dockercfg",
        lambda c: c.secret.replace(
            "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"
        ).replace(
            f".dockerconfigjson: {c.packed}",
            ".dockercfg: "
            + b64(
                json.dumps({c.host: {"username": c.user, "password": c.password, "auth": c.auth}})
            ),
        ),
        "the old type",
    ),
    (
        "dockercfg string",
        lambda c: (
            "kind: Secret\napiVersion: v1\ntype: kubernetes.io/dockercfg\nstringData:\n  .dockercfg: '"
            + json.dumps({c.host: {"username": c.user, "password": c.password}})
            + "'\n"
        ),
        "the old type, without auth",
    ),
    (
        "opaque",
        lambda c: c.secret.replace("kubernetes.io/dockerconfigjson", "Opaque"),
        "the type does not make it unreadable",
    ),
    (
        "no type",
        lambda c: c.secret.replace("type: kubernetes.io/dockerconfigjson\n", ""),
        "a patch has no type",
    ),
    (
        "other key",
        lambda c: c.secret.replace(" .dockerconfigjson:", " config.json:"),
        "under another key",
    ),
    (
        "quoted keys",
        lambda c: (
            c.secret.replace("kind:", '"kind":')
            .replace("data:", "'data':")
            .replace(".dockerconfigjson:", '".dockerconfigjson":')
        ),
        "quoted keys",
    ),
    ("quoted kind", lambda c: c.secret.replace("kind: Secret", 'kind: "Secret"'), "a quoted kind"),
    (
        "escaped kind",
        lambda c: c.secret.replace("kind: Secret", 'kind: "S\\u0065cret"'),
        "an escape in the kind",
    ),
    (
        "hex kind",
        lambda c: c.secret.replace("kind: Secret", 'kind: "\\x53ecret"'),
        "another escape",
    ),
    (
        "continued kind",
        lambda c: c.secret.replace("kind: Secret", 'kind: "Sec\\\n  ret"'),
        "a string continued on the next line",
    ),
    (
        "binary kind",
        lambda c: c.secret.replace("kind: Secret", "kind: !!binary U2VjcmV0"),
        "YAML decodes binaries",
    ),
    (
        "tagged kind",
        lambda c: c.secret.replace("kind: Secret", "kind: !!str Secret"),
        "an explicit tag",
    ),
    (
        "complex key",
        lambda c: c.secret.replace("kind: Secret", "? kind\n: Secret"),
        "the long form of a key",
    ),
    ("anchored kind", lambda c: c.secret.replace("kind: Secret", "kind: &k Secret"), "an anchor"),
    (
        "next line",
        lambda c: c.secret.replace("kind: Secret", "kind:\n  Secret"),
        "the value on the next line",
    ),
    (
        "escaped key",
        lambda c: c.secret.replace(".dockerconfigjson:", '"\\u002edockerconfigjson":'),
        "an escape in the key",
    ),
    (
        "escaped value",
        lambda c: c.secret.replace(
            c.packed, '"' + "".join(f"\\x{ord(ch):02x}" for ch in c.packed) + '"'
        ),
        "every letter of the value escaped",
    ),
    (
        "binary value",
        lambda c: c.secret.replace(c.packed, "!!binary " + b64(c.packed)),
        "a YAML binary of the base64",
    ),
    (
        "alias value",
        lambda c: f"x: &v {c.packed}\n" + c.secret.replace(c.packed, "*v"),
        "an alias stands for the value",
    ),
    (
        "merge",
        lambda c: (
            f"base: &b\n  .dockerconfigjson: {c.packed}\n"
            + c.secret.replace(f"  .dockerconfigjson: {c.packed}", "  <<: *b")
        ),
        "a merge key brings the value in",
    ),
    (
        "flow",
        lambda c: (
            "{apiVersion: v1, kind: Secret, metadata: {name: r}, type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: "
            + c.packed
            + "}}\n"
        ),
        "flow style",
    ),
    (
        "wrapped base64",
        lambda c: c.secret.replace(f" {c.packed}", " |\n" + _wrapped(c.packed)),
        "base64 wrapped in a literal block",
    ),
    (
        "folded base64",
        lambda c: c.secret.replace(f" {c.packed}", " >-\n" + _wrapped(c.packed, 76)),
        "base64 wrapped in a folded block",
    ),
    (
        "plain wrapped",
        lambda c: c.secret.replace(f" {c.packed}", "\n" + _wrapped(c.packed)),
        "base64 wrapped in a plain scalar",
    ),
    (
        "quoted wrapped",
        lambda c: c.secret.replace(
            f" {c.packed}", ' "' + c.packed[:30] + "\\\n    " + c.packed[30:] + '"'
        ),
        "base64 continued in a quoted string",
    ),
    (
        "unpadded",
        lambda c: c.secret.replace(c.packed, b64(c.config + " ").rstrip("=")),
        "base64 without its padding",
    ),
    (
        "second document",
        lambda c: "kind: ConfigMap\napiVersion: v1\n---\n" + c.secret,
        "the second document of a file",
    ),
    (
        "separator with comment",
        lambda c: "a: 1\n--- # next\n" + c.secret,
        "a separator with a comment",
    ),
    (
        "after broken document",
        lambda c: "a: b: c: {\n---\n" + c.secret,
        "kubectl reads documents one by one",
    ),
    (
        "before broken document",
        lambda c: c.secret + "---\na: *nowhere\n",
        "the next document is broken",
    ),
    (
        "in broken document",
        lambda c: c.secret + "  oops: [1, 2\n",
        "no parser takes it, a person does",
    ),
    ("directive", lambda c: "%YAML 1.2\n---\n" + c.secret, "a YAML directive"),
    (
        "tag directive",
        lambda c: (
            "%TAG !y! tag:yaml.org,2002:\n---\n"
            + c.secret.replace("kind: Secret", "kind: !y!str Secret")
        ),
        "a tag directive",
    ),
    ("list", _list, "an item of a List"),
    (
        "list of list",
        lambda c: (
            "apiVersion: v1\nkind: List\nitems:\n- "
            + _list(c).replace("\n", "\n  ").rstrip()
            + "\n"
        ),
        "a List in a List",
    ),
    (
        "secret list",
        lambda c: _list(c).replace("kind: List", "kind: SecretList"),
        "kubectl get secrets -o yaml",
    ),
    (
        "sequence",
        lambda c: "- " + c.secret.replace("\n", "\n  ").rstrip() + "\n",
        "a bare sequence of objects",
    ),
    (
        "control character",
        lambda c: "note: \x07\n" + c.secret,
        "PyYAML refuses a control character",
    ),
    ("tab indent", lambda c: c.secret.replace("  .docker", "\t.docker"), "a tab for indent"),
    (
        "duplicate key first",
        lambda c: c.secret + "  .dockerconfigjson: ENC[x]\n",
        "of two equal keys loaders keep the last",
    ),
    ("duplicate data", lambda c: c.secret + "data:\n  a: b\n", "a second data hides the first"),
    (
        "helm template",
        lambda c: (
            "{{- if .Values.x }}\n"
            + c.secret.replace("name: regcred", "name: {{ .Release.Name }}")
            + "{{- end }}\n"
        ),
        "a chart's template with a literal in it",
    ),
    (
        "in config map",
        lambda c: (
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  secret.yaml: |\n"
            + textwrap.indent(c.secret, "    ")
        ),
        "a manifest within a ConfigMap",
    ),
    (
        "in heredoc",
        lambda c: "#!/bin/sh\nkubectl apply -f - <<EOF\n" + c.secret + "EOF\n",
        "a script's heredoc",
    ),
    ("in markdown", lambda c: "# Install\n\n```yaml\n" + c.secret + "```\n", "a fenced block"),
    (
        "in values",
        lambda c: "extraDeploy:\n  - |\n" + textwrap.indent(c.secret, "    "),
        "extra objects in chart values",
    ),
    (
        "in helm release",
        lambda c: (
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: x\nspec:\n  values:\n    extraObjects:\n      - "
            + c.secret.replace("\n", "\n        ").rstrip()
            + "\n"
        ),
        "an object within HelmRelease values",
    ),
    (
        "strategic patch",
        lambda c: (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches:\n- patch: |-\n"
            + textwrap.indent(c.secret, "    ")
        ),
        "an inline strategic merge patch",
    ),
    (
        "generator literal",
        lambda c: (
            "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\nsecretGenerator:\n- name: r\n  type: kubernetes.io/dockerconfigjson\n  literals:\n  - .dockerconfigjson="
            + c.config
            + "\n"
        ),
        "a generator's literal",
    ),
    (
        "generator quoted literal",
        lambda c: (
            "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\nsecretGenerator:\n- name: r\n  literals:\n  - '.dockerconfigjson="
            + c.config
            + "'\n"
        ),
        "a quoted literal",
    ),
]
