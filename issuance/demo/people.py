"""Who plays in the demonstration: citizens of the sample register, a clerk, an officer."""

from dataclasses import dataclass

from issuance.app import Service
from issuance.catalogue.models import Channel, DocumentKind
from issuance.identity.accounts import NewAccount, create_account
from issuance.identity.actors import system_actor
from issuance.identity.permissions import Role
from issuance.registries.samples import SampleCase, sample_subjects
from issuance.registries.tables import open_register

OFFICE = "damascus-1"
CLERK, OFFICER = "demo.clerk", "demo.officer"
# Below 9901 there is nobody in the sample register: neither is anybody's kin.
NATIONAL_NUMBERS = {CLERK: "99000000001", OFFICER: "99000000002"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One request of the demonstration and how it must end."""

    title: str
    service: DocumentKind
    applicant: str
    subject: str
    channel: Channel
    is_refused: bool = False

    @property
    def kind(self) -> DocumentKind:
        """What is delivered in the end."""
        return DocumentKind.REFUSAL_NOTICE if self.is_refused else self.service


def choose_scenes(service: Service) -> list[Scene]:
    """One request of every kind, one of them at a desk with cash; and one that must be refused."""
    register = open_register(service.layout.civil_register)
    with register.connect() as connection:
        samples = sample_subjects(connection)
    register.dispose()
    scenes = [_scene(case, service) for case in samples.granted.values()]
    unfinished = samples.unfinished_divorce
    scenes.append(
        Scene(
            title="divorce not yet complete",
            service=unfinished.service,
            applicant=unfinished.applicant,
            subject=unfinished.subject,
            channel=Channel.SELF_SERVICE,
            is_refused=True,
        )
    )
    return scenes


def hire(service: Service, passwords: dict[str, str]) -> None:
    """Accounts of the clerk at the desk and the officer of the civil register."""
    at, by = service.parts.clock(), system_actor("demonstration")
    staff = (
        (CLERK, "Clerk of the demonstration", Role.CLERK),
        (OFFICER, "Officer of the demonstration", Role.OFFICER),
    )
    hashes = {login: service.passwords.hash(password) for login, password in passwords.items()}
    with service.parts.engine.begin() as connection:
        for login, full_name, role in staff:
            new = NewAccount(
                login=login,
                full_name=full_name,
                roles=frozenset({role}),
                agency="civil-registry",
                office=OFFICE,
                national_number=NATIONAL_NUMBERS[login],
            )
            create_account(connection, new, password_hash=hashes[login], by=by, at=at)


def _scene(case: SampleCase, service: Service) -> Scene:
    title = service.parts.catalogue.find(case.service).title.en
    at_desk = case.service is DocumentKind.DEATH
    return Scene(
        title=title,
        service=case.service,
        applicant=case.applicant,
        subject=case.subject,
        channel=Channel.DESK if at_desk else Channel.SELF_SERVICE,
    )
