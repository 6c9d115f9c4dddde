"""What a signer process does for whoever asks it over its socket: one act a message.

They may have signed what the guard lets through, look, make the next key of a line, and stop keys.
Nobody may start a stopped key, lift a limit or destroy a key here: those are an operator's
acts, done beside the socket (`wathiqa keys …`).

The time is this process's own: what others say the time is does not bring a key's day on.
"""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from keys.errors import ActRefused, KeyCustodyError, KeyUnavailable
from keys.guard import GuardedKeyring
from keys.messages import MAX_FACT, Message, encode_error, head_json, record_json
from keys.signer import Algorithm, Purpose, Signer

logger = logging.getLogger(__name__)
Header = Mapping[str, Any]


class Acts:
    """What may be asked of one keyring. What is not here is not done: resume, limit, destroy, adopt."""

    def __init__(self, keyring: GuardedKeyring, *, clock: Callable[[], datetime]) -> None:
        self._keyring, self._clock = keyring, clock
        self._lent: dict[str, Signer] = {}  # each looks at the register itself, before each signature
        self._acts: Mapping[str, Callable[[Header, bytes], Message]] = {
            "ping": self._ping,
            "sign": self._sign,
            "obtain": self._obtain,
            "generate": self._generate,
            "load": self._load,
            "record": self._record,
            "key_ids": self._key_ids,
            "records": self._records,
            "generations": self._generations,
            "rotate": self._rotate,
            "replace": self._replace,
            "suspend": self._suspend,
            "retire": self._retire,
            "heads": self._heads,
            "reconcile": self._reconcile,
        }

    def answer(self, question: Message) -> Message:
        """What is answered, whatever was asked; never raises, for the next question is waiting."""
        name = question.header.get("act")
        act = self._acts.get(name) if isinstance(name, str) else None
        if act is None:
            return refusal(str(name), "it is not done over the socket")
        try:
            return act(question.header, question.body)
        except KeyCustodyError as error:
            return encode_error(error)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            return refusal(str(name), f"not asked as it should be: {error}")
        except Exception:
            logger.exception("the signer could not do: %s", name)
            return encode_error(KeyUnavailable(key_id="signer", reason="it failed; its log says why"))

    def _ping(self, _: Header, __: bytes) -> Message:
        return Message({})

    def _sign(self, header: Header, body: bytes) -> Message:
        key_id = _text(header, "key_id")
        signer = self._lent.get(key_id)
        if signer is None:
            signer = self._lent[key_id] = self._keyring.load(key_id)
        return Message({}, signer.sign(body, purpose=Purpose(_text(header, "purpose"))))

    def _obtain(self, header: Header, _: bytes) -> Message:
        signer = self._keyring.obtain(
            _text(header, "line"),
            purpose=Purpose(_text(header, "purpose")),
            algorithm=Algorithm(_text(header, "algorithm")),
            at=self._clock(),
        )
        return self._record_of(signer.key_id)

    def _generate(self, header: Header, _: bytes) -> Message:
        signer = self._keyring.generate(
            _text(header, "key_id"),
            purpose=Purpose(_text(header, "purpose")),
            algorithm=Algorithm(_text(header, "algorithm")),
        )
        return self._record_of(signer.key_id)

    def _load(self, header: Header, _: bytes) -> Message:
        return self._record_of(self._keyring.load(_text(header, "key_id")).key_id)

    def _record(self, header: Header, _: bytes) -> Message:
        return self._record_of(_text(header, "key_id"))

    def _key_ids(self, _: Header, __: bytes) -> Message:
        return _json(self._keyring.key_ids())

    def _records(self, _: Header, __: bytes) -> Message:
        return _json([record_json(each) for each in self._keyring.records()])

    def _generations(self, header: Header, _: bytes) -> Message:
        return _json([record_json(each) for each in self._keyring.generations(_text(header, "line"))])

    def _rotate(self, header: Header, _: bytes) -> Message:
        active_from = datetime.fromisoformat(_text(header, "active_from"))
        if active_from.tzinfo is None:
            msg = "an instant without a time zone"
            raise ValueError(msg)
        line = _text(header, "line")
        return _json(record_json(self._keyring.rotate(line, at=self._clock(), active_from=active_from)))

    def _replace(self, header: Header, _: bytes) -> Message:
        return _json(record_json(self._keyring.replace(_text(header, "line"), at=self._clock())))

    def _suspend(self, header: Header, _: bytes) -> Message:
        return _json(record_json(self._keyring.suspend(_text(header, "key_id"), at=self._clock())))

    def _retire(self, header: Header, _: bytes) -> Message:
        return _json(record_json(self._keyring.retire(_text(header, "key_id"), at=self._clock())))

    def _heads(self, _: Header, __: bytes) -> Message:
        return _json([head_json(each) for each in self._keyring.heads()])

    def _reconcile(self, _: Header, __: bytes) -> Message:
        self._keyring.reconcile()
        return Message({})

    def _record_of(self, key_id: str) -> Message:
        return _json(record_json(self._keyring.record(key_id)))


def _text(header: Mapping[str, Any], name: str) -> str:
    value = header[name]
    if not isinstance(value, str):
        msg = f"{name} is not text"
        raise ValueError(msg)  # noqa: TRY004  (a wrong form, not a wrong type)
    return value


def _json(value: object) -> Message:
    return Message({}, json.dumps(value, separators=(",", ":")).encode())


def refusal(act: str, reason: str) -> Message:
    """The answer to what is not done."""
    return encode_error(ActRefused(act=act[:40], reason=reason[:MAX_FACT]))
