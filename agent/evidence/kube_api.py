"""The Kubernetes API as this program uses it: bounded GETs of plain data, refusals in words.

Of the `kubernetes` package only the configuration (kubeconfig, ServiceAccount, TLS, credentials) and the
REST client are used: its typed API modules cost most of a second to import.
"""

import json
import os
import ssl
import tempfile
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from agent.errors import UserError
from agent.evidence.answer import Status
from agent.evidence.decoding import DecodingError, Each, TooLarge, decode
from agent.evidence.folding import last_lines
from agent.evidence.intake import chunks
from agent.evidence.reading import Refusal
from agent.files import open_regular, read_file

PARALLEL_CONNECTIONS = 8
MAX_KUBECONFIG = 4 << 20
_MAX_REFUSAL = 1 << 16
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_DEFAULT_KUBECONFIG = "~/.kube/config"
_STATUSES: dict[int, Status] = {
    401: "unauthorized", 403: "forbidden", 408: "timed-out", 504: "timed-out",
}  # fmt: skip


class ClusterError(UserError):
    """No cluster can be chosen: no kubeconfig, a damaged one, an unknown context. One line for a person."""


class KubeApi:
    """GET requests to one API server, from any thread, each within `timeout` seconds; raises Refusal."""

    def __init__(self, client: Any, timeout: float) -> None:
        self._client = client
        self._timeout = timeout

    @classmethod
    def connect(cls, kubeconfig: str | None, context: str | None, timeout: float) -> Self:
        """Choose the cluster as kubectl does; nothing is sent yet. Raises ClusterError."""
        if kubeconfig is None and not os.environ.get("KUBECONFIG") and _in_pod():
            return cls(_service_account_client(), timeout)
        return cls(_kubeconfig_client(kubeconfig, context), timeout)

    def within(self, seconds: float) -> Self:
        """The same server and connections, with another time limit."""
        other = copy(self)
        other._timeout = seconds
        return other

    def get(
        self, path: str, kind: str, each: Each | None = None, /, **parameters: str | int
    ) -> dict[str, Any]:
        """The object of that kind at a path, such as Pod or PodList.

        Of a list each item is kept as what `each` makes of it: it sees one as soon as that is read.
        """
        with self._open(path, parameters) as response, closing(self._chunks(response)) as body:
            try:
                data = decode(body, ("items",), each)
            except TooLarge as err:
                raise Refusal("error", f"the answer contains {err}, which is not read") from None
            except DecodingError as err:
                raise self._stranger(path, str(err)) from None
        if not isinstance(data, dict) or data.get("kind") != kind:
            raise self._stranger(path, f"{_kind(data)}, not with a {kind}")
        return data

    def tail(self, path: str, max_bytes: int, **parameters: str | int) -> tuple[str, bool]:
        """The last bytes of a log, from the start of a line, and whether something before was dropped."""
        kept: deque[bytes] = deque()
        size, dropped = 0, False
        with self._open(path, parameters) as response:
            form = str(response.headers.get("Content-Type") or "nothing")
            if not form.startswith("text/plain"):  # as which the API gives every log
                raise self._stranger(path, f"{form}, not with a log")
            with closing(self._chunks(response, None)) as body:
                for chunk in body:
                    kept.append(chunk)
                    size += len(chunk)
                    while size - len(kept[0]) >= max_bytes:
                        size -= len(kept.popleft())
                        dropped = True
        text = b"".join(kept)
        kept_bytes = (
            max_bytes - 1 if dropped else max_bytes
        )  # where something was dropped a line may have begun
        lines = last_lines(text, kept_bytes)
        return lines.decode("utf-8", "replace"), dropped or len(text) > max_bytes

    @contextmanager
    def _open(self, path: str, parameters: dict[str, str | int]) -> Iterator[Any]:
        """The open response of a GET that was answered with 200."""
        with self._request(path, parameters) as response:
            if response.status != 200:
                raise self._refusal(response.status, self._beginning(response), path)
            yield response

    @contextmanager
    def _request(self, path: str, parameters: dict[str, str | int]) -> Iterator[Any]:
        """The open response of a GET, whatever its status."""
        import urllib3.exceptions as transport
        from kubernetes.client.exceptions import ApiException

        configuration = self._client.configuration
        headers = {**self._client.default_headers, "Accept": "application/json, */*"}
        try:
            self._client.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
            url = configuration.host + path + ("?" + urlencode(parameters) if parameters else "")
            response = self._client.call_api("GET", url, headers, _request_timeout=self._timeout).response
            try:
                yield response
            finally:
                response.close()  # a response that was read to its end has already returned its connection
        except (transport.HTTPError, ApiException, OSError) as err:
            refused = isinstance(err, transport.NewConnectionError)  # to urllib3 one of the timeouts
            if isinstance(err, (transport.TimeoutError, TimeoutError)) and not refused:
                raise Refusal("timed-out", f"no answer within {self._timeout:g} s") from None
            raise Refusal("unreachable", f"{configuration.host}: {_reason(err)}") from None

    def _chunks(self, response: Any, *max_bytes: int | None) -> Generator[bytes]:
        return chunks(response.read1, self._timeout, *max_bytes)

    def _beginning(self, response: Any) -> bytes:
        text = b""
        with closing(self._chunks(response)) as body:
            for chunk in body:
                text += chunk
                if len(text) >= _MAX_REFUSAL:
                    break
        return text[:_MAX_REFUSAL]

    def _refusal(self, code: int, body: bytes, path: str) -> Refusal:
        """The refusal for an answer other than 200. Only the API itself can say that something does not exist."""
        said = _status(body)
        reason = str(said.get("reason") or "") if said else ""
        message = _one_line(said.get("message") or "" if said else body.decode("utf-8", "replace"))
        if code != 404:
            status = _STATUSES.get(code, "error")
            message = message or "no message"
            message = message if status != "error" else f"HTTP {code}: {message}"
            remainder = _remainder(said) if code == 410 else ""
            return Refusal(status, message, code, reason=reason, remainder=remainder)
        if missing := _missing(said):
            return Refusal("not-found", message, code, reason=reason, missing=missing)
        if said or self._is_kubernetes():  # without a name it is the API that is missing
            return Refusal("not-served", f"the cluster does not serve {path}", code)
        return self._stranger(path, f"HTTP 404: {message[:200] or 'no message'}")

    def _is_kubernetes(self) -> bool:
        """Whether the server knows its version: any web server answers 404 to what it does not know."""
        try:
            with self._request("/version", {}) as response:
                return response.status == 200 and "gitVersion" in json.loads(self._beginning(response))
        except (Refusal, ValueError, TypeError):
            return False

    def _stranger(self, path: str, words: str) -> Refusal:
        """The refusal if whatever answered is not the Kubernetes API, or not the one for the path."""
        host = self._client.configuration.host
        return Refusal("unreachable", f"{host} answered {path} with {words}; is it the API server?")


