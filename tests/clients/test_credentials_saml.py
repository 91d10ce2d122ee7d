"""A signed SAML response is worth one key, through the API or through STS."""

import json
from dataclasses import dataclass

import pytest

from control import Refused
from gate import ACS_URL, SAML_ENTITY_ID
from idp import NanoIdp, Pysaml2Idp, SamlIdp, SignxmlIdp
from tools import ToolFailed
from workload import Workload, boto3_with

ROLE = "trainer"
PERSON = "ana@example.org"
PRINCIPAL = f"saml/{ROLE}"
LOGIN = {"acs_url": ACS_URL, "audience": SAML_ENTITY_ID, "role": ROLE, "principal_name": PERSON}
SESSION_VARIABLES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]


@dataclass
class Trusted:
    """A SAML provider, the configuration that trusts it, and responses of people who logged in there."""

    idp: SamlIdp
    config_id: str
    logins: list[str]


@pytest.fixture(params=[NanoIdp, Pysaml2Idp, SignxmlIdp], ids=lambda kind: kind.__name__)
def trusted(request, portcullis, tmp_path):
    idp = request.param(tmp_path / "idp")
    try:
        documents = [LOGIN, LOGIN]
        logins = [idp.response(**LOGIN) for _ in documents] if isinstance(idp, NanoIdp) else idp.responses(documents)
        yield Trusted(idp, portcullis.trust_saml(idp), logins)
    finally:
        idp.stop()


def assert_uploads(portcullis, bucket, *session: str) -> None:
    boto3_with(portcullis.endpoint, *session).put_object(Bucket=bucket, Key=f"saml/{session[0]}", Body=b"x")


def test_a_response_becomes_a_key_once(trusted, portcullis, bucket):
    made = portcullis.control.key_from_saml(trusted.logins[0], trusted.config_id)
    assert made["principalName"] == PRINCIPAL
    assert_uploads(portcullis, bucket, made["accessKeyId"], made["secretKey"])
    with pytest.raises(Refused) as refused:
        portcullis.control.key_from_saml(trusted.logins[0], trusted.config_id)
    assert refused.value.status == 403
    again = portcullis.control.key_from_saml(trusted.logins[1], trusted.config_id)
    assert again["accessKeyId"] != made["accessKeyId"]


@pytest.mark.parametrize("trusted", [NanoIdp], indirect=True, ids=["NanoIdp"])
def test_sts_takes_a_response_once_and_says_who_the_session_is(trusted, portcullis, bucket, tmp_path):
    client = Workload(portcullis.endpoint, tmp_path / "home", {"AWS_ENDPOINT_URL_STS": portcullis.control.url})
    asked = ["sts", "assume-role-with-saml", "--role-arn", "arn:aws:iam::123456789012:role/any", "--output", "json"]
    asked += ["--principal-arn", f"arn:aws:iam::123456789012:saml-provider/{trusted.config_id}"]
    made = json.loads(client.aws(*asked, "--saml-assertion", trusted.logins[0]))["Credentials"]
    session = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    assert_uploads(portcullis, bucket, *session)
    with pytest.raises(ToolFailed, match="AccessDenied"):
        client.aws(*asked, "--saml-assertion", trusted.logins[0])
    # Once used here, it is used everywhere.
    with pytest.raises(Refused):
        portcullis.control.key_from_saml(trusted.logins[0], trusted.config_id)
    client.environment |= dict(zip(SESSION_VARIABLES, session, strict=True))
    caller = json.loads(client.aws("sts", "get-caller-identity", "--output", "json"))
    assert caller["Arn"] == f"arn:aws:iam::{portcullis.control.org_id}:{PRINCIPAL}"
    assert caller["Account"] == portcullis.control.org_id


@pytest.mark.parametrize("kind", [Pysaml2Idp, SignxmlIdp], ids=lambda kind: kind.__name__)
def test_a_signature_of_the_response_alone_counts_where_the_configuration_says_so(kind, portcullis, tmp_path):
    idp = kind(tmp_path / "idp")
    document = {**LOGIN, "sign": "response"}
    first, second = idp.responses([document, document])
    strict, whole = portcullis.trust_saml(idp), portcullis.trust_saml(idp, signs_response=True)
    with pytest.raises(Refused) as refused:
        portcullis.control.key_from_saml(first, strict)
    assert refused.value.status == 401
    assert portcullis.control.key_from_saml(second, whole)["principalName"] == PRINCIPAL
