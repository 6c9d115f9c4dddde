"""The rules of service definitions that a JSON schema cannot say.

Inside one file: what it names is known (agency, registry, beneficiaries, schema,
template), ids stand once, Arabic is Arabic and English is English, a fee's channels
and deliveries are among the service's, a seal lasts as long as the document. Across
files: each (id, version) once, one published version of each service.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from issuance.catalogue.embedded_json import SCHEMAS
from issuance.catalogue.errors import Fault
from issuance.catalogue.models import ServiceDefinition, ServiceState
from signing.formats.pades_level import Level

# Which registries there are, whose they are, and what can be drawn from them.
REGISTRIES: dict[str, frozenset[str]] = {
    "civil-registry": frozenset(
        {"individual-extract", "family-extract", "birth", "marriage", "divorce", "death"}
    ),
    "workers-register": frozenset({"non-employment"}),
}
AGENCIES = frozenset(REGISTRIES)
# A seal without time-stamp counts only while its certificate does, which may end any day.
MOST_DAYS_WITHOUT_TIME_STAMP = 7
BENEFICIARIES = AGENCIES | {"treasury", "service-centre", "post", "foreign-ministry"}

_ARABIC = re.compile(r"[\u0621-\u064a]")
_LATIN = re.compile(r"[A-Za-z]")

Raw = Mapping[str, Any]


def broken_rules(raw: Raw, file: str) -> Iterator[Fault]:
    """The faults of one definition that already follows the schema."""
    for path, rule in _broken(raw, file):
        yield Fault(file=file, path=path, rule=rule)


def broken_across(definitions: Mapping[str, ServiceDefinition]) -> Iterator[Fault]:
    """The faults of definitions taken together; the key is the file."""
    versions = Counter((service.id, service.version) for service in definitions.values())
    published = Counter(
        service.id for service in definitions.values() if service.state is ServiceState.PUBLISHED
    )
    for file, service in definitions.items():
        if versions[service.id, service.version] > 1:
            yield Fault(file=file, path="/version", rule=f"{service.id} {service.version} stands once")
        if service.state is ServiceState.PUBLISHED and published[service.id] > 1:
            yield Fault(file=file, path="/state", rule=f"one version of {service.id} is published")


def _broken(raw: Raw, file: str) -> Iterator[tuple[str, str]]:
    if file != f"{raw['id']}-{raw['version']}.yaml":
        yield "/id", f"the file is named <id>-<version>.yaml, here {raw['id']}-{raw['version']}.yaml"
    yield from _unknown_names(raw)
    yield from _broken_texts(raw)
    yield from _repeated(raw)
    if raw["seal_level"] == Level.B_B and raw["validity_days"] > MOST_DAYS_WITHOUT_TIME_STAMP:
        yield (
            "/seal_level",
            f"time-stamped (B-T and above) where valid for more than {MOST_DAYS_WITHOUT_TIME_STAMP} days",
        )
    for index, fee in enumerate(raw["fees"]):
        for name in ("channels", "deliveries"):
            extra = set(fee.get(name, ())) - set(raw[name])
            if extra:
                yield (
                    f"/fees/{index}/{name}",
                    f"among the service's own {name}: not {', '.join(sorted(extra))}",
                )
        if fee["beneficiary"] not in BENEFICIARIES:
            yield f"/fees/{index}/beneficiary", f"a known beneficiary: {', '.join(sorted(BENEFICIARIES))}"


def _unknown_names(raw: Raw) -> Iterator[tuple[str, str]]:
    if raw["agency"] not in AGENCIES:
        yield "/agency", f"a known agency: {', '.join(sorted(AGENCIES))}"
    kinds = REGISTRIES.get(raw["registry"])
    if kinds is None:
        yield "/registry", f"a known registry: {', '.join(sorted(REGISTRIES))}"
    elif raw["kind"] not in kinds:
        yield "/registry", f"a registry that keeps {raw['kind']}"
    if raw["template"] != raw["kind"]:
        yield "/template", f"the template of its kind: {raw['kind']}"
    if not raw["schema"].startswith(f"{raw['kind']}-") or not (SCHEMAS / f"{raw['schema']}.json").is_file():
        yield "/schema", f"a published schema of its kind, such as {raw['kind']}-1"


def _broken_texts(raw: Raw) -> Iterator[tuple[str, str]]:
    for path, text in _texts(raw, ""):
        if not _ARABIC.search(text["ar"]):
            yield f"{path}/ar", "has Arabic letters"
        if not _LATIN.search(text["en"]) or _ARABIC.search(text["en"]):
            yield f"{path}/en", "has English letters and no Arabic ones"


def _texts(node: object, path: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    match node:
        case {"ar": str(arabic), "en": str(english)}:
            yield path, {"ar": arabic, "en": english}
        case dict():
            for key, value in node.items():
                yield from _texts(value, f"{path}/{key}")
        case list():
            for index, value in enumerate(node):
                yield from _texts(value, f"{path}/{index}")
        case _:
            pass


def _repeated(raw: Raw) -> Iterator[tuple[str, str]]:
    for name, key in (("required_documents", "id"), ("fees", "component")):
        counts = Counter(item[key] for item in raw[name])
        for index, item in enumerate(raw[name]):
            if counts[item[key]] > 1:
                yield f"/{name}/{index}/{key}", f"stands once: {item[key]}"
