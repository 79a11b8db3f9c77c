"""Capturing files: which ones, whose, and never one outside of the folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.errors import UsageError
from evalstream.streams.sandboxes.capture import captured, content
from evalstream.streams.sandboxes.patterns import Patterns
from evalstream.streams.sandboxes.printing import Snapshots
from evalstream.streams.sandboxes.roots import Roots, named_roots

NAMES = st.sampled_from(["a", "b.txt", "..x", "c"])
KINDS = st.sampled_from(["file", "link to file", "link to folder", "link up", "pipe", "folder"])
TREES = st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=3), KINDS), max_size=8)


@given(TREES)
def test_whatever_a_folder_holds_only_its_own_plain_files_are_captured(tree):
    top = Path(tempfile.mkdtemp()).resolve()
    try:
        outside, root = top / "outside", top / "root"
        (outside / "a").mkdir(parents=True)
        (outside / "b.txt").write_text("s3kr1t")
        root.mkdir()
        made: dict[Path, str] = {}
        for parts, kind in tree:
            path = root.joinpath(*parts)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                if os.path.lexists(path) or path.parent.resolve() != path.parent:
                    continue
                if kind == "file":
                    path.write_text("own")
                elif kind == "pipe":
                    os.mkfifo(path)
                elif kind == "folder":
                    path.mkdir()
                else:
                    where = {"link to file": outside / "b.txt", "link to folder": outside, "link up": Path("..")}[kind]
                    path.symlink_to(where)
                made[path] = kind
            except OSError:
                continue
        found = captured(root, Patterns(["**"]))
        assert all(content(root, path, 100) == b"own" for path in found)
        assert len(found) == sum(kind == "file" for kind in made.values())
    finally:
        shutil.rmtree(top)


def test_a_file_that_became_a_link_is_not_read(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_text("s3kr1t")
    (tmp_path / "root" / "a").symlink_to(tmp_path / "secret")
    with pytest.raises(PermissionError):
        content(tmp_path / "root", "a", 100)


@given(st.lists(st.sampled_from(["a", "b", "ab", "a.txt"]), min_size=1, max_size=4))
def test_globs_fit_as_those_of_pathlib_do(parts):
    path = PurePath("/", *parts)
    for text in ("*", "a*", "*.txt", "a/b", "a/*", "?"):
        fits = Patterns([f"**/{text}"]).match(parts)
        assert fits == path.match(text), (text, parts)
    assert Patterns(["**"]).match(parts)


@pytest.mark.parametrize("text", ["/etc/passwd", "../x", "a/../../x", "", ".", "x\0"])
def test_a_glob_that_leads_out_is_refused(text):
    with pytest.raises(UsageError, match="--sandbox-snapshot"):
        Patterns([text])


def test_samples_have_their_own_folders_or_all_the_same(tmp_path):
    assert Roots(tmp_path, [("s1", 1)]).of("s1", 1) == tmp_path
    (tmp_path / "s1").mkdir()
    (tmp_path / "s2_epoch_2").mkdir()
    (tmp_path / "evil").symlink_to("/etc")
    roots = Roots(tmp_path, [("s1", 1), ("../..", 1), ("evil", 1)])
    assert roots.of("s1", 7) == tmp_path / "s1"
    assert roots.of("s2", 2) == tmp_path / "s2_epoch_2"
    assert [roots.of(name, 1) for name in ("s2", "s3", "../..", "..", ".", "", "evil")] == [None] * 7


def test_roots_are_named(tmp_path):
    (tmp_path / "db").mkdir()
    assert named_roots([str(tmp_path), f"db={tmp_path}/db"]) == {"default": tmp_path, "db": tmp_path / "db"}
    for wrong in ([str(tmp_path / "x")], ["a=/nowhere"], [str(tmp_path)] * 2):
        with pytest.raises(UsageError, match="--sandbox-root"):
            named_roots(wrong)


def test_root_and_pattern_come_together(tmp_path):
    for roots, patterns in (([str(tmp_path)], []), ([], ["**"])):
        with pytest.raises(UsageError, match="needs both"):
            Snapshots(roots, patterns, [("1", 1)])
