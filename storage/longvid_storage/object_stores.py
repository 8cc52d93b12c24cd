"""Object stores (S3, Google Cloud, Azure, a web server), through fsspec.

Who may use one is for the user's own environment and configuration to say (``AWS_…``, ``~/.aws``), never for an
address.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from longvid_storage.errors import MissingExtraError


def system_of(address: str, what: str) -> Any:
    """The store in which ``address`` lies, as fsspec knows it; ``what`` lies there, for the sentence.

    Raises:
        MissingExtraError: fsspec, or its package for such a store, is not installed.
    """
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError(f"{what} need fsspec: pip install 'longvid[cloud]'") from error
    scheme = address.partition(":")[0]
    try:
        return fsspec.filesystem(scheme, use_listings_cache=False, **_signing(scheme, fsspec.config.conf))
    except ImportError as error:
        raise MissingExtraError(
            f"{scheme}:// needs a package of fsspec ({str(error).splitlines()[0]}): pip install 'longvid[cloud]'"
        ) from error


def _signing(scheme: str, configured: dict[str, Any]) -> dict[str, Any]:
    """How links are signed unless the user's fsspec says it: new buckets refuse boto's own choice for us-east-1."""
    given = configured.get("s3", {}).get("config_kwargs", {})
    return {"config_kwargs": {"signature_version": "s3v4", **given}} if scheme == "s3" else {}


@contextmanager
def as_os_errors(address: str) -> Iterator[None]:
    """Whatever a store's own library raises, as an ``OSError``."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), address) from error
    except (OSError, MissingExtraError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason told'}"
        if "credential" in reason.lower():
            reason += ": set what opens it in your environment (AWS_ACCESS_KEY_ID and the like, or ~/.aws)"
        raise OSError(errno.EIO, reason, address) from error
