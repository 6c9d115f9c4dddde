"""Signing in and out, over HTTP: citizens, staff, machines."""

import base64
import logging
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote_plus

from fastapi import APIRouter, BackgroundTasks, Depends, Form, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.http import HTTPBase
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.clock import Clock
from issuance.errors import Unavailable
from issuance.http.addresses import ClientNetwork
from issuance.identity import accounts, citizens, machines
from issuance.identity.access import TOKEN_PATH, public, require
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.citizens import Message
from issuance.identity.errors import CodeRefused, SignInRefused
from issuance.identity.machines import ClientRefused
from issuance.identity.passwords import MAX_CHARACTERS, Passwords, check_password
from issuance.identity.permissions import Permission, Role
from issuance.identity.senders import CodeSender
from issuance.identity.tokens import IssuedToken, revoke_token

log = logging.getLogger("issuance.identity")

_shown_token = HTTPBearer(auto_error=False, scheme_name="session")
_client_basic = HTTPBase(
    scheme="basic",
    scheme_name="client",
    auto_error=False,
    description="A system's id and secret (RFC 6749 §2.3.1).",
)

SignedIn = Annotated[Actor, Depends(require(Permission.SESSION_END))]
WithPassword = Annotated[Actor, Depends(require(Permission.PASSWORD_CHANGE))]
ShownToken = Annotated[HTTPAuthorizationCredentials, Depends(_shown_token)]
ShownClient = Annotated[HTTPAuthorizationCredentials | None, Depends(_client_basic)]
Password = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS * 4)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CodeRequest(_Body):
    """Ask for a one-time code."""

    national_number: str = Field(max_length=32, examples=["99343456858"])
    phone: str = Field(max_length=32, examples=["+963944000000"])


class ChallengeAnswer(BaseModel):
    """A challenge to answer with the code, if one arrives."""

    challenge: str
    expires_at: datetime


class CodeAnswer(_Body):
    """The code that arrived."""

    challenge: str = Field(max_length=64)
    code: str = Field(max_length=16, examples=["123456"])


class PasswordSignIn(_Body):
    """A member of staff signs in."""

    login: str = Field(min_length=1, max_length=64)
    password: Password


class PasswordChange(_Body):
    """A member of staff changes their own password."""

    old_password: Password
    new_password: Password


class Session(BaseModel):
    """A bearer token; show it as `Authorization: Bearer …`."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105  (the name of a scheme)
    expires_at: datetime


class Me(BaseModel):
    """Who is signed in."""

    kind: ActorKind
    id: str
    roles: list[Role]
    permissions: list[Permission]
    agency: str | None
    office: str | None
    national_number: str | None


class TokenGranted(BaseModel):
    """A machine's token (RFC 6749 §5.1)."""

    access_token: str
    token_type: str
    expires_in: int  # seconds
    scope: str


class OAuthError(BaseModel):
    """A refusal in OAuth's own form (RFC 6749 §5.2)."""

    error: str


