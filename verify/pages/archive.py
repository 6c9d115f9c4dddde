"""Template sets: the one that comes with this program, and the published ones."""

from collections.abc import Collection

from signing.rendering.errors import BadTemplateSet
from signing.rendering.template_set import TemplateSet, packaged_set, parse_template_set, template_set_name
from verify.pages.words import Finding
from verify.sources import Source, SourceUnavailable

MAX_SET_BYTES = 16 * 1024 * 1024


class NoTemplateSet(Exception):
    """A set that cannot be had; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.value)
        self.finding = finding


class TemplateArchive:
    """Where template sets are found.

    Args:
        source: the published root; None: only the set that comes with this program.
        vouched: the files that the trust list names. A set decides what a page shows, so one counts
            only when the trust list names it: whoever can write to the static host alone cannot add one.
    """

    def __init__(self, source: Source | None = None, *, vouched: Collection[str] = ()) -> None:
        self._source, self._vouched = source, frozenset(vouched)

    def find(self, digest: str) -> TemplateSet:
        """The set of this digest.

        Raises:
            NoTemplateSet: it is not there, not vouched for, or not what its name says.
        """
        if digest == packaged_set().digest:
            return packaged_set()
        name = template_set_name(digest)
        if self._source is None:
            raise NoTemplateSet(Finding.TEMPLATE_SET_MISSING)
        if name not in self._vouched:
            raise NoTemplateSet(Finding.TEMPLATE_SET_NOT_VOUCHED)
        try:
            data = self._source.read(name, max_bytes=MAX_SET_BYTES)
        except SourceUnavailable as error:
            raise NoTemplateSet(Finding.TEMPLATE_SET_MISSING) from error
        if data is None:
            raise NoTemplateSet(Finding.TEMPLATE_SET_MISSING)
        try:
            return parse_template_set(data, digest=digest)
        except BadTemplateSet as error:
            raise NoTemplateSet(Finding.TEMPLATE_SET_UNREADABLE) from error
