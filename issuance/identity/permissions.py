"""Permissions and the roles that carry them: one table, denied by default.

A permission names one thing a caller may do; its text is also the OAuth scope a
machine asks for (RFC 6749 §3.3). A permission opens the door of a route; whether
this caller may touch *this* object (own request, own agency, not one's own kin) is
decided by the concept that owns the object.

The table is documented, with its reasons, in docs/operations/access.md.
"""

from enum import StrEnum


class Permission(StrEnum):
    """What a caller may do. The `-own` ones reach only what belongs to the caller."""

    # Catalogue
    SERVICES_DRAFT = "services:draft"  # write and try a definition in the test state
    SERVICES_PUBLISH = "services:publish"  # publish or retire one
    # Requests
    REQUESTS_CREATE_OWN = "requests:create-own"  # for oneself or one's kin
    REQUESTS_READ_OWN = "requests:read-own"
    REQUESTS_CANCEL_OWN = "requests:cancel-own"
    REQUESTS_CREATE_ASSISTED = "requests:create-assisted"  # for a person identified at the desk
    REQUESTS_READ = "requests:read"  # of one's agency or office
    REQUESTS_CANCEL = "requests:cancel"
    REQUESTS_DECIDE = "requests:decide"  # approve or refuse, of one's agency
    REQUESTS_ASSIGN = "requests:assign"  # move work between officers
    # Records of the registers
    RECORDS_READ = "records:read"  # look at a person's record; every look is logged
    RECORDS_ANSWER = "records:answer"  # an agency's system answers a pending lookup
    # Money
    PAYMENTS_PAY_OWN = "payments:pay-own"
    PAYMENTS_TAKE_CASH = "payments:take-cash"
    PAYMENTS_READ = "payments:read"
    PAYMENTS_REFUND = "payments:refund"
    LEDGER_READ = "ledger:read"
    LEDGER_SETTLE = "ledger:settle"
    # Documents
    DOCUMENTS_READ_OWN = "documents:read-own"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_HAND_OVER = "documents:hand-over"  # print and give, with a receipt
    DOCUMENTS_SUSPEND = "documents:suspend"  # put on hold, and lift it
    DOCUMENTS_REVOKE = "documents:revoke"
    DOCUMENTS_SUPERSEDE = "documents:supersede"
    VERIFICATIONS_MAKE = "verifications:make"  # have documents of others verified, many at once
    # People and machines
    CITIZENS_ENROL = "citizens:enrol"  # bind a telephone to a person seen at the desk
    ACCOUNTS_MANAGE = "accounts:manage"
    CLIENTS_MANAGE = "clients:manage"
    # The authority
    CERTIFICATES_READ = "certificates:read"
    CERTIFICATES_APPLY = "certificates:apply"  # hand in a request, for one's agency or for an applicant
    CERTIFICATES_APPROVE = "certificates:approve"  # one of the two officers; never of what one applied for
    CERTIFICATES_SUSPEND = "certificates:suspend"  # put on hold, and lift it
    CERTIFICATES_REVOKE = "certificates:revoke"
    # Oversight
    STATISTICS_READ = "statistics:read"
    AUDIT_READ = "audit:read"
    AUDIT_READ_OWN = "audit:read-own"  # who looked at my record
    # Everyone who is signed in
    SESSION_END = "session:end"
    PASSWORD_CHANGE = "password:change"  # noqa: S105  (the name of a permission)


class Role(StrEnum):
    """What a member of staff is employed to do."""

    CLERK = "clerk"  # the desk: centre or post office
    OFFICER = "officer"  # decides requests of one agency
    REGISTRAR = "registrar"  # supervises officers, revokes and corrects
    TREASURER = "treasurer"  # refunds, settlement
    AUDITOR = "auditor"  # sees, never acts
    ADMINISTRATOR = "administrator"  # accounts and machines, never people's records
    CATALOGUER = "cataloguer"  # prepares services
    AUTHORITY_OPERATOR = "authority-operator"  # runs the authority's machines
    REGISTRATION_OFFICER = "registration-officer"  # decides who is certified (EN 319 411-1 §6.2)
    SECURITY_OFFICER = "security-officer"  # takes certificates out of force


