"""From the wish to the bill: what cannot be asked, by whom, and what must be handed in."""

import hashlib
import os
from typing import Any

import pytest
from requests_world import (
    JPEG,
    KARIM,
    NOON,
    OMAR,
    PDF,
    PHONE,
    PNG,
    SALMA,
    STRANGER,
    SlowRegister,
    World,
    citizen,
    staff,
)

from issuance.catalogue.models import Channel, Delivery, Relation, Text
from issuance.documents.files import StorageFull
from issuance.errors import IssuanceError
from issuance.identity.actors import Actor
from issuance.problems import detail_of
from issuance.registries.answers import Ambiguous, Candidate, NotFound, Reason
from issuance.requests.errors import ChannelNotYours, ContactNotEnrolled
from issuance.requests.lifecycle import Event, State, TransitionRefused
from issuance.requests.opening import DRAFT_KEPT, MAX_ATTACHMENT_BYTES, PAYMENT_WITHIN, load_attachments

CLERK = staff("clerk")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        pytest.param({"service": "passport"}, "unknown-service", id="a service we do not have"),
        pytest.param({"service": "birth'--"}, "unknown-service", id="a service with SQL in its name"),
        pytest.param({"applicant": "9901000000"}, "invalid-national-number", id="an applicant of ten digits"),
        pytest.param({"subject": "9901000000x"}, "invalid-national-number", id="a subject with a letter"),
        pytest.param({"subject": ""}, "invalid-national-number", id="no subject"),
        pytest.param({"subject": "9" * 5000}, "invalid-national-number", id="an endless subject"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_and_leaves_nothing(
    world: World, wish: dict[str, Any], code: str
) -> None:
    with pytest.raises(IssuanceError) as refusal:
        world.open(CLERK, **wish)
    assert refusal.value.code == code
    with world.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM requests").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM request_events").scalar_one() == 0


def test_a_channel_and_a_delivery_that_the_service_does_not_offer_are_refused(world: World) -> None:
    offered = world.catalogue.find("non-employment")
    for channel in set(Channel) - offered.channels:
        with pytest.raises(IssuanceError, match="channel-not-offered"):
            world.open(service="non-employment", channel=channel)
    for delivery in set(Delivery) - offered.deliveries:
        with pytest.raises(IssuanceError, match="delivery-not-offered"):
            world.open(service="non-employment", delivery=delivery)


def test_national_numbers_are_kept_as_ascii_digits(world: World) -> None:
    request = world.open(CLERK, applicant="٩٩٠١٠٠٠٠٠٠١", subject=" 990-1000-0001 ")
    assert (request.applicant, request.subject) == (OMAR, OMAR)


def test_a_draft_stands_with_the_first_line_of_its_timeline(world: World) -> None:
    request = world.open()
    assert world.load(request) == request
    assert (request.state, request.due_at) == (State.DRAFT, NOON + DRAFT_KEPT)
    (line,) = world.timeline(request)
    assert (line.event, line.source, line.target) == (Event.OPEN, State.DRAFT, State.DRAFT)
    assert line.actor == citizen(OMAR).id


def test_a_citizen_asks_only_in_their_own_name(world: World) -> None:
    with pytest.raises(IssuanceError, match="not-in-your-name"):
        world.open(citizen(SALMA), applicant=OMAR, subject=SALMA)


@pytest.mark.parametrize("role", ["applicant", "subject"])
def test_a_clerk_does_not_open_for_their_own_kin(world: World, role: str) -> None:
    """Law 376/1957: neither their own records nor those of ascendants, descendants, spouse."""
    world.registers.close_kin.add((KARIM, OMAR))
    people = {"applicant": STRANGER, "subject": STRANGER} | {role: OMAR}
    with pytest.raises(IssuanceError, match="own-kins-record"):
        world.open(staff("karim", national_number=KARIM), **people)
    with pytest.raises(IssuanceError, match="own-kins-record"):
        world.open(staff("omar", national_number=OMAR), **people)
    assert world.open(CLERK, **people).state is State.DRAFT


@pytest.mark.parametrize(
    ("actor", "channel"),
    [(CLERK, Channel.SELF_SERVICE), (citizen(OMAR), Channel.DESK)],
    ids=["clerk", "citizen"],
)
def test_the_channel_is_the_way_the_caller_came_in(world: World, actor: Actor, channel: Channel) -> None:
    """Fees depend on it."""
    with pytest.raises(ChannelNotYours):
        world.open(actor, channel=channel)


