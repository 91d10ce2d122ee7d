"""Pages of other origins: CORS rules that boto3 puts through the gate, asked by hand and by a real browser."""

import pytest
import urllib3
from botocore.exceptions import ClientError

from browser import CHROMIUM, Page

ORIGIN = "https://app.example.com"


@pytest.fixture(scope="module")
def http(portcullis):
    return urllib3.PoolManager(ca_certs=str(portcullis.endpoint.authority), retries=False, timeout=30)


@pytest.fixture
def page():
    page = Page()
    yield page
    page.stop()


@pytest.fixture(scope="module")
def s3(portcullis):
    return portcullis.admin_s3


def a_bucket(s3, name: str, *origins: str) -> str:
    s3.create_bucket(Bucket=name)
    if origins:
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule(*origins)]})
    return name


def rule(*origins: str) -> dict:
    return {
        "ID": "browsers",
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["PUT", "GET"],
        "AllowedHeaders": ["content-type", "x-amz-*"],
        "ExposeHeaders": ["ETag", "x-amz-request-id"],
        "MaxAgeSeconds": 600,
    }


def preflight(http, url: str, origin: str = ORIGIN, method: str = "PUT", headers: str = "content-type"):
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return http.request("OPTIONS", url, headers=asked)


def test_the_rules_come_back_as_they_were_put(s3, stored):
    bucket = a_bucket(s3, "cors-kept", ORIGIN, "https://*.example.org")
    kept = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    expected = rule(ORIGIN, "https://*.example.org")
    expected["ExposeHeaders"] = [name.lower() for name in expected["ExposeHeaders"]]
    lower = [{**one, "ExposeHeaders": [name.lower() for name in one["ExposeHeaders"]]} for one in kept]
    assert lower == [expected]
    assert stored.get_bucket_cors(Bucket=bucket)["CORSRules"] == kept
    with pytest.raises(ClientError, match="InvalidRequest"):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{**rule(ORIGIN), "AllowedMethods": ["PATCH"]}]})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == kept


def test_a_preflight_needs_no_signature_and_follows_the_rules(s3, http, portcullis):
    bucket = a_bucket(s3, "cors-asked", ORIGIN)
    url = f"{portcullis.endpoint.url}/{bucket}/some/key"
    answer = preflight(http, url)
    assert answer.status == 200, answer.data
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT, GET"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"
    assert answer.headers["Access-Control-Max-Age"] == "600"
    for refused in [
        preflight(http, url, origin="https://evil.example"),
        preflight(http, url, method="DELETE"),
        preflight(http, url, headers="authorization"),
        preflight(http, f"{portcullis.endpoint.url}/cors-no-such-bucket/key"),
    ]:
        assert refused.status == 403 and b"<Code>AccessForbidden</Code>" in refused.data
        assert "Access-Control-Allow-Origin" not in refused.headers
    s3.delete_bucket_cors(Bucket=bucket)
    assert preflight(http, url).status == 403


def test_an_answer_says_which_page_may_read_it(s3, http, portcullis):
    bucket = a_bucket(s3, "cors-answers", ORIGIN)
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "key"})
    for target, status in [(url, 200), (url.replace("/key?", "/other?"), 403)]:
        answer = http.request("PUT", target, body=b"from a page", headers={"Origin": ORIGIN})
        assert answer.status == status, answer.data
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert answer.headers["Vary"] == "Origin"
    other = http.request("PUT", url, body=b"from a page", headers={"Origin": "https://evil.example"})
    assert other.status == 200 and "Access-Control-Allow-Origin" not in other.headers


@pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed: tests/run clients installs it")
def test_a_page_in_a_real_browser_uploads_and_reads_back(s3, page, tmp_path):
    open_bucket, closed = a_bucket(s3, "cors-browser", page.origin), a_bucket(s3, "cors-closed")
    params = {"Bucket": open_bucket, "Key": "from/a page"}
    put = s3.generate_presigned_url("put_object", Params={**params, "ContentType": "text/x-page"})
    get = s3.generate_presigned_url("get_object", Params=params)
    other = s3.generate_presigned_url("get_object", Params={"Bucket": closed, "Key": "key"})
    script = """
    const body = "written by a page";
    const upload = { method: "PUT", body, headers: { "Content-Type": "text/x-page" } };
    results.put = await attempt(async () => told(await fetch(input.put, upload)));
    results.get = await attempt(async () => told(await fetch(input.get)));
    results.wrong = await attempt(async () => told(await fetch(input.get.replace("/from/", "/other/"))));
    results.deleted = await attempt(async () => told(await fetch(input.get, { method: "DELETE" })));
    results.closed = await attempt(async () => told(await fetch(input.closed)));
    """
    results = page.run(tmp_path / "profile", script, put=put, get=get, closed=other)
    assert results["put"]["status"] == 200 and results["put"]["etag"], results
    assert results["get"]["text"] == "written by a page" and results["get"]["server"], results
    assert results["wrong"]["status"] == 403 and "SignatureDoesNotMatch" in results["wrong"]["text"], results
    # What no rule allows the browser does not even send, or does not show.
    assert "TypeError" in results["deleted"] and "TypeError" in results["closed"], results
    stored = s3.get_object(**params)
    assert stored["Body"].read() == b"written by a page" and stored["ContentType"] == "text/x-page"
