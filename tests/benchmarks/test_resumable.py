"""Rows of a long measurement: those of another run are not used, nor one that was half written."""

from benchmarks.resumable import RowFile


def test_rows_of_another_run_are_not_used(tmp_path):
    path = tmp_path / "rows.jsonl"
    RowFile(path, {"seed": 0}).add({"value": 1})
    assert RowFile(path, {"seed": 0}).rows == [{"value": 1}]
    assert RowFile(path, {"seed": 1}).rows == []


def test_a_row_that_was_half_written_is_left_out(tmp_path):
    path = tmp_path / "rows.jsonl"
    RowFile(path, {}).add({"value": 1})
    path.write_text(path.read_text() + '{"val')
    assert RowFile(path, {}).rows == [{"value": 1}]
    assert path.read_text().endswith('{"value": 1}\n')


def test_the_time_left_is_that_of_the_rows_still_to_come(tmp_path):
    path = tmp_path / "rows.jsonl"
    for value in range(3):
        RowFile(path, {}).add({"value": value})
    progress = RowFile(path, {}).progress(5)
    progress.step("the fourth")
    assert progress.line("").startswith("1 of 2 parts, 3 from before")