@pytest.mark.parametrize("asked", [None, PHONE])
def test_a_citizen_is_told_on_the_telephone_that_a_desk_enrolled(world: World, asked: str | None) -> None:
    world.enrol(OMAR, PHONE)

    assert world.open(contact=asked).contact == PHONE


@pytest.mark.parametrize("is_enrolled", [True, False])
def test_what_leads_to_a_document_goes_to_no_other_telephone(world: World, *, is_enrolled: bool) -> None:
    if is_enrolled:
        world.enrol(OMAR, PHONE)

    with pytest.raises(ContactNotEnrolled):
        world.open(contact="+963933000009")


def test_a_clerk_enters_the_telephone_that_the_person_at_the_desk_names(world: World) -> None:
    assert world.open(CLERK, contact=PHONE).contact == PHONE


def test_a_clerk_does_not_submit_what_their_kin_opened(world: World) -> None:
    """Otherwise the clerk would vouch for the originals of their own kin."""
    world.registers.close_kin.add((KARIM, OMAR))
    request = world.open()
    with pytest.raises(IssuanceError, match="own-kins-record"):
        world.submit(request, staff("karim", national_number=KARIM), seen=["identity"])
    assert world.load(request).state is State.DRAFT


def test_one_citizen_does_not_submit_for_another(world: World) -> None:
    request = world.open()
    world.attach(request)
    with pytest.raises(IssuanceError, match="not-in-your-name"):
        world.submit(request, citizen(SALMA))


def test_who_is_not_kin_by_the_register_is_refused(world: World) -> None:
    request = world.open(citizen(STRANGER), applicant=STRANGER, subject=OMAR)
    world.attach(request)
    with pytest.raises(IssuanceError, match="not-kin"):
        world.submit(request)
    assert world.load(request).state is State.DRAFT


def test_a_relation_that_the_service_does_not_accept_is_refused(world: World) -> None:
    world.registers.relations[OMAR, KARIM] = Relation.SIBLING
    request = world.open(subject=KARIM)
    world.attach(request)
    with pytest.raises(IssuanceError, match="not-kin"):
        world.submit(request)


def test_submission_keeps_the_proof_and_fixes_the_fees(world: World) -> None:
    world.registers.relations[OMAR, KARIM] = Relation.PARENT
    request = world.submitted(subject=KARIM)
    assert (request.state, request.due_at) == (State.AWAITING_PAYMENT, NOON + PAYMENT_WITHIN)
    assert request.relation["relation"] == "parent"  # type: ignore[index,call-overload]
    owed = world.catalogue.find("birth").fees_for(request.channel, request.delivery)
    assert [(fee["component"], fee["minor"], fee["currency"]) for fee in request.fees] == [  # type: ignore[index,union-attr,call-overload]
        (fee.component, fee.amount.minor, "SYP") for fee in owed
    ]
    assert world.load(request) == request


def test_submitting_twice_is_submitting_once(world: World) -> None:
    first = world.submitted()
    world.wait(days=1)
    assert world.submit(first) == first
    assert [line.event for line in world.timeline(first)] == [Event.OPEN, Event.SUBMIT]


def test_a_submission_after_the_end_changes_nothing(world: World) -> None:
    request = world.open()
    world.move("cancel", request, actor=citizen(OMAR))
    assert world.submit(request).state is State.CANCELLED


def test_a_required_document_is_handed_in_or_seen_by_a_clerk(world: World) -> None:
    request = world.open()
    with pytest.raises(IssuanceError, match="attachments-missing") as refusal:
        world.submit(request)
    (required,) = world.catalogue.find("birth").required_documents
    told = detail_of(refusal.value)
    assert required.title.ar in told.ar
    assert required.title.en in told.en
    submitted = world.submit(request, CLERK, seen=["identity"])
    assert submitted.state is State.AWAITING_PAYMENT
    assert world.timeline(request)[-1].facts == {"relation": "self", "seen": ["identity"]}


def test_a_citizen_cannot_say_that_originals_were_seen(world: World) -> None:
    request = world.open()
    with pytest.raises(IssuanceError, match="attachments-missing"):
        world.submit(request, seen=["identity"])
    world.attach(request)
    world.submit(request, seen=["identity"])
    assert world.timeline(request)[-1].facts == {"relation": "self", "seen": []}


def test_a_clerk_vouches_only_for_what_the_service_asks_for(world: World) -> None:
    request = world.open()
    with pytest.raises(IssuanceError, match="attachment-unknown"):
        world.submit(request, CLERK, seen=["identity", "a camel"])


