"""Why a document was not verified.

    NotVerified             a rule was broken: TOTAL-FAILED
    ├── NotDecided          a rule could not be checked: INDETERMINATE
    └── FormatFailure       the file is not one of ours in its form

"Could not be checked" is a kind of "not verified", so a careless `except` fails
closed. Raised inside this package only; callers get a `ValidationReport`.
"""

from verify.verdict import Indication, SubIndication


class NotVerified(Exception):
    """One broken rule: its ETSI sub-indication, the check that found it, and the facts."""

    indication = Indication.TOTAL_FAILED

    def __init__(self, sub_indication: SubIndication, check: str, **facts: str) -> None:
        said = ", ".join(f"{name}={value}" for name, value in facts.items())
        super().__init__(f"{sub_indication}: {check}" + (f" ({said})" if said else ""))
        self.sub_indication, self.check, self.facts = sub_indication, check, facts


class NotDecided(NotVerified):
    """One rule that could not be checked with what is at hand."""

    indication = Indication.INDETERMINATE


class FormatFailure(NotVerified):
    """The file is not one of ours in its form (EN 319 102-1, FORMAT_FAILURE)."""

    def __init__(self, rule: str) -> None:
        super().__init__(SubIndication.FORMAT_FAILURE, "structure", rule=rule)


class CouldNotRun(Exception):
    """The question could not even be asked: no file, no trust, no sense in an option."""
