"""HTML forms that boto3 signs, sent as a library and as curl send a browser's form."""

import time
from xml.etree import ElementTree

import pytest
import urllib3

from contents import assert_stored_exactly, keys_under, random_file
from drivers import CLIENTS

MIB = 1024 * 1024


@pytest.fixture
def boto3(endpoint, tmp_path):
    return CLIENTS["boto3"](endpoint, tmp_path / "home").s3


def by_urllib3(endpoint, form, file, name="browser.bin"):
    """The form as `requests` and urllib3 send it; answers with status, headers and body."""
    pool = urllib3.PoolManager(ca_certs=str(endpoint.authority) if endpoint.authority else None)
    fields = [*form["fields"].items(), ("file", (name, file.read_bytes(), "application/octet-stream"))]
    answer = pool.request("POST", form["url"], fields=fields, redirect=False, retries=False)
    return answer.status, answer.headers, answer.data


def by_curl(endpoint, form, file, tmp_path, name="browser.bin"):
    curl = CLIENTS["curl"](endpoint, tmp_path / "curl")
    fields = [part for field, value in form["fields"].items() for part in ("--form-string", f"{field}={value}")]
    answer = ["-F", f"file=@{file};filename={name}", "--no-fail-with-body", "-o", "/dev/null", "-w", "%{http_code}"]
    said = curl.plain_curl(*fields, *answer, form["url"])
    return int(said)


@pytest.mark.parametrize("size", [0, 1, 300_001, 5 * MIB, 6 * MIB, 20 * MIB])
def test_a_form_uploads_its_file(endpoint, boto3, stored, bucket, tmp_path, size):
    file = random_file(tmp_path, size)
    for sender in ("urllib3", "curl"):
        key = f"forms/{sender}/{size}"
        form = boto3.generate_presigned_post(bucket, key, Conditions=[["content-length-range", size, size]])
        if sender == "urllib3":
            status, headers, _ = by_urllib3(endpoint, form, file)
            assert headers["etag"] == stored.head_object(Bucket=bucket, Key=key)["ETag"]
            assert headers["location"].endswith(f"/{bucket}/{key}")
        else:
            status = by_curl(endpoint, form, file, tmp_path)
        assert status == 204
        assert_stored_exactly(stored, bucket, key, file)


def test_a_form_says_what_is_stored_and_how_it_is_answered(endpoint, boto3, stored, bucket, tmp_path):
    fields = {"Content-Type": "image/png", "x-amz-meta-colour": "deep blue", "success_action_status": "201"}
    conditions = [{name: value} for name, value in fields.items()]
    form = boto3.generate_presigned_post(bucket, "forms/named/${filename}", fields, conditions)
    status, _, document = by_urllib3(endpoint, form, random_file(tmp_path, 1000), "C:\\pictures\\ä b.png")
    answer = {element.tag: element.text for element in ElementTree.fromstring(document)}
    assert (status, answer["Bucket"], answer["Key"]) == (201, bucket, "forms/named/ä b.png")
    object_ = stored.head_object(Bucket=bucket, Key="forms/named/ä b.png")
    assert (object_["ContentType"], object_["Metadata"]) == ("image/png", {"colour": "deep blue"})
    assert object_["ETag"] == answer["ETag"]


def test_a_form_sends_the_browser_on(endpoint, boto3, bucket, tmp_path):
    page = {"success_action_redirect": "https://pages.example/done?from=form"}
    form = boto3.generate_presigned_post(bucket, "forms/page", page, [page])
    status, headers, _ = by_urllib3(endpoint, form, random_file(tmp_path, 1000))
    assert status == 303
    assert headers["location"].startswith(f"{page['success_action_redirect']}&bucket={bucket}&key=forms%2Fpage&etag=%22")


def test_a_form_that_breaks_its_policy_stores_nothing(endpoint, boto3, stored, bucket, tmp_path):
    file = random_file(tmp_path, 1000)

    def refused(form, code, file=file):
        status, _, document = by_urllib3(endpoint, form, file)
        assert status in (400, 403), document
        assert ElementTree.fromstring(document).findtext("Code") == code, document
        assert by_curl(endpoint, form, file, tmp_path) == status

    def form(**changes):
        made = boto3.generate_presigned_post(bucket, "forms/refused/a", Conditions=[["content-length-range", 1, 1000]])
        made["fields"].update(changes)
        return made

    refused(form(key="forms/refused/b"), "AccessDenied")
    refused(form(acl="public-read"), "AccessDenied")
    refused(form(**{"x-amz-signature": "0" * 64}), "SignatureDoesNotMatch")
    for size in (1001, 6 * MIB):
        refused(form(), "EntityTooLarge", random_file(tmp_path, size))
    refused(form(), "EntityTooSmall", random_file(tmp_path, 0))
    short = boto3.generate_presigned_post(bucket, "forms/refused/a", ExpiresIn=1)
    time.sleep(2)
    refused(short, "AccessDenied")
    assert keys_under(stored, bucket, "forms/refused") == []
