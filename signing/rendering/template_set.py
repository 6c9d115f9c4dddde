"""A template set: all that decides how documents look (docs/formats/template-set.md).

Templates, fonts with their licences, the table of agencies' names; the compiler's name and
version; and the number of the *preparation*, which is what our own code does before and
behind the compiler. Named by the SHA-256 of its octets, and that name stands in every
record, so that a page can be composed again for as long as the set is kept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from signing.formats.cbor import CborError, CborKey, CborValue, encode_cbor, parse_cbor
from signing.rendering.errors import BadTemplateSet

FORMAT = "template-set-1"
# What `view.py`, `symbol.py`, `composer.py` and what they use do with a record. Raise it when the page
# of any record could change by it, and keep doing as before for the sets that name a lower number.
PREPARATION = 1
MAX_OCTETS = 16 * 1024 * 1024
MAX_FILES = 256
MAX_FILE_OCTETS = 2 * 1024 * 1024
AGENCIES = "templates/agencies.json"

HERE = Path(__file__).parent
_FOLDERS = ("templates", "fonts")
_NAME = re.compile(r"(?:templates|fonts)/[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.(?:typ|json|ttf|otf|txt)")
# What would let a template name a package, which lies in a home folder or is fetched from the network:
# an import of anything but a file of the set by its plain name, and the ways to code made at run time.
_REACHES_OUT = re.compile(
    r"""(?<!\w) (?: (?:import|include) (?!\w) (?! [ ]? "[A-Za-z0-9_-]+\.typ" )
                | eval (?!\w)
                | std (?!\w) (?! \.[a-z] ) )""",
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSet:
    """`digest` is SHA-256 (hex) of the set's octets."""

    digest: str
    compiler: str
    preparation: int
    files: Mapping[str, bytes]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of documents that have a template here, and the names of the parts they share."""
        return frozenset(
            name.removeprefix("templates/").removesuffix(".typ")
            for name in self.files
            if name.startswith("templates/") and name.endswith(".typ")
        )

    @property
    def fonts(self) -> tuple[bytes, ...]:
        """The font files."""
        return tuple(data for name, data in sorted(self.files.items()) if name.endswith((".ttf", ".otf")))


@cache
def this_compiler() -> str:
    """The compiler that is installed here, as sets name it."""
    return f"typst {version('typst')}"


def template_set_name(digest: str) -> str:
    """Where a set is below the published root."""
    return f"templates/{digest}.cbor"


@cache
def packaged_set() -> TemplateSet:
    """The set that comes with this program: what documents are issued with from now on."""
    files = {
        f"{folder}/{path.name}": path.read_bytes()
        for folder in _FOLDERS
        for path in sorted((HERE / folder).iterdir())
        if _NAME.fullmatch(f"{folder}/{path.name}")
    }
    return _named(this_compiler(), PREPARATION, files)


def encode_template_set(template_set: TemplateSet) -> bytes:
    """The octets of a set."""
    return _encode(template_set.compiler, template_set.preparation, template_set.files)


def parse_template_set(data: bytes, *, digest: str) -> TemplateSet:
    """The set that goes by `digest`.

    Raises:
        BadTemplateSet: these octets are not it.
    """
    if len(data) > MAX_OCTETS or sha256(data).hexdigest() != digest:
        raise BadTemplateSet("other octets than its name says")
    try:
        value = parse_cbor(data)
    except CborError as error:
        raise BadTemplateSet(str(error)) from error
    if not isinstance(value, dict) or value.keys() != {"format", "compiler", "preparation", "files"}:
        raise BadTemplateSet("another format")
    match value["format"], value["compiler"], value["preparation"], value["files"]:
        case str(form), str(compiler), int(preparation), dict(files) if form == FORMAT:
            if len(files) > MAX_FILES:
                raise BadTemplateSet("too many files")
        case _:
            raise BadTemplateSet("another format")
    return TemplateSet(
        digest=digest,
        compiler=compiler,
        preparation=preparation,
        files={_checked(name): _content(name, content) for name, content in files.items()},
    )


def _checked(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadTemplateSet("a file with another name than a set's files have")
    return name


def _content(name: object, content: object) -> bytes:
    if not isinstance(content, bytes) or len(content) > MAX_FILE_OCTETS:
        raise BadTemplateSet("a file that is not octets, or too many")
    if str(name).endswith(".typ") and _REACHES_OUT.search(content.decode(errors="replace")):
        raise BadTemplateSet("a template that may read what is not in its set")
    return content


def _encode(compiler: str, preparation: int, files: Mapping[str, bytes]) -> bytes:
    content: dict[CborKey, CborValue] = {}
    content.update(files)
    return encode_cbor({"format": FORMAT, "compiler": compiler, "preparation": preparation, "files": content})


def _named(compiler: str, preparation: int, files: Mapping[str, bytes]) -> TemplateSet:
    digest = sha256(_encode(compiler, preparation, files)).hexdigest()
    return TemplateSet(digest=digest, compiler=compiler, preparation=preparation, files=files)
