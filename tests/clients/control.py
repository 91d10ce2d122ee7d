"""Portcullis's API as those see it who ask for a key, and who manages them."""

import urllib3

PATH = "/v1/cwobject"


class Refused(Exception):
    """The API said no: `status` and `body`, which is its error envelope."""

    def __init__(self, status: int, body: dict):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class Control:
    """The API over plain HTTP on loopback, which is where SDKs take container credentials from without a public certificate."""

    def __init__(self, url: str, org_id: str, admin_token: str):
        self.url, self.org_id, self.admin_token = url, org_id, admin_token
        self.http = urllib3.PoolManager(retries=False, timeout=10)

    def call(self, method: str, path: str, body: dict | None = None, authorization: str | None = None) -> dict:
        """One request; the JSON of its answer. An answer that is not a success raises `Refused`."""
        headers = {"Authorization": authorization} if authorization else {}
        answer = self.http.request(method, self.url + path, json=body, headers=headers)
        if answer.status not in (200, 201):
            raise Refused(answer.status, answer.json())
        return answer.json()

    def administer(self, method: str, path: str, body: dict | None = None) -> dict:
        return self.call(method, path, body, f"Bearer {self.admin_token}")

    def keys_of(self, principal: str) -> list[dict]:
        """Every access key of a principal, over all pages of the list."""
        found, offset = [], 0
        while True:
            page = self.administer("GET", f"{PATH}/access-key?offset={offset}&limit=1000").get("info", [])
            found += [key for key in page if key["principalName"] == principal]
            offset += len(page)
            if len(page) < 1000:
                return found

    def key_from_token(self, token: str, seconds: int) -> dict:
        return self.call("POST", f"{PATH}/access-key", {"durationSeconds": seconds}, f"Bearer {token}")

    def key_from_oidc(self, token: str, seconds: int = 3600) -> dict:
        body = {"durationSeconds": seconds, "orgId": self.org_id, "oidcToken": token}
        return self.call("POST", f"{PATH}/temporary-credentials/oidc", body)

    def key_from_saml(self, response: str, config_id: str, seconds: int = 3600) -> dict:
        body = {"durationSeconds": seconds, "orgId": self.org_id, "samlResponse": response, "configId": config_id}
        return self.call("POST", f"{PATH}/temporary-credentials/saml", body)

    def container_oidc_url(self) -> str:
        return f"{self.url}{PATH}/temporary-credentials/oidc/{self.org_id}"

    def container_token_url(self) -> str:
        return f"{self.url}{PATH}/temporary-credentials/api-token"
