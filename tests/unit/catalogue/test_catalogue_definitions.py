"""Each rule of a definition file, broken once; the fault names the file, the path and the rule."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from issuance.catalogue.catalogue import DEFINITIONS, Catalogue
from issuance.catalogue.definition import load_definitions, parse_definition
from issuance.catalogue.errors import DefinitionsInvalid, UnknownService
from issuance.catalogue.models import (
    Channel,
    Decision,
    Delivery,
    DocumentKind,
    RefundOccasion,
    Relation,
    ServiceState,
)
from issuance.money import Currency, Money
from signing.formats.pades_level import Level

Definition = dict[str, Any]
BIRTH: Definition = yaml.safe_load((DEFINITIONS / "birth-1.yaml").read_text(encoding="utf-8"))


def put(*path: str | int, value: object) -> Callable[[Definition], None]:
    """A change that sets what stands at `path`."""

    def change(definition: Definition) -> None:
        node: Any = definition
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value

    return change


def drop(*path: str) -> Callable[[Definition], None]:
    """A change that removes what stands at `path`."""

    def change(definition: Definition) -> None:
        node: Any = definition
        for step in path[:-1]:
            node = node[step]
        del node[path[-1]]

    return change


def twice(name: str) -> Callable[[Definition], None]:
    """A change that repeats the first of a list."""
    return lambda definition: definition[name].append(copy.deepcopy(definition[name][0]))


BROKEN: dict[str, tuple[Callable[[Definition], None], str, str]] = {
    "no English title": (drop("title", "en"), "/title", "'en' is a required property"),
    "an empty Arabic title": (put("title", "ar", value=""), "/title/ar", "should be non-empty"),
    "English where Arabic belongs": (put("title", "ar", value="Birth"), "/title/ar", "has Arabic letters"),
    "Arabic where English belongs": (put("title", "en", value="بيان"), "/title/en", "has English letters"),
    "a free fee": (put("fees", 0, "amount", "minor", value=0), "/fees/0/amount/minor", "minimum of 1"),
    "a negative fee": (put("fees", 0, "amount", "minor", value=-1), "/fees/0/amount/minor", "minimum of 1"),
    "a fee with a fraction": (
        put("fees", 0, "amount", "minor", value=1.5),
        "/fees/0/amount/minor",
        "integer",
    ),
    "a fee in old liras": (
        put("fees", 0, "amount", "currency", value="SYP-OLD"),
        "/fees/0/amount/currency",
        "is not one of",
    ),
    "a fee for nobody known": (
        put("fees", 0, "beneficiary", value="cousin"),
        "/fees/0/beneficiary",
        "a known beneficiary",
    ),
    "a fee for a channel not offered": (
        put("channels", value=["desk"]),
        "/fees/3/channels",
        "among the service's own channels: not abroad",
    ),
    "the same fee twice": (twice("fees"), "/fees/0/component", "stands once"),
    "the same document twice": (twice("required_documents"), "/required_documents/0/id", "stands once"),
    "an unknown agency": (put("agency", value="post-office"), "/agency", "a known agency"),
    "an unknown registry": (put("registry", value="land-register"), "/registry", "a known registry"),
    "a registry that keeps no such record": (
        put("registry", value="workers-register"),
        "/registry",
        "a registry that keeps birth",
    ),
    "another kind's template": (put("template", value="death"), "/template", "the template of its kind"),
    "another kind's schema": (put("schema", value="death-1"), "/schema", "a published schema of its kind"),
    "a schema that is not there": (
        put("schema", value="birth-9"),
        "/schema",
        "a published schema of its kind",
    ),
    "a schema outside its folder": (put("schema", value="birth-1/../x"), "/schema", "does not match"),
    "nobody may ask": (put("who", value=[]), "/who", "non-empty"),
    "an unknown relation": (put("who", value=["neighbour"]), "/who/0", "is not one of"),
    "an unknown field": (put("colour", value="blue"), "/", "'colour' was unexpected"),
    "a version that is no number": (put("version", value="1"), "/version", "is not of type 'integer'"),
    "a document valid for ever": (put("validity_days", value=0), "/validity_days", "minimum of 1"),
    "a seal of no level": (put("seal_level", value="LT"), "/seal_level", "is not one of"),
    "a seal that ends before the document": (
        put("seal_level", value="B-B"),
        "/seal_level",
        "time-stamped (B-T and above) where valid for more than 7 days",
    ),
    "another service's file": (put("id", value="born"), "/id", "the file is named <id>-<version>.yaml"),
}


@pytest.mark.parametrize(("change", "path", "rule"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_definition_is_refused(change: Callable[[Definition], None], path: str, rule: str) -> None:
    definition = copy.deepcopy(BIRTH)
    change(definition)

    with pytest.raises(DefinitionsInvalid) as caught:
        parse_definition(yaml.safe_dump(definition, allow_unicode=True).encode(), file="birth-1.yaml")

    faults = caught.value.faults
    assert {fault.file for fault in faults} == {"birth-1.yaml"}
    assert any(fault.path == path and rule in fault.rule for fault in faults), faults


SURPRISES = {
    "a key that stands twice": b"id: birth\nid: death\n",
    "an anchor and its alias": b"a: &x [1]\nb: *x\n",
    "a billion laughs": b"a: &a [1,1]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n",
    "depth that would end the process": b"[" * 60_000,
    "an object of Python": b"!!python/object/apply:os.system [id]",
    "two documents": b"a: 1\n---\nb: 2\n",
    "a list for a key": b"? [1]\n: 2\n",
    "a thirteenth month": b"a: 2026-13-45\n",
    "bytes that are not UTF-8": b"title: \xff\xfe",
    "more bytes than any definition needs": b"# " + b"x" * 70_000,
    "nothing": b"",
    "a bare word": b"birth",
}


@pytest.mark.parametrize("content", SURPRISES.values(), ids=SURPRISES.keys())
def test_surprising_yaml_is_refused(content: bytes) -> None:
    with pytest.raises(DefinitionsInvalid) as caught:
        parse_definition(content, file="birth-1.yaml")

    assert caught.value.faults[0].file == "birth-1.yaml"


def written(directory: Path, *definitions: Definition) -> Path:
    for definition in definitions:
        name = f"{definition['id']}-{definition['version']}.yaml"
        (directory / name).write_text(yaml.safe_dump(definition, allow_unicode=True), encoding="utf-8")
    return directory


def test_every_fault_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    directory = written(tmp_path, {**BIRTH, "agency": "nobody", "registry": "nowhere"})
    (directory / "zzz-1.yaml").write_text("id: [", encoding="utf-8")

    with pytest.raises(DefinitionsInvalid) as caught:
        load_definitions(directory)

    found = {(fault.file, fault.path) for fault in caught.value.faults}
    assert {("birth-1.yaml", "/agency"), ("birth-1.yaml", "/registry")} < found
    assert any(file == "zzz-1.yaml" for file, _ in found)


def test_two_published_versions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionsInvalid, match="one version of birth is published"):
        load_definitions(written(tmp_path, BIRTH, {**BIRTH, "version": 2}))


def test_an_empty_directory_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(DefinitionsInvalid, match="at least one definition"):
        load_definitions(tmp_path)


def test_a_newer_draft_changes_nothing_until_it_is_published(tmp_path: Path) -> None:
    draft = {**BIRTH, "version": 2, "state": "draft"}
    catalogue = Catalogue.load(written(tmp_path, BIRTH, draft))

    assert catalogue.find("birth").version == 1
    assert catalogue.find("birth", 2).state is ServiceState.DRAFT
    assert [service.version for service in catalogue.search("birth")] == [1]


def test_a_retired_service_is_found_only_by_its_version(tmp_path: Path) -> None:
    """A document issued under it is still explained by it."""
    catalogue = Catalogue.load(written(tmp_path, {**BIRTH, "state": "retired"}))

    assert catalogue.find("birth", 1).state is ServiceState.RETIRED
    with pytest.raises(UnknownService):
        catalogue.find("birth")


def test_the_seven_services_are_published() -> None:
    catalogue = Catalogue.load()
    services = {service.kind: service for service in catalogue.published()}

    assert set(services) == set(DocumentKind) - {DocumentKind.REFUSAL_NOTICE}
    assert all(service.id == service.kind == service.template for service in services.values())
    assert all(service.validity_days == 90 for service in services.values())
    assert all(service.seal_level is Level.B_LT for service in services.values())
    by_officer = {kind for kind, service in services.items() if service.decision is Decision.OFFICER}
    assert by_officer == {DocumentKind.DIVORCE}
    assert Relation.SELF not in services[DocumentKind.DEATH].who


def test_fees_depend_on_channel_and_delivery() -> None:
    birth = Catalogue.load().find("birth")

    near = birth.fees_for(Channel.SELF_SERVICE, Delivery.ELECTRONIC)
    far = birth.fees_for(Channel.ABROAD, Delivery.INTERNATIONAL_POST)

    assert [fee.component for fee in near] == ["extract-fee", "stamp-duty", "service-charge"]
    assert birth.total_for(Channel.SELF_SERVICE, Delivery.ELECTRONIC) == Money(
        minor=3500, currency=Currency.SYP
    )
    assert {fee.component for fee in far} - {fee.component for fee in near} == {
        "consular-fee",
        "international-postage",
    }


def test_a_refusal_keeps_the_service_charge_and_a_failure_keeps_nothing() -> None:
    divorce = Catalogue.load().find("divorce")
    asked = (Channel.DESK, Delivery.PICKUP)

    owed = {fee.component for fee in divorce.fees_for(*asked)}
    refused = {fee.component for fee in divorce.refundable_for(*asked, RefundOccasion.REFUSAL)}
    failed = {fee.component for fee in divorce.refundable_for(*asked, RefundOccasion.FAILURE)}

    assert owed - refused == {"service-charge"}
    assert failed == owed


@pytest.mark.parametrize("version", [None, 1, 99, -1])
def test_an_unknown_service_is_an_error_with_its_name(version: int | None) -> None:
    with pytest.raises(UnknownService) as caught:
        Catalogue.load().find("passport", version)

    assert caught.value.facts == {"service": "passport", "version": version}
