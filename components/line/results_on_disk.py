"""Results in a folder, for the next start and for other processes. Plain texts: nothing is ever unpickled."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import diskcache
from diskcache.core import MODE_PICKLE

MOST_BYTES = 500_000_000
LOCKED_SECONDS = 2.0  # that a run waits while another process writes
FOLDER = "results"  # of the given folder
BROKEN = (sqlite3.Error, OSError, ValueError, TypeError, KeyError, zlib.error, diskcache.Timeout)

log = logging.getLogger("maskwise")
T = TypeVar("T")


class JsonAlone(diskcache.JSONDisk):
    """Refuses what was pickled, by whomever."""

    def fetch(self, mode, filename, value, read):
        if mode == MODE_PICKLE:
            raise ValueError("a pickled value")
        return super().fetch(mode, filename, value, read)


class ResultsOnDisk:
    """Texts by key. A folder that is damaged is emptied, one that cannot be written to is not used; the log
    says so, and no run fails."""

    def __init__(self, folder: Path):
        self._folder = folder / FOLDER
        self._cache = self._open()

    def find(self, key: str) -> str:
        """The text, "" where there is none."""
        text = self._ask(lambda cache: cache.get(key), "")
        return text if isinstance(text, str) else ""

    def keep(self, key: str, text: str) -> None:
        self._ask(lambda cache: cache.set(key, text), False)

    def _open(self) -> diskcache.Cache | None:
        try:
            return diskcache.Cache(
                str(self._folder),
                disk=JsonAlone,
                size_limit=MOST_BYTES,
                timeout=LOCKED_SECONDS,
                disk_min_file_size=MOST_BYTES,  # all in the database, which a full disk leaves whole
            )
        except BROKEN as error:
            if _is_damage(error):
                return self._anew(error)
            log.warning("Results are kept in memory alone: %s cannot be used (%s).", self._folder, error)
            return None

    def _anew(self, error: Exception) -> diskcache.Cache | None:
        log.warning("The stored results in %s are damaged (%s). The store begins anew.", self._folder, error)
        shutil.rmtree(self._folder, ignore_errors=True)
        return None if self._folder.exists() else self._open()

    def _ask(self, question: Callable[[diskcache.Cache], T], otherwise: T) -> T:
        if self._cache is None:
            return otherwise
        try:
            return question(self._cache)
        except BROKEN as error:
            if _is_damage(error):
                self._cache.close()
                self._cache = self._anew(error)
            else:
                log.warning("A stored result in %s cannot be read or written: %s", self._folder, error)
                if not self._folder.exists():
                    self._cache = self._open()
        return otherwise


def _is_damage(error: Exception) -> bool:
    """A file that is no database any more; a full disk or a lock is none."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
