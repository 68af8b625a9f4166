"""The documents of a piece of text, walked node by node with the object and key path around each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from gitops_secrets.core.guard.filter import prefilter
from gitops_secrets.core.guard.look import objects
from gitops_secrets.core.guard.look.inspection import SHORTEST, Inspection, bits_of
from gitops_secrets.core.guard.look.origin import Origin
from gitops_secrets.core.guard.read import documents
from gitops_secrets.core.guard.read.composing import LimitError
from gitops_secrets.core.guard.read.nodes import Pairs, child, is_literal_block, pairs, scalar
from gitops_secrets.core.guard.record.facts import Identity, Key
from gitops_secrets.core.guard.rules.credentials.annotation_credentials import ANNOTATION
from gitops_secrets.core.guard.rules.credentials.docker_config import FIELDS
from gitops_secrets.core.guard.rules.credentials.plaintext_dockerconfigjson import KEYS
from gitops_secrets.core.guard.rules.secrets import conflict_markers
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.yamltext import comments

if TYPE_CHECKING:
    from gitops_secrets.core.guard.look.silent import Watch

_WORD = re.compile(r"(?<![\w.-])Secret(?:List)?(?![\w.-])")
_DATA = re.compile(r"(?<![\w.-])(?:stringData|data)(?![\w.-])")
_SHORT = 4000
"""Of a text with more characters each document is looked at by what it holds itself."""
_LONGEST_KEY = 24
"""How many steps of a key path are kept."""
_OF_OBJECTS = prefilter.SECRET | prefilter.ENCRYPTED | prefilter.PAYLOAD
"""What a reader of objects may see where lines show nothing."""
_LOOKS = prefilter.EVERYTHING & ~prefilter.KEY


class Context(NamedTuple):
    """What stands around a node."""

    identity: Identity | None
    key: Key = ()
    parents: tuple[yaml.MappingNode, ...] = ()
    """The nearest mappings above, innermost last."""

    def below(self, step: str | int, node: yaml.Node) -> Context:
        """Return the context of the child *step* of *node*."""
        parents = self.parents
        if isinstance(node, yaml.MappingNode):
            parents = (*parents[-3:], node)
        key = (*self.key, step) if len(self.key) < _LONGEST_KEY else self.key
        return Context(self.identity, key, parents)


def look(inspection: Inspection, text: str, origin: Origin, bits: int) -> None:
    """Show every document of *text* to the rules, and its comments; lines where there is no document."""
    is_file = origin.depth == 0 and origin.exact
    has_documents = False
    looked, part_bits = "", bits
    manifest: bool | None = None
    watch = _watch(inspection, text, origin)
    wanted = _worth if watch is None else watch.is_worth
    for document in documents.read(text, wanted=wanted, exact=not is_file):
        if watch is not None:
            watch.see(document)
        if len(text) >= _SHORT and document.text is not looked:
            looked, part_bits = document.text, bits_of(document.text)
        root = document.root
        if isinstance(root, (yaml.MappingNode, yaml.SequenceNode)):
            has_documents = True
            try:
                _Walker(inspection, document, origin, part_bits, is_file=is_file).walk(root)
            except LimitError as error:
                inspection.unreadable(origin, error.detail)
            if not (document.fixed and "{{" in document.text):
                continue
        elif document.limit and part_bits & _OF_OBJECTS and _is_manifest(document.text):
            inspection.unreadable(origin, document.limit)
        elif is_file and part_bits & (prefilter.SECRET | prefilter.ENCRYPTED):
            # Asked once of the whole text, however many documents of it are broken.
            manifest = _is_manifest(text) if manifest is None else manifest
            if manifest:
                from gitops_secrets.core.guard.look import unparsed

                try:
                    unparsed.describe(inspection, document)
                except LimitError as error:
                    inspection.unreadable(origin, error.detail)
        inspection.lines(document.text, document.line, origin, part_bits)
    if watch is not None:
        watch.end()
        has_documents |= watch.has_skipped
    if is_file and "<<<<<<<" in text and "ENC[" in text:
        line = conflict_markers.find(text)
        if line is not None:
            inspection.note(conflict_markers.RULE.ident, origin, line, 0)
    if (has_documents and bits & ~prefilter.ENCRYPTED) or (is_file and bits & prefilter.SECRET):
        _look_at_comments(inspection, text, origin)


def _watch(inspection: Inspection, text: str, origin: Origin) -> Watch | None:
    """Return what watches the documents of *text*, None if it is not a file of several documents."""
    if len(text) < _SHORT or origin != Origin() or "\n---" not in text:
        return None
    from gitops_secrets.core.guard.look.silent import Watch

    return Watch(inspection, _worth)


def _look_at_comments(inspection: Inspection, text: str, origin: Origin) -> None:
    if "#" not in text and "//" not in text:
        return
    for line, column, block in comments.blocks(text):
        bits = bits_of(block) & ~(prefilter.KEY | prefilter.COMMAND)
        if bits & ~prefilter.ENCRYPTED:
            inside = origin.inside(line, column, exact=origin.exact)._replace(comment=True)
            inspection.piece(block, inside, bits)


def _worth(part: str) -> bool:
    """Return whether a document of a large text is worth a parser's time."""
    bits = bits_of(part)
    if bits == prefilter.SECRET:
        return _WORD.search(part) is not None and _DATA.search(part) is not None
    return bits & _LOOKS != 0


