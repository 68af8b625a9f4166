"""Commands and scripts that pass credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from tests.guard.corpus.case import Case, Fresh, b64, found

RULE = "registry-login"


def readable() -> Iterator[Case]:
    for name, spell, reason in SCALARS:
        yield found(f"command/{name}", RULE, spell(Fresh()), reason)
    for name, spell, reason in LINES:
        c = Fresh()
        yield found(
            f"command/{name}", RULE, "#!/bin/sh\nset -e\n" + spell(c) + "\n", reason, "deploy.sh"
        )
    for name, spell, reason in FILES:
        yield found(f"command/{name}", RULE, spell(Fresh()), reason)
    for name, spell, reason in ADDRESSES:
        yield found(f"address/{name}", "registry-password", spell(Fresh()), reason)


LINES = [
    ("docker login", lambda c: f"docker login -u {c.user} -p {c.password} {c.host}", "the classic"),
    ("docker long", lambda c: f"docker login --username={c.user} --password={c.password} {c.host}", "long flags"),
    ("docker space", lambda c: f"docker login --username {c.user} --password '{c.password}' {c.host}", "quoted"),
    ("quoted list", lambda c: f"exec(['docker', 'login', '-u', '{c.user}', '-p', '{c.password}'])", "strings of a program"),
    ("dotted in quotes", lambda c: f'run("helm", "pull", "oci://{c.host}/a", "--password", "{c.dotted}")', "a quoted string is none of a program's expressions"),
    ("dotted on a line", lambda c: f"docker login -u {c.user} --password {c.dotted} {c.host}", "a shell has no expressions"),
    ("docker attached", lambda c: f"docker login -u{c.user} -p{c.password}", "a value attached to its flag"),
    ("docker continued", lambda c: f"docker login \\\n  -u {c.user} \\\n  -p {c.password} \\\n  {c.host}", "continued lines"),
    ("docker stdin echo", lambda c: f"echo {c.password} | docker login -u {c.user} --password-stdin {c.host}", "standard input from an echo"),
    ("docker stdin printf", lambda c: f"printf '%s' '{c.password}' | docker login -u {c.user} --password-stdin", "from printf"),
    ("docker here string", lambda c: f"docker login -u {c.user} --password-stdin <<< '{c.password}'", "a here string"),
    ("sudo docker", lambda c: f"sudo /usr/bin/docker login -u {c.user} -p {c.password}", "with a path"),
    ("podman login", lambda c: f"podman login -u {c.user} -p {c.password} {c.host}", "podman"),
    ("podman creds", lambda c: f"podman pull --creds {c.user}:{c.password} {c.host}/a", "--creds"),
    ("skopeo creds", lambda c: f"skopeo copy --src-creds={c.user}:{c.password} docker://a docker://b", "--src-creds"),
    ("skopeo dest", lambda c: f"skopeo copy --dest-creds {c.user}:{c.password} docker://a docker://b", "--dest-creds"),
    ("buildah", lambda c: f"buildah push --creds={c.user}:{c.password} a docker://b", "buildah"),
    ("nerdctl", lambda c: f"nerdctl login -u {c.user} -p {c.password} {c.host}", "nerdctl"),
    ("crane", lambda c: f"crane auth login {c.host} -u {c.user} -p {c.password}", "crane"),
    ("helm registry", lambda c: f"helm registry login {c.host} --username {c.user} --password {c.password}", "helm registry login"),
    ("helm pull in short", lambda c: f"helm pull oci://{c.host}/c --username {c.user} --pass {c.password}", "the option in short"),
    ("helm pull", lambda c: f"helm pull oci://{c.host}/c --username {c.user} --password {c.password}", "helm pull"),
    ("oras", lambda c: f"oras login {c.host} -u {c.user} -p {c.password}", "oras login"),
    ("oras push", lambda c: f"oras push --username {c.user} --password {c.password} {c.host}/a:1 f", "oras push"),
    ("regctl", lambda c: f"regctl registry login {c.host} -u {c.user} -p {c.password}", "regctl"),
    ("cosign", lambda c: f"cosign login {c.host} -u {c.user} -p {c.password}", "cosign"),
    ("ctr", lambda c: f"ctr images pull --user {c.user}:{c.password} {c.host}/a:1", "ctr"),
    ("crictl creds", lambda c: f"crictl pull --creds {c.user}:{c.password} {c.host}/a:1", "crictl --creds"),
    ("crictl auth", lambda c: f"crictl pull --auth {c.auth} {c.host}/a:1", "crictl --auth"),
    ("kubectl", lambda c: f"kubectl create secret docker-registry r --docker-server={c.host} --docker-username={c.user} --docker-password={c.password}", "kubectl create secret docker-registry"),
    ("kubectl continued", lambda c: f"kubectl -n a create secret docker-registry r \\\n --docker-username {c.user} \\\n --docker-password '{c.password}'", "on several lines"),
    ("oc", lambda c: f"oc create secret docker-registry r --docker-username={c.user} --docker-password={c.password}", "oc"),
    ("flux bootstrap", lambda c: f"flux bootstrap git --url=ssh://g/r --registry-creds={c.user}:{c.password}", "flux bootstrap --registry-creds"),
    ("flux bootstrap github", lambda c: f"flux bootstrap github --owner a --registry-creds {c.user}:{c.password} --image-pull-secret r", "with a space"),
    ("flux install", lambda c: f"flux install --registry {c.host} --registry-creds {c.user}:{c.password}", "flux install"),
    ("flux oci", lambda c: f"flux create secret oci r --url={c.host} --username={c.user} --password={c.password}", "flux create secret oci"),
    ("flux push", lambda c: f"flux push artifact oci://{c.host}/a:1 --creds={c.user}:{c.password}", "flux push artifact"),
    ("our own", lambda c: f"gitops-secrets bootstrap --registry {c.host} --registry-creds {c.user}:{c.password}", "this tool's own flag"),
    ("az acr", lambda c: f"az acr login --name r --username {c.user} --password {c.password}", "az acr login"),
    ("curl", lambda c: f"curl -u {c.user}:{c.password} https://{c.host}/v2/_catalog", "curl to a registry"),
    ("alias", lambda c: f"k create secret docker-registry r --docker-username={c.user} --docker-password={c.password}", "kubectl by its usual alias"),
    ("curl header", lambda c: f"curl -sH 'Authorization: Basic {c.auth}' https://{c.host}/v2/_catalog", "the header that -u makes"),
    ("curl long header", lambda c: f'curl "--header=authorization: basic {c.auth}" https://{c.host}/v2/', "the same, attached"),
    ("imgpkg", lambda c: f"imgpkg pull -b {c.host}/a --registry-username {c.user} --registry-password {c.password}", "imgpkg"),
    ("helm repo", lambda c: f"helm repo add corp https://{c.user}:{c.password}@harbor.example.com/chartrepo/library", "a chart repository of a registry, with the credential in its address"),
    ("curl address", lambda c: f"curl -fsS https://{c.user}:{c.password}@registry/v2/", "a registry of the same network, told by its name and its path"),
    ("curl catalog", lambda c: f'curl "https://{c.user}:{c.password}@images.example.com/v2/_catalog?n=100"', "only a registry lists its catalog there"),
    ("crane address", lambda c: f"crane ls oci://{c.user}:{c.password}@images.example.com/app", "the scheme says that it is a registry"),
    ("wget tags", lambda c: f"wget -qO- http://{c.user}:{c.password}@localhost:5000/v2/team/app/tags/list", "a registry's own path"),
    ("curl flags together", lambda c: f"curl -sfLu {c.user}:{c.password} https://{c.host}/v2/_catalog", "flags without a value stand together with -u"),
    ("curl flags attached", lambda c: f"curl -sSu{c.user}:{c.password} https://{c.host}/v2/_catalog", "and the value with it"),
    ("docker stdin printf bare", lambda c: f"printf %s {c.password} | docker login -u {c.user} --password-stdin {c.host}", "printf without quotes"),
    ("docker stdin printf format", lambda c: f"printf %s '{c.password}' | docker login {c.host} -u {c.user} --password-stdin", "a format without quotes"),
    ("docker stdin filtered", lambda c: f"echo {c.password} | tr -d '\\n' | docker login -u {c.user} --password-stdin {c.host}", "through a filter"),
    ("docker stdin decoded", lambda c: f"echo {b64(c.password)} | base64 -d | docker login -u {c.user} --password-stdin", "base64 that the script decodes"),
    ("docker here document", lambda c: f"docker login -u {c.user} --password-stdin {c.host} <<EOF\n{c.password}\nEOF", "a here document"),
    ("docker here document quoted", lambda c: f"docker login -u {c.user} --password-stdin {c.host} <<-'END'\n\t{c.password}\n\tEND", "a here document, indented and without variables"),
    ("docker piped here document", lambda c: f"cat <<EOF | docker login -u {c.user} --password-stdin {c.host}\n{c.password}\nEOF", "a here document ahead of the pipe"),
    ("docker piped here string", lambda c: f"cat <<<{c.password} | docker login -u {c.user} --password-stdin", "a here string ahead of the pipe"),
    ("docker process", lambda c: f"docker login -u {c.user} --password-stdin {c.host} < <(echo {c.password})", "what a process prints"),
    ("docker substitution", lambda c: f"docker login -u {c.user} -p $(echo {c.password}) {c.host}", "a substitution that prints it"),
    ("docker backticks", lambda c: f"docker login -u {c.user} -p `echo -n {c.password}` {c.host}", "the same, as it was once written"),
    ("powershell string", lambda c: f"'{c.password}' | docker login -u {c.user} --password-stdin {c.host}", "PowerShell prints a string by itself"),
    ("no user", lambda c: f"docker login -p {c.password} {c.host}", "a password without a user"),
    ("wget", lambda c: f"wget --http-user={c.user} --http-password={c.password} https://{c.host}/v2/_catalog", "wget to a registry"),
]  # fmt: skip
FILES = [
    ("workflow", lambda c: f"jobs:\n  a:\n    steps:\n    - run: docker login -u {c.user} -p {c.password}\n", "a workflow's run"),
    ("workflow block", lambda c: f"jobs:\n  a:\n    steps:\n    - run: |\n        set -e\n        docker login -u {c.user} -p {c.password} ghcr.io\n        docker push x\n", "a block of commands"),
    ("workflow folded", lambda c: f"jobs:\n  a:\n    steps:\n    - run: >-\n        docker login\n        -u {c.user}\n        -p {c.password}\n        ghcr.io\n", "a folded block"),
    ("gitlab", lambda c: f"a:\n  script:\n  - docker login -u {c.user} -p {c.password} $CI_REGISTRY\n", "GitLab CI"),
    ("args list", lambda c: f"command: [docker]\nargs: []\nrun:\n- docker\n- login\n- --username={c.user}\n- --password={c.password}\n", "a list of arguments"),
    ("exec form", lambda c: f'RUN ["docker", "login", "-u", "{c.user}", "-p", "{c.password}"]\n', "a Dockerfile's exec form"),
    ("json args", lambda c: json.dumps({"command": ["skopeo", "copy", "--src-creds", f"{c.user}:{c.password}", "a", "b"]}), "JSON arguments"),
    ("makefile", lambda c: f"login:\n\t@docker login -u {c.user} -p {c.password}\n", "a Makefile"),
    ("jenkinsfile", lambda c: f"stage('x') {{ sh \"docker login -u {c.user} -p {c.password} {c.host}\" }}\n", "a Jenkinsfile"),
    ("python", lambda c: f'subprocess.run(["docker", "login", "-u", "{c.user}", "-p", "{c.password}"])\n', "a program"),
    ("markdown", lambda c: f"Log in:\n\n```sh\ndocker login -u {c.user} -p {c.password} {c.host}\n```\n", "notes"),
    ("config map script", lambda c: f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: s}}\ndata:\n  run.sh: |\n    #!/bin/sh\n    helm registry login ghcr.io -u {c.user} -p {c.password}\n", "a script in a ConfigMap"),
    ("powershell", lambda c: f"docker.exe login -u {c.user} -p {c.password}\r\n", "Windows"),
    ("job", lambda c: f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        command: [sh, -c, 'crane auth login {c.host} -u {c.user} -p {c.password}']\n", "a Job's command"),
    ("begins as bzip2", lambda c: f"BZh=1\ndocker login -u {c.user} -p {c.password}\n", "a script that begins as an archive does, and is none"),
    ("begins as zlib", lambda c: b"x\x9c\n" + f"docker login -u {c.user} -p {c.password}\n".encode(), "the same with zlib's first bytes"),
    ("base64 script", lambda c: f"x: {b64('docker login -u a -p b')}\nuser-data: |\n  docker login -u {c.user} -p {c.password}\n", "beside encoded text"),
    ("items of one word", lambda c: f"args:\n  - login\n  - docker\n  - login\n  - {c.host}\n  - -u\n  - {c.user}\n  - -p\n  - {c.password}\n  - mkdir -p deploy/out1\n", "one argument in each item"),
    ("items of a flag and its value", lambda c: f"command:\n- helm\n- registry\n- login\n- -u {c.user}\n- -p {c.password}\n", "a flag stands with its value"),
    ("item behind a flag", lambda c: f'args:\n- docker\n- login\n- -u\n- {c.user}\n- -p\n- "{c.password} of mine"\n', "what follows a flag is its value, with blanks too"),
    ("items of CI", lambda c: f"script:\n- mkdir -p deploy/out1\n- docker login -u {c.user} -p {c.password} {c.host}\n- mkdir -p deploy/out2\n", "the item that logs in"),
    ("array of commands", lambda c: json.dumps({"script": ["mkdir -p deploy/out1", f"docker login -u {c.user} -p {c.password}", "mkdir -p deploy/out2"]}), "the string that logs in"),
    ("login in one string", lambda c: f'run("docker login", "-u", "{c.user}", "-p", "{c.password}")\n', "the arguments stand in strings of their own"),
    ("code span", lambda c: f"Log in by `docker login -u {c.user} -p {c.password} {c.host}` first.\n", "code in a line of notes"),
]  # fmt: skip
ADDRESSES = [
    ("https", lambda c: f"mirror: https://{c.user}:{c.password}@registry.example.com/\n", "the plain address of a registry"),
    ("env", lambda c: f"REGISTRY_URL=https://{c.user}:{c.password}@images.example.com\n", "the variable says that a registry is meant"),
    ("env export", lambda c: f"export DOCKER_REGISTRY='https://{c.user}:{c.password}@hub.example.com:8443/'\n", "a script's variable"),
    ("pod", lambda c: f"env:\n- name: DOCKER_REGISTRY_URL\n  value: https://{c.user}:{c.password}@hub.example.com\n", "a pod's environment, with the name on another line"),
    ("oci repository", lambda c: f"apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {{name: a}}\nspec:\n  type: oci\n  url: oci://{c.user}:{c.password}@images.example.com/charts\n", "Flux's own source"),
    ("image", lambda c: f"image: docker://{c.user}:{c.password}@images.example.com/app:1\n", "skopeo's scheme"),
    ("k3s mirror", lambda c: f"mirrors:\n  docker.io:\n    endpoint:\n    - https://{c.user}:{c.password}@mirror.example.com\n", "a mirror of k3s"),
    ("daemon", lambda c: json.dumps({"registry-mirrors": [f"https://{c.user}:{c.password}@mirror.example.com"]}), "docker's daemon.json"),
    ("flag", lambda c: f"spec:\n  args:\n  - --registry-mirror=https://{c.user}:{c.password}@mirror.example.com\n", "a flag that names a registry"),
    ("percent", lambda c: f"registry_url: https://robot%24ci:{quote(c.password[:9] + '@' + c.password[9:])}@images.example.com/\n", "percent signs for what an address does not take"),
    ("at sign", lambda c: f"url: https://{c.user}:{c.password[:9]}@{c.password[9:]}@harbor.example.com\n", "a client takes the last @"),
    ("robot", lambda c: f"url: https://robot$ci:{c.password}@harbor.example.com/api/v2.0/projects\n", "how Harbor names its robots"),
    ("variable user", lambda c: f"url: https://${{ROBOT:-ci}}:{c.password}@ghcr.io/v2/\n", "only the user name is a variable"),
    ("template user", lambda c: f'url: "https://{{{{ .Values.user }}}}:{c.password}@quay.io"\n', "only the user name is a template"),
    ("escaped", lambda c: f'"url": "https:\\/\\/{c.user}:{c.password}\\u0040registry.example.com\\/v2\\/"\n', "as some programs write JSON"),
    ("folded", lambda c: f'url: "https://{c.user}:\\\n  {c.password}@registry.example.com"\n', "a line that goes on within quotes"),
    ("ecr", lambda c: f"https://AWS:{c.password}@123456789012.dkr.ecr.eu-west-1.amazonaws.com\n", "a registry of a cloud"),
    ("repository manager", lambda c: f"url: https://{c.user}:{c.password}@nexus.example.com/repository/docker-hosted/\n", "the registry of a repository manager"),
    ("config map", lambda c: f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  settings.ini: |\n    [registry]\n    url = https://{c.user}:{c.password}@harbor.example.com\n", "settings within a ConfigMap"),
    ("python", lambda c: f'client.get("https://{c.user}:{c.password}@registry.example.com/v2/_catalog")\n', "a program"),
    ("utf-16", lambda c: f"REGISTRY_URL=https://{c.user}:{c.password}@images.example.com\r\n".encode("utf-16"), "as PowerShell writes files"),
    ("root", lambda c: f"http://{c.user}:{c.password}@10.0.0.5:5000/v2/\n", "a registry's port and its first question"),
    ("requests", lambda c: f'requests.get("https://registry.example.com/v2/_catalog", auth=("{c.user}", "{c.password}"))\n', "how Python's clients take it"),
    ("requests lines", lambda c: f"r = session.get(\n    f'https://{{host}}/v2/{{name}}/tags/list',\n    headers=headers(),\n    auth = (USER, '{c.password}'),\n)\n", "a call on several lines, and a host that a program knows"),
    ("requests class", lambda c: f'httpx.get("https://harbor.example.com/api/v2.0/projects", auth=httpx.BasicAuth(username="{c.user}", password="{c.password}"))\n', "a class in between"),
    ("requests base", lambda c: f'requests.head(f"{{base}}/v2/app/manifests/{{tag}}", auth=HTTPBasicAuth("{c.user}", "{c.password}"))\n', "only a registry has manifests there"),
    ("requests in job", lambda c: f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  prune.py: |\n    import requests\n    requests.get('https://ghcr.io/v2/', auth=('{c.user}', '{c.password}'))\n", "a script in a ConfigMap"),
]  # fmt: skip

SCALARS = [
    ("folded", lambda c: f"run: >-\n  docker login ghcr.io\n  -u {c.user}\n  -p {c.password}\n", "one command on the lines of a folded scalar"),
    ("plain lines", lambda c: f"script:\n- docker login ghcr.io -u {c.user} -p\n  {c.password}\n", "a plain scalar on two lines"),
    ("folded curl", lambda c: f"run: >-\n  curl -u {c.user}:{c.password}\n  https://registry.example.com/v2/_catalog\n", "an address on the next line of a folded scalar"),
    ("json escapes", lambda c: json.dumps({"scripts": {"x": f"set -e\ndocker login ghcr.io -u {c.user} -p {c.password}"}}), "the letter of a line break stands before the command"),
    ("list in a string", lambda c: json.dumps({"a": json.dumps(["docker", "login", "-p", c.password])}), "a list that a string holds"),
]  # fmt: skip
"""Commands that stand in no line of their file, only in a value of it."""
