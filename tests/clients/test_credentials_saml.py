"""A signed SAML response is worth one key, through the API or through STS."""

import json

import pytest

from control import Refused
from gate import ACS_URL, SAML_ENTITY_ID
from idp import NanoIdp, Pysaml2Idp, SignxmlIdp
from tools import ToolFailed
from workload import Workload, boto3_with

ROLE = "trainer"
PERSON = "ana@example.org"
PRINCIPAL = f"saml/{ROLE}"
SESSION_VARIABLES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]


@pytest.fixture(scope="module", params=[NanoIdp, Pysaml2Idp, SignxmlIdp], ids=lambda kind: kind.__name__)
def trusted(request, portcullis, tmp_path_factory):
    """A SAML provider, and the id of the configuration that trusts it."""
    idp = request.param(tmp_path_factory.mktemp("saml") / "idp")
    yield idp, portcullis.trust_saml(idp)
    idp.stop()


def login(portcullis, idp) -> str:
    return idp.response(ACS_URL, SAML_ENTITY_ID, ROLE, PERSON)


def test_a_response_becomes_a_key_once(trusted, portcullis, bucket):
    idp, config_id = trusted
    response = login(portcullis, idp)
    made = portcullis.control.key_from_saml(response, config_id)
    assert made["principalName"] == PRINCIPAL
    client = boto3_with(portcullis.endpoint, made["accessKeyId"], made["secretKey"])
    client.put_object(Bucket=bucket, Key=f"saml/{type(idp).__name__}", Body=b"x")
    with pytest.raises(Refused) as refused:
        portcullis.control.key_from_saml(response, config_id)
    assert refused.value.status == 403
    assert portcullis.control.key_from_saml(login(portcullis, idp), config_id)["accessKeyId"] != made["accessKeyId"]


def test_sts_takes_a_response_once_and_says_who_the_session_is(trusted, portcullis, bucket, tmp_path):
    idp, config_id = trusted
    client = Workload(portcullis.endpoint, tmp_path / "home", {"AWS_ENDPOINT_URL_STS": portcullis.control.url})
    response = login(portcullis, idp)
    asked = ["sts", "assume-role-with-saml", "--role-arn", "arn:aws:iam::123456789012:role/any", "--output", "json"]
    asked += ["--principal-arn", f"arn:aws:iam::123456789012:saml-provider/{config_id}", "--saml-assertion", response]
    made = json.loads(client.aws(*asked))["Credentials"]
    session = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    boto3_with(portcullis.endpoint, *session).put_object(Bucket=bucket, Key=f"saml/sts/{type(idp).__name__}", Body=b"x")
    client.environment |= dict(zip(SESSION_VARIABLES, session, strict=True))
    caller = json.loads(client.aws("sts", "get-caller-identity", "--output", "json"))
    assert caller["Arn"].endswith(PRINCIPAL)
    with pytest.raises(ToolFailed, match="AccessDenied"):
        client.aws(*asked)


@pytest.mark.parametrize("kind", [Pysaml2Idp, SignxmlIdp], ids=lambda kind: kind.__name__)
def test_a_signature_of_the_response_alone_counts_where_the_configuration_says_so(kind, portcullis, tmp_path):
    idps = kind(tmp_path / "whole"), kind(tmp_path / "strict")
    for number, idp in enumerate(idps):
        idp.entity_id += f"/{kind.__name__}/{number}"
    whole, strict = portcullis.trust_saml(idps[0], signs_response=True), portcullis.trust_saml(idps[1])
    documents = [idp.response(ACS_URL, SAML_ENTITY_ID, ROLE, PERSON, sign="response") for idp in idps]
    assert portcullis.control.key_from_saml(documents[0], whole)["principalName"] == PRINCIPAL
    with pytest.raises(Refused) as refused:
        portcullis.control.key_from_saml(documents[1], strict)
    assert refused.value.status == 401
