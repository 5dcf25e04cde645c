"""A figure as a file: a drawing with the figure's words, the same each time."""

import kaleido
import pytest

from explainers.reports.figures.convergence import Search, convergence_figure
from explainers.reports.figures.picture import write_picture

pytestmark = pytest.mark.filterwarnings("ignore:The kopts argument")  # of a Chromium for each picture


@pytest.fixture(scope="module", autouse=True)
def one_chromium():
    """For all pictures, in place of one for each."""
    kaleido.start_sync_server(n=1)
    yield
    kaleido.stop_sync_server()


@pytest.fixture(scope="module")
def figure():
    return convergence_figure(Search([-3.0, -5.0], [-3.0, -5.0], [False, True], unmasked=-1.0))


def test_the_same_figure_gives_the_same_file(figure, tmp_path):
    write_picture(figure, tmp_path / "search.svg", height=300)
    drawn = (tmp_path / "search.svg").read_text()
    assert drawn.startswith("<svg") and "log p of the answer (nats)" in drawn and "unmasked prompt" in drawn
    write_picture(figure, tmp_path / "again" / "search.svg", height=300)
    assert (tmp_path / "again" / "search.svg").read_text() == drawn


def test_a_picture_has_the_size_that_was_asked_for(figure, tmp_path):
    write_picture(figure, tmp_path / "search.png", height=300, width=500)
    size = (tmp_path / "search.png").read_bytes()[16:24]  # where PNG keeps it
    assert (int.from_bytes(size[:4]), int.from_bytes(size[4:])) == (500, 300)
