"""One PKCS #11 library in this process: loaded once, initialised for threads, reset when nobody is inside.

python-pkcs11 0.10 initialises libraries with no arguments, which promises that one thread
alone will call them (PKCS #11 v2.40 §5.4); with two, SoftHSM ends the process. So the
library is initialised once more, here, with CKF_OS_LOCKING_OK: it may lock as the operating
system does.

A library may notice that a token came back only after `C_Finalize` and `C_Initialize`,
which must not run beside other calls and void every handle; handle numbers are then
used anew, for other objects. So calls enter a gate, and a reset closes it and begins a
new life of the library.
"""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pkcs11

from keys.errors import BackendMissing, UnsupportedUse

_OS_LOCKING_OK = 2
_OK = 0


class _InitializeArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS (§3.7)."""

    _fields_ = (("mutexes", ctypes.c_void_p * 4), ("flags", ctypes.c_ulong), ("reserved", ctypes.c_void_p))


class _FunctionList(ctypes.Structure):
    """The beginning of CK_FUNCTION_LIST (§3.6)."""

    _fields_ = (
        ("version", ctypes.c_ubyte * 2),
        ("initialize", ctypes.c_void_p),
        ("finalize", ctypes.c_void_p),
    )


class Library:
    """A library that all custodies of this process share, because it has one state a process."""

    def __init__(self, path: str) -> None:
        self.pkcs11 = pkcs11.lib(path)
        self.life = 0
        self.process = os.getpid()
        self._gate = threading.Condition()
        self._inside = 0
        self._closing = False
        functions = ctypes.POINTER(_FunctionList)()
        ctypes.CDLL(path).C_GetFunctionList(ctypes.byref(functions))
        call = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)
        self._initialize = call(functions.contents.initialize)
        self._finalize = call(functions.contents.finalize)
        self.reset()

    @contextmanager
    def calls(self) -> Iterator[None]:
        """Make calls: not while the library is being reset."""
        with self._gate:
            self._gate.wait_for(lambda: not self._closing)
            self._inside += 1
        try:
            yield
        finally:
            with self._gate:
                self._inside -= 1
                if self._closing:
                    self._gate.notify_all()

    def reset(self) -> None:
        """Finalise and initialise, when nobody is inside: all sessions and handles end here.

        Raises:
            pkcs11.PKCS11Error: the library cannot be initialised, or not for threads.
        """
        with self._gate:
            self._gate.wait_for(lambda: not self._closing)
            self._closing = True
            self._gate.wait_for(lambda: self._inside == 0)
            self.life += 1
            try:
                self._finalize(None)  # fails where the attempt before failed to initialise: as well
                arguments = _InitializeArguments(flags=_OS_LOCKING_OK)
                answer = self._initialize(ctypes.byref(arguments))
            finally:
                self._closing = False
                self._gate.notify_all()
        if answer != _OK:
            raise pkcs11.PKCS11Error(f"C_Initialize answers {answer:#x}")


_LIBRARIES: dict[str, Library] = {}
_LOADING = threading.Lock()


def load_library(path: str, *, key_id: str) -> Library:
    """The library at `path`, loaded the first time.

    Raises:
        BackendMissing: there is none that can be used.
        UnsupportedUse: it was loaded before this process was forked (§5.4: a child may not use it).
    """
    with _LOADING:
        if path not in _LIBRARIES:
            try:
                _LIBRARIES[path] = Library(path)
            except (pkcs11.PKCS11Error, OSError, AttributeError) as error:
                raise BackendMissing(needed=f"the PKCS #11 library {path} ({error})") from error
        if _LIBRARIES[path].process != os.getpid():
            raise UnsupportedUse(
                key_id=key_id, reason="the library was loaded before this process was forked"
            )
        return _LIBRARIES[path]
