"""Files of recordings: whole or not at all, in a folder or wherever pyarrow can write."""

from __future__ import annotations

from pathlib import Path

import pyarrow.fs as fs
import pytest

from gridcast.recordings.store import FolderStore, ObjectStore, Store, store_at
from tests.recordings.examples import SESSION

NAME = "0000000000-1.parquet"


@pytest.fixture(params=["folder", "objects", "url"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "recordings")
    if request.param == "url":
        return store_at("mock:///lab/recordings")  # a bucket of pyarrow's own, in memory
    return ObjectStore(fs.LocalFileSystem(), str(tmp_path / "recordings"))


def read(store: Store, name: str = NAME) -> bytes:
    with store.open(SESSION, name) as file:
        found: bytes = file.read()
    return found


def test_what_was_put_is_listed_and_read_at_any_place(store: Store) -> None:
    store.put(SESSION, NAME, b"0123456789")
    assert store.sessions() == [SESSION]
    [file] = store.files(SESSION)
    assert (file.name, file.size_bytes) == (NAME, 10)
    with store.open(SESSION, NAME) as opened:
        opened.seek(7)
        assert opened.read(2) == b"78"


def test_putting_again_replaces_the_whole_file(store: Store) -> None:
    store.put(SESSION, NAME, b"a long first try")
    store.put(SESSION, NAME, b"short")
    assert read(store) == b"short"
    assert len(store.files(SESSION)) == 1


def test_what_is_not_there_is_said_so_or_is_nothing(store: Store) -> None:
    assert store.sessions() == []
    assert store.files(SESSION) == []
    store.delete(SESSION, NAME)
    store.delete_session(SESSION)
    with pytest.raises(FileNotFoundError):
        store.open(SESSION, NAME)


def test_deleting_a_session_leaves_nothing_of_it_and_all_of_others(store: Store) -> None:
    for session_id in (SESSION, "other"):
        store.put(session_id, NAME, b"x")
        store.put(session_id, "0000003600-1.parquet", b"y")
    store.delete(SESSION, NAME)
    assert [file.name for file in store.files(SESSION)] == ["0000003600-1.parquet"]
    store.delete_session(SESSION)
    assert store.sessions() == ["other"]
    assert len(store.files("other")) == 2


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", ".hidden", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        store.put(SESSION, name, b"x")
    with pytest.raises(ValueError, match="no name"):
        store.delete_session(name)


def test_a_put_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(tmp_path)

    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        store.put(SESSION, NAME, b"x")
    assert store.files(SESSION) == []


def test_a_folder_and_its_url_are_the_same_store(tmp_path: Path) -> None:
    store_at(str(tmp_path)).put(SESSION, NAME, b"x")
    assert read(store_at(f"file://{tmp_path}")) == b"x"


def test_a_url_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        store_at("nonsense://bucket")
