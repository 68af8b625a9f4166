"""Values that stand for a secret and are none: templates, variables and the words of documentation.

A template or variable is filled in elsewhere. A placeholder is a value made wholly of the words that
documentation uses ("changeme", "your-password", "xxxx"): who really uses such a password has none
that could be kept secret. A random value never looks like one.
"""

from __future__ import annotations

import re

from gitops_secrets.core.discretion.mixed import has_each_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = re.compile(
    r"\$?\{\{(?:(?!\{\{|\}\}).)*+\}\}|\$?\{\{[- ](?:(?!\{\{).)*+$"
    r"|\$\{[\w.!:]++(?:[^{}]*+(?:\{[^{}]*\}[^{}]*+){0,20}\}|[^{}]*+$)|\$\([\w.~/<][ ]?+[\w.~/]*+(?:[^()]*+\)|[^()]*+$)"
    r"|\{%(?:(?!\{%|%\}).)*+%\}|<%(?:(?!<%|%>).)*+%>|#\{\s*+\w[^{}]*+\}"
    r"|(?:\\#{0,3}|#{1,3})\([\w.]++\)|\$[eE][nN][vV]:\w+|\$[A-Z_][A-Z0-9_]{2,}|^\$\w+$|%\(\w++\)s|%[sqv](?!\w)",
    re.DOTALL,
)
_DEFAULT = re.compile(
    r"\$\{[\w.!]+(?:\[[^\]]*\])?(?::?[-=+]|//?)(?P<value>.*?)\}?\Z"
    r"|\$\{(?!(?:command|config|env|file|input|opt|param|resolve|s3|secret|secrets|self|ssm|sys|vault):)"
    r"[\w.-]+:(?![-=+?:]|[ ]?-?[0-9]+(?::[ ]?-?[0-9]+)?\}?\Z)(?P<spring>.*?)\}?\Z"
    r"|\$?\{\{.*?\bdefault[ (]+(?P<quote>[\"'`])(?P<chart>.*?)(?P=quote)"
    r"|\$?\{\{.*?(?:\|\||\bor\b)[ ]*(?P<sign>[\"'])(?P<other>.*?)(?P=sign)"
    r"|\{\{[- ]*(?:or|coalesce|env\.Getenv|getenv|getv|envOrDefault)[ (][^\"'`]*(?:(?P<ask>[\"'`])[\w./-]*(?P=ask)[ ]+)?"
    r"(?P<tick>[\"'`])(?P<fallback>.*?)(?P=tick)"
    r"|\$?\{\{[- ]*(?:(?:quote|squote|b64enc|b64dec|print|toString|trim|printf[ ]+\"%s\")[ (]+){0,3}"
    r"(?P<mark>[\"'`])(?P<literal>.*?)(?P=mark)[ )]*(?:\||-?\}\})"
    r"|\$\([ ]*(?:echo|printf)[ ]+(?:-[neE]+[ ]+)*(?:[\"']?%s(?:\\n)?[\"']?[ ]+)?"
    r"(?P<printed>\"[^\"]*\"|'[^']*'|[^\s|;&()\"']+)",
    re.DOTALL,
)
"""What a template says by itself: a default, a text that it only encodes, or what a shell would print."""
_SAID = frozenset({"value", "spring", "chart", "other", "fallback", "literal", "printed"})
_PRINTS = re.compile(r"`[ ]*(?:echo|printf)[ ][^`]*`")
_REFERENCE = re.compile(
    r"\$ANSIBLE_VAULT;[\s\S]*|`[^`]*`|%\w+%|@@?\w+@@?|__\w+__|<[^<>]*>|\[[^\]\n]*\]|\{\w+\}|\(\(.*\)\)"
    r"|(?:op|ref\+\w+|vault|secretref\+?\w*|akv|awssm|gcpsm|env|file|bws|keyring)(?:://|:/?)\S*"
    r"|vault:\S+#\S+|<path:.*|AVP_\w+|projects/[^/\s]+/secrets/\S*|arn:aws\S*"
    r"|!(?:vault|reference|Ref|Sub|GetAtt|env)\b.*"
    r"|(?:data|var|local|module|each|random_\w+|azurerm_\w+|aws_\w+|google_\w+|github_\w+|vault_\w+"
    r"|secrets|inputs|params|steps|env|self|process\.env|os\.environ|os\.getenv|System\.getenv)"
    r"[.(\[][\w.\[\]()\"'*-]*"
)
_NAME = re.compile(
    r"(?:\$\{?|\$\(|\[|@@?|%|<|\{|__|`|(?:data|var|local|module|each|secrets|inputs|params|steps|env|self)\.)"
    r"(?P<name>[A-Za-z0-9]{12,})(?:\}|\)|\]|@@?|%|>|__|`)?"
)
"""A variable or the like that is all of a value."""
_PART_OF_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_FILLER = re.compile(
    r"""["'\s]*(?:(?:gh[oprsu]_|github_pat_|glpat-|dckr_pat_)?(?:x{3,}|X{3,}|\*{2,}|\.{2,}|…+|-{2,}|_{2,}|\?{2,}|#{3,}|0{4,})|1234?5?6?7?8?9?0?"""
    r"""|hunter2|conta1n3rize14|null|nil|none|None|true|false|True|False|~|undefined|-)?["'\s]*"""
)
_DIGITS = re.compile(
    r"(?<=[A-Za-z])(?:1|12|123|1234|12345|123456)(?=[A-Z]?[a-z]|[-_. ]|$)"
    r"|(?:1|12|123|1234|12345|123456)$|(?<=[A-Za-z])[2-9]$"
)
_OTHER = re.compile(r"[^A-Za-z_\-. :/@!]")
_MARKUP = re.compile(
    r"</?(?:a|b|code|em|emphasis|font|i|kbd|mark|q|replaceable|span|strong|tt|u|var)(?:[ ][^<>]{0,80})?>"
)
"""How documentation sets off what a reader has to replace."""
_SPELLED = str.maketrans("0134578@$", "oieastbas")
"""What documentation writes in place of letters, as in P@ssw0rd."""
_MOST_SPELLED = 4
_SPLIT = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")
_SHORTEST, _LONGEST = 4, 40
_LONGEST_SPELLED = 200
_WORDS = frozenset(
    """
    a abc abcdef access account admin topsecret acme acr and api apikey app auth aws az azure b bar base basic baz blah
    bogus bot botpass change changeit changeme cli client cluster config cred credential credentials
    creds db default demo deploy docker dockerhub dockerpassword dummy ecr email encoded enter
    env example fake fill fixme fixture flux foo foobar for from gcr gh ghcr git github gitlab goes harbor hash hello
    helm here hub id image in insert invalid is it json k key kube kubernetes license login
    long me mock my mypass mypassword mypw mypwd mysecret mytoken myuser name nexus no noreply not oauth of
    one only or org otherwise our p package packages pass passphrase passwd password pat permission permissions personal place
    placeholder please private prod production provide pull push pw pwd quay read real
    really redacted registry registrypassword remove removed replace replaced replaceme
    replacewith repo repository required robot sample scope secret secretpassword secrets
    secure server service set sillyness snip some someone something string strong stub super
    supersecret svc tbd team temp template tenant test testing testpassword testpwd testuser text
    that the this to todo token truncated two u unused update use user username userpass
    value values very w with word world write wrong x xx xxx y yes you your yourpassword yourself yourtoken
    youruser yourusername yyy z zzz
    """.split()  # noqa: SIM905 - a list of two hundred lines says no more
)


