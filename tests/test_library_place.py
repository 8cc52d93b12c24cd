"""Where a library lies: links inside it are not followed, and disks that cannot lock files are told."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fault_shim import build, needs_gcc, run_longvid
from library_tools import MEETING
from longvid import Library
from longvid_storage.db.disk import can_share, network_kind
from longvid_storage.db.locking import WriterLock
from longvid_storage.errors import NotALibraryError
from longvid_storage.search.vector_search import VectorSearch


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A small library, closed."""
    (tmp_path / "standup.vtt").write_text(MEETING)
    with Library.open(tmp_path / "library", create=True) as lib:
        lib.index(tmp_path / "standup.vtt", only=["transcript"])
    return tmp_path / "library"


@pytest.mark.parametrize(
    "name", [".lock", "cache", "chats.db", "library.db", "library.db-wal", "chats.db-shm"]
)
def test_a_link_inside_a_library_is_refused_and_what_it_names_stays(
    name: str, library: Path, tmp_path: Path
) -> None:
    treasure = tmp_path / "treasure"
    if name == "cache":
        treasure.mkdir()
        (treasure / "speech-sentence-0123456789abcdef.npz").write_bytes(b"gold")
        shutil.rmtree(library / "cache", ignore_errors=True)
    elif name == "library.db":
        (library / name).rename(treasure)
    else:
        treasure.write_bytes(b"gold")
    before = {path: path.read_bytes() for path in (treasure, *treasure.rglob("*")) if path.is_file()}
    (library / name).unlink(missing_ok=True)
    (library / name).symlink_to(treasure)
    with pytest.raises(
        NotALibraryError, match=r"is a link, and a library holds its own files only: remove it"
    ):
        Library.open(library)
    assert {path: path.read_bytes() for path in (treasure, *treasure.rglob("*")) if path.is_file()} == before


@pytest.mark.parametrize(
    "left", ["@eaDir", ".DS_Store", "desktop.ini", "Thumbs.db", "._talks", "lost+found", ".Trash-1000"]
)
def test_a_new_library_lies_beside_what_systems_leave_and_nothing_else(left: str, tmp_path: Path) -> None:
    place = tmp_path / "talks"
    place.mkdir()
    (place / left).write_bytes(b"left")
    Library.open(place, create=True).close()
    assert (place / left).read_bytes() == b"left"
    Library.open(place).close()
    other = tmp_path / "other"
    other.mkdir()
    (other / left).write_bytes(b"left")
    (other / "thesis.doc").write_bytes(b"gold")
    with pytest.raises(NotALibraryError, match=r"it holds thesis\.doc\)"):
        Library.open(other, create=True)


def test_a_pipe_inside_a_library_is_refused_and_not_waited_for(library: Path) -> None:
    (library / ".lock").unlink()
    os.mkfifo(library / ".lock")
    with pytest.raises(NotALibraryError, match="no regular file"):
        Library.open(library)


def test_a_lock_that_became_a_link_since_truncates_nothing(library: Path, tmp_path: Path) -> None:
    treasure = tmp_path / "treasure"
    treasure.write_bytes(b"gold")
    (library / ".lock").unlink()
    (library / ".lock").symlink_to(treasure)
    with pytest.raises(NotALibraryError, match="remove the link"), WriterLock(library / ".lock").held():
        pass
    assert treasure.read_bytes() == b"gold"


def test_a_lock_that_is_another_file_by_a_second_name_is_not_written_over(
    library: Path, tmp_path: Path
) -> None:
    treasure = tmp_path / "treasure"
    treasure.write_bytes(b"gold")
    (library / ".lock").unlink()
    os.link(treasure, library / ".lock")
    with (
        Library.open(library) as lib,
        pytest.raises(NotALibraryError, match="something else than longvid writes"),
    ):
        lib.index(tmp_path / "standup.vtt", reprocess=True)
    assert treasure.read_bytes() == b"gold"


def test_a_cache_that_became_a_link_since_is_neither_emptied_nor_filled(
    library: Path, tmp_path: Path
) -> None:
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "speech-sentence-0123456789abcdef.npz").write_bytes(b"gold")
    with Library.open(library) as lib:
        lib.index(tmp_path / "standup.vtt", only=["vectors"])
        shutil.rmtree(library / "cache", ignore_errors=True)
        (library / "cache").symlink_to(treasure)
        assert lib.search("who sends the plan?")
        lib.remove("standup")
    assert [path.read_bytes() for path in treasure.iterdir()] == [b"gold"]


