"""What looks like a readable credential to a pattern, and is none."""

from __future__ import annotations

import json
import textwrap
import zlib
from collections.abc import Iterator

from tests.guard.corpus.case import ONLY_DATA, Case, Fresh, b64, encrypt, silent

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n"
PULL = HEAD + "type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: "


def lookalikes() -> Iterator[Case]:
    yield from _encrypted()
    for name, text, reason in MANIFESTS:
        yield silent(f"manifest/{name}", text, reason)
    for name, text, reason in CONFIGS:
        yield silent(f"config/{name}", text, reason)
    for name, text, reason in TEMPLATES:
        yield silent(f"template/{name}", text, reason)
    for name, text, reason in VALUES:
        yield silent(f"values/{name}", text, reason)
    for name, text, reason in COMMANDS:
        yield silent(f"command/{name}", text, reason)
    for name, text, reason in ADDRESSES:
        yield silent(f"address/{name}", text, reason)
    for name, text, reason in TEXTS:
        yield silent(f"text/{name}", text, reason)
    for name, content, reason in BINARIES:
        yield silent(f"binary/{name}", content, reason)
    for name, text, reason in UNCOVERED:
        yield silent(f"uncovered/{name}", text, reason, sops_config=None)
    for path in ("dev/db.yaml", "prod/db.yaml.tmpl", "README.md"):
        config = b"creation_rules:\n- path_regex: ^prod/.*\\.yaml$\n"
        text = HEAD + "stringData:\n  password: Xk29dLqp77\n"
        yield silent(
            f"uncovered/{path}", text, "no creation rule matches the path", path, sops_config=config
        )


def _encrypted() -> Iterator[Case]:
    c = Fresh()
    plain = (
        HEAD
        + f"stringData:\n  user: {c.user}\n  password: {c.password}\n  empty: ''\n  nothing: null\n"
    )
    good = encrypt(c.secret, *ONLY_DATA)
    yield silent("encrypted/pull secret", good, "every value is ciphertext")
    yield silent("encrypted/string data", encrypt(plain, *ONLY_DATA), "empty values stay empty")
    yield silent("encrypted/whole", encrypt(c.secret), "sops without a rule encrypts all of it")
    yield silent(
        "encrypted/unencrypted regex",
        encrypt(plain, "--unencrypted-regex", "^(apiVersion|metadata|kind|type)$"),
        "the rule said the other way round",
    )
    two = encrypt(
        plain + "---\n" + HEAD.replace("db", "b") + f"data:\n  a: {b64(c.password)}\n", *ONLY_DATA
    )
    yield silent("encrypted/two documents", two, "each document has its own block")
    with_map = encrypt(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: b}\n---\n" + plain,
        *ONLY_DATA,
    )
    yield silent(
        "encrypted/with a config map", with_map, "sops encrypts the ConfigMap's data as well"
    )
    data = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "x"},
        "stringData": {"a": c.password},
    }
    yield silent(
        "encrypted/json", encrypt(json.dumps(data), *ONLY_DATA, kind="json"), "JSON", "a.json"
    )
    yield silent("encrypted/crlf", good.replace("\n", "\r\n"), "Windows line ends")
    yield silent("encrypted/bom", b"\xef\xbb\xbf" + good.encode(), "a byte order mark")
    yield silent("encrypted/utf-16", good.encode("utf-16"), "UTF-16")
    yield silent("encrypted/comment", "# made by hand\n" + good, "a comment above")
    yield silent(
        "encrypted/commented out",
        "".join(f"# {line}\n" for line in good.splitlines()) + "a: b\n",
        "ciphertext in a comment",
    )
    yield silent("encrypted/separator", "---\n" + good, "a separator above")
    yield silent(
        "encrypted/schema line",
        "# yaml-language-server: $schema=https://x/secret.json\n" + good,
        "an editor's line",
    )
    yield silent(
        "encrypted/dotenv",
        encrypt(f"DOCKER_PASSWORD={c.password}\n", kind="dotenv"),
        "an encrypted env file",
        "a.env",
    )
    yield silent(
        "encrypted/values",
        encrypt(
            f"imageCredentials:\n  registry: quay.io\n  username: u\n  password: {c.password}\n"
        ),
        "encrypted chart values",
    )
    yield silent(
        "encrypted/list",
        encrypt(
            "apiVersion: v1\nkind: List\nitems:\n- " + plain.replace("\n", "\n  ").rstrip() + "\n",
            *ONLY_DATA,
        ),
        "a List has one block for all",
    )
    yield silent(
        "encrypted/reordered",
        good.partition("sops:\n")[1] + good.partition("sops:\n")[2] + good.partition("sops:\n")[0],
        "the block stands first",
    )
    yield silent(
        "encrypted/binary",
        encrypt(c.config, kind="binary"),
        "an encrypted docker config",
        "config.json",
    )
    yield silent("encrypted/indent 2", good.replace("    ", "  "), "another indent")
    yield silent(
        "encrypted/shell",
        "sops -d x.yaml | kubectl apply -f -\n",
        "a command that decrypts",
        "x.sh",
    )
    many = encrypt(
        HEAD + "stringData:\n" + "".join(f"  k{i}: {c.password}{i}\n" for i in range(50)),
        *ONLY_DATA,
    )
    yield silent("encrypted/many", many, "many values")


def _cr(kind: str, spec: str, group: str = "example.com/v1") -> str:
    return f"apiVersion: {group}\nkind: {kind}\nmetadata:\n  name: x\nspec:\n{textwrap.indent(spec, '  ')}\n"


