"""The one way in: a file is opened here, as one regular file, and FFmpeg gets that open file and nothing else.

A media file may name others (playlists, HLS, DASH, concat lists, edit lists), by path or address, and FFmpeg would
follow them. Here it reads through callbacks on a descriptor that is open already, accepts only formats that hold their
streams themselves, and may open nothing by name, whatever the content asks for.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from longvid_indexer.remote import RemotePath
from longvid_indexer.sniff import HEAD_BYTES, MEDIA_SUFFIXES, reference_kind
from longvid_storage.errors import MediaError

if TYPE_CHECKING:
    from av.container import InputContainer

# Demuxers that read one stream of bytes. Not here, for what they may open besides it: hls, dash, concat, imf, sdp,
# rtsp, image2, vobsub, hds, smoothstreaming, webm_dash_manifest, tee, lavfi, every device.
_FORMATS_TEXT = (
    "aac ac3 ac4 aiff amr amrnb amrwb ape asf asf_o ast au av1 avi avs2 avs3 caf cavsvideo dhav dirac dnxhd dsf dts "
    "dtshd dv eac3 evc f4v flac flv gxf h261 h263 h264 hevc ifv iv8 ivf kux latm live_flv lmlm4 loas lxf m4v matroska "
    "mjpeg mjpeg_2000 mlp mlv mov mp3 mpc mpc8 mpeg mpegts mpegvideo mtv mv mxf nsv nut nuv obu ogg oma pva qcp r3d rm "
    "rso smjpeg sox spdif swf tak truehd tta ty vc1 vivo voc vvc w64 wav webm wtv wv xwma yuv4mpegpipe"
)
FORMATS = tuple(_FORMATS_TEXT.split())
"""Names of the FFmpeg demuxers that may run."""
MOST_PIXELS = 16_384 * 8_640
"""Of one picture: 16K video has nearly so many. Covers are decoded when a file is opened, by FFmpeg itself."""
_BOUNDS = {"max_pixels": str(MOST_PIXELS)}
# FFmpeg takes an empty list for none at all, and no protocol has this name.
_NO_PROTOCOL = "none"
_KINDS = (
    (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
)  # fmt: skip


_ROOTS: ContextVar[tuple[Path, ...] | None] = ContextVar("roots", default=None)


@contextmanager
def only_below(roots: Iterable[Path]) -> Iterator[None]:
    """Nothing that lies elsewhere is opened or listed in this block, whatever links lead there; ``roots`` are real."""
    token = _ROOTS.set(tuple(roots))
    try:
        yield
    finally:
        _ROOTS.reset(token)


def require_below(path: Path, descriptor: int | None = None) -> None:
    """Raise ``PermissionError`` where a path, or what was opened by it, leads out of the roots (``only_below``)."""
    roots = _ROOTS.get()
    if roots is None:
        return
    opened = Path(f"/proc/self/fd/{descriptor}")  # where it was opened, whatever has become of the path since
    place = opened.readlink() if descriptor is not None and opened.is_symlink() else path.resolve()
    if not any(place == root or root in place.parents for root in roots):
        raise PermissionError(errno.EACCES, "it leads out of the folders that may be indexed here")


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, unbuffered; links to one are followed, nothing else is waited for.

    One at an address is read by ranges.

    Raises:
        MediaError: it is missing, may not be read, or is a directory, pipe, socket or device.
    """
    stat_regular(
        path
    )  # asked before it is opened: opening a pipe waits, and opening a device may do something
    try:
        if isinstance(path, RemotePath):
            return path.open_bytes()
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        file = FileIO(descriptor)
        require_below(path, descriptor)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    try:
        _require_regular(path, os.fstat(descriptor).st_mode)
    except MediaError:
        file.close()
        raise
    return file


def stat_regular(path: Path) -> os.stat_result:
    """What ``stat`` says of a regular file; raises as ``open_regular`` does."""
    try:
        status = path.stat()
        require_below(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise unreadable(path, error) from error
    _require_regular(path, status.st_mode)
    return status


def unreadable(path: Path, error: Exception) -> MediaError:
    """What the system's refusal to open or read a file is for the user."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        hint = "it is a link to nothing" if path.is_symlink() else "check the path"
        return MediaError(f"{path} does not exist: {hint}", code="missing")
    return MediaError(
        f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", code="unreadable"
    )


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise MediaError(
            f"{path} is a directory: give it to `longvid index` as a directory", code="not_media"
        )
    kind = next((name for test, name in _KINDS if test(mode)), "no regular file")
    raise MediaError(f"{path} is {kind}, not a file: give a media file, a subtitle file or a directory",
                     code="not_media")  # fmt: skip


class _OneFile:
    """What FFmpeg reads from; of the name only the suffix is left, which helps it to guess raw formats."""

    def __init__(self, file: BinaryIO, suffix: str) -> None:
        self.name = f"media{suffix}"
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a media file for reading, for a ``with`` block; metadata in a broken encoding is tolerated.

    Raises:
        MediaError: it cannot be opened, is no media, or refers to other files (code ``"refers_elsewhere"``).
    """
    import av
    from av.error import FFmpegError

    with open_regular(path) as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        if (kind := reference_kind(head)) is not None:
            raise refers_elsewhere(path, kind)
        try:
            container: InputContainer = av.open(
                _OneFile(file, path.suffix.lower() if path.suffix.isascii() else ""),
                metadata_errors="replace",
                io_open=_nothing_else,
                container_options={
                    "format_whitelist": ",".join(FORMATS), "protocol_whitelist": _NO_PROTOCOL,
                },
                options=_BOUNDS,
            )  # fmt: skip
        except (FFmpegError, OSError, ValueError) as error:
            _refuse(path, error)
        with container:
            for stream in container.streams.video:
                if stream.codec_context is not None:  # of what FFmpeg has no decoder for
                    stream.codec_context.options = _BOUNDS
            yield container


def refers_elsewhere(path: Path, kind: str) -> MediaError:
    """The refusal of a file that only names others; ``kind`` says what it is, article included."""
    return MediaError(
        f"{path} is {kind}: it names other files, which longvid never opens by itself; index the files it names",
        code="refers_elsewhere",
    )


def _nothing_else(url: str, flags: int, options: dict[str, Any]) -> NoReturn:
    raise PermissionError(1, "a media file may not open another")


def _refuse(path: Path, error: Exception) -> NoReturn:
    import av

    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, (av.error.InvalidDataError, EOFError)) and path.suffix.lower() in MEDIA_SUFFIXES:
        raise MediaError(
            f"{path} is not a readable media file ({reason}): it is damaged, cut off before its index, encrypted, or"
            " something else under that name",
            code="not_media",
        ) from error
    if isinstance(error, (av.error.PermissionError, PermissionError)):
        raise refers_elsewhere(path, "a list of other files or addresses") from error
    if isinstance(error, ValueError):  # so FFmpeg calls a format that is not among those allowed
        raise MediaError(
            f"{path} is of a format that longvid does not open (a list of files, a stream's address, a picture, "
            "raw data): convert it, for example to MP4",
            code="not_media",
        ) from error
    raise MediaError(f"{path} is not a media file that can be read ({reason})", code="not_media") from error