def test_only_circumstances_that_are_met_ask_for_more(world: World) -> None:
    """A document with a condition is not demanded of everybody."""
    for service in world.catalogue.published():
        request = world.open(service=service.id, channel=min(service.channels))
        always = [required.id for required in service.required_documents if required.when is None]
        relation = min(service.who)
        world.registers.relations[OMAR, SALMA] = relation
        if relation is not Relation.SELF:
            request = world.open(service=service.id, channel=min(service.channels), subject=SALMA)
        assert world.submit(request, CLERK, seen=always).state is State.AWAITING_PAYMENT


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg")],
    ids=["PDF", "PNG", "JPEG"],
)
def test_what_is_handed_in_is_kept_under_its_own_digest(
    world: World, content: bytes, media_type: str
) -> None:
    request = world.open()
    world.attach(request, content=content)
    with world.engine.begin() as connection:
        (attachment,) = load_attachments(connection, request.number)
    assert (attachment.media_type, attachment.size) == (media_type, len(content))
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()
    assert world.attachments.read(attachment.sha256) == content


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"MZ\x90\x00", id="a program"),
        pytest.param(b"<html><script>", id="a page"),
        pytest.param(b" %PDF-1.7", id="a PDF that begins later"),
        pytest.param(b"%PDF-" + b"0" * MAX_ATTACHMENT_BYTES, id="one octet too many and more"),
    ],
)
def test_what_is_not_acceptable_is_refused_and_not_kept(world: World, content: bytes) -> None:
    request = world.open()
    with pytest.raises(IssuanceError, match="attachment-refused") as refusal:
        world.attach(request, content=content)
    assert refusal.value.facts == {"megabytes": 5}
    assert not [path for path in world.attachments.path("0" * 64).parents[1].rglob("*") if path.is_file()]


def test_the_largest_acceptable_file_is_taken(world: World) -> None:
    request = world.open()
    world.attach(request, content=PDF.ljust(MAX_ATTACHMENT_BYTES, b"0"))
    assert world.submit(request).state is State.AWAITING_PAYMENT


def test_a_document_that_the_service_does_not_ask_for_is_refused(world: World) -> None:
    with pytest.raises(IssuanceError, match="attachment-unknown"):
        world.attach(world.open(), "../../etc/passwd")


def test_handing_in_again_replaces(world: World) -> None:
    request = world.open()
    world.attach(request, content=PDF)
    world.attach(request, content=PNG)
    with world.engine.begin() as connection:
        (attachment,) = load_attachments(connection, request.number)
    assert attachment.media_type == "image/png"


def test_nothing_is_handed_in_once_the_request_is_submitted(world: World) -> None:
    """What an officer decides on must be what was submitted."""
    request = world.submitted()
    with pytest.raises(TransitionRefused):
        world.attach(request, content=PNG)
    with world.engine.begin() as connection:
        (attachment,) = load_attachments(connection, request.number)
    assert attachment.media_type == "application/pdf"


def test_a_full_disk_hands_in_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    request = world.open()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        world.attach(request)
    monkeypatch.undo()
    with world.engine.begin() as connection:
        assert not load_attachments(connection, request.number)
    world.attach(request)


def test_an_event_is_named_where_several_fit(world: World) -> None:
    register = world.registers.connector("civil-registry")
    words = Text(ar="زواج", en="Marriage")
    register.answer = Ambiguous(  # type: ignore[attr-defined]
        candidates=tuple(Candidate(event=event, date="2001-01-01", summary=words) for event in ("21", "22"))
    )
    request = world.open(service="marriage")
    world.attach(request)
    with pytest.raises(IssuanceError, match="event-needed") as refusal:
        world.submit(request)
    assert refusal.value.facts == {"events": "21, 22"}
    assert world.load(request).state is State.DRAFT


def test_a_register_without_the_record_still_leads_to_a_request(world: World) -> None:
    """The refusal is the register's answer, given by a sealed notice and not by a form."""
    reason = Reason(code="birth-not-found", text=Text(ar="لا", en="No"))
    world.registers.connector("civil-registry").answer = NotFound(reason=reason)  # type: ignore[attr-defined]
    assert world.submitted().state is State.AWAITING_PAYMENT


def test_an_agency_that_answers_later_is_not_asked_before_it_is_paid_for(world: World) -> None:
    slow = SlowRegister("civil-registry", NotFound(reason=Reason(code="x", text=Text(ar="لا", en="No"))))
    world.registers.registers["civil-registry"] = slow
    assert world.submitted().state is State.AWAITING_PAYMENT
    assert slow.asked == []
