"""Every table and trigger of the service, for whoever compares them with a database.

A table is known to `issuance.database.metadata` once its module is imported; a service
that runs imports those it needs, and a comparison needs all.
"""

from issuance.audit import models as audit
from issuance.database import metadata
from issuance.delivery import links
from issuance.documents import history
from issuance.documents import models as documents
from issuance.http import idempotency
from issuance.identity import models as identity
from issuance.ledger import triggers
from issuance.payments import cash
from issuance.requests import models as requests
from issuance.verification import quotas

MODULES = (audit, cash, documents, history, idempotency, identity, links, quotas, requests, triggers)
EVERY_TABLE = metadata