_ES = "external-secrets.io/v1"
MANIFESTS = [
    ("external secret", _cr("ExternalSecret", "secretStoreRef: {kind: ClusterSecretStore, name: v}\ntarget: {name: regcred}\ndata:\n- secretKey: password\n  remoteRef: {key: registry/password}", _ES), "the value stands in a store"),
    ("external template", _cr("ExternalSecret", "target:\n  template:\n    type: kubernetes.io/dockerconfigjson\n    data:\n      .dockerconfigjson: '{\"auths\":{\"ghcr.io\":{\"username\":\"{{ .user }}\",\"password\":\"{{ .pw }}\",\"auth\":\"{{ printf \"%s:%s\" .user .pw | b64enc }}\"}}}'", _ES), "filled in on the cluster"),
    ("external template block", _cr("ExternalSecret", 'target:\n  template:\n    data:\n      .dockerconfigjson: |\n        {"auths": {"{{ .host }}": {"auth": "{{ (printf "%s:%s" .u .p) | b64enc }}"}}}', _ES), "the same in a block"),
    ("external dataFrom", _cr("ExternalSecret", "dataFrom:\n- extract: {key: ghcr}", _ES), "a reference"),
    ("push secret", _cr("PushSecret", "selector: {secret: {name: regcred}}\ndata:\n- match: {secretKey: .dockerconfigjson, remoteRef: {remoteKey: r}}", "external-secrets.io/v1alpha1"), "names only"),
    ("cluster secret store", _cr("ClusterSecretStore", "provider: {vault: {server: https://v, auth: {kubernetes: {role: r}}}}", _ES), "an address"),
    ("sealed secret", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: r}\nspec:\n  encryptedData:\n    .dockerconfigjson: AgB" + b64(bytes(range(200))) + "\n  template:\n    type: kubernetes.io/dockerconfigjson\n", "sealed"),
    ("sealed data", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: r}\nspec:\n  encryptedData:\n    password: AgC" + b64(bytes(range(255, 50, -1))) + "\n", "sealed"),
    ("vault static", _cr("VaultStaticSecret", "path: registry\ndestination: {name: regcred, create: true, type: kubernetes.io/dockerconfigjson}", "secrets.hashicorp.com/v1beta1"), "a reference"),
    ("secret provider class", _cr("SecretProviderClass", "provider: vault\nsecretObjects:\n- secretName: r\n  type: kubernetes.io/dockerconfigjson\n  data: [{key: .dockerconfigjson, objectName: r}]", "secrets-store.csi.x-k8s.io/v1"), "names only"),
    ("infisical", _cr("InfisicalSecret", "managedSecretReference: {secretName: r, secretType: kubernetes.io/dockerconfigjson}"), "names only"),
    ("one password", "apiVersion: onepassword.com/v1\nkind: OnePasswordItem\nmetadata: {name: r}\nspec: {itemPath: vaults/a/items/b}\ntype: kubernetes.io/dockerconfigjson\n", "a reference"),
    ("service account", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nimagePullSecrets:\n- name: regcred\n", "names only"),
    ("pod", _cr("Pod", "imagePullSecrets: [{name: regcred}]\ncontainers:\n- name: a\n  image: ghcr.io/a/b\n  env:\n  - name: REGISTRY_PASSWORD\n    valueFrom: {secretKeyRef: {name: r, key: password}}", "v1"), "a reference"),
    ("env from", _cr("Pod", "containers:\n- envFrom:\n  - secretRef: {name: registry-credentials}", "v1"), "a reference"),
    ("rbac", "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules:\n- apiGroups: ['']\n  resources: [secrets]\n  resourceNames: [regcred]\n  verbs: [get]\n", "the right to read is no secret"),
    ("kyverno", _cr("ClusterPolicy", "rules:\n- name: sync\n  match: {any: [{resources: {kinds: [Namespace]}}]}\n  generate:\n    kind: Secret\n    apiVersion: v1\n    name: regcred\n    clone: {namespace: default, name: regcred}", "kyverno.io/v1"), "a policy that copies"),
    ("kyverno mutate", _cr("ClusterPolicy", "rules:\n- name: m\n  mutate:\n    patchStrategicMerge:\n      spec:\n        imagePullSecrets: [{name: regcred}]", "kyverno.io/v1"), "a policy that adds a name"),
    ("gatekeeper", _cr("K8sAllowedRepos", "match: {kinds: [{apiGroups: [''], kinds: [Secret]}]}\nparameters: {repos: [ghcr.io]}"), "a policy"),
    ("crd", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x.y}\nspec:\n  versions:\n  - schema:\n      openAPIV3Schema:\n        properties:\n          password: {description: Password of the registry. Kind Secret., type: string}\n          username: {type: string}\n          registry: {type: string}\n          data: {type: object}\n", "a schema"),
    ("json schema", json.dumps({"properties": {"auths": {"additionalProperties": {"properties": {"auth": {"type": "string"}, "password": {"type": "string"}, "username": {"type": "string"}}}}}}), "a schema of docker configs"),
    ("helm repository", _cr("HelmRepository", "type: oci\nurl: oci://ghcr.io/stefanprodan/charts\nsecretRef: {name: ghcr-auth}", "source.toolkit.fluxcd.io/v1"), "a reference"),
    ("oci repository", _cr("OCIRepository", "url: oci://ghcr.io/a/b\nsecretRef: {name: regcred}\nprovider: generic", "source.toolkit.fluxcd.io/v1"), "a reference"),
    ("image repository", _cr("ImageRepository", "image: ghcr.io/a/b\nsecretRef: {name: regcred}", "image.toolkit.fluxcd.io/v1"), "a reference"),
    ("flux kustomization", _cr("Kustomization", "decryption: {provider: sops, secretRef: {name: sops-age}}\npostBuild: {substituteFrom: [{kind: Secret, name: cluster-secrets}]}", "kustomize.toolkit.fluxcd.io/v1"), "Flux's own settings"),
    ("flux instance", _cr("FluxInstance", "distribution: {registry: ghcr.io/fluxcd, imagePullSecret: regcred}\nsync: {pullSecret: regcred}", "fluxcd.controlplane.io/v1"), "names only"),
    ("values from", _cr("HelmRelease", "valuesFrom:\n- kind: Secret\n  name: registry-values\n  valuesKey: password", "helm.toolkit.fluxcd.io/v2"), "a reference"),
    ("generator files", "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\nsecretGenerator:\n- name: regcred\n  type: kubernetes.io/dockerconfigjson\n  files:\n  - .dockerconfigjson=regcred.encrypted.json\n", "a file's name"),
    ("generator env", "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\nsecretGenerator:\n- name: a\n  envs: [secret.env]\n", "a file's name"),
    ("patch by name", "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\npatches:\n- target: {kind: ServiceAccount}\n  patch: |\n    - op: add\n      path: /imagePullSecrets\n      value: [{name: regcred}]\n", "names only"),
    ("replacement", "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\nreplacements:\n- source: {kind: Secret, name: a, fieldPath: data.password}\n", "paths only"),
    ("deleting patch", "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: a}\n    $patch: delete\n", "a patch that deletes"),
    ("no values", HEAD + "type: Opaque\n", "a Secret without values"),
    ("empty data", HEAD + "data: {}\nstringData: {}\n", "empty maps"),
    ("empty values", HEAD + "stringData:\n  a: ''\n  b:\n  c: null\n", "empty values"),
    ("token secret", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: t\n  annotations: {kubernetes.io/service-account.name: a}\ntype: kubernetes.io/service-account-token\n", "filled in by the cluster"),
    ("secret list empty", "apiVersion: v1\nkind: SecretList\nitems: []\n", "no items"),
    ("config map", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata:\n  registry: ghcr.io\n  user: bob\n", "settings"),
    ("argo app", _cr("Application", "source: {repoURL: ghcr.io/a, helm: {values: 'image: {registry: ghcr.io, pullSecrets: [regcred]}'}}", "argoproj.io/v1alpha1"), "names only"),
    ("certificate", _cr("Certificate", "secretName: tls\nkeystores: {jks: {create: true, passwordSecretRef: {name: a, key: password}}}", "cert-manager.io/v1"), "a reference"),
    ("kind secret in prose", "description: this creates a Secret with data from the registry\n", "words"),
    ("receiver", _cr("Receiver", "type: harbor\nsecretRef: {name: webhook-token}", "notification.toolkit.fluxcd.io/v1"), "a reference"),
    ("stash", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nsecrets: [{name: a-token-x}]\n", "names only"),
    ("sops config", "creation_rules:\n- path_regex: .*\\.sops\\.ya?ml\n  encrypted_regex: ^(data|stringData)$\n  age: age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\n", "recipients are public"),
]  # fmt: skip

CONFIGS = [
    ("empty auths", '{"auths": {}}', "no registry"),
    ("no auth", '{"auths": {"ghcr.io": {}}, "credsStore": "osxkeychain"}', "a credential store"),
    ("helpers", '{"credHelpers": {"gcr.io": "gcloud", "x.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login"}}', "credential helpers"),
    ("empty auth", '{"auths": {"ghcr.io": {"auth": ""}}}', "an empty auth"),
    ("email", '{"auths": {"ghcr.io": {"email": "a@example.com"}}}', "an address"),
    ("variables", '{"auths": {"ghcr.io": {"username": "${GHCR_USER}", "password": "${GHCR_TOKEN}"}}}', "variables"),
    ("template", '{"auths": {"ghcr.io": {"auth": "{{ .Values.auth }}"}}}', "a template"),
    ("encoded variables", json.dumps({"auths": {"ghcr.io": {"auth": b64("${USER}:${TOKEN}")}}}), "variables in base64"),
    ("dots", '{"auths": {"https://index.docker.io/v1/": {"auth": "c3R...zE2"}}}', "the Kubernetes documentation's own example"),
    ("angle", '{"auths": {"ghcr.io": {"auth": "<base64 of user:token>"}}}', "a description"),
    ("your", '{"auths": {"ghcr.io": {"username": "your-username", "password": "your-password"}}}', "words of documentation"),
    ("crosses", '{"auths": {"ghcr.io": {"username": "u", "password": "xxxxxxxxxxxx"}}}', "crossed out"),
    ("stars", '{"auths": {"ghcr.io": {"password": "********"}}}', "redacted"),
    ("changeme", '{"auths": {"ghcr.io": {"username": "admin", "password": "changeme"}}}', "documentation's word: decided, and documented"),
    ("example auth", json.dumps({"auths": {"ghcr.io": {"auth": b64("user:password")}}}), "documentation's words in base64"),
    ("pull secret empty", PULL + "'{\"auths\":{}}'\n", "kubectl's empty config"),
    ("auth url", '{"auth": {"url": "https://auth.example.com", "realm": "x"}}', "an address under auth"),
    ("auth mode", "auth: true\nauths: []\n", "switches"),
    ("auth kind", "auth:\n  type: basic\n  secretName: x\n", "a reference"),
    ("npmrc", "//npm.example.com/:_authToken=${NPM_TOKEN}\n", "another trade, and a variable"),
    ("oauth", '{"auth": "bm90OmEgY29sb24"}'.replace("bm90OmEgY29sb24", b64("no colon here at all")), "base64 without a colon"),
    ("binary auth", json.dumps({"auth": b64(bytes(range(128, 170)))}), "base64 of no text"),
    ("password only", '{"password": "Xk29dLqp77"}', "nothing says that it is a registry's"),
    ("grafana", "datasources:\n- name: p\n  basicAuth: true\n  basicAuthUser: a\n  url: http://prometheus:9090\n", "another trade"),
    ("basic auth hash", "htpasswd: admin:$2y$05$abcdefghijklmnopqrstuv\nregistry: x\n", "a hash cannot be used"),
    ("token realm", "auth:\n  token:\n    realm: https://auth/token\n    service: registry\n    issuer: i\n", "a registry server's settings"),
]  # fmt: skip
# A creation rule covers these, but a value that is filled in elsewhere is none.
TEMPLATES = [
    ("flux variable", HEAD + "stringData:\n  password: ${DB_PASSWORD}\n", "post-build substitution"),
    ("flux default", HEAD + "stringData:\n  password: ${DB_PASSWORD:-}\n", "a variable with an empty default"),
    ("in base64", HEAD + f"data:\n  password: {b64('${DB_PASSWORD}')}\n", "a variable in base64"),
    ("within text", HEAD + "stringData:\n  url: postgres://${USER}:${PASSWORD}@db/app\n", "variables within a text"),
    ("beside settings", HEAD + "stringData:\n  host: db.apps.svc\n  port: '5432'\n  password: ${PASSWORD}\n", "plain settings beside a variable"),
    ("helm", HEAD.replace("db", "{{ .Release.Name }}") + "data:\n  password: {{ .Values.password | b64enc | quote }}\n", "a chart's template"),
    ("helm loop", HEAD + "data:\n  {{- range $k, $v := .Values.secrets }}\n  {{ $k }}: {{ $v | b64enc }}\n  {{- end }}\n", "a loop"),
    ("helm helper", HEAD + 'type: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {{ template "imagePullSecret" . }}\n', "the Helm documentation's helper"),
    ("helper itself", '{{- define "imagePullSecret" }}\n{{- with .Values.imageCredentials }}\n{{- printf "{\\"auths\\":{\\"%s\\":{\\"username\\":\\"%s\\",\\"password\\":\\"%s\\",\\"email\\":\\"%s\\",\\"auth\\":\\"%s\\"}}}" .registry .username .password .email (printf "%s:%s" .username .password | b64enc) | b64enc }}\n{{- end }}\n{{- end }}\n', "the helper's definition"),
    ("jinja", HEAD + 'stringData:\n  password: "{{ db_password }}"\n', "Ansible"),
    ("jinja block", HEAD + 'stringData:\n  {% for k in keys %}\n  k: "#{ k }#"\n  {% endfor %}\n', "makejinja"),
    ("minijinja", HEAD + "stringData:\n  token: op://kubernetes/registry/TOKEN\n", "1Password inject"),
    ("vals", HEAD + "stringData:\n  token: ref+vault://a/b#/token\n", "vals"),
    ("avp", HEAD + "stringData:\n  token: <path:secret/data/registry#token>\n", "the Argo CD vault plugin"),
    ("avp short", HEAD.replace("metadata:\n", "metadata:\n  annotations: {avp.kubernetes.io/path: secret/data/registry}\n") + "stringData:\n  token: <registry-token>\n", "the Argo CD vault plugin"),
    ("described below data", HEAD + "type: Opaque\ndata:\n  PASSWORD: <base64-encoded-db-password>\n  KEY: <base64 of the ed25519 key>\n", "no base64: no cluster takes it for a value"),
    ("bank vaults", HEAD + "stringData:\n  token: vault:secret/data/registry#TOKEN\n", "bank-vaults"),
    ("envsubst", HEAD + "stringData:\n  token: $REGISTRY_TOKEN\n", "envsubst"),
    ("terraform", 'resource "kubernetes_secret" "r" {\n  type = "kubernetes.io/dockerconfigjson"\n  data = {\n    ".dockerconfigjson" = jsonencode({\n      auths = {\n        "${var.registry}" = {\n          "username" = var.user\n          "password" = var.password\n          "auth" = base64encode("${var.user}:${var.password}")\n        }\n      }\n    })\n  }\n}\n', "Terraform variables"),
    ("terraform data", 'registry_auth {\n  address = "ghcr.io"\n  username = data.vault.user\n  password = data.vault_generic_secret.r.data["password"]\n}\n', "a data source"),
    ("tokens", HEAD + "stringData:\n  token: '#{REGISTRY_TOKEN}#'\n", "replace tokens"),
    ("underscores", HEAD + "stringData:\n  token: __REGISTRY_TOKEN__\n", "replaced by a script"),
    ("at", HEAD + "stringData:\n  token: '@registry_token@'\n", "replaced by a build"),
    ("azure", "variables:\n  REGISTRY_PASSWORD: $(registryPassword)\n", "an Azure pipeline's variable"),
    ("github", "env:\n  REGISTRY_PASSWORD: ${{ secrets.REGISTRY_PASSWORD }}\n", "a workflow's secret"),
    ("python", 'password = os.environ["REGISTRY_PASSWORD"]\nregistry_password = os.environ["X"]\n', "read from the environment"),
    ("javascript", "const registryPassword = process.env.REGISTRY_PASSWORD\n", "read from the environment"),
    ("ansible vault", "registry_username: a\nregistry_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6230653331\n", "ansible-vault"),
    ("gomplate", 'registryPassword: \'{{ (ds "vault").password }}\'\n', "gomplate"),
    ("cue", 'secret: {kind: "Secret", stringData: password: string}\n', "a type"),
]  # fmt: skip
VALUES = [
    ("image", "image:\n  registry: ghcr.io\n  repository: a/b\n  tag: v1\n  pullSecrets: []\n", "every chart has them"),
    ("containers", "containers:\n  db:\n    username: app\n    password: Kd93kslQp2\n", "a database in a container"),
    ("generator of a database", "secretGenerator:\n- name: db\n  literals:\n  - username=app\n  - password=Kd93kslQp2\n", "no registry"),
    ("generator with variable", "secretGenerator:\n- name: registry\n  literals:\n  - username=robot\n  - password=${REGISTRY_PASSWORD}\n", "a variable"),
    ("words in one", "data:\n  DOCKER_REPO_USER: dockerrepouser\n  DOCKER_REPO_PASSWORD: dockerrepopassword\n", "words of documentation, written together"),
    ("empty credentials", "imageCredentials:\n  registry: quay.io\n  username: ''\n  password: ''\n", "empty"),
    ("null credentials", "imageCredentials:\n  registry: quay.io\n  username:\n  password:\n", "nothing"),
    ("placeholders", "imageCredentials:\n  registry: quay.io\n  username: someone\n  password: sillyness\n", "the Helm documentation's own words"),
    ("changeme", "registry:\n  username: admin\n  password: changeme\n", "documentation's word"),
    ("existing secret", "registry:\n  existingSecret: regcred\n  existingSecretPasswordKey: password\n  username: bob\n", "a name and a key"),
    ("secret name", "registryPasswordSecret: regcred\nregistryPasswordSecretKey: password\ndockerPasswordFile: /run/pw\n", "names only"),
    ("boolean", "registry:\n  username: bob\n  password: true\n", "a switch"),
    ("secret ref", "registry:\n  username: bob\n  password:\n    secretKeyRef: {name: a, key: b}\n", "a reference"),
    ("database", "postgresql:\n  image: {registry: docker.io}\n  auth:\n    username: app\n    password: Xk29dLqp77zz\n", "a password, but of a database: not this tool's trade" ),
    ("grafana admin", "grafana:\n  image: {repository: grafana/grafana}\n  adminUser: admin\n  adminPassword: Xk29dLqp77zz\n", "a password, but of a dashboard"),
    ("redis", "redis:\n  image: {registry: docker.io}\n  password: Xk29dLqp77zz\n", "a password, but of a store"),
    ("commented docs", "# imagePullSecrets:\n#   - name: regcred\n# imageCredentials:\n#   registry: quay.io\n#   username: user\n#   password: pass\nreplicas: 1\n", "a chart's commented defaults"),
    ("docs table", '| `registry.password` | Password of the registry | `""` |\n| `registry.username` | User | `admin` |\n', "a table of values"),
    ("dependabot", "version: 2\nregistries:\n  ghcr:\n    type: docker-registry\n    url: https://ghcr.io\n    username: bot\n    password: ${{secrets.GHCR_TOKEN}}\n", "a reference"),
    ("renovate", '{"hostRules": [{"hostType": "docker", "matchHost": "ghcr.io", "username": "{{ secrets.U }}", "password": "{{ secrets.P }}"}]}', "a reference"),
    ("renovate encrypted", '{"hostRules": [{"hostType": "docker", "matchHost": "ghcr.io", "encrypted": {"password": "wcFMA' + b64(bytes(range(90))) + '"}}]}', "encrypted for Renovate"),
    ("talos variables", "machine:\n  registries:\n    config:\n      ghcr.io:\n        auth:\n          username: ${U}\n          password: ${P}\n", "variables"),
    ("k3s mirrors", "mirrors:\n  docker.io:\n    endpoint: [https://registry.example.com]\n", "addresses"),
    ("registry server", "registry:\n  storage: {filesystem: {rootdirectory: /var}}\n  auth: {htpasswd: {realm: r, path: /auth/htpasswd}}\n", "a registry server's settings"),
    ("github token name", "ghcrTokenName: a\nregistryTokenTTL: 1h\n", "a name and a time"),
    ("issues", "users:\n- username: bob\n  passwordHash: x\ncontainers: 4\n", "no password"),
    ("env ref", "env:\n- name: REGISTRY_PASSWORD\n  valueFrom:\n    secretKeyRef: {name: a, key: b}\n", "a reference"),
    ("env empty", 'REGISTRY_PASSWORD=\nDOCKER_TOKEN=""\nGHCR_TOKEN=your-token-here\n', "an example env file"),
    ("circleci", "docker:\n- image: x\n  auth:\n    username: bob\n    password: $DOCKER_PASSWORD\n", "a variable"),
    ("compose", "services:\n  registry:\n    image: registry:2\n    environment:\n      REGISTRY_AUTH: htpasswd\n      REGISTRY_HTTP_SECRET: ${S}\n", "a registry server"),
    ("openapi", "components:\n  schemas:\n    RegistryCredentials:\n      properties:\n        username: {type: string}\n        password: {type: string, format: password}\n", "a schema"),
    ("access token variable", "CR_PAT=${{ secrets.CR_PAT }}\nGHCR_PAT: $GHCR_PAT\nDOCKER_PAT=$(cat /run/pat)\n", "variables"),
    ("access token words", "CR_PAT=YOUR_TOKEN\nGHCR_PAT=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", "GitHub's own instructions"),
    ("access token of git", "GITHUB_PAT=Kd93kslQp2xVb7Ms41Zq\nAZURE_PAT=Kd93kslQp2xVb7Ms41Zq\n", "another trade"),
    ("pattern", "DOCKER_TAG_PAT='^v[0-9]+$'\nIMAGE_PULL_PAT=ghcr.io/.*\n", "a pattern"),
    ("pattern of a program", "_OCI_PAT = re.compile(r'^[a-z0-9.-]+$')\n", "a pattern"),
    ("pattern of words", "docker_image_pat: release-candidate-images-only\n", "words"),
    ("path", "DOCKER_PATH=/usr/lib/Docker27/bin/Kd93kslQp2xVb7\nregistry_path: Kd93kslQp2xVb7Ms41Zq\n", "a path, not a personal access token"),
    ("patch", "oci-patch: Kd93kslQp2xVb7Ms41Zq\n", "a patch"),
    ("script", "SCR_PAT=Kd93kslQp2xVb7Ms41Zq\n", "the end of another word"),
    ("token reference", "env:\n- name: CR_PAT\n  valueFrom: {secretKeyRef: {name: a, key: b}}\n", "a reference"),
    ("repository of git", "REPO_URL=https://github.com/acme/docker-registry\nREPO_USER=bot\nREPO_PASS=Kd93kslQp2xVb7\n", "a Git remote"),
    ("repository of backups", "image:\n  repository: ghcr.io/acme/backup\nREPO_PASS: Kd93kslQp2xVb7\n", "a repository of backups, made by an image of a registry"),
    ("repository of packages", "REPO_URL=https://nexus.example.com/repository/maven-releases\nREPO_PASSWORD=Kd93kslQp2xVb7\n", "an index of packages"),
    ("two repositories", "IMAGE_REPO_URL=ghcr.io/acme/app\nGIT_REPO_TOKEN=Kd93kslQp2xVb7\n", "the password of the other one"),
    ("repository alone", "REPO_USER=bot\nREPO_PASS=Kd93kslQp2xVb7\n", "nothing says which sort"),
    ("docker content", "DOCKER_CONFIG=/tmp/.docker\nDOCKER_HOST=tcp://localhost:2375\nREGISTRY=ghcr.io\n", "no credential"),
    ("variables of a container", 'docker run -e REGISTRY_PASSWORD -e DOCKER_PASSWORD=$PW -e "DOCKER_TOKEN=${T}" x\nmake push REGISTRY_PASSWORD="$(cat pw)"\n', "variables"),
    ("part of an address", "curl https://x.example.com/?REGISTRY_PASSWORD=Kd93kslQp2xVb7\n", "a part of something longer"),
    ("fish program", "set -gx REGISTRY_PASSWORD (vault read pw)\nset -x REGISTRY_PASSWORD $argv[1]\n", "fish runs a program"),
    ("forge file", 'gh secret set REGISTRY_PASSWORD < pw.txt\ngh secret set REGISTRY_PASSWORD --body "$PW"\n', "from a file, and a variable"),
    ("environ read", "pw = os.environ['REGISTRY_PASSWORD']\nif (process.env.DOCKER_PASSWORD === 'unset-for-tests1') {}\n", "read, and compared"),
    ("service registry", "kind: ServiceRegistry\nspec:\n  username: bob\n  password: Kd93kslQp2xVb7\n", "another sort of registry"),
    ("schema registry", "kind: SchemaRegistry\nname: schemas\nusername: bob\npassword: Kd93kslQp2xVb7\n", "another sort of registry"),
    ("named for a database", "logins:\n- name: harbor-db.example.com\n  username: bob\n  password: Kd93kslQp2xVb7\n", "a database"),
    ("database login", "db.connect(host='db.example.com', user='bob', password='Kd93kslQp2xVb7')\nimage = dict(registry='ghcr.io')\n", "a database, beside an image"),
    ("package login", "login({registry: 'https://registry.npm.example.com', username: 'bob', password: 'Kd93kslQp2xVb7'})\n", "an index of packages"),
    ("python login", "client.login(username=user, password=password, registry='ghcr.io')\nclient.login(username='user', password='password', registry='ghcr.io')\n", "variables, and documentation's words"),
    ("maven variable", "<server><id>ghcr.io</id><username>bob</username><password>${env.TOKEN}</password></server>", "a variable"),
    ("maven encrypted", "<server><id>ghcr.io</id><username>bob</username><password>{COQLCE6DU6GtcS5P2xVb7=}</password></server>", "what Maven encrypted"),
    ("maven repository", "<server><id>ghcr.io</id><password>${env.T}</password></server><server><id>releases</id><username>bob</username><password>Kd93kslQp2xVb7</password></server>", "another server's"),
    ("made of variables", '"auth" = base64encode("${var.user}:${var.password}")\nauth: btoa(`${user}:${password}`)\nauth = base64.b64encode(b"user:password")\n', "variables, and documentation's words"),
]  # fmt: skip
VALUES = [v[:3] for v in VALUES]
COMMANDS = [
    ("variable", "docker login -u $USER -p $PASSWORD ghcr.io\n", "variables"),
    ("braces", 'docker login -u "${USER}" -p "${PASSWORD}" ghcr.io\n', "variables"),
    ("workflow", "run: echo ${{ secrets.GITHUB_TOKEN }} | docker login ghcr.io -u ${{ github.actor }} --password-stdin\n", "a workflow's secret"),
    ("stdin variable", 'echo "$PW" | docker login -u "$U" --password-stdin\n', "a variable"),
    ("stdin command", "aws ecr get-login-password | docker login -u AWS --password-stdin x.amazonaws.com\n", "made on the spot"),
    ("stdin file", "cat ~/pw.txt | docker login -u bob --password-stdin\n", "from a file"),
    ("substitution", "docker login -u x -p $(gcloud auth print-access-token) gcr.io\n", "made on the spot"),
    ("backticks", "docker login -u x -p `cat pw`\n", "from a file"),
    ("kubectl docs", "kubectl create secret docker-registry regcred --docker-server=<your-registry-server> --docker-username=<your-name> --docker-password=<your-pword> --docker-email=<your-email>\n", "the Kubernetes documentation"),
    ("kubectl docs 2", "kubectl create secret docker-registry secret-tiger-docker --docker-username=tiger --docker-password=pass1234 --docker-server=my-registry.example:5000\n", "the Kubernetes documentation"),
    ("docs upper", "kubectl create secret docker-registry r --docker-username=DOCKER_USER --docker-password=DOCKER_PASSWORD\n", "words in capitals"),
    ("words of a token", "helm registry login ghcr.io -u YOUR_NAME -p TOKEN_FROM_GITHUB_WITH_READ_PACKAGES_PERMISSION\n", "what the token is to be able to do"),
    ("numbered sample", "imagePullSecrets: {}\n  # regcred:\n  #   registry: foo.example.org\n  #   username: foo\n  #   password: secret\n  # regcred2:\n  #   registry: bar.example.org\n  #   username: bar\n  #   password: secret2\n", "the second of two samples"),
    ("flux docs", "flux bootstrap git --url=ssh://git@host/repo --registry-creds=<user>:<password>\n", "Flux's documentation"),
    ("flux oci docs", "flux create secret oci podinfo-auth --url=ghcr.io --username=username --password=password\n", "Flux's documentation"),
    ("flux env", "flux push artifact oci://ghcr.io/a:1 --creds=flux:${TOKEN}\n", "a variable"),
    ("mkdir", "mkdir -p registry && docker run -p 5000:5000 registry:2\n", "-p is a port here"),
    ("docker build", "docker buildx build -t ghcr.io/a/b --push -p x .\n", "no login"),
    ("docker compose", "docker compose -p myproject-77x up -d\n", "-p is a project here"),
    ("helm upgrade", "helm upgrade --install a b --set image.registry=ghcr.io --set existingSecret=regcred\n", "names only"),
    ("helm variable", 'helm registry login ghcr.io -u "$U" -p "$P"\n', "variables"),
    ("skopeo variable", "skopeo copy --src-creds=$CREDS --dest-creds $U:$P docker://a docker://b\n", "variables"),
    ("authfile", "skopeo copy --authfile /run/auth.json docker://a docker://b\n", "a file's name"),
    ("crane helper", 'crane auth login -u AWS -p "$(aws ecr get-login-password)" x\n', "made on the spot"),
    ("logout", "docker logout ghcr.io\n", "no login"),
    ("curl other", "curl -u admin:Xk29dLqp77 https://grafana/api\n", "another trade"),
    ("curl anonymous", "curl https://registry/v2/_catalog\n", "no credential"),
    ("ssh login", "ssh -p 2222 login@host\n", "another trade"),
    ("az login", "az login --identity\naz acr login --name r\n", "the machine's identity"),
    ("usage", "Usage: docker login [-u USERNAME] [-p PASSWORD] [SERVER]\n", "a usage text"),
    ("prose", "Use docker login with --password to pass your token, or -p for short.\n", "prose"),
    ("jinja", "docker login -u {{ user }} -p {{ password }} ghcr.io\n", "a template"),
    ("powershell", "docker login -u $env:USER -p $env:PW\n", "variables"),
    ("percent", "docker login -u %USER% -p %PASSWORD%\n", "variables"),
    ("makefile", "login:\n\tdocker login -u $(USER) -p $(PASSWORD)\n", "variables"),
    ("compose project", "docker compose -p shop up login\n", "a project's name, and a service that is called login"),
    ("header variable", 'curl -H "Authorization: Basic $AUTH" https://ghcr.io/v2/_catalog\n', "a variable"),
    ("helm set variable", 'helm upgrade a b --set imageCredentials.password="$PASSWORD",imageCredentials.registry=ghcr.io\n', "a variable"),
    ("helm set another", "helm upgrade a b --set auth.password=Kd93kslQp2,image.registry=docker.io\n", "a database's password"),
    ("netrc variable", "machine ghcr.io login robot password ${GHCR_TOKEN}\n", "a variable"),
    ("netrc git", "machine git.example.com login robot password Kd93kslQp2x\n", "no registry"),
    ("terraform registry block", 'provider "helm" {\n  registry {\n    url      = "oci://ghcr.io"\n    username = var.user\n    password = data.vault_generic_secret.a.data["password"]\n  }\n}\n', "an expression"),
    ("registry object", "const registry = {\n  url: 'ghcr.io',\n  password: settings.password,\n}\n", "an expression of a program"),
    ("read from a file", 'kubectl create secret docker-registry r --docker-username=AWS \\\n  --docker-password="$(</run/token)"\n', "the shell reads a file"),
    ("read with a space", "skopeo copy --src-creds robot:$(< /run/token) docker://a docker://b\n", "the shell reads a file"),
    ("program with a path", 'helm registry login -u robot --password "$(/usr/local/bin/token --registry a)" ghcr.io\n', "a program prints it"),
    ("home of a file", "docker login -u robot -p $(~/bin/token) ghcr.io\n", "a program prints it"),
    ("field of a program", 'run("helm", "pull", "--username", settings.GitUser,\n\t"--password", settings.GitPassWd, "oci://a/b")\n', "an expression of a program, in a list of strings"),
    ("call of a program", "subprocess.run(['docker', 'login', '-u', user.name, '-p', vault.read()])\n", "a call, in a list of strings"),
    ("short words", "kubectl create secret docker-registry r --docker-username=gh-user --docker-password=gh-token\n", "words of documentation"),
    ("cloud words", "kubectl create secret docker-registry r --docker-username=az-user --docker-password=az-token\n", "words of documentation"),
    ("insecure flag", "`docker login -p` is insecure; use `--password-stdin` instead.\n", "words about the flag"),
    ("warning", "Using docker login -p shows a warning\n", "words about the flag"),
    ("code span", "Run `docker login -u <user> -p <password>` first.\n", "a placeholder in a line of notes"),
    ("next item", "script:\n  - az acr login --name myreg\n  - mkdir -p deploy/out1\n  - make push\n", "the flag of another command, in the next item"),
    ("next item of compose", 'script:\n- docker login -u "$U" --password-stdin ghcr.io < "$FILE"\n- docker compose -p webshop7 up -d\n', "the name of a project, in the next item"),
    ("next item but one", "commands:\n- az acr login --name myreg\n- ls\n- mkdir -p deploy/out1\n", "an item of one word between the two"),
    ("next string", '{"script": ["az acr login --name myreg", "mkdir -p deploy/out1"],\n "after": [\n  "docker login -u $U --password-stdin",\n  "mkdir -p deploy/out2"\n ]}\n', "the next string of an array"),
    ("next in brackets", "script: [az acr login --name myreg, mkdir -p deploy/out1]\n", "the next item of a list in brackets"),
    ("next in notes", "- Log in: az acr login --name myreg\n- Make the folder: mkdir -p deploy/out1\n", "the next item of a list in notes"),
    ("next item quoted", """script:\n- 'az acr login --name myreg'\n- "mkdir -p deploy/out1"\n""", "items in quotes"),
    ("flags in prose", "docker login takes the -u and -p flags.\ndocker login with -p and without it.\n", "words about flags"),
    ("published port", "Log in with docker login, publish with -p 8080:80\nor -p 127.0.0.1:8080:80/tcp\n", "a port, of another command"),
    ("powershell variable", "docker login -u robot -p $Env:REGISTRY_PASSWORD\n$Env:TOKEN | docker login -u robot --password-stdin\n", "PowerShell's variables, in any case"),
    ("here document", "docker login -u robot --password-stdin <<EOF\n$REGISTRY_PASSWORD\nEOF\n", "a variable in a here document"),
    ("another here document", 'docker login -u robot --password-stdin < "$FILE"\ncat <<EOF > a.txt\nKd93kslQp2xVb7\nEOF\n', "a here document for something else"),
    ("printed variable", "docker login -u robot -p $(echo $TOKEN | base64 -d) ghcr.io\nprintf %s \"$TOKEN\" | tr -d 'x' | docker login -u robot --password-stdin\n", "a variable, printed"),
    ("program before", '"/usr/bin/token" | docker login -u robot --password-stdin\n"$tool" | docker login -u robot --password-stdin\n', "a program in quotes"),
    ("file before", 'cat "token.txt" | docker login -u robot --password-stdin\ndocker login -u robot --password-stdin < <(cat token.txt)\n', "a file"),
    ("curl with another u", 'curl -fsSLo u.txt https://registry.example.com/v2/\ncurl -sLu "$U:$P" https://registry.example.com/v2/\n', "no user, and a variable"),
]  # fmt: skip
ADDRESSES = [
    ("git token", "git clone https://x-access-token:Kd93kslQp2xVb7@github.com/acme/docker-registry.git\n", "a Git remote, whatever the repository is called"),
    ("git basic", "url = https://oauth2:Kd93kslQp2xVb7@gitlab.com/acme/harbor\n", "a Git remote"),
    ("git in docker", "DOCKER_REPO_URL=https://bot:Kd93kslQp2xVb7@gitlab.example.com/acme/images\n", "a Git remote in a variable that speaks of docker"),
    ("git of registry", "repo: https://bot:Kd93kslQp2xVb7@registry.example.com/acme/app.git\n", "a path that only Git has"),
    ("postgres", "DATABASE_URL=postgres://harbor:Kd93kslQp2xVb7@harbor-database.example.com:5432/registry\n", "a database, though a registry's"),
    ("redis", "_REDIS_URL_CORE: redis://:Kd93kslQp2xVb7@harbor-redis.example.com:6379/0\n", "a store, though a registry's"),
    ("amqp", "url: amqp://app:Kd93kslQp2xVb7@rabbit.docker.example.com:5672/\n", "a queue"),
    ("mongodb", "uri: mongodb+srv://app:Kd93kslQp2xVb7@registry.example.com/db\n", "a database"),
    ("proxy", "HTTP_PROXY=http://bob:Kd93kslQp2xVb7@proxy.example.com:3128\n", "a proxy"),
    ("docker proxy", 'Environment="HTTPS_PROXY=http://bob:Kd93kslQp2xVb7@gate.docker.example.com:3128"\n', "docker's own way out, which is no registry"),
    ("proxy of a pod", "env:\n- name: HTTPS_PROXY\n  value: http://bob:Kd93kslQp2xVb7@registry-proxy.example.com:3128\n", "a proxy on the way to a registry"),
    ("host of docker", "url: http://elastic:Kd93kslQp2xVb7@host.docker.internal:9200\n", "the developer's own machine"),
    ("docker daemon", "url: https://bob:Kd93kslQp2xVb7@docker.example.com:2376\n", "docker's API"),
    ("npm", "registry=https://bob:Kd93kslQp2xVb7@npm.example.com/\n", "an index of packages is called a registry too"),
    ("npm public", "url: https://bob:Kd93kslQp2xVb7@registry.npm.example.com/\n", "an index of packages"),
    ("npm variable", "NPM_REGISTRY_URL=https://bob:Kd93kslQp2xVb7@registry.example.com/\n", "an index of packages, by the variable's name"),
    ("setup node", "with:\n  registry-url: https://bob:Kd93kslQp2xVb7@packages.example.com/\n", "what setup-node calls an index of packages"),
    ("nexus npm", "registry: https://bob:Kd93kslQp2xVb7@nexus.example.com/repository/npm-group/\n", "an index of packages in a repository manager"),
    ("nexus", "url: https://bob:Kd93kslQp2xVb7@nexus.example.com/repository/releases/\n", "a repository manager, and nothing says that images are meant"),
    ("artifactory pypi", "index-url = https://bob:Kd93kslQp2xVb7@artifactory.example.com/artifactory/api/pypi/docker-tools/simple\n", "an index of packages"),
    ("python of a cloud", "--index-url https://_json_key_base64:Kd93kslQp2xVb7@europe-python.pkg.dev/acme/tools/simple/\n", "an index of packages"),
    ("bucket", "endpoint: https://AKIAX:Kd93kslQp2xVb7@s3.eu-west-1.amazonaws.com/registry\n", "a bucket"),
    ("schemas", "SCHEMA_REGISTRY_URL=http://app:Kd93kslQp2xVb7@schema-registry:8081\n", "a registry of schemas"),
    ("schemas by name", "registry_url: http://app:Kd93kslQp2xVb7@schema-registry.example.com\n", "a registry of schemas"),
    ("services", "eureka:\n  url: http://app:Kd93kslQp2xVb7@service-registry.example.com:8761/eureka\n", "a registry of services"),
    ("helm repository", "helm repo add corp https://bob:Kd93kslQp2xVb7@charts.example.com/stable\n", "charts over HTTP are no registry's"),
    ("api", "url: https://key:Kd93kslQp2xVb7@api.example.com/v2/\n", "the second version of anybody's API"),
    ("api path", "url: https://key:Kd93kslQp2xVb7@mail.example.com/v2/messages\n", "the second version of anybody's API"),
    ("api root", "url: https://key:Kd93kslQp2xVb7@images.example.com/v2/\n", "the second version of anybody's API"),
    ("requests elsewhere", 'requests.get("https://git.example.com/api/v1/user", auth=("bob", "Kd93kslQp2xVb7"))\n', "no registry"),
    ("requests names", 'requests.get("https://registry.example.com/v2/_catalog", auth=(user, password))\n', "a program's variables"),
    ("requests words", 'requests.get("https://registry.example.com/v2/_catalog", auth=("user", "password"))\n', "documentation's words"),
    ("requests template", 'requests.get("https://registry.example.com/v2/", auth=("robot", f"{cfg.password}"))\n', "a program's variable in a string"),
    ("requests apart", 'requests.get("https://registry.example.com/v2/")\nrequests.get(url, auth=("bob", "Kd93kslQp2xVb7"))\n', "two calls"),
    ("requests nested", 'sync(fetch("https://ghcr.io/v2/"), push(url, auth=("bob", "Kd93kslQp2xVb7")))\n', "two calls in a third"),
    ("requests npm", 'requests.get("https://registry.npm.example.com/left-pad", auth=("bob", "Kd93kslQp2xVb7"))\n', "an index of packages"),
    ("requests api", 'requests.get(f"{base}/v2/", auth=("bob", "Kd93kslQp2xVb7"))\n', "the second version of anybody's API"),
    ("session", 's.auth = ("bob", "Kd93kslQp2xVb7")\ns.get("https://registry.example.com/v2/")\n', "what the session is for stands elsewhere, and it may be for more"),
    ("documentation", "oci://user:password@registry.example.com/app\n", "documentation's words"),
    ("variables", "REGISTRY_URL=https://$USER:$PASS@registry.example.com/v2/\n", "variables"),
    ("default", "REGISTRY_URL=https://${USER:-robot}:${PASS:-}@registry.example.com\n", "variables with a default"),
    ("angles", "registry_url: https://<user>:<token>@ghcr.io/\n", "to be filled in"),
    ("encoded angles", "registry_url: https://%3Cuser%3E:%3Cyour-token%3E@ghcr.io/\n", "to be filled in, with percent signs"),
    ("template", 'url: "https://{{ .Values.user }}:{{ .Values.password }}@registry.example.com"\n', "a template"),
    ("tight template", "url: https://{{user}}:{{password}}@registry.example.com\n", "a template"),
    ("stars", "pulling from https://robot:*****@registry.example.com/v2/\n", "a log that hides it"),
    ("crosses", "REGISTRY_URL=https://robot:ghp_xxxxxxxxxxxxxxxxxxxx@ghcr.io\n", "crossed out"),
    ("format", 'url = f"https://{user}:{self.password}@registry.example.com/v2/"\n', "a program's variables"),
    ("call", 'url = f"https://{user}:{quote(password)}@registry.example.com/v2/"\n', "a program's call"),
    ("printf", 'fmt.Sprintf("https://%s:%s@registry.example.com/v2/", user, password)\n', "a program's variables"),
    ("shell field", "url=https://$user:$cred.password@harbor.example.com\n", "a variable of PowerShell"),
    ("substitution", 'curl "https://robot:$(cat /run/token)@registry.example.com/v2/"\n', "from a file"),
    ("user only", "oci://robot@registry.example.com/app\n", "a user name alone"),
    ("digest", "See https://registry.example.com\nimage: nginx:1.2@sha256:" + "0123456789abcdef" * 4 + "\n", "a tag and a digest below an address"),
    ("mail", "docs: https://registry.example.com\nowner: bob@example.com\n", "a mail address below an address"),
    ("port", "oci://registry.example.com:5000/app@sha256:" + "0123456789abcdef" * 4 + "\n", "a port and a digest"),
]  # fmt: skip
TEXTS = [
    ("readme", "# Guard\n\nIt finds Secrets of type kubernetes.io/dockerconfigjson whose data is readable.\n", "prose"),
    ("sample", "```yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred\ndata:\n  .dockerconfigjson: <base64>\n```\n", "an example with a placeholder"),
    ("recipient", "age: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n", "a recipient is public"),
    ("key in prose", "Your identity begins with AGE-SECRET-KEY-1 and is never committed.\n", "prose"),
    ("key placeholder", "SOPS_AGE_KEY=AGE-SECRET-KEY-1" + "X" * 58 + "\n", "crossed out"),
    ("key dots", "age.agekey: AGE-SECRET-KEY-1...\n", "cut short"),
    ("pgp public", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + b64(bytes(range(120))) + "\n-----END PGP PUBLIC KEY BLOCK-----\n", "a public key"),
    ("pgp mention", "grep -q 'BEGIN PGP PRIVATE KEY BLOCK' file && exit 1\n", "a check for keys"),
    ("pgp header only", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n...\n-----END PGP PRIVATE KEY BLOCK-----\n", "an example without a body"),
    ("tls key", "-----BEGIN RSA PRIVATE KEY-----\n" + b64(bytes(range(120))) + "\n-----END RSA PRIVATE KEY-----\n", "another trade's key"),
    ("digest", "image: ghcr.io/a/b@sha256:" + "0123456789abcdef" * 4 + "\n", "a digest"),
    ("integrity", "integrity sha512-" + b64(bytes(range(64))) + "\n", "a lock file"),
    ("certificate", "-----BEGIN CERTIFICATE-----\n" + "\n".join(textwrap.wrap(b64(bytes(range(250))), 64)) + "\n-----END CERTIFICATE-----\n", "a certificate"),
    ("known hosts", "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n", "a public key"),
    ("dashboard", json.dumps({"panels": [{"title": "auth failures", "expr": "rate(registry_auth_total[5m])", "type": "graph"}], "templating": {}}), "a dashboard"),
    ("workflow", "on: push\npermissions: {packages: write}\njobs:\n  a:\n    steps:\n    - uses: docker/login-action@v3\n      with:\n        registry: ghcr.io\n        username: ${{ github.actor }}\n        password: ${{ secrets.GITHUB_TOKEN }}\n", "a workflow's secret"),
    ("changelog", "- fix: docker login no longer prints the password (#12)\n- feat: registry password from a Secret\n", "prose"),
    ("go code", 'package x\n\nfunc f() { auth := os.Getenv("REGISTRY_PASSWORD"); cfg.RegistryPassword = auth }\n', "code"),
    ("go type", 'type Auth struct {\n\tUsername string `json:"username"`\n\tPassword string `json:"password"`\n\tAuth     string `json:"auth"`\n}\n', "a type"),
    ("test name", "def test_registry_password_is_hidden(registry_password): ...\n", "code"),
    ("conflict in markdown", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n", "conflict markers, but nothing encrypted"),
    ("enc in docs", "A value reads `ENC[AES256_GCM,data:...,iv:...,tag:...,type:str]`.\n", "documentation of sops"),
    ("sops in values", "sops:\n  enabled: true\n  image: ghcr.io/getsops/sops\n", "a chart that has a sops section"),
    ("gotk", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: source-controller}\nspec:\n  template:\n    spec:\n      containers:\n      - args: [--events-addr=http://notification-controller, --storage-adv-addr=x]\n        image: ghcr.io/fluxcd/source-controller:v1.6.0\n", "Flux's own manifests"),
    ("lorem base64", "blob: " + b64(b"The quick brown fox jumps over the lazy dog. " * 4) + "\n", "base64 of prose"),
    ("zlib prose", "x: " + b64(zlib.compress(b"The quick brown fox jumps over the lazy dog. " * 9)) + "\n", "zlib of prose"),
    ("zlib settings", "x: " + b64(zlib.compress(b'{"auths": {}, "credsStore": "desktop"}' * 3)) + "\n", "zlib of an empty config"),
    ("zlib template", "x: " + b64(zlib.compress(b'{"auths": {"ghcr.io": {"username": "${GHCR_USER}", "password": "${GHCR_TOKEN}"}}}')) + "\n", "zlib of a template"),
    ("zlib within", "x: QUFB" + b64(zlib.compress(b'{"auths": {"ghcr.io": {"auth": "cm9ib3Q6S2Q5M2tzbFFwMnhWYjc="}}}')) + "\n", "a run that only goes on as zlib begins"),
    ("zlib no", "x: eJw" + "Kd93kslQp2xV" * 9 + "\n", "base64 that begins as zlib by chance"),
    ("token no", "token: eyJhbGciOiJIUzI1NiJ9.eJwKd93kslQp2xVb7Kd93kslQp2xVb7Kd93kslQp2.Kd93kslQp2xVb7\n", "a token's compressed payload"),
    ("hexadecimal prose", "x: " + (b"the author of this text is a person" * 3).hex() + "\n", "hexadecimal of prose"),
    ("hexadecimal empty", "x: " + b'{"auths": {"ghcr.io": {}}, "credsStore": "desktop"}'.hex() + "\n", "hexadecimal of an empty config"),
    ("hexadecimal template", "x: " + b'{"auths": {"ghcr.io": {"auth": "${GHCR_AUTH}"}}}'.hex() + "\n", "hexadecimal of a template"),
    ("hexadecimal number", "digest: sha256:" + "61757468" * 8 + "\n", "a digest"),
    ("hexadecimal key", "key: 0x" + "6175746861757468" * 8 + "\n", "a number"),
    ("hexadecimal another", "x: " + b'{"author": "bob", "password": "Kd93kslQp2xVb7"}'.hex() + "\n", "another trade, in hexadecimal"),
    ("long word", "a" * 5000 + "\n", "nothing"),
    ("empty", "", "nothing"),
    ("blank", "\n\n  \n", "nothing"),
    ("agent words", "(private-key (rsa (n #...#)))\n", "how gpg-agent writes a key"),
    ("base64 as a ring begins", "x: lQ" + b64(b"The quick brown fox jumps over the lazy dog") + "\ny: Q3JlYXRlZDogMjAyNg" + "A" * 20 + "\n", "base64 that begins so by chance"),
    ("addresses in one line", "<a> Secret data \\u0041 " + "http://a.example.com/x/ // y " * 40 + "\n", "what looks like a comment in a comment, many times"),
]  # fmt: skip
BINARIES = [
    ("png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "an image"),
    ("zeros", bytes(5000), "nothing"),
    (
        "elf",
        b"\x7fELF\x02\x01\x01" + bytes(60) + b"docker login -u %s -p %s\0" + bytes(range(256)) * 4,
        "a program that knows the command",
    ),
    ("broken gzip", b"\x1f\x8b\x08\x00garbage", "no gzip at all"),
    ("broken zlib", b"x\x9cgarbage that goes on for a while", "no zlib at all"),
    ("broken zip", b"PK\x03\x04garbage", "no zip at all"),
    (
        "public ring",
        b"\x99\x01\x06\x04\x65\x00\x00\x00\x01" + bytes(range(256)) + b"\xb4\x05a@b.c",
        "a public key",
    ),
    ("shadowed key", b"(20:shadowed-private-key(3:rsa(1:n3:abc)))" + bytes(99), "a key on a card"),
    ("latin-1", "beschreibung: Schl\xfcssel f\xfcr die Registry\n".encode("latin-1"), "not UTF-8"),
]
UNCOVERED = [
    (
        "k8s docs",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: |\n    UmVhbGx5IHJlYWxseSByZWVlZWVlZWVlZWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGx5eXl5eXl5eXl5eXl5eXl5eXl5eSBsbGxsbGxsbGxsbGxsbG9vb29vb29vb29vb29vb29vb29vb29vb29vb25ubm5ubm5ubm5ubm5ubm5ubm5ubmdnZ2dnZ2dnZ2dnZ2dnZ2dnZ2cgYXV0aCBrZXlzCg==\n",
        "the documentation's joke",
    ),
    (
        "generic secret",
        HEAD + "stringData:\n  password: Xk29dLqp77zz\n",
        "no creation rule asks for encryption",
    ),
    (
        "tls",
        HEAD + f"type: kubernetes.io/tls\ndata:\n  tls.crt: {b64(bytes(range(90)))}\n",
        "no creation rule",
    ),
    ("webhook", HEAD + f"data:\n  token: {b64('Xk29dLqp77zz')}\n", "no creation rule"),
]
