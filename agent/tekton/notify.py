"""Notification: one line posted as {"text": ...}, which Slack, Mattermost and Google Chat accept.

The installation says where, by an optional Secret that is mounted as a file: without it nothing is posted.
"""

import json
import time
from html import escape
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request

from agent.errors import UserError
from agent.evidence.opener import opener
from agent.files import MAX_SMALL, read_file
from agent.line import printable

URL_FILE = Path("/var/run/incident-agent/notify/url")
"""Where the pods of this installation find the webhook's address, the key `url` of the Secret."""
SECONDS = 10.0
PAUSES = (1.0, 4.0)
"""Seconds before the second and the third attempt."""
MAX_URL = 2048
TOO_MANY, SERVER_ERRORS = 429, 500


class NotifyError(UserError):
    """The notification cannot be sent; the message, for people, does not contain the address, a secret."""


class _Passing(NotifyError):
    """It may be taken when it is sent again."""


def post(text: str, url_file: Path = URL_FILE) -> bool:
    """Post the text where the file says, or nowhere where there is none; whether it was posted.

    Raises NotifyError when the webhook does not take it in three attempts.
    """
    if not url_file.exists():
        return False
    url = read_url(url_file)
    for pause in (*PAUSES, None):
        try:
            notify(url, text)
            break
        except _Passing:
            if pause is None:
                raise
            time.sleep(pause)
    return True


def read_url(file: Path) -> str:
    """The webhook's address from a mounted Secret; raises NotifyError."""
    try:
        url = read_file(file, MAX_SMALL).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotifyError(
            f"cannot read {file}: {getattr(error, 'strerror', None) or 'not text'}; expected a URL"
        ) from None
    if not url.startswith(("http://", "https://")) or len(url) > MAX_URL or any(c.isspace() for c in url):
        raise NotifyError(f"{file} contains no web address; expected http://... or https://...")
    return url


def spoken(text: str) -> str:
    """The text as one line that a chat shows as it is: in a code span, where no link, mention or format is made.

    `&`, `<` and `>` are written as Slack wants them everywhere, since `<!channel>` and `<url|text>` act there too.
    """
    line = printable(text).replace("`", "'")
    return f"`{escape(line, quote=False)}`"


def notify(url: str, text: str) -> None:
    """Post the text once, within SECONDS; raises NotifyError for anything but 2xx."""
    body = json.dumps({"text": spoken(text)}).encode()
    try:
        request = Request(url, data=body, headers={"Content-Type": "application/json"}, method="POST")
        with opener().open(request, timeout=SECONDS):
            pass
    except HTTPError as error:
        error.close()
        passing = error.code == TOO_MANY or error.code >= SERVER_ERRORS
        raise (_Passing if passing else NotifyError)(
            f"the webhook answered HTTP {error.code}; expected 2xx"
        ) from None
    except ValueError as error:  # an address that is none
        raise NotifyError(f"the webhook cannot be reached: {error}") from None
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise _Passing(
            f"the webhook cannot be reached: {getattr(reason, 'strerror', None) or reason}"
        ) from None
