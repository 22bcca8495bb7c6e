"""Where recordings are: a folder, or whatever `pyarrow.fs` has a URL for.

    {root}/{session id}/{chunk name}

Session ids and names come from our own code; neither may leave its folder. Every method may raise `OSError` (also what
an object store raises); a file or folder that is not there is `FileNotFoundError`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

OFF: Final = "off"
"""The setting that records nothing."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A file of a session's recording. `modified_s`: unix time of its last change."""

    name: str
    size_bytes: int
    modified_s: float


class Store(Protocol):
    """Files by session. Thread-safe."""

    def put(self, session_id: str, name: str, data: bytes | memoryview) -> None:
        """Write a whole file, all or nothing; one that is there already is replaced."""

    def open(self, session_id: str, name: str) -> Any:
        """A `pyarrow.NativeFile` for random reads; the caller closes it.

        Raises:
            FileNotFoundError
        """

    def sessions(self) -> list[str]:
        """Ids of all sessions that have a folder; none where there is no root yet."""

    def files(self, session_id: str) -> list[StoredFile]:
        """All files of a session, also unfinished ones, by name; none where there is no folder."""

    def delete(self, session_id: str, name: str) -> None:
        """Delete one file; one that is gone already is no error."""

    def delete_session(self, session_id: str) -> None:
        """Delete a session's folder with all that is in it; one that is gone already is no error."""


def store_at(where: str) -> Store:
    """The store at a folder or URL. Makes nothing, and talks to nobody for a folder.

    Raises:
        ValueError: the URL is none that pyarrow knows.
        OSError: the object store does not answer.
    """
    if "://" not in where:
        return FolderStore(Path(where))
    from pyarrow import fs  # takes its time and memory, which processes that only delete files can do without

    filesystem, root = fs.FileSystem.from_uri(where)
    if isinstance(filesystem, fs.LocalFileSystem):
        return FolderStore(Path(root))
    return ObjectStore(filesystem, root)


def _checked(part: str) -> str:
    if not _PLAIN.fullmatch(part):
        raise ValueError(f"{part!r} is no name of a session or chunk")
    return part


class FolderStore:
    """Recordings in a folder of this machine (or one that is mounted)."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put(self, session_id: str, name: str, data: bytes | memoryview) -> None:
        """Written under another name, flushed, renamed: who finds the file finds all of it, also after a power cut."""
        folder = self._root / _checked(session_id)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{_checked(name)}.{os.getpid()}.part"
        try:
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(folder / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        _sync_folder(folder)

    def open(self, session_id: str, name: str) -> Any:
        from pyarrow import OSFile

        return OSFile(str(self._root / _checked(session_id) / _checked(name)))

    def sessions(self) -> list[str]:
        try:
            with os.scandir(self._root) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            return []

    def files(self, session_id: str) -> list[StoredFile]:
        found = []
        try:
            with os.scandir(self._root / _checked(session_id)) as entries:
                for entry in entries:
                    try:
                        about = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # deleted meanwhile, or renamed from its unfinished name
                    found.append(
                        StoredFile(name=entry.name, size_bytes=about.st_size, modified_s=about.st_mtime)
                    )
        except FileNotFoundError:
            return []
        return sorted(found, key=lambda file: file.name)

    def delete(self, session_id: str, name: str) -> None:
        (self._root / _checked(session_id) / _checked(name)).unlink(missing_ok=True)

    def delete_session(self, session_id: str) -> None:
        folder = self._root / _checked(session_id)
        for file in self.files(session_id):
            (folder / file.name).unlink(missing_ok=True)
        try:
            folder.rmdir()
        except FileNotFoundError:
            return


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class ObjectStore:
    """Recordings in a bucket, or on anything else that pyarrow can write to: an object appears whole when it is closed."""

    def __init__(self, filesystem: Any, root: str) -> None:
        self._fs = filesystem
        self._root = root.rstrip("/")

    def put(self, session_id: str, name: str, data: bytes | memoryview) -> None:
        folder = self._folder(session_id)
        self._fs.create_dir(folder, recursive=True)
        with self._fs.open_output_stream(f"{folder}/{_checked(name)}") as stream:
            stream.write(data)

    def open(self, session_id: str, name: str) -> Any:
        return self._fs.open_input_file(f"{self._folder(session_id)}/{_checked(name)}")

    def sessions(self) -> list[str]:
        return sorted(info.base_name for info in self._infos(self._root) if not info.is_file)

    def files(self, session_id: str) -> list[StoredFile]:
        return sorted(
            (
                StoredFile(
                    name=info.base_name,
                    size_bytes=info.size or 0,
                    modified_s=info.mtime.timestamp() if info.mtime else 0.0,
                )
                for info in self._infos(self._folder(session_id))
                if info.is_file
            ),
            key=lambda file: file.name,
        )

    def delete(self, session_id: str, name: str) -> None:
        try:
            self._fs.delete_file(f"{self._folder(session_id)}/{_checked(name)}")
        except FileNotFoundError:
            return

    def delete_session(self, session_id: str) -> None:
        try:
            self._fs.delete_dir(self._folder(session_id))
        except FileNotFoundError:
            return

    def _folder(self, session_id: str) -> str:
        return f"{self._root}/{_checked(session_id)}"

    def _infos(self, folder: str) -> list[Any]:
        from pyarrow import fs

        return list(self._fs.get_file_info(fs.FileSelector(folder, allow_not_found=True)))
