"""Docker configs, chart values, tool settings and variables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from tests.guard.corpus.case import Case, Fresh, b64, found


def readable() -> Iterator[Case]:
    for name, spell, reason in CONFIGS:
        yield found(f"config/{name}", "docker-config", spell(Fresh()), reason)
    for name, spell, reason in PULL_KEYS:
        yield found(f"config/{name}", "plaintext-dockerconfigjson", spell(Fresh()), reason)
    for name, spell, reason in PASSWORDS:
        yield found(f"values/{name}", "registry-password", spell(Fresh()), reason)


def _ini(c: Fresh, section: str, body: str) -> str:
    return f"[{section}]\n{body}\n"


CONFIGS = [
    ("config.json", lambda c: json.dumps(json.loads(c.config), indent="\t"), "~/.docker/config.json"),
    ("auth.json", lambda c: json.dumps({"auths": {c.host: {"auth": c.auth}}}), "podman's auth.json"),
    (".dockercfg", lambda c: json.dumps({c.host: {"auth": c.auth, "email": "a@b.c"}}), "the old file"),
    ("with helpers", lambda c: json.dumps({"credsStore": "desktop", **json.loads(c.config)}), "a credential store does not empty auths"),
    ("yaml auths", lambda c: f"auths:\n  {c.host}:\n    auth: {c.auth}\n", "the same as YAML"),
    ("yaml auths password", lambda c: f"auths:\n  {c.host}:\n    username: {c.user}\n    password: {c.password}\n", "YAML without auth"),
    ("env value", lambda c: "env:\n- name: DOCKER_AUTH_CONFIG\n  value: '" + c.config + "'\n", "GitLab's variable in a manifest"),
    ("dotenv", lambda c: "DOCKER_AUTH_CONFIG='" + c.config + "'\n", "the variable in an env file"),
    ("gitlab ci", lambda c: "variables:\n  DOCKER_AUTH_CONFIG: " + json.dumps(c.config) + "\n", "the variable in a CI file"),
    ("config map", lambda c: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: k}\ndata:\n  config.json: |\n    " + c.config + "\n", "a docker config in a ConfigMap"),
    ("config map binary", lambda c: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: k}\nbinaryData:\n  config.json: " + c.packed + "\n", "binaryData of a ConfigMap"),
    ("base64 value", lambda c: f"registryConfig: {c.packed}\n", "chart values take it in base64"),
    ("terraform", lambda c: 'resource "kubernetes_secret" "r" {\n  data = {\n    config = jsonencode({\n      auths = {\n        "' + c.host + '" = {\n          "username" = "' + c.user + '"\n          "password" = "' + c.password + '"\n        }\n      }\n    })\n  }\n}\n', "HCL"),
    ("python", lambda c: "CONFIG = {'auths': {'" + c.host + "': {'auth': '" + c.auth + "'}}}\n", "a Python literal"),
    ("shell echo", lambda c: "echo " + json.dumps(c.config) + " > ~/.docker/config.json\n", "a script that writes it"),
    ("shell base64", lambda c: f"echo {c.packed} | base64 -d > /kaniko/.docker/config.json\n", "a script that unpacks it"),
    ("javascript", lambda c: "module.exports = {auths: {'" + c.host + "': {auth: '" + c.auth + "'}}}\n", "keys without quotes"),
    ("broken json", lambda c: c.config[:-2], "cut off at the end, and still readable"),
    ("markdown", lambda c: "Put this into config.json:\n\n    " + c.config + "\n", "notes"),
    ("data url", lambda c: "x: data:application/json;base64," + c.packed + "\n", "a data URL"),
    ("cloud init", lambda c: "#cloud-config\nwrite_files:\n- path: /root/.docker/config.json\n  encoding: b64\n  content: " + c.packed + "\n", "cloud-init"),
    ("ignition percent", lambda c: json.dumps({"storage": {"files": [{"contents": {"source": "data:," + quote(c.config)}}]}}), "Ignition, as butane writes a file's content"),
    ("query", lambda c: f"https://ci.example.com/run?config={quote(c.config)}\n", "a docker config in an address"),
    ("ignition", lambda c: json.dumps({"storage": {"files": [{"contents": {"source": "data:;base64," + c.packed}}]}}), "Ignition"),
    ("json in json", lambda c: json.dumps({"a": json.dumps({"b": c.config})}), "JSON in a string in a string"),
    ("unicode escapes", lambda c: c.config.replace("auths", "\\u0061uths").replace('"auth"', '"\\u0061uth"'), "escaped keys"),
    ("no newline in yaml list", lambda c: "- {auths: {x.io: {auth: " + c.auth + "}}}", "flow YAML"),
    ("toml auths", lambda c: '[auths."' + c.host + '"]\nauth = "' + c.auth + '"\n', "TOML"),
    ("url safe auth", lambda c: json.dumps({"auths": {c.host: {"auth": b64(f"{c.user}:>>>???{c.password}").replace("+", "-").replace("/", "_")}}}), "the URL alphabet"),
    ("utf-16 base64", lambda c: f"x: {b64(c.config.encode('utf-16-le'))}\n", "base64 of UTF-16"),
    ("utf-16 be base64", lambda c: f"x: {b64(c.config.encode('utf-16-be'))}\n", "the other order"),
    ("utf-16 mark base64", lambda c: f"kind: ConfigMap\napiVersion: v1\nmetadata: {{name: x}}\nbinaryData:\n  x: {b64(c.config.encode('utf-16'))}\n", "with a byte order mark"),
    ("utf-32 base64", lambda c: f"x: {b64(c.config.encode('utf-32-le'))}\n", "base64 of UTF-32"),
    ("terraform made", lambda c: 'config = jsonencode({\n  auths = {\n    "ghcr.io" = {\n      "auth" = base64encode("' + c.user + ":" + c.password + '")\n    }\n  }\n})\n', "an auth that Terraform makes"),
    ("javascript made", lambda c: "const x = {auths: {'ghcr.io': {auth: btoa('" + c.user + ":" + c.password + "')}}}\n", "an auth that a program makes"),
    ("made in a mapping", lambda c: '{"auth": base64encode("' + c.user + ":" + c.password + '")}\n', "the same on one line, which is YAML as well"),
    ("python made", lambda c: 'import base64\n\nx = {"auth": base64.b64encode(b"' + c.user + ":" + c.password + '").decode()}\n', "the same without auths"),
    ("chart made", lambda c: "auths:\n  ghcr.io:\n    auth: '{{ \"" + c.user + ":" + c.password + "\" | b64enc }}'\n", "an auth that a chart makes"),
]  # fmt: skip
PULL_KEYS = [
    ("values key", lambda c: f"imagePullSecrets:\n  dockerconfigjson: {c.packed}\n", "a chart's own key for a pull secret"),
    ("helm release values", lambda c: "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\nspec:\n  values:\n    secrets:\n      .dockerconfigjson: '" + c.config + "'\n", "HelmRelease values"),
    ("external template", lambda c: "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec:\n  target:\n    template:\n      data:\n        .dockerconfigjson: '" + c.config + "'\n", "an ExternalSecret whose template holds a literal"),
    ("sealed template", lambda c: "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a}\nspec:\n  encryptedData: {}\n  template:\n    data:\n      .dockerconfigjson: '" + c.config + "'\n", "a SealedSecret with the readable value beside it"),
    ("kubectl from literal", lambda c: "kubectl create secret generic r --type=kubernetes.io/dockerconfigjson --from-literal=.dockerconfigjson='" + c.config + "'\n", "kubectl create secret generic"),
    ("kubectl patch", lambda c: "kubectl patch secret r -p '{\"data\":{\".dockerconfigjson\":\"" + c.packed + "\"}}'\n", "kubectl patch"),
    ("properties", lambda c: f".dockerconfigjson={c.packed}\n", "an env file for a generator"),
]  # fmt: skip
PASSWORDS = [
    ("numbered", lambda c: f"registry:\n  server: {c.host}\n  username: {c.user}\n  password2: {c.password}\n", "one of several passwords"),
    ("numbered in a provider", lambda c: f'provider "helm" {{\n  registries = [{{\n    url = "oci://{c.host}"\n    username = "{c.user}"\n    password1 = "{c.password}"\n  }}]\n}}\n', "one of several passwords, in HCL"),
    ("generator literals", lambda c: f"secretGenerator:\n- name: registry-credentials\n  literals:\n  - username={c.user}\n  - password={c.password}\n", "a generator that is named for a registry"),
    ("generator literal host", lambda c: f"secretGenerator:\n- name: a\n  literals: ['server=ghcr.io', 'username={c.user}', 'password=\"{c.password}\"']\n", "literals that name a registry"),
    ("generator literal", lambda c: f"configMapGenerator:\n- name: a\n  literals:\n  - REGISTRY_PASSWORD={c.password}\n", "a literal that is named for a registry"),
    ("helm set credentials", lambda c: f"helm upgrade a b --set imageCredentials.registry=ghcr.io,imageCredentials.password={c.password}\n", "chart values on the command line"),
    ("helm set string", lambda c: f"helm install a b \\\n  --set-string 'registry.password={c.password}'\n", "one value, quoted"),
    ("helm parameter", lambda c: f"kind: Application\nspec:\n  source:\n    helm:\n      parameters:\n      - name: imageCredentials.password\n        value: {c.password}\n", "chart values as parameters"),
    ("netrc", lambda c: f"machine ghcr.io login {c.user} password {c.password}\n", "netrc of a registry"),
    ("netrc far", lambda c: f"machine ghcr.io login service-account-{'a' * 90} password {c.password}\n", "netrc with a long user name"),
    ("netrc lines", lambda c: f"machine eu.gcr.io\n  login _json_key\n  password {c.password}\n", "netrc on several lines"),
    ("terraform helm", lambda c: f'provider "helm" {{\n  registry {{\n    url      = "oci://ghcr.io"\n    username = "{c.user}"\n    password = "{c.password}"\n  }}\n}}\n', "Terraform's helm provider"),
    ("terraform helm list", lambda c: f'provider "helm" {{\n  registries = [\n    {{\n      url      = "oci://ghcr.io"\n      username = "{c.user}"\n      password = "{c.password}"\n    }}\n  ]\n}}\n', "the same in its third version"),
    ("oci secret", lambda c: f"apiVersion: v1\nkind: Secret\nmetadata: {{name: oci-creds}}\nstringData:\n  username: {c.user}\n  password: {c.password}\n", "what a HelmRepository of type oci pulls with"),
    ("imageCredentials", lambda c: f"imageCredentials:\n  registry: quay.io\n  username: {c.user}\n  password: {c.password}\n", "the Helm documentation's own pattern"),
    ("imagePullSecret", lambda c: f"imagePullSecret:\n  create: true\n  username: {c.user}\n  password: '{c.password}'\n", "a chart that makes the pull secret"),
    ("registries list", lambda c: f"registries:\n- url: {c.host}\n  username: {c.user}\n  password: {c.password}\n", "a list of registries"),
    ("server sibling", lambda c: f"pull:\n  server: ghcr.io\n  username: {c.user}\n  password: {c.password}\n", "a registry's host beside the password"),
    ("flat", lambda c: f"registryUsername: {c.user}\nregistryPassword: {c.password}\n", "flat keys"),
    ("env var", lambda c: f"env:\n- name: REGISTRY_PASSWORD\n  value: {c.password}\n", "a pod's environment"),
    ("env var reversed", lambda c: f"env:\n- value: {c.password}\n  name: REGISTRY_PASSWORD\n", "value before name"),
    ("env map", lambda c: f"variables:\n  GHCR_TOKEN: {c.password}\n", "a workflow's environment"),
    ("dotenv", lambda c: f"DOCKER_PASSWORD={c.password}\n", "an env file"),
    ("export", lambda c: f"#!/bin/sh\nexport HARBOR_ROBOT_TOKEN='{c.password}'\n", "a script"),
    ("dockerfile env", lambda c: f"FROM scratch\nENV REGISTRY_PASSWORD {c.password}\n", "a Dockerfile"),
    ("dockerfile arg", lambda c: f"FROM scratch\nARG DOCKERHUB_TOKEN={c.password}\n", "a build argument"),
    ("tfvars", lambda c: f'registry_password = "{c.password}"\n', "Terraform variables"),
    ("k3s registries", lambda c: f"configs:\n  {c.host}:\n    auth:\n      username: {c.user}\n      password: {c.password}\n", "k3s registries.yaml"),
    ("k3s short host", lambda c: f"configs:\n  hub:\n    auth:\n      username: {c.user}\n      password: {c.password}\n", "k3s with a host of one label"),
    ("talos", lambda c: f"machine:\n  registries:\n    config:\n      ghcr.io:\n        auth:\n          username: {c.user}\n          password: {c.password}\n", "Talos machine config"),
    ("containerd", lambda c: f'[plugins."io.containerd.grpc.v1.cri".registry.configs."{c.host}".auth]\n  username = "{c.user}"\n  password = "{c.password}"\n', "containerd's config.toml"),
    ("github container", lambda c: f"jobs:\n  a:\n    container:\n      image: ghcr.io/a/b\n      credentials:\n        username: {c.user}\n        password: {c.password}\n", "GitHub Actions credentials"),
    ("login action", lambda c: f"steps:\n- uses: docker/login-action@v3\n  with:\n    registry: ghcr.io\n    username: {c.user}\n    password: {c.password}\n", "docker/login-action"),
    ("circleci", lambda c: f"jobs:\n  a:\n    docker:\n    - image: x\n      auth:\n        username: {c.user}\n        password: {c.password}\n", "CircleCI"),
    ("ansible", lambda c: f"- community.docker.docker_login:\n    registry_url: {c.host}\n    username: {c.user}\n    password: {c.password}\n", "Ansible's docker_login"),
    ("basic auth secret", lambda c: f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: ghcr-registry\nstringData:\n  username: {c.user}\n  password: {c.password}\n", "Flux's OCIRepository takes a basic auth Secret"),
    ("basic auth base64", lambda c: f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: harbor-pull\ndata:\n  username: {b64(c.user)}\n  password: {b64(c.password)}\n", "the same in base64"),
    ("registry auth hcl", lambda c: f'provider "docker" {{\n  registry_auth {{\n    address  = "{c.host}"\n    username = "{c.user}"\n    password = "{c.password}"\n  }}\n}}\n', "Terraform's docker provider"),
    ("helm set", lambda c: f"spec:\n  values:\n    global:\n      imageRegistry: ghcr.io\n      dockerPassword: {c.password}\n", "HelmRelease values"),
    ("oci helm", lambda c: f"repositories:\n- name: a\n  url: oci://ghcr.io/a\n  username: {c.user}\n  password: {c.password}\n", "helmfile"),
    ("json values", lambda c: json.dumps({"imageCredentials": {"registry": "quay.io", "username": c.user, "password": c.password}}), "values as JSON"),
    ("template with literal", lambda c: f"imageCredentials:\n  registry: {{{{ .Values.r }}}}\n  username: u\n  password: {c.password}\n", "one literal among templates"),
    ("access token", lambda c: f"CR_PAT={c.password}\n", "the variable of GitHub's own documentation"),
    ("access token prefix", lambda c: f"export GHCR_PAT=ghp_{c.password}\n", "a token that says what it is"),
    ("access token lower", lambda c: f"env:\n- name: DOCKERHUB_READ_PAT\n  value: dckr_pat_{c.password}\n", "a pod's environment"),
    ("access token map", lambda c: f"variables:\n  ghcr_pat: {c.password}\n", "a workflow's environment"),
    ("access token in secret", lambda c: f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata:\n  GHCR_PAT: {b64('ghp_' + c.password)}\n", "a Secret's value in base64"),
    ("access token docker", lambda c: f"FROM scratch\nENV CR_PAT {c.password}\n", "a Dockerfile, without an equals sign"),
    ("access token shell", lambda c: f'CR_PAT="{c.password}"\necho $CR_PAT | docker login ghcr.io -u {c.user} --password-stdin\n', "GitHub's own instructions"),
    ("pass", lambda c: f"HARBOR_PASS={c.password}\n", "the short form of a password"),
    ("repository", lambda c: f"REPO_URL=harbor.example.com/library\nREPO_USER={c.user}\nREPO_PASS={c.password}\n", "a repository that the line above calls a registry's"),
    ("repository map", lambda c: f"helm_repo_url: oci://ghcr.io/acme/charts\nhelm_repo_username: {c.user}\nhelm_repo_password: {c.password}\n", "the same in a mapping"),
    ("repository literals", lambda c: f"secretGenerator:\n- name: a\n  literals:\n  - REPO_HOST=quay.io\n  - REPO_TOKEN={c.password}\n", "the same among literals"),
    ("docker run", lambda c: f"docker run -e REGISTRY_PASSWORD={c.password} x\n", "a variable of a container"),
    ("docker run long", lambda c: f"docker run --rm --env=REGISTRY_PASSWORD={c.password} x\n", "the same in full"),
    ("docker run quoted", lambda c: f'docker run -e "DOCKER_PASSWORD={c.password}" x\n', "the same in quotes"),
    ("kubectl set env", lambda c: f"kubectl set env deploy/x REGISTRY_PASSWORD={c.password}\n", "a variable of a workload"),
    ("kubectl literal", lambda c: f"kubectl create secret generic x --from-literal=HARBOR_PASSWORD={c.password}\n", "a literal"),
    ("make variable", lambda c: f"make push REGISTRY_PASSWORD={c.password}\n", "a variable of make"),
    ("cloud variables", lambda c: f"gcloud run deploy x --set-env-vars=A=b,REGISTRY_PASSWORD={c.password}\n", "one of several"),
    ("fish", lambda c: f"set -gx REGISTRY_PASSWORD {c.password}\n", "fish has no sign between name and value"),
    ("windows", lambda c: f"[Environment]::SetEnvironmentVariable('REGISTRY_PASSWORD', '{c.password}')\n", "PowerShell"),
    ("environ", lambda c: f"os.environ['REGISTRY_PASSWORD'] = '{c.password}'\n", "Python"),
    ("process env", lambda c: f"process.env.DOCKER_PASSWORD = '{c.password}'\n", "JavaScript"),
    ("gh secret", lambda c: f"gh secret set REGISTRY_PASSWORD -b {c.password}\n", "what a forge is told"),
    ("talos document", lambda c: f"apiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: ghcr.io\nusername: {c.user}\npassword: {c.password}\n", "a document of Talos"),
    ("talos document of another host", lambda c: f"apiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: my.example.com\nusername: {c.user}\npassword: {c.password}\n", "the kind says it"),
    ("named for a registry", lambda c: f"logins:\n- name: ghcr.io\n  username: {c.user}\n  password: {c.password}\n", "its name is a registry's"),
    ("python login", lambda c: f"client.login(username='{c.user}', password='{c.password}', registry='https://ghcr.io')\n", "docker for Python"),
    ("go auth", lambda c: f'auth := registry.AuthConfig{{\n\tUsername:      "{c.user}",\n\tPassword:      "{c.password}",\n\tServerAddress: "ghcr.io",\n}}\n', "docker for Go"),
    ("maven", lambda c: f"<settings><servers><server><id>ghcr.io</id><username>{c.user}</username><password>{c.password}</password></server></servers></settings>", "what Jib pushes with"),
    ("jib", lambda c: f"<to>\n  <image>ghcr.io/a/b</image>\n  <auth>\n    <username>{c.user}</username>\n    <password>{c.password}</password>\n  </auth>\n</to>\n", "Jib's own settings"),
]  # fmt: skip
