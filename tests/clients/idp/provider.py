"""What tests ask of every identity provider, and how one that is a server is started and asked."""

import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from urllib.parse import urlencode

import urllib3

ROLE = "https://coreweave.com/SAML/Attributes/Role"
PRINCIPAL_NAME = "https://coreweave.com/SAML/Attributes/PrincipalName"


class Refused(Exception):
    """A provider answered with an error; the text is what it said."""


class Idp(ABC):
    """An OpenID provider. `issuer` is what its tokens say in `iss`, letter by letter."""

    issuer: str

    @abstractmethod
    def token(self, audience: str, subject: str, **claims) -> str:
        """A JWT for `audience` about `subject`, got as a client of the provider would get it."""

    @abstractmethod
    def rotate(self) -> None:
        """Tokens are signed with a new key from now on."""

    @abstractmethod
    def stop(self) -> None: ...


class SamlIdp(ABC):
    """A SAML identity provider."""

    entity_id: str

    @property
    @abstractmethod
    def certificate_pem(self) -> str:
        """The certificate of the key that signs now."""

    @abstractmethod
    def metadata(self) -> str:
        """The provider's own description of itself, as XML."""

    @abstractmethod
    def response(self, acs_url: str, audience: str, role: str, principal_name: str) -> str:
        """A signed response as it would be posted to `acs_url`: base64 of XML."""

    def stop(self) -> None:
        """Nothing runs between two responses, unless the provider is a server."""


class Server:
    """A provider's process on a port of loopback, and requests to it."""

    def __init__(self, command: list[str | Path], directory: Path, url: str, ready: str):
        """Runs `command` in `directory` and waits until `GET ready` answers."""
        self.command, self.directory, self.url, self.ready = command, directory, url, ready
        self.log = directory / "log"
        self.http = urllib3.PoolManager(retries=False, timeout=10)
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=subprocess.STDOUT, cwd=self.directory)
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, f"{self.command[0]} ended: {self.said()}"
            try:
                if self.http.request("GET", self.url + self.ready).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            if time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{self.command[0]} does not answer: {self.said()}")
            time.sleep(0.05)

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        return self.checked(self.http.request("GET", self.url + path))

    def send(self, method: str, path: str, body) -> urllib3.BaseHTTPResponse:
        """A request whose body is `body` as JSON."""
        return self.checked(self.http.request(method, self.url + path, json=body))

    def form(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> urllib3.BaseHTTPResponse:
        """What a browser or an OAuth client posts; a redirect comes back as it is."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        answer = self.http.request("POST", self.url + path, body=urlencode(fields), headers=headers, redirect=False)
        return self.checked(answer)

    def checked(self, answer: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
        if answer.status >= 400:
            raise Refused(f"{answer.status} {answer.data[:2000].decode(errors='replace')}")
        return answer

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        # Nothing that a provider holds outlives the tests.
        self.process.kill()
        self.process.wait()