def test_only_files_with_our_names_are_deleted_from_the_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    ours = ["speech-sentence-0123456789abcdef.npz", "picture-frame-0123456789abcdef.npz.12.3456.tmp"]
    for name in (*ours, "holiday.npz", "notes.txt"):
        (cache / name).write_bytes(b"x")
    VectorSearch(cache).forget()
    assert sorted(path.name for path in cache.iterdir()) == ["holiday.npz", "notes.txt"]


# Disks


def test_the_kind_of_a_disk_is_that_of_the_innermost_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\n/dev/sdb /home/local ext4 rw 0 0\n"
        "//nas/films /mnt/the\\040films cifs rw 0 0\nbroken\n"
    )
    assert network_kind(Path("/home/me/library"), mounts) == "nfs4"
    assert network_kind(Path("/home/local/library"), mounts) is None
    assert network_kind(Path("/homework/library"), mounts) is None
    assert network_kind(Path("/mnt/the films/library"), mounts) == "cifs"
    assert network_kind(Path("/srv"), mounts) is None
    assert network_kind(Path("/srv"), tmp_path / "none") is None


def test_a_disk_that_can_be_tried_is(tmp_path: Path) -> None:
    assert can_share(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@needs_gcc
@pytest.mark.parametrize(
    ("refused", "error"),
    [
        ("f", errno.ENOLCK),
        ("l", errno.ENOLCK),
        ("m", errno.ENODEV),
        ("f", errno.EACCES),
        ("l", errno.EACCES),
        ("l", errno.EINVAL),
        ("flm", errno.EACCES),
    ],
)
def test_a_disk_without_locks_is_one_sentence_and_reading_works(
    refused: str, error: int, library: Path, tmp_path: Path
) -> None:
    """fcntl's locks, flock, and memory that is shared: SQLite needs the first and the last, we the second."""
    shim = build(tmp_path)

    def longvid(*arguments: object) -> subprocess.CompletedProcess[str]:
        return run_longvid(*arguments, shim=shim, below=tmp_path, mode=refused, error=error, timeout=25)

    listed = longvid("mentions", "migration", "-L", library)
    assert listed.returncode == 0, listed.stderr
    assert "data migration" in listed.stdout
    for place in (library, tmp_path / "new"):
        done = longvid("index", tmp_path / "standup.vtt", "-L", place, "--only", "transcript")
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "cannot lock files" in line
        assert "--library" in line


@pytest.mark.slow
@needs_gcc
@pytest.mark.parametrize(("refused", "error"), [("f", errno.ENOLCK), ("m", errno.ENODEV)])
def test_what_a_killed_process_left_on_such_a_disk_is_read_if_it_is_empty_and_told_if_not(
    refused: str, error: int, library: Path, tmp_path: Path
) -> None:
    shim = build(tmp_path)
    log = library / "library.db-wal"
    for left, found in ((b"", True), (b"not in the database yet", False)):
        log.write_bytes(left)
        (library / "library.db-shm").write_bytes(bytes(32768))
        (library / ".lock").write_text("4711\n")  # another machine's, long gone
        listed = run_longvid(
            "mentions", "migration", "-L", library, shim=shim, below=tmp_path, mode=refused, error=error
        )
        assert (listed.returncode == 0, "data migration" in listed.stdout) == (found, found), listed.stderr
        assert ("cannot lock files" in listed.stderr) is not found


@pytest.mark.slow
@needs_gcc
@pytest.mark.parametrize("error", [errno.ESTALE, errno.ENOTCONN])
def test_a_share_that_goes_away_is_one_sentence_that_calls_no_disk_full(
    error: int, library: Path, tmp_path: Path
) -> None:
    shim = build(tmp_path)
    (tmp_path / "more.vtt").write_text(MEETING)
    for arguments, mode in (
        (("mentions", "migration"), "r"),
        (("index", tmp_path / "more.vtt", "--only", "transcript"), "w"),
    ):
        done = run_longvid(
            *arguments, "-L", library, shim=shim, below=library, mode=mode, after=3, error=error
        )
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "is its disk or share still there" in line
