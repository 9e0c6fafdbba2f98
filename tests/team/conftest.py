import pytest

from tests.team.runs import Run


@pytest.fixture
def investigate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program against a model server."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return Run(capsys)
