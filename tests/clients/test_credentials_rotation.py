"""An issuer changes its signing keys while workloads come and go. Each test has an issuer of its own: a change is
noticed at once, but not more than once in 30 seconds."""

import pytest

from control import Refused
from identities import Identity
from idp import NanoIdp, OidcProvider, OidcProviderMock
from idp.oidc_provider import ALGORITHMS
from workload import boto3_with


@pytest.fixture(params=[NanoIdp, OidcProvider, OidcProviderMock], ids=lambda kind: kind.__name__)
def issuer(request, portcullis, tmp_path):
    idp = request.param(tmp_path / "idp")
    portcullis.trust_oidc(idp)
    yield idp
    idp.stop()


@pytest.fixture
def rotating(portcullis, tmp_path):
    idp = OidcProvider(tmp_path / "idp")
    portcullis.trust_oidc(idp)
    yield idp
    idp.stop()


def uploads(portcullis, bucket, made: dict) -> None:
    client = boto3_with(portcullis.endpoint, made["accessKeyId"], made["secretKey"])
    client.put_object(Bucket=bucket, Key=f"rotation/{made['accessKeyId']}", Body=b"x")


def test_a_token_of_a_new_key_is_taken_at_once_and_both_access_keys_work(issuer, portcullis, bucket):
    workload = Identity(issuer)
    before = portcullis.control.key_from_oidc(workload.token())
    issuer.rotate()
    after = portcullis.control.key_from_oidc(workload.token())
    for made in (before, after):
        assert made["principalName"] == workload.principal
        uploads(portcullis, bucket, made)


def test_a_token_of_a_withdrawn_key_is_refused(rotating, portcullis, bucket):
    workload = Identity(rotating)
    old = workload.token()
    made = portcullis.control.key_from_oidc(old)
    rotating.rotate()
    rotating.withdraw()
    portcullis.control.key_from_oidc(workload.token())
    with pytest.raises(Refused) as refused:
        portcullis.control.key_from_oidc(old)
    assert refused.value.status == 401
    uploads(portcullis, bucket, made)


def test_the_keys_are_fetched_once_for_many_tokens(rotating, portcullis):
    before = rotating.key_fetches()
    for _ in range(20):
        portcullis.control.key_from_oidc(Identity(rotating).token())
    assert rotating.key_fetches() - before == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_on_the_list_is_taken(algorithm, oidc_provider, portcullis, bucket):
    uploads(portcullis, bucket, portcullis.control.key_from_oidc(Identity(oidc_provider).token(algorithm=algorithm)))