def is_template(value: str) -> bool:
    """Return whether *value* is filled in elsewhere: a template, a variable, a reference to a vault.

    What is left beside its templates may be a few letters (``user:${PASSWORD}``), not a secret.
    """
    value = value.strip()
    if has_random_name(value):
        return False
    if _PRINTS.fullmatch(value):
        value = f"$({value[1:-1]})"
    if len(value) < 2000 and _REFERENCE.fullmatch(value):
        return True
    if (
        "$" not in value
        and "{" not in value
        and "%" not in value
        and "\\(" not in value
        and "#(" not in value
    ):
        return False
    rest, found = _PARTS.subn("", value)
    if not found or any(len(d) >= _SHORTEST and not is_placeholder(d) for d in defaults(value)):
        return False
    return len(rest) < 8 or _is_made_of_words(rest)


def has_random_name(value: str) -> bool:
    """Return whether *value* looks like a variable whose name nobody would give: a password that begins so."""
    named = _NAME.fullmatch(value)
    if named is None:
        return False
    name = named["name"]
    return has_each_class(name) and len(name) < 2 * len(_PART_OF_NAME.findall(name))


def has_variable(value: str) -> bool:
    """Return whether some part of *value* is filled in elsewhere."""
    return ("$" in value or "{" in value) and _PARTS.search(value) is not None