def _in_pod() -> bool:
    return (_SERVICE_ACCOUNT / "token").is_file() and not _exists(_DEFAULT_KUBECONFIG)


def _service_account_client() -> Any:
    from kubernetes.client import Configuration
    from kubernetes.config.incluster_config import ConfigException, InClusterConfigLoader

    configuration = Configuration()
    files = {"token_filename": _SERVICE_ACCOUNT / "token", "cert_filename": _SERVICE_ACCOUNT / "ca.crt"}
    try:
        InClusterConfigLoader(**files).load_and_set(configuration)
        return _client(configuration)
    except (ConfigException, OSError) as err:
        raise ClusterError(f"the pod's ServiceAccount cannot be used: {_one_line(err)}") from None


def _kubeconfig_client(kubeconfig: str | None, context: str | None) -> Any:
    from kubernetes.client import Configuration
    from kubernetes.config import load_kube_config

    paths = kubeconfig or os.environ.get("KUBECONFIG") or _DEFAULT_KUBECONFIG
    present = [path for path in paths.split(os.pathsep) if _exists(path)]
    if not present:
        raise ClusterError(
            f"no cluster: there is no kubeconfig at {paths}, and this is not a pod; "
            "give --kubeconfig FILE or --replay DIR"
        )
    configuration = Configuration()
    try:
        for path in present:
            read_file(Path(path).expanduser(), MAX_KUBECONFIG)  # the loader would wait for a pipe
        # The loader writes keys of the kubeconfig to files and removes them when the process ends
        # normally. Here they are removed before the first read.
        with tempfile.TemporaryDirectory() as keys:
            load_kube_config(paths, context, configuration, persist_config=False, temp_file_path=keys)
            return _client(configuration)
    except Exception as err:  # the loader raises all kinds of errors for a damaged file
        about = f" (context {context})" if context else ""
        raise ClusterError(f"kubeconfig {paths}{about} cannot be used: {_words(err)}") from None


