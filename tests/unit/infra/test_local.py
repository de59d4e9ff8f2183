"""What `make local` watches and warns of."""

from pathlib import Path

from infra.local import WATCHED, code_state, old_data_warning


def test_new_cache_of_python_is_no_change_of_the_code(tmp_path: Path) -> None:
    package = tmp_path / "chalicelib" / "api"
    package.mkdir(parents=True)
    (package / "members.py").touch()
    before = code_state(tmp_path)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "members.cpython-311.pyc").touch()
    assert code_state(tmp_path) == before


def test_changed_and_new_files_are_changes_of_the_code(tmp_path: Path) -> None:
    for name in WATCHED:
        before = code_state(tmp_path)
        path = tmp_path / name if Path(name).suffix in {".py", ".yaml"} else tmp_path / name / "file"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        created = code_state(tmp_path)
        path.write_text("changed")
        assert before != created != code_state(tmp_path)


def test_data_of_an_old_version_is_reported() -> None:
    assert old_data_warning("http://127.0.0.1:4566/000000000000/load") is None
    assert old_data_warning("http://127.0.0.1:4567/000000000000/load")
