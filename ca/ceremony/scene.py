"""What every step of a ceremony works with: the plan, the people, the clock, the books and the transcript."""

from dataclasses import dataclass

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from ca.ceremony.earlier import Earlier
from ca.ceremony.plan import Plan
from ca.ceremony.room import EmptyRoom, Room
from ca.ceremony.root_key import KEY_ID, REHEARSED_KEY_ID, Custody
from ca.ceremony.shares import Sheet
from ca.ceremony.transcript import Mark, MarkKind, Step, Transcript, Value
from ca.certificates import Issuer
from ca.clock import Clock
from ca.store import prepare_books


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRoot:
    """The root at work, and how its key is kept when the ceremony is over."""

    issuer: Issuer
    custody: Custody
    key_file: bytes


@dataclass(slots=True, kw_only=True)
class Scene:
    """One ceremony under way, or its rehearsal."""

    plan: Plan
    room: Room
    clock: Clock
    earlier: Earlier | None  # the last ceremony's results, where the plan opens an existing root
    is_rehearsal: bool
    books: Engine
    transcript: Transcript

    @classmethod
    def open(
        cls, plan: Plan, room: Room | None, *, clock: Clock, program: str, earlier: Earlier | None
    ) -> "Scene":
        """Before the first step; without a room it is a rehearsal."""
        head = _head(plan, program, is_rehearsal=room is None)
        return cls(
            plan=plan,
            room=room or EmptyRoom(),
            clock=clock,
            earlier=earlier,
            is_rehearsal=room is None,
            books=memory_books(),
            transcript=Transcript(head=head),
        )

    @property
    def key_id(self) -> str:
        """The name that binds the root's key file."""
        return REHEARSED_KEY_ID if self.is_rehearsal else KEY_ID

    def step(self, title: str, *facts: tuple[str, Value]) -> None:
        """Writes a step into the transcript, and tells the room."""
        step = Step(title=title, facts=facts, at=self.clock())
        self.transcript.steps.append(step)
        self.room.told(step)

    def played_by(self, sheets: list[Sheet]) -> None:
        """In a rehearsal: an empty room that has these sheets."""
        self.room = EmptyRoom(sheets=sheets)


def memory_books() -> Engine:
    """Books of an authority that leave nothing behind."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    prepare_books(engine)
    return engine


def _head(plan: Plan, program: str, *, is_rehearsal: bool) -> tuple[tuple[str, Value], ...]:
    sheets = ((f"custodian of sheet {number}", name) for number, name in enumerate(plan.custodians, start=1))
    return (
        ("ceremony", plan.ceremony),
        ("mode", Mark(MarkKind.MODE, "rehearsal" if is_rehearsal else "ceremony")),
        ("program", program),
        ("plan SHA-256", plan.sha256),
        ("purpose", plan.purpose),
        ("place", plan.place),
        ("addresses in certificates", plan.urls.origin),
        *((person.role, person.name) for person in plan.people),
        *sheets,
        ("sheets needed to open", f"{plan.threshold} of {len(plan.custodians)}"),
    )
