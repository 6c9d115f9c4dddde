"""What was looked at on the way to a judgement, constraint by constraint (EN 319 102-1 §5.1.4)."""

from dataclasses import dataclass, field

from verify.constraints import BROKEN, REQUIREMENTS
from verify.errors import NotVerified
from verify.verdict import Constraint, Indication, Outcome


@dataclass(slots=True)
class Trail:
    """Grows in the order of looking; one subject after another."""

    subject: str = "file"
    constraints: list[Constraint] = field(default_factory=list)

    def about(self, subject: str) -> None:
        """From now on this is what is measured."""
        self.subject = subject

    def passed(self, code: str, **facts: str) -> None:
        """A constraint that holds."""
        self._note(code, Outcome.PASSED, facts)

    def stopped(self, reason: NotVerified) -> None:
        """The constraint at which the judgement of this subject stopped."""
        undecided = reason.indication is Indication.INDETERMINATE
        outcome = Outcome.UNDECIDED if undecided else Outcome.FAILED
        facts = {"sub_indication": reason.sub_indication.value, **reason.facts}
        self._note(BROKEN.get(reason.sub_indication, "format"), outcome, facts)

    def _note(self, code: str, outcome: Outcome, facts: dict[str, str]) -> None:
        requirement = REQUIREMENTS[code]
        self.constraints.append(
            Constraint(
                subject=self.subject,
                code=code,
                rule=requirement.rule,
                outcome=outcome,
                words=requirement.words,
                facts=facts,
            )
        )
