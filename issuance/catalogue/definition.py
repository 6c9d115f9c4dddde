"""Definition files: YAML in, `ServiceDefinition` out, nothing half-checked in between.

A file passes three gates: it is plain YAML (no duplicate keys, no anchors, bounded
size), it follows `service-definition.schema.json`, and it follows the rules that a
schema cannot say (`rules.py`). Every fault of every file is reported at once, with
the file, the path inside it and the rule.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from jsonschema import Draft202012Validator

from issuance.catalogue.errors import DefinitionsInvalid, Fault
from issuance.catalogue.models import (
    Channel,
    Decision,
    Delivery,
    DocumentKind,
    Due,
    ExpectedTime,
    Fee,
    Payer,
    RefundOccasion,
    Relation,
    RequiredDocument,
    ServiceDefinition,
    ServiceState,
    Text,
    TimeUnit,
)
from issuance.catalogue.rules import broken_across, broken_rules
from issuance.money import Currency, Money
from signing.formats.pades_level import Level

SCHEMA = Path(__file__).parent / "service-definition.schema.json"
MAX_FILE_BYTES = 64 * 1024
MAX_DEPTH = 12

# What a file holds before it is checked.
Raw = dict[str, Any]


def load_definitions(directory: Path) -> tuple[ServiceDefinition, ...]:
    """Every `*.yaml` of `directory`, checked one by one and against each other.

    Raises:
        DefinitionsInvalid: with every fault found; nothing is loaded.
    """
    faults: list[Fault] = []
    definitions: dict[str, ServiceDefinition] = {}
    paths = sorted(directory.glob("*.yaml"))
    if not paths:
        faults.append(Fault(file=str(directory), path="/", rule="holds at least one definition (*.yaml)"))
    for path in paths:
        try:
            definitions[path.name] = parse_definition(path.read_bytes(), file=path.name)
        except DefinitionsInvalid as error:
            faults += error.faults
    faults += broken_across(definitions)
    if faults:
        raise DefinitionsInvalid(faults)
    return tuple(definitions.values())


def parse_definition(content: bytes, *, file: str) -> ServiceDefinition:
    """Read one definition; `file` is its name in what is reported.

    Raises:
        DefinitionsInvalid: with every fault of this file.
    """
    raw = _read_yaml(content, file)
    faults = [
        Fault(file=file, path=_pointer(error.absolute_path), rule=error.message[:300])
        for error in _validator().iter_errors(raw)
    ]
    if not faults:
        faults = list(broken_rules(cast("Raw", raw), file))
    if faults:
        raise DefinitionsInvalid(faults)
    return _definition(cast("Raw", raw))


def _read_yaml(content: bytes, file: str) -> object:
    if len(content) > MAX_FILE_BYTES:
        raise DefinitionsInvalid([Fault(file=file, path="/", rule=f"at most {MAX_FILE_BYTES} bytes")])
    try:
        return _plain_yaml(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DefinitionsInvalid([Fault(file=file, path="/", rule="is UTF-8")]) from error
    # An impossible date or an unhashable key raises from Python itself.
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"/ (line {mark.line + 1})" if mark else "/"
        rule = f"is plain YAML: {getattr(error, 'problem', None) or type(error).__name__}"
        raise DefinitionsInvalid([Fault(file=file, path=where, rule=rule)]) from error


def _plain_yaml(text: str) -> object:
    """One document of YAML without what makes it surprising: anchors, depth and keys that stand twice."""
    # Before anything is composed: libyaml's composer recurses in C, where depth ends the process.
    _refuse_anchors_and_depth(text)
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_repeated_keys(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_anchors_and_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
            raise _surprise(f"no anchors, and at most {MAX_DEPTH} levels", event.start_mark)


def _refuse_repeated_keys(node: yaml.Node) -> None:
    """A key that stands twice would silently have its second value."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(item)
    elif isinstance(node, yaml.MappingNode):
        keys: set[object] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                raise _surprise(f"the key {key.value!r} stands twice", key.start_mark)
            keys.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
            _refuse_repeated_keys(value)


def _surprise(problem: str, mark: object) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=cast("yaml.Mark", mark))


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _pointer(path: Iterable[str | int]) -> str:
    return "/" + "/".join(str(step) for step in path)


def _definition(raw: Raw) -> ServiceDefinition:
    return ServiceDefinition(
        id=raw["id"],
        version=raw["version"],
        state=ServiceState(raw["state"]),
        kind=DocumentKind(raw["kind"]),
        agency=raw["agency"],
        title=_text(raw["title"]),
        description=_text(raw["description"]),
        keywords=tuple(raw.get("keywords", ())),
        who=frozenset(map(Relation, raw["who"])),
        required_documents=tuple(map(_required_document, raw["required_documents"])),
        fees=tuple(map(_fee, raw["fees"])),
        expected_time=ExpectedTime(
            amount=raw["expected_time"]["amount"], unit=TimeUnit(raw["expected_time"]["unit"])
        ),
        registry=raw["registry"],
        template=raw["template"],
        schema=raw["schema"],
        channels=frozenset(map(Channel, raw["channels"])),
        deliveries=frozenset(map(Delivery, raw["deliveries"])),
        decision=Decision(raw["decision"]),
        validity_days=raw["validity_days"],
        seal_level=Level(raw["seal_level"]),
    )


def _required_document(raw: Raw) -> RequiredDocument:
    when = _text(raw["when"]) if "when" in raw else None
    return RequiredDocument(id=raw["id"], title=_text(raw["title"]), when=when)


def _fee(raw: Raw) -> Fee:
    amount = raw["amount"]
    return Fee(
        component=raw["component"],
        title=_text(raw["title"]),
        beneficiary=raw["beneficiary"],
        amount=Money(minor=amount["minor"], currency=Currency(amount["currency"])),
        payer=Payer(raw["payer"]),
        due=Due(raw["due"]),
        channels=frozenset(map(Channel, raw["channels"])) if "channels" in raw else None,
        deliveries=frozenset(map(Delivery, raw["deliveries"])) if "deliveries" in raw else None,
        refundable_on=frozenset(map(RefundOccasion, raw["refundable_on"])),
    )


def _text(raw: Raw) -> Text:
    return Text(ar=raw["ar"].strip(), en=raw["en"].strip())