_P = Permission
_EVERY_STAFF = frozenset({_P.SESSION_END, _P.PASSWORD_CHANGE})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CLERK: _EVERY_STAFF
    | {
        _P.CITIZENS_ENROL,
        _P.REQUESTS_CREATE_ASSISTED,
        _P.REQUESTS_READ,
        _P.REQUESTS_CANCEL,
        _P.PAYMENTS_TAKE_CASH,
        _P.PAYMENTS_READ,
        _P.DOCUMENTS_HAND_OVER,
    },
    Role.OFFICER: _EVERY_STAFF
    | {
        _P.REQUESTS_READ,
        _P.REQUESTS_DECIDE,
        _P.RECORDS_READ,
        _P.DOCUMENTS_READ,
        _P.DOCUMENTS_SUSPEND,
    },
    Role.REGISTRAR: _EVERY_STAFF
    | {
        _P.REQUESTS_READ,
        _P.REQUESTS_DECIDE,
        _P.REQUESTS_ASSIGN,
        _P.REQUESTS_CANCEL,
        _P.RECORDS_READ,
        _P.DOCUMENTS_READ,
        _P.DOCUMENTS_SUSPEND,
        _P.DOCUMENTS_REVOKE,
        _P.DOCUMENTS_SUPERSEDE,
        _P.SERVICES_PUBLISH,
        _P.STATISTICS_READ,
    },
    Role.TREASURER: _EVERY_STAFF
    | {
        _P.PAYMENTS_READ,
        _P.PAYMENTS_REFUND,
        _P.LEDGER_READ,
        _P.LEDGER_SETTLE,
        _P.STATISTICS_READ,
    },
    Role.AUDITOR: _EVERY_STAFF
    | {
        _P.AUDIT_READ,
        _P.LEDGER_READ,
        _P.PAYMENTS_READ,
        _P.CERTIFICATES_READ,
        _P.STATISTICS_READ,
    },
    Role.ADMINISTRATOR: _EVERY_STAFF | {_P.ACCOUNTS_MANAGE, _P.CLIENTS_MANAGE},
    Role.CATALOGUER: _EVERY_STAFF | {_P.SERVICES_DRAFT},
    Role.AUTHORITY_OPERATOR: _EVERY_STAFF
    | {_P.CERTIFICATES_READ, _P.CERTIFICATES_SUSPEND, _P.CERTIFICATES_REVOKE},
    Role.REGISTRATION_OFFICER: _EVERY_STAFF
    | {_P.CERTIFICATES_READ, _P.CERTIFICATES_APPLY, _P.CERTIFICATES_APPROVE},
    Role.SECURITY_OFFICER: _EVERY_STAFF
    | {_P.CERTIFICATES_READ, _P.CERTIFICATES_SUSPEND, _P.CERTIFICATES_REVOKE},
}

CITIZEN_PERMISSIONS = frozenset(
    {
        _P.REQUESTS_CREATE_OWN,
        _P.REQUESTS_READ_OWN,
        _P.REQUESTS_CANCEL_OWN,
        _P.PAYMENTS_PAY_OWN,
        _P.DOCUMENTS_READ_OWN,
        _P.AUDIT_READ_OWN,
        _P.SESSION_END,
    }
)

# What a machine may at most be granted; an agency's system answers, applies and reads, it never decides.
MACHINE_PERMISSIONS = frozenset(
    {
        _P.RECORDS_ANSWER,
        _P.REQUESTS_READ,
        _P.PAYMENTS_READ,
        _P.DOCUMENTS_READ,
        _P.VERIFICATIONS_MAKE,
        _P.LEDGER_READ,
        _P.STATISTICS_READ,
        _P.CERTIFICATES_READ,
        _P.CERTIFICATES_APPLY,
        _P.SESSION_END,
    }
)

# Separation of duties: each pair would let one person both do a thing and oversee or pay it.
INCOMPATIBLE_ROLES: frozenset[frozenset[Role]] = frozenset(
    frozenset(pair)
    for pair in [
        *((Role.AUDITOR, other) for other in Role if other is not Role.AUDITOR),
        *((Role.ADMINISTRATOR, other) for other in Role if other is not Role.ADMINISTRATOR),
        (Role.CLERK, Role.TREASURER),
        (Role.OFFICER, Role.TREASURER),
        (Role.REGISTRAR, Role.TREASURER),
        (Role.CLERK, Role.OFFICER),
        (Role.CLERK, Role.REGISTRAR),
        # Who runs the authority does not decide whom it certifies, nor does who takes certificates away.
        (Role.REGISTRATION_OFFICER, Role.AUTHORITY_OPERATOR),
        (Role.REGISTRATION_OFFICER, Role.SECURITY_OFFICER),
    ]
)

# These see or serve the whole country; every other role belongs to an agency and an office.
NATIONAL_ROLES = frozenset(
    {
        Role.AUDITOR,
        Role.ADMINISTRATOR,
        Role.TREASURER,
        Role.AUTHORITY_OPERATOR,
        Role.REGISTRATION_OFFICER,
        Role.SECURITY_OFFICER,
    }
)


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Everything the roles carry together."""
    return frozenset[Permission]().union(*(ROLE_PERMISSIONS[role] for role in roles))