class SignIn:
    """The handlers, with what the composition root gives them."""

    def __init__(
        self, *, engine: Engine, clock: Clock, passwords: Passwords, sender: CodeSender, code_key: bytes
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._passwords = passwords
        self._sender = sender
        self._code_key = code_key

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["identity"])
        open_door = [Depends(public("who signs in is not yet known; every attempt is counted"))]
        add = router.add_api_route
        add("/sign-in/codes", self.request_code, methods=["POST"], status_code=202, dependencies=open_door)
        add("/sign-in/code", self.sign_in_with_code, methods=["POST"], dependencies=open_door)
        add("/sign-in/password", self.sign_in_with_password, methods=["POST"], dependencies=open_door)
        add(
            TOKEN_PATH,
            self.grant_token,
            methods=["POST"],
            dependencies=open_door,
            response_model=TokenGranted,
            responses={400: {"model": OAuthError}, 401: {"model": OAuthError}},
        )
        add("/session", self.show_session, methods=["GET"])
        add("/session", self.end_session, methods=["DELETE"], status_code=204)
        add("/session/password", self.change_password, methods=["PUT"], status_code=204)
        return router

    def request_code(
        self, body: CodeRequest, network: ClientNetwork, later: BackgroundTasks
    ) -> ChallengeAnswer:
        """Send a one-time code to an enrolled telephone; the answer is the same when there is none."""
        at = self._clock()
        with self._engine.begin() as connection:
            challenge = citizens.request_code(
                connection,
                body.national_number,
                body.phone,
                address=network,
                code_key=self._code_key,
                at=at,
            )
        if challenge.message is not None:
            # After the answer: its duration must not tell whether a message went out.
            later.add_task(self._send, challenge.message, at)
        return ChallengeAnswer(challenge=challenge.id, expires_at=challenge.expires_at)

    def _send(self, message: Message, at: datetime) -> None:
        """Send after the answer. A failure is for the log: the caller was not told, and asks again."""
        try:
            self._sender.send(message.phone, message.text, at=at)
        except Unavailable:
            log.exception("a one-time code was not sent")

    def sign_in_with_code(self, body: CodeAnswer, network: ClientNetwork) -> Session:
        """Open a citizen's session with the code."""
        with self._engine.begin() as connection:
            token = citizens.redeem_code(
                connection,
                body.challenge,
                body.code,
                address=network,
                code_key=self._code_key,
                at=self._clock(),
            )
        if token is None:
            raise CodeRefused
        return _session(token)

    def sign_in_with_password(self, body: PasswordSignIn, network: ClientNetwork) -> Session:
        """Open a session of a member of staff."""
        with self._engine.begin() as connection:
            attempt = accounts.begin_sign_in(connection, body.login, address=network, at=self._clock())
        proven = self._passwords.verify(attempt.password_hash, body.password)
        with self._engine.begin() as connection:
            token = accounts.finish_sign_in(connection, attempt, proven=proven, at=self._clock())
        if token is None:
            raise SignInRefused
        return _session(token)

    def show_session(self, actor: SignedIn) -> Me:
        """Who is signed in, and what they may do."""
        return Me(
            kind=actor.kind,
            id=actor.id,
            roles=sorted(actor.roles),
            permissions=sorted(actor.permissions),
            agency=actor.agency,
            office=actor.office,
            national_number=actor.national_number,
        )

    def end_session(self, actor: SignedIn, shown: ShownToken) -> None:
        """Sign out: the token is worth nothing from now on."""
        ended = AuditObject(kind=actor.kind, id=actor.id)
        with self._engine.begin() as connection:
            at = self._clock()
            revoke_token(connection, shown.credentials, at=at)
            trail.record(connection, actor, "session.end", ended, at=at)

    def change_password(self, body: PasswordChange, actor: WithPassword, network: ClientNetwork) -> None:
        """Change one's own password; every session opened with the old one ends."""
        with self._engine.begin() as connection:
            credentials = accounts.load_credentials(connection, actor.id)
            # Counted like signing in: a stolen session must not try passwords without end.
            accounts.begin_sign_in(connection, credentials.login, address=network, at=self._clock())
        if not self._passwords.verify(credentials.password_hash, body.old_password):
            raise SignInRefused
        check_password(body.new_password, login=credentials.login)
        hashed = self._passwords.hash(body.new_password)
        with self._engine.begin() as connection:
            accounts.set_password(connection, actor.id, hashed, by=actor, at=self._clock())

    def grant_token(
        self,
        shown: ShownClient,
        network: ClientNetwork,
        grant_type: Annotated[str, Form(max_length=64)] = "",
        scope: Annotated[str | None, Form(max_length=1000)] = None,
    ) -> Response:
        """OAuth 2.0 client credentials (RFC 6749 §4.4); answers and errors are those of RFC 6749 §5."""
        client = basic_credentials(shown)
        if client is None:
            return _oauth_error("invalid_client")
        if grant_type != "client_credentials":
            return _oauth_error("unsupported_grant_type" if grant_type else "invalid_request")
        client_id, secret = client
        with self._engine.begin() as connection:
            machines.count_grant(connection, client_id, address=network, at=self._clock())
        with self._engine.begin() as connection:
            at = self._clock()
            grant = machines.grant_token(connection, client_id, secret, scope=scope, at=at)
        if isinstance(grant, ClientRefused):
            return _oauth_error(grant.code)
        return JSONResponse(
            {
                "access_token": grant.token.text,
                "token_type": "Bearer",
                "expires_in": int((grant.token.expires_at - at).total_seconds()),
                "scope": grant.scope,
            }
        )


def _session(token: IssuedToken) -> Session:
    return Session(access_token=token.text, expires_at=token.expires_at)


def basic_credentials(shown: HTTPAuthorizationCredentials | None) -> tuple[str, str] | None:
    """Client id and secret, each form-encoded before they were joined (RFC 6749 §2.3.1)."""
    if shown is None or shown.scheme.lower() != "basic":
        return None
    try:
        joined = base64.b64decode(shown.credentials, validate=True).decode()
    except ValueError:  # not ASCII, not base64, or not UTF-8 within
        return None
    client_id, separator, secret = joined.partition(":")
    return (unquote_plus(client_id), unquote_plus(secret)) if separator else None


def _oauth_error(code: str) -> Response:
    refused = code == "invalid_client"
    return JSONResponse(
        {"error": code},
        status_code=HTTPStatus.UNAUTHORIZED if refused else HTTPStatus.BAD_REQUEST,
        headers={"WWW-Authenticate": 'Basic realm="wathiqa"'} if refused else {},
    )
