"""The agencies that issue documents here.

Since paper lasts, these are never changed or given to another: `code`, the agency's
number in seal codes; `id`, its name in records; `organization_identifier`, which binds
its seal certificates to both through the trust list. Names may change; a changed name
leads to a new seal certificate.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An agency and how it is named in certificates and on pages."""

    code: int
    id: str
    ar: str
    en: str
    organization_identifier: str  # ETSI EN 319 412-1 §5.1.4


AGENCIES = (
    Agency(
        code=1,
        id="civil-registry",
        ar="مديرية الأحوال المدنية",
        en="Directorate of Civil Status",
        organization_identifier="GO:SY-CIVIL-REGISTRY",
    ),
    Agency(
        code=2,
        id="workers-register",
        ar="سجل العاملين",
        en="Workers' Register",
        organization_identifier="GO:SY-WORKERS-REGISTER",
    ),
)
