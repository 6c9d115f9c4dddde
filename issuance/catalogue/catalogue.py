"""The catalogue: every version of every service, found by name or by search.

Loaded once from a directory of definition files and then read only. With thousands
of services (the national catalogue has 4,246) a search must not read text again, so
the folded words of each service are kept.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from issuance.catalogue.definition import load_definitions
from issuance.catalogue.errors import UnknownService
from issuance.catalogue.folding import words
from issuance.catalogue.models import ServiceDefinition, ServiceState

DEFINITIONS = Path(__file__).parent / "definitions"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    service: ServiceDefinition
    name: frozenset[str]
    text: frozenset[str]


class Catalogue:
    """The definitions given, of which each (id, version) is unique."""

    def __init__(self, definitions: Iterable[ServiceDefinition]) -> None:
        self._versions = {(service.id, service.version): service for service in definitions}
        self._published = {service.id: service for service in self if service.state is ServiceState.PUBLISHED}
        self._entries = [_entry(service) for service in self._published.values()]

    @classmethod
    def load(cls, directory: Path = DEFINITIONS) -> "Catalogue":
        """Read every `*.yaml` of `directory`.

        Raises:
            DefinitionsInvalid: with every fault of every file.
        """
        return cls(load_definitions(directory))

    def __iter__(self) -> Iterator[ServiceDefinition]:
        return iter(sorted(self._versions.values(), key=lambda service: (service.id, service.version)))

    def published(self) -> tuple[ServiceDefinition, ...]:
        """What is on offer, by id."""
        return tuple(self._published.values())

    def find(self, service: str, version: int | None = None) -> ServiceDefinition:
        """The published version of a service, or exactly the version named, whatever its state.

        Raises:
            UnknownService: there is none.
        """
        found = self._published.get(service) if version is None else self._versions.get((service, version))
        if found is None:
            raise UnknownService(service, version)
        return found

    def search(self, text: str) -> tuple[ServiceDefinition, ...]:
        """The published services in which every word of `text` begins some word, best first.

        Arabic is folded (`folding.py`). A word in the title or the keywords counts more than one in the
        description. No words find everything.
        """
        wanted = words(text)
        scored = [(_score(entry, wanted), entry.service) for entry in self._entries]
        found = [(score, service) for score, service in scored if score is not None]
        return tuple(service for _, service in sorted(found, key=lambda pair: (-pair[0], pair[1].id)))


def _entry(service: ServiceDefinition) -> _Entry:
    name = " ".join((service.id, service.title.ar, service.title.en, *service.keywords))
    text = f"{service.description.ar} {service.description.en} {service.agency}"
    return _Entry(service=service, name=frozenset(words(name)), text=frozenset(words(text)))


def _score(entry: _Entry, wanted: tuple[str, ...]) -> int | None:
    total = 0
    for word in wanted:
        score = 3 * _match(word, entry.name) or _match(word, entry.text)
        if not score:
            return None
        total += score
    return total


def _match(word: str, among: frozenset[str]) -> int:
    """2 for the whole word, 1 for its beginning, 0 for neither."""
    if word in among:
        return 2
    return int(any(candidate.startswith(word) for candidate in among))