class _Walker:
    """One document's walk. Each node is visited once, however many aliases lead to it."""

    def __init__(
        self,
        inspection: Inspection,
        document: documents.Document,
        origin: Origin,
        bits: int,
        *,
        is_file: bool,
    ) -> None:
        self.inspection = inspection
        self.document = document
        self.origin = origin
        self.bits = bits
        self.is_file = is_file
        self.described: set[int] = set()
        """The objects of a file, of which each was recorded as a whole."""

    def walk(self, root: yaml.Node) -> None:
        """Visit every node below *root*."""
        if self.is_file:
            objects.describe(self.inspection, self.document, root)
            items = root.value if isinstance(root, yaml.SequenceNode) else []
            roots = (
                [node for node, _ in objects.objects_of(root)]
                if isinstance(root, yaml.MappingNode)
                else items
            )
            self.described = set(map(id, roots))
        if not (self.bits & ~(prefilter.SECRET | prefilter.ENCRYPTED) or self._has_more(root)):
            self._visit_annotation(root)
            return
        seen: set[int] = set()
        stack: list[tuple[yaml.Node, Context]] = [(root, Context(self.origin.identity))]
        while stack:
            node, context = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.ScalarNode):
                self._visit_scalar(node, context)
            elif isinstance(node, yaml.MappingNode):
                stack.extend(reversed(self._visit_mapping(node, context)))
            elif isinstance(node, yaml.SequenceNode):
                items = [
                    (item, context.below(i, node))
                    for i, item in enumerate(node.value)
                    if not _is_short(item)
                ]
                stack.extend(reversed(items))

    def _has_more(self, root: yaml.Node) -> bool:
        """Return whether a Secret may stand in what *root* is, beside *root* itself."""
        if not self.bits & prefilter.SECRET:
            return False
        own = self.is_file and scalar(child(root, "kind")) == "Secret"
        return len(_WORD.findall(self.document.text)) > int(own)

    def _visit_annotation(self, root: yaml.Node) -> None:
        """Visit the one scalar that repeats a whole object, where nothing else can matter."""
        node = child(child(child(root, "metadata"), "annotations"), ANNOTATION)
        if isinstance(node, yaml.ScalarNode):
            key = ("metadata", "annotations", ANNOTATION)
            self._visit_scalar(node, Context(objects.identify(root), key))

    def _visit_mapping(
        self, node: yaml.MappingNode, context: Context
    ) -> list[tuple[yaml.Node, Context]]:
        found = pairs(node)
        identity = objects.identify(node, found)
        if identity is not None:
            context = context._replace(identity=identity)
            is_copy = self.origin.annotation or id(node) in self.described
            if identity.kind == "Secret" and self.bits & prefilter.SECRET and not is_copy:
                from gitops_secrets.core.guard.look import inside

                inside.describe(self.inspection, self.document, identity, node, found, self.origin)
        self._docker(found, context)
        if self.bits & (prefilter.VALUES | prefilter.PAYLOAD):
            # Loaded where there is something for it: its patterns cost a hook a millisecond.
            from gitops_secrets.core.guard.rules.credentials import registry_password

            for value, step, secret in registry_password.find(found, context.key, context.parents):
                self._report(registry_password.RULE.ident, value, context.below(step, node), secret)
        children: list[tuple[yaml.Node, Context]] = []
        for text, key, value in found:
            if text is None:
                children.append((key, context))
            elif len(text) >= 32:
                self.inspection.leaf(text, self._origin(key, context))
            if not _is_short(value):
                children.append((value, context.below("?" if text is None else text, node)))
        return children

    def _docker(self, found: Pairs, context: Context) -> None:
        """Report the readable credentials of a docker config's entry: one finding, about all of them."""
        # Go's reader of JSON does not mind case, nor what Unicode folds to the same letter.
        first: yaml.Node | None = None
        for text, _, value in found:
            if text is None or text.casefold() not in FIELDS:
                continue
            within = any(str(step).casefold() == "auths" for step in context.key[-2:])
            from gitops_secrets.core.guard.patterns import dockerconfig

            secret = dockerconfig.credential(text, scalar(value) or "", within_auths=within)
            if secret is not None:
                first = first or value
                self._report("docker-config", first, context, secret)

    def _report(self, rule: str, node: yaml.Node, context: Context, material: str) -> None:
        line, column = self._position(node)
        self.inspection.credential(rule, self._around(context), line, column, material)

    def _visit_scalar(self, node: yaml.ScalarNode, context: Context) -> None:
        value = scalar(node)
        if value is None or len(value) < SHORTEST or is_encrypted_value(value):
            return
        if not bits_of(value) and not self._is_expected(context):
            return
        origin = self._origin(node, context)
        if is_literal_block(node) and self.origin.exact:
            origin = (
                self._around(context)
                .inside(self._position(node)[0] + 1, 0, exact=True)
                ._replace(column=0)
            )
        if context.key and context.key[-1] == ANNOTATION:
            from gitops_secrets.core.guard.look.inside import is_readable_copy

            origin = origin._replace(annotation=True)
            if is_readable_copy(value):
                self.inspection.note("annotation-credentials", origin, 0, 0)
        self.inspection.leaf(value, origin)

    def _is_expected(self, context: Context) -> bool:
        """Return whether what stands in *context* is looked at whatever its text seems to hold."""
        return (
            self.origin.depth > 0
            or (context.identity is not None and context.identity.kind == "Secret")
            or any(step in KEYS or step == ANNOTATION for step in context.key[-3:])
        )

    def _around(self, context: Context) -> Origin:
        """Return the origin of what stands in *context*, placed at the beginning of the piece."""
        key = context.key
        expects_base64 = len(key) > 1 and (key[-2] == "data" or key[-1] in KEYS)
        identity = context.identity
        is_secret = (identity is not None and identity.kind == "Secret") or any(
            k in KEYS for k in key[-3:]
        )
        return self.origin._replace(
            identity=identity,
            key=(*self.origin.key, *key)[:_LONGEST_KEY],
            in_secret=self.origin.in_secret or is_secret,
            expected=self.origin.expected or int(expects_base64),
        )

    def _origin(self, node: yaml.Node, context: Context) -> Origin:
        return self._around(context).inside(*self._position(node), exact=False)

    def _position(self, node: yaml.Node) -> tuple[int, int]:
        return node.start_mark.line + self.document.line, node.start_mark.column


def _is_short(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and len(node.value) < SHORTEST


def _is_manifest(text: str) -> bool:
    from gitops_secrets.core.guard.read.lenient import is_manifest

    return is_manifest(text)
