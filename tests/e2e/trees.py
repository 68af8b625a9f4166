"""Drawn trees of kustomizations: bases, overlays, components and patches of every form, and faults."""

from __future__ import annotations

import json
from random import Random

TOP = "top"
_NAMES = ("ada", "bob", "cid")
_KINDS = (*("Kustomization",) * 5, *("ServiceAccount",) * 4, "ConfigMap", "ConfigMap", "Namespace")
_LABEL = {"tier": ("a", "b")}
_Object = tuple[str, str, str | None]
"""Kind, name and namespace, as its file has them."""


class Drawn:
    """One tree; ``files`` are its files, ``top`` is the folder that is built."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.files: dict[str, str] = {}
        self._count = 0
        self._brought: dict[str, list[_Object]] = {}
        """By folder the kinds and first names of what it brings."""
        bases = [self._folder(f"base{n}", []) for n in range(chance.randint(1, 2))]
        parts = [self._folder(f"part{n}", [], "Component") for n in range(chance.randint(0, 2))]
        overs = [
            self._folder(f"over{n}", self._some(bases), parts=self._some(parts))
            for n in range(chance.randint(0, 2))
        ]
        self._folder(TOP, self._some([*bases, *overs]) or bases[:1], parts=self._some(parts))

    def _odds(self, probability: float) -> bool:
        return self._chance.random() < probability

    def _some(self, of: list[str]) -> list[str]:
        return [one for one in of if self._odds(0.5)]

    def _folder(
        self,
        name: str,
        lower: list[str],
        kind: str = "Kustomization",
        parts: list[str] | None = None,
    ) -> str:
        version = "v1alpha1" if kind == "Component" else "v1beta1"
        root: dict[str, object] = {
            "apiVersion": f"kustomize.config.k8s.io/{version}",
            "kind": kind,
        }
        brought = [b for folder in (*lower, *(parts or [])) for b in self._brought[folder]]
        resources = [f"../{folder}" for folder in lower]
        for _ in range(self._chance.randint(1, 2)):
            file, objects = self._file(name)
            resources.append(file)
            brought += objects
        if self._odds(0.04):
            resources.append(self._chance.choice(["gone.yaml", "../gone", "../base0/nowhere"]))
        if self._odds(0.02) and resources:
            resources.append(resources[0])
        self._chance.shuffle(resources)
        if resources:
            root["resources"] = resources
        if parts:
            root["components"] = [f"../{part}" for part in parts]
        for field, values, odds in (
            ("namespace", ("red", "blue"), 0.3),
            ("namePrefix", ("x-", "y-"), 0.15),
            ("nameSuffix", ("-u", "-v"), 0.15),
        ):
            if self._odds(odds):
                root[field] = self._chance.choice(values)
        # One that comes in at two levels would generate twice, of which nothing is known here.
        if kind != "Component" and self._odds(0.2):
            generated = f"gen{self._number()}"
            root["configMapGenerator"] = [{"name": generated, "literals": ["a=b"]}]
            brought.append(("ConfigMap", generated, None))
        self._patch(name, root, brought)
        self._replace(name, root, brought)
        self._brought[name] = brought
        self.files[f"{name}/kustomization.yaml"] = json.dumps(root)
        return name

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _file(self, folder: str) -> tuple[str, list[_Object]]:
        """A file of one or two objects in *folder*, seldom one that stands elsewhere too."""
        objects = [self._object() for _ in range(self._chance.randint(1, 2))]
        path = f"o{self._number()}.yaml"
        content = "---\n".join(json.dumps(found) + "\n" for found in objects)
        if self._odds(0.02):
            content = "a: [\n"
        self.files[f"{folder}/{path}"] = content
        return path, [_object_of(found) for found in objects]

    def _object(self) -> dict[str, object]:
        kind = self._chance.choice(_KINDS)
        name = self._chance.choice(_NAMES) if self._odds(0.08) else f"n{self._number()}"
        metadata: dict[str, object] = {"name": name}
        if kind != "Namespace" and self._odds(0.5):
            metadata["namespace"] = self._chance.choice(("red", "green"))
        if self._odds(0.5):
            metadata["labels"] = {"tier": self._chance.choice(_LABEL["tier"])}
        api = "kustomize.toolkit.fluxcd.io/v1" if kind == "Kustomization" else "v1"
        found: dict[str, object] = {"apiVersion": api, "kind": kind, "metadata": metadata}
        if kind == "Kustomization":
            spec: dict[str, object] = {"path": "./first", "prune": True}
            spec["sourceRef"] = {"kind": "GitRepository", "name": "far"}
            if self._odds(0.3):
                spec["decryption"] = {"provider": "sops", "secretRef": {"name": "first"}}
            found["spec"] = spec
        elif kind == "ServiceAccount" and self._odds(0.5):
            found["imagePullSecrets"] = [{"name": "first"}]
        return found

    def _patch(self, folder: str, root: dict[str, object], brought: list[_Object]) -> None:
        """Give the kustomization *root* patches: for what it brings, and seldom for what nothing brings."""
        fitting = [b for b in brought if b[0] in ("Kustomization", "ServiceAccount")]
        for _ in range(self._chance.randint(0, 2)):
            if not fitting:
                return
            chosen = self._chance.choice(fitting)
            kind, name, namespace = chosen
            if self._odds(0.02):
                name = "nobody"
            if self._odds(0.03):
                namespace = None
            form = self._chance.choice(
                ("merge", "merge", "target", "target", "json", "old-merge", "old-json")
            )
            body = self._merge(kind, name, namespace)
            # What a component that comes in at two levels deletes is gone at the second: not known here.
            is_component = root["kind"] == "Component"
            if form == "merge" and name != "nobody" and not is_component and self._odds(0.1):
                body = json.dumps({**json.loads(body), "$patch": "delete"})
                # kustomize refuses a patch of what an earlier one has deleted.
                fitting.remove(chosen)
                brought.remove(chosen)
            if form == "old-merge":
                self._append(
                    root,
                    "patchesStrategicMerge",
                    self._apart(folder, body) if self._odds(0.5) else body,
                )
                continue
            if form in ("json", "target") and not is_component and self._odds(0.3):
                self._append(root, "patches", self._renaming(form, kind, name))
                continue
            entry: dict[str, object] = {}
            if form in ("json", "old-json"):
                body = self._operations(kind)
            if form == "old-json":
                group = {} if kind == "ServiceAccount" else {"group": "kustomize.toolkit.fluxcd.io"}
                entry["target"] = {**group, "version": "v1", "kind": kind, "name": name}
            elif form in ("json", "target"):
                entry["target"] = self._target(kind, name)
            if self._odds(0.5):
                entry["path"] = self._apart(folder, body)
                if self._odds(0.03):
                    entry["path"] = "gone.yaml"
            else:
                entry["patch"] = body
            self._append(root, "patchesJson6902" if form == "old-json" else "patches", entry)

    def _replace(self, folder: str, root: dict[str, object], brought: list[_Object]) -> None:
        """Give the kustomization *root* replacements from one of what it brings to others."""
        # What is a source and a target at once changes while it is copied: not known here.
        written = [one for one in brought if one[0] in ("Kustomization", "Namespace")]
        while written and self._odds(0.3):
            found: dict[str, object] = {"targets": [self._into() for _ in range(2)]}
            if self._odds(0.15):
                found["sourceValue"] = f"literal-{self._number()}"
            else:
                found["source"] = self._source(self._chance.choice(written))
            if self._odds(0.4):
                content = json.dumps([found] if self._odds(0.5) else found, indent=1)
                self._append(root, "replacements", {"path": self._apart(folder, content)})
            else:
                self._append(root, "replacements", found)

    def _source(self, chosen: _Object) -> dict[str, object]:
        kind, name, namespace = chosen
        source: dict[str, object] = {"kind": kind, "name": name}
        if namespace and self._odds(0.3):
            source["namespace"] = namespace
        if kind == "Kustomization" and self._odds(0.4):
            source |= {"group": "kustomize.toolkit.fluxcd.io", "fieldPath": "spec.sourceRef.name"}
        elif namespace and self._odds(0.4):
            source["fieldPath"] = "metadata.namespace"
        elif self._odds(0.3):
            source["options"] = {"delimiter": "-", "index": 0}
        return source

    def _into(self) -> dict[str, object]:
        kind, paths, options = self._chance.choice(
            (
                ("Kustomization", ["spec.targetNamespace"], {}),
                ("Kustomization", ["spec.decryption.secretRef.name"], {}),
                ("Kust.*", ["spec.path"], {"delimiter": "/", "index": 1}),
                ("Kustomization", ["spec.path"], {"delimiter": "/", "index": 5}),
                ("ServiceAccount", ["imagePullSecrets.[name=f.*].name"], {}),
                ("ServiceAccount", ["imagePullSecrets.0.name"], {}),
                ("ServiceAccount", ["metadata.annotations.[a.b/c]"], {}),
                ("ConfigMap|Config", ["metadata.namespace"], {}),
                ("ConfigMap", ["metadata.name"], {"delimiter": "-", "index": 9}),
            )
        )
        assert isinstance(options, dict)
        select: dict[str, object] = {"kind": kind}
        if self._odds(0.3):
            select |= self._chance.choice(
                ({"namespace": "red|green"}, {"labelSelector": "tier=a"}, {"name": "n.*[1-4]"})
            )
        into = {"select": select, "fieldPaths": paths, "options": {**options, "create": True}}
        if self._odds(0.3):
            into["reject"] = [
                self._chance.choice(
                    ({"name": "n.*[3-6]"}, {"kind": kind, "labelSelector": "tier=b"})
                )
            ]
        return into

    def _renaming(self, form: str, kind: str, name: str) -> dict[str, object]:
        """A patch that changes the name of an object, or that says another one and may not change it."""
        target = {"kind": kind, "name": name}
        new = f"m{self._number()}"
        if form == "json":
            operations = [{"op": "replace", "path": "/metadata/name", "value": new}]
            if self._odds(0.3):
                operations.append({"op": "add", "path": "/metadata/namespace", "value": "green"})
            return {"target": target, "patch": json.dumps(operations)}
        options = {"allowNameChange": True} if self._odds(0.7) else {}
        body = self._merge(kind, new, self._chance.choice((None, "blue")))
        return {"target": target, "patch": body, "options": options}

    def _append(self, root: dict[str, object], key: str, entry: object) -> None:
        listed = root.setdefault(key, [])
        assert isinstance(listed, list)
        listed.append(entry)

    def _apart(self, folder: str, body: str) -> str:
        name = f"p{self._number()}.yaml"
        self.files[f"{folder}/{name}"] = body
        return name

    def _merge(self, kind: str, name: str, namespace: str | None) -> str:
        if kind == "ServiceAccount":
            change: dict[str, object] = {
                "apiVersion": "v1",
                "imagePullSecrets": [{"name": f"s{self._number()}"}],
            }
        else:
            spec = self._chance.choice(
                (
                    {"path": f"./p{self._number()}"},
                    {"decryption": {"secretRef": {"name": f"s{self._number()}"}}},
                    {"decryption": {"provider": "sops"}},
                    {"decryption": None},
                    {"decryption": {"$patch": "delete"}},
                    {"decryption": {"$patch": "replace", "provider": "other"}},
                )
            )
            change = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "spec": spec}
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        return json.dumps({**change, "kind": kind, "metadata": metadata}, indent=1) + "\n"

    def _operations(self, kind: str) -> str:
        if kind == "ServiceAccount":
            new = [{"name": f"s{self._number()}"}]
            operations = [{"op": "add", "path": "/imagePullSecrets", "value": new}]
            if self._odds(0.5):
                operations.append(
                    {"op": "add", "path": "/imagePullSecrets/-", "value": {"name": "more"}}
                )  # type: ignore[dict-item]
            if self._odds(0.3):
                operations.append(
                    {"op": "replace", "path": "/imagePullSecrets/0/name", "value": "changed"}
                )  # type: ignore[dict-item]
            return json.dumps(operations, indent=1)
        value: object = {"provider": "sops", "secretRef": {"name": f"s{self._number()}"}}
        several: list[list[dict[str, object]]] = [
            [{"op": "replace", "path": "/spec/path", "value": f"./p{self._number()}"}],
            [{"op": "add", "path": "/spec/decryption", "value": value}],
            [
                {"op": "add", "path": "/spec/decryption", "value": value},
                {"op": "remove", "path": "/spec/decryption/secretRef"},
            ],
            [
                {"op": "add", "path": "/spec/was", "value": "./moved"},
                {"op": "move", "from": "/spec/was", "path": "/spec/path"},
            ],
        ]
        return json.dumps(self._chance.choice(several), indent=1)

    def _target(self, kind: str, name: str) -> dict[str, str]:
        target = {"kind": kind}
        if self._odds(0.5):
            target["name"] = self._chance.choice((name, f"{name[0]}.*", f"{name}|nobody", ".*"))
        if self._odds(0.3):
            target["labelSelector"] = self._chance.choice(
                ("tier=a", "tier!=a", "tier in (a, b)", "tier notin (b)", "tier", "!tier")
            )
        if self._odds(0.2):
            target["namespace"] = self._chance.choice(("red", "blue", "default", "re.*"))
        return target


def _object_of(found: dict[str, object]) -> _Object:
    metadata = found["metadata"]
    assert isinstance(metadata, dict)
    return str(found["kind"]), str(metadata["name"]), metadata.get("namespace")
