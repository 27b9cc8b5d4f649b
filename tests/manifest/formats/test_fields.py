"""What formats make of paths."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from datalad_jsdl.manifest.formats.fields import below_common_folder

paths = st.lists(st.sampled_from(["a", "ab", "b", ""]), max_size=4).map("/".join)


def shared(folders: list[list[str]]) -> int:
    """How many of the first folders all have."""
    return next(
        n for n in range(9, -1, -1) if all(f[:n] == folders[0][:n] and len(f) >= n for f in folders)
    )


@given(st.lists(paths, max_size=4))
@example(["a/b/x", "ab/b/x"])
@example(["a/x"])
def test_what_is_below_the_folders_that_all_are_in(given: list[str]) -> None:
    number = shared([path.split("/")[:-1] for path in given]) if given else 0
    assert below_common_folder(given) == ["/".join(path.split("/")[number:]) for path in given]
