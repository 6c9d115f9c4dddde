"""What a sheet of words that somebody typed must be before it counts."""

from collections.abc import Sequence

from ca.ceremony.errors import SheetRefused
from ca.ceremony.root_key import Custody
from ca.ceremony.shares import Sheet, read_sheet, read_words


class _Check:
    """Reads what was typed, and remembers it once it passed."""

    def __init__(self) -> None:
        self._passed: Sheet | None = None

    def __call__(self, typed: str) -> Sheet:
        sheet = read_sheet(typed)
        self._examine(sheet)
        self._passed = sheet
        return sheet

    def passed(self) -> Sheet:
        """What passed.

        Raises:
            SheetRefused: nothing did.
        """
        if self._passed is None:
            raise SheetRefused(rule="nobody typed it")
        return self._passed

    def _examine(self, sheet: Sheet) -> None:
        raise NotImplementedError


class SameSheet(_Check):
    """Is it the sheet that was handed out, word for word?"""

    def __init__(self, handed_out: Sheet) -> None:
        super().__init__()
        self._handed_out = handed_out

    def __call__(self, typed: str) -> Sheet:
        """Read it, naming the first word that is another than on the sheet."""
        pairs = zip(read_words(typed), self._handed_out.words, strict=True)
        for place, (word, right) in enumerate(pairs, start=1):
            if word != right:
                raise SheetRefused(rule=f"word {place} is not the one on the sheet", standing=place - 1)
        return super().__call__(typed)

    def _examine(self, sheet: Sheet) -> None:
        if sheet != self._handed_out:
            raise SheetRefused(rule="it is not the sheet that was just handed out")


class FromThisSet(_Check):
    """Does it belong to this key, and was it not given before?"""

    def __init__(self, custody: Custody, given: Sequence[Sheet]) -> None:
        super().__init__()
        self._custody, self._given = custody, given

    def _examine(self, sheet: Sheet) -> None:
        custody = self._custody
        if sheet.share_set != custody.share_set or sheet.threshold != custody.threshold:
            raise SheetRefused(
                rule=f"it belongs to set {sheet.share_set}, and this key's sheets to set {custody.share_set}"
            )
        if sheet.number > len(custody.custodians) or sheet.number in {each.number for each in self._given}:
            raise SheetRefused(rule=f"sheet {sheet.number} was given before, or there is none of this number")
