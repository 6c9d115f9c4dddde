"""A service on offer and everything its definition says, as values.

A definition is data: it is drafted, tried in a test environment, published and,
one day, retired; each published change is a new version. These types are what a
definition file becomes after `definition.py` has checked it; they know nothing of
files.
"""

from dataclasses import dataclass
from enum import StrEnum

from issuance.money import Currency, Money
from signing.formats.pades_level import Level


class DocumentKind(StrEnum):
    """What can be issued; each kind has a template, a JSON schema and a seal-code profile."""

    INDIVIDUAL_EXTRACT = "individual-extract"
    FAMILY_EXTRACT = "family-extract"
    BIRTH = "birth"
    MARRIAGE = "marriage"
    DIVORCE = "divorce"
    DEATH = "death"
    NON_EMPLOYMENT = "non-employment"
    REFUSAL_NOTICE = "refusal-notice"


class ServiceState(StrEnum):
    """Where a definition stands on its way."""

    DRAFT = "draft"
    TEST = "test"
    PUBLISHED = "published"
    RETIRED = "retired"


class Relation(StrEnum):
    """What an applicant can be to the subject; all but `self` are proven from the register."""

    SELF = "self"
    PARENT = "parent"  # the applicant is the subject's parent
    CHILD = "child"  # the applicant is the subject's child
    SPOUSE = "spouse"
    SIBLING = "sibling"


class Channel(StrEnum):
    """How a request reaches us."""

    SELF_SERVICE = "self-service"
    DESK = "desk"
    ABROAD = "abroad"


class Delivery(StrEnum):
    """How a document reaches the applicant."""

    ELECTRONIC = "electronic"
    PICKUP = "pickup"
    DOMESTIC_POST = "domestic-post"
    INTERNATIONAL_POST = "international-post"


class Decision(StrEnum):
    """Who decides once the record is there."""

    AUTOMATIC = "automatic"
    OFFICER = "officer"


class Payer(StrEnum):
    """Who owes a fee component."""

    APPLICANT = "applicant"


class Due(StrEnum):
    """When a fee component is owed."""

    ON_SUBMISSION = "on-submission"
    ON_HAND_OVER = "on-hand-over"


class RefundOccasion(StrEnum):
    """What can happen instead of a document."""

    REFUSAL = "refusal"  # the agency or its officer refused, with a reason
    WITHDRAWAL = "withdrawal"  # the applicant withdrew before the record was asked for
    FAILURE = "failure"  # we or the agency could not do our part


class TimeUnit(StrEnum):
    """Units of the expected time, as a citizen reads it."""

    MINUTES = "minutes"
    HOURS = "hours"
    WORKING_DAYS = "working-days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same words in Arabic and in English; neither is empty."""

    ar: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredDocument:
    """What the applicant must show or attach."""

    id: str
    title: Text
    when: Text | None  # the circumstance in which it is needed; None means always


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """One component of what is paid, and to whom it goes."""

    component: str
    title: Text
    beneficiary: str
    amount: Money  # minor units, above zero
    payer: Payer
    due: Due
    channels: frozenset[Channel] | None  # None: in every channel
    deliveries: frozenset[Delivery] | None  # None: with every delivery
    refundable_on: frozenset[RefundOccasion]

    @property
    def refundable(self) -> bool:
        """Whether anything at all gives this component back."""
        return bool(self.refundable_on)

    def applies_to(self, channel: Channel, delivery: Delivery) -> bool:
        """Whether a request by `channel`, delivered by `delivery`, owes this component."""
        by_channel = self.channels is None or channel in self.channels
        return by_channel and (self.deliveries is None or delivery in self.deliveries)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedTime:
    """How long it usually takes from payment to release."""

    amount: int
    unit: TimeUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDefinition:
    """One version of one service."""

    id: str
    version: int
    state: ServiceState
    kind: DocumentKind
    agency: str
    title: Text
    description: Text
    keywords: tuple[str, ...]
    who: frozenset[Relation]
    required_documents: tuple[RequiredDocument, ...]
    fees: tuple[Fee, ...]
    expected_time: ExpectedTime
    registry: str
    template: str
    schema: str
    channels: frozenset[Channel]
    deliveries: frozenset[Delivery]
    decision: Decision
    validity_days: int
    seal_level: Level

    def fees_for(self, channel: Channel, delivery: Delivery) -> tuple[Fee, ...]:
        """The components owed by a request of this channel and delivery, in the definition's order."""
        return tuple(fee for fee in self.fees if fee.applies_to(channel, delivery))

    def total_for(self, channel: Channel, delivery: Delivery) -> Money:
        """Their sum; nothing owed is zero new liras."""
        owed = [fee.amount for fee in self.fees_for(channel, delivery)]
        total = Money(minor=0, currency=owed[0].currency if owed else Currency.SYP)
        for amount in owed:
            total += amount
        return total

    def refundable_for(
        self, channel: Channel, delivery: Delivery, occasion: RefundOccasion
    ) -> tuple[Fee, ...]:
        """Of the components owed, those given back on `occasion`."""
        return tuple(fee for fee in self.fees_for(channel, delivery) if occasion in fee.refundable_on)
