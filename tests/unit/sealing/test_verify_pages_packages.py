"""A template set is all that a page is made of: no package of the home folder's or of the network's."""

from pathlib import Path

import pytest
from sealing_office import NOW, Office, birth
from sealing_pages import TEMPLATE, template_set
from sealing_papers import NUMBER

from signing.rendering.composer import Composer
from signing.rendering.errors import BadTemplateSet, TemplateFailed
from signing.rendering.symbol import SealSymbol
from signing.rendering.template_set import encode_template_set, packaged_set, parse_template_set


def test_the_set_of_this_program_names_none() -> None:
    own = packaged_set()
    assert parse_template_set(encode_template_set(own), digest=own.digest) == own


@pytest.mark.parametrize(
    "reach",
    [
        '#import "@local/strange:1.0.0": said',
        '#import"@preview/strange:1.0.0"',
        '#import /* a set\'s own */ "@local/strange:1.0.0"',
        '#import "@lo" + "cal/strange:1.0.0"',
        '#import "\\u{40}local/strange:1.0.0"',
        '#include sys.inputs.at("file")',
        '#eval("import " + at)',
        '#dictionary(std).at("ev" + "al")',
        "#import std: *",
        "#let x = -eval(at)",
    ],
)
def test_a_template_cannot_name_a_package(reach: str) -> None:
    """It would lie in the home folder of whoever verifies, or be fetched from the network."""
    strange = template_set({"templates/birth.typ": f"{reach}\n{TEMPLATE}"})
    with pytest.raises(BadTemplateSet, match="not in its set"):
        parse_template_set(encode_template_set(strange), digest=strange.digest)


def test_a_compiler_finds_no_packages(
    sealed_by: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where a set was not read from its octets."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / ".local/share"))
    package = tmp_path / ".local/share/typst/packages/local/strange/1.0.0"
    package.mkdir(parents=True)
    (package / "typst.toml").write_text(
        '[package]\nname = "strange"\nversion = "1.0.0"\nentrypoint = "lib.typ"\n'
    )
    (package / "lib.typ").write_text("")
    strange = template_set({"templates/birth.typ": f'#import "@local/strange:1.0.0"\n{TEMPLATE}'})
    record = birth(NUMBER)
    seal = SealSymbol.of(sealed_by.seal_code(sealed_by.claims(record)))
    with pytest.raises(TemplateFailed, match="package not found"):
        Composer(strange).compose(record, seal, at=NOW)
