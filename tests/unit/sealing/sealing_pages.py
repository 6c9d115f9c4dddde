"""The pages of the office: a template set of its own, simple and quick."""

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any
from unittest.mock import patch

from sealing_pki import NOW

from signing.formats.seal_code import SealCodeError, parse_seal_code
from signing.rendering import composer
from signing.rendering.composer import kept_composer
from signing.rendering.symbol import SealSymbol
from signing.rendering.template_set import (
    PREPARATION,
    TemplateSet,
    encode_template_set,
    packaged_set,
    template_set_name,
    this_compiler,
)

TEMPLATE = """
#let page(data) = {
  let child = data.embedded.record.child
  set document(title: "Birth extract")
  set text(lang: "en", font: "Amiri", fallback: false)
  set std.page(paper: "a4")
  heading[Birth extract]
  [#child.given_name.en #child.family_name.en]
  parbreak()
  link(data.seal.text)[Verify this document]
  let side = (data.seal.modules + 8) * 0.55mm
  place(bottom + left, image(bytes(data.seal.svg), format: "svg", width: side, alt: "The seal code"))
}
"""


def template_set(
    files: Mapping[str, str] | None = None,
    *,
    compiler: str | None = None,
    preparation: int = PREPARATION,
) -> TemplateSet:
    """A set with these files besides the fonts and the names of agencies that documents have."""
    kept = {
        name: octets
        for name, octets in packaged_set().files.items()
        if name.startswith("fonts/") or name.endswith(".json")
    }
    kept |= {name: text.encode() for name, text in (files or {"templates/birth.typ": TEMPLATE}).items()}
    unnamed = TemplateSet(
        digest="", compiler=compiler or this_compiler(), preparation=preparation, files=kept
    )
    digest = sha256(encode_template_set(unnamed)).hexdigest()
    return TemplateSet(digest=digest, compiler=unnamed.compiler, preparation=preparation, files=unnamed.files)


@cache
def office_set() -> TemplateSet:
    return template_set()


@cache
def published_sets() -> dict[str, bytes]:
    """By name below the published root."""
    return {template_set_name(office_set().digest): encode_template_set(office_set())}


@cache
def render(url: str, record: bytes, drawn: bytes | None = None) -> bytes:
    """One page, PDF/A-3a and PDF/UA-1, with a link and the record; `drawn` is another record, for the eye."""
    shown: dict[str, Any] = json.loads(record if drawn is None else drawn)
    try:
        at = parse_seal_code(url).claims.issued_at
    except SealCodeError:
        at = NOW
    with patch.object(composer, "encode_canonical_json", lambda _: record):
        return kept_composer(office_set()).compose(shown, SealSymbol.of(url), at=at)
