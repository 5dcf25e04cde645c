"""A study on a local Ray cluster of two workers: the same rows, also where a worker is lost."""

import os
import signal

import pytest

from studies.run import run
from tests.studies.small import generation_study
from tests.studies.test_resume import without_times

ray = pytest.importorskip("ray")


@pytest.fixture
def two_workers(monkeypatch):
    """Ray on this machine with two cores, for whoever connects with "auto"."""
    init = ray.init

    def small(address=None, **how):
        if address:
            raise ConnectionError
        return init(num_cpus=2, object_store_memory=80_000_000, **how)

    monkeypatch.setattr(ray, "init", small)


@pytest.mark.timeout(900)
def test_rows_are_the_same_though_a_worker_is_killed(tmp_path, two_workers, monkeypatch):
    study = generation_study(tmp_path, seeds=[0, 1])
    killed = []

    def kill_one(self, units, results=None):
        for number, found in enumerate(original(self, units)):
            if number == 2:  # in mid-study: a busy worker's process
                worker = next(iter(self._busy.values()))[0]
                killed.append(ray.get(worker.process.remote(), timeout=60))
                os.kill(killed[0], signal.SIGKILL)
            yield found

    from studies.cluster import _Pool

    original = _Pool.results
    monkeypatch.setattr(_Pool, "results", kill_one)
    spread = run(study, study, tmp_path / "spread", ray="auto")
    alone = run(study, study, tmp_path / "alone")
    assert killed and killed[0] != os.getpid()
    assert without_times(spread.read()).equals(without_times(alone.read()))