def without_templates(value: str) -> str:
    """Return what stands in *value* beside what is filled in elsewhere; a default is not."""
    return " ".join((_PARTS.sub(" ", value), *map(without_templates, defaults(value))))


def defaults(value: str) -> Iterator[str]:
    """Yield what the templates of *value* say where nothing is filled in, such as b in ``${A:=b}``."""
    for part in _PARTS.finditer(value):
        found = _DEFAULT.match(part.group())
        if found is not None:
            said = next(
                (text for name, text in found.groupdict().items() if name in _SAID and text), ""
            )
            yield said.strip().strip("\"'")


def literal_in(value: str) -> str:
    """Return what *value*, which is no placeholder, says where nothing is filled in; *value* if it is no template."""
    if not _PARTS.fullmatch(value):
        return value
    return next((said for said in defaults(value) if said and not is_placeholder(said)), value)


def is_placeholder(value: str) -> bool:
    """Return whether *value* is a template, nothing at all, or made wholly of documentation's words."""
    value = value.strip()
    if "\\(" in value and is_template(value.strip("\"'")):
        return True  # as CUE and Swift write a variable
    value = value.strip("\"'\\").strip()
    if is_template(value) or _is_made_of_words(value):
        return True
    plain = _without_markup(value)
    return plain != value and (is_template(plain) or _is_made_of_words(plain))


def _without_markup(value: str) -> str:
    """Return *value* without the tags, stars and braces that set it off in documentation."""
    if len(value) > _LONGEST_SPELLED:
        return value
    if "&" in value:
        value = (
            value.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "")
            .replace("&amp;", "&")
        )
    if "<" in value:
        value = _MARKUP.sub("", value)
    value = value.strip().strip("*_~`\"'\u00ab\u00bb\u2039\u203a")
    for begin, end in ("[]", "{}", "()"):
        if value.startswith(begin) and value.endswith(end):
            value = value.strip(begin + end)
    return value


def is_placeholder_whole(value: str) -> bool:
    """Return the same of a *value* that was encoded: dots at its end do not say that it was cut short."""
    return is_placeholder(value.strip().rstrip(".\u2026"))


def _is_made_of_words(value: str) -> bool:
    if len(value) > 200:
        return False
    if _FILLER.fullmatch(value) or value.endswith(("...", "…")):
        return True
    if len(set(value)) <= 2 and len(value) < 40:
        return True
    bare = _DIGITS.sub("", value)
    if not _SPLIT.sub("", bare):
        return len(set(value)) <= 2
    return _holds_words_only(bare) or _is_spelled_otherwise(bare)


def _holds_words_only(text: str) -> bool:
    words = [w for w in _SPLIT.split(text) if w]
    return not _OTHER.search(text) and bool(words) and all(has_word(w) for w in words)


def _is_spelled_otherwise(text: str) -> bool:
    """Return whether *text* is words in which signs stand for a few letters."""
    spelled = text.lower().translate(_SPELLED)
    changed = sum(a != b for a, b in zip(text.lower(), spelled, strict=True))
    return 0 < changed <= _MOST_SPELLED and _holds_words_only(spelled)


def has_word(word: str) -> bool:
    """Return whether *word* is one of documentation's, or several of some length written together."""
    word = word.lower()
    if word in _WORDS or not _SHORTEST * 2 <= len(word) <= _LONGEST:
        return word in _WORDS
    ends = {0}
    for end in range(_SHORTEST, len(word) + 1):
        if any(word[begin:end] in _WORDS for begin in ends if end - begin >= _SHORTEST):
            ends.add(end)
    return len(word) in ends