def _exists(path: str) -> bool:
    """Whether a file exists; never raises, as pathlib does for a folder that may not be read."""
    return os.path.exists(os.path.expanduser(path))  # noqa: PTH110, PTH111


def _client(configuration: Any) -> Any:
    """A client that has read its certificates and keys: once, not again for each connection."""
    from kubernetes.client import ApiClient

    from agent.evidence.heads import bound_pools

    configuration.retries = False
    configuration.connection_pool_maxsize = PARALLEL_CONNECTIONS
    client = ApiClient(configuration)
    client.user_agent = "incident-agent"
    bound_pools(client.rest_client.pool_manager)
    if configuration.host.startswith("https:"):
        pool = client.rest_client.pool_manager.connection_pool_kw
        pool["ssl_context"] = _ssl_context(configuration)
        for key in ("ca_certs", "ca_cert_data", "cert_file", "key_file"):
            pool.pop(key, None)
    return client


def _ssl_context(configuration: Any) -> ssl.SSLContext:
    for name in filter(None, (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)):
        open_regular(Path(name)).close()
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert, cadata=configuration.ca_cert_data)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as kubectl does: CAs of old clusters lack extensions
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    if not configuration.verify_ssl:
        import urllib3

        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the kubeconfig asks for it
    return context


def _status(body: bytes) -> dict[str, Any] | None:
    """The Status object in which the API refuses; None for an answer from anything else."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    is_status = isinstance(said, dict) and said.get("kind") == "Status" and said.get("apiVersion") == "v1"
    return said if is_status else None


def _missing(status: dict[str, Any] | None) -> tuple[str, str] | None:
    """The resource and the name of the object that a Status reports missing."""
    details = status.get("details") if status and status.get("reason") == "NotFound" else None
    if not isinstance(details, dict) or not details.get("name"):
        return None
    return str(details.get("kind") or ""), str(details["name"])


def _remainder(status: dict[str, Any] | None) -> str:
    """The token for reading the rest of a list whose own token has expired."""
    meta = status.get("metadata") if status else None
    token = meta.get("continue") if isinstance(meta, dict) else None
    return token if isinstance(token, str) else ""


def _kind(data: Any) -> str:
    """What the answer was, in words."""
    kind = data.get("kind") if isinstance(data, dict) else None
    return f"a {kind[:60]}" if isinstance(kind, str) and kind else "something that is not a Kubernetes object"


def _reason(err: Exception) -> str:
    """The end of a transport error's chain of words: what the operating system or TLS said."""
    text = _one_line(getattr(err, "reason", None) or err)
    return text.partition("): ")[2] or text


def _words(err: Exception) -> str:
    """What is wrong with a file: an error of the operating system, of its text, or of its reader."""
    if isinstance(err, UnicodeDecodeError):
        return "it is not text"
    if isinstance(err, TypeError | AttributeError | KeyError | IndexError):  # errors of the loader
        return "it is not a kubeconfig; expected clusters, contexts and users as kubectl writes them"
    return (err.strerror if isinstance(err, OSError) else None) or _one_line(err)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:1000]
