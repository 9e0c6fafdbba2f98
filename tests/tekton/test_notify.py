"""Posting to a chat webhook."""

from pathlib import Path

import pytest

from agent.tekton import notify
from agent.tekton.notify import NotifyError, post
from tests.tekton.webhook import Webhook


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notify, "PAUSES", (0.0, 0.0))


def test_a_text_is_posted_in_a_code_span(tmp_path: Path, webhook: Webhook):
    assert post("line $(HOME) é", webhook.file(tmp_path))
    assert webhook.received == ["`line $(HOME) é`"]


def test_without_the_secret_nothing_is_posted_and_nothing_fails(tmp_path: Path):
    assert not post("diagnosed", tmp_path / "url")


@pytest.mark.parametrize(
    ("said", "posted"),
    [
        ("<!channel> <@U1> <!here|x>", "`&lt;!channel&gt; &lt;@U1&gt; &lt;!here|x&gt;`"),
        ("<http://evil|your bank> & co", "`&lt;http://evil|your bank&gt; &amp; co`"),
        ("a` @all *b* ``` _c_", "`a' @all *b* ''' _c_`"),
        ("one\ntwo\x1b[2J\u202eabc\U000e0041", "`one two [2J abc`"),
    ],
)
def test_nothing_a_log_says_calls_people_links_or_formats_in_a_chat(
    said: str, posted: str, tmp_path: Path, webhook: Webhook
):
    post(said, webhook.file(tmp_path))
    assert webhook.received == [posted]


@pytest.mark.parametrize(
    ("path", "words"), [("/gone", "HTTP 410"), ("/moved", "HTTP 307")], ids=["refused", "redirected"]
)
def test_a_webhook_that_refuses_is_asked_once_and_its_address_is_kept(
    path: str, words: str, tmp_path: Path, webhook: Webhook
):
    with pytest.raises(NotifyError, match=words) as refused:
        post("diagnosed", webhook.file(tmp_path, path))
    assert "127.0.0.1" not in str(refused.value)
    assert webhook.received == []
    assert webhook.posts == 1


def test_a_webhook_that_is_busy_is_asked_three_times(tmp_path: Path, webhook: Webhook):
    assert post("diagnosed", webhook.file(tmp_path, "/busy"))
    assert (webhook.posts, webhook.received) == (3, ["`diagnosed`"])
    webhook.busy = 9
    with pytest.raises(NotifyError, match="HTTP 503"):
        post("diagnosed", webhook.file(tmp_path, "/busy"))
    assert webhook.posts == 6


@pytest.mark.parametrize("content", ["", "file:///etc/passwd", "no address", "http://a b"])
def test_what_is_no_web_address_is_refused(content: str, tmp_path: Path):
    (tmp_path / "url").write_text(content)
    with pytest.raises(NotifyError, match="expected http://"):
        post("diagnosed", tmp_path / "url")


def test_an_address_that_is_none_is_refused_in_words(tmp_path: Path):
    (tmp_path / "url").write_text("http://[::bad/x")
    with pytest.raises(NotifyError, match="the webhook cannot be reached: Invalid IPv6 URL"):
        post("diagnosed", tmp_path / "url")
