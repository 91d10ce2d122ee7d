"""An issuer changes its signing keys while workloads come and go."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from control import Refused
from identities import Identity
from idp import OidcProvider, OidcProviderMock
from idp.oidc_provider import ALGORITHMS
from workload import boto3_with


def assert_uploads(portcullis, bucket, made: dict) -> None:
    client = boto3_with(portcullis.endpoint, made["accessKeyId"], made["secretKey"])
    client.put_object(Bucket=bucket, Key=f"rotation/{made['accessKeyId']}", Body=b"x")


@pytest.mark.parametrize("provider", ["NanoIdp", "OidcProvider"])
def test_a_rotation_in_the_middle_of_logins_is_noticed_by_nobody(provider, rotating, portcullis, bucket):
    issuer = rotating[provider]
    with ThreadPoolExecutor(4) as pool:
        before = [pool.submit(issuer.log_in) for _ in range(8)]
        during = [pool.submit(issuer.log_in) for _ in range(8)]
        issuer.idp.rotate()
        after = [pool.submit(issuer.log_in) for _ in range(8)]
        made = [login.result() for login in before + during + after]
    assert_uploads(portcullis, bucket, issuer.first)
    assert_uploads(portcullis, bucket, made[-1])
    assert len({key["accessKeyId"] for key in made}) == 24
    assert portcullis.control.key_from_oidc(issuer.token), "the old key is still published"


def test_a_token_of_a_withdrawn_key_is_refused(rotating, portcullis, bucket):
    issuer = rotating["withdrawing"]
    portcullis.control.key_from_oidc(issuer.token)
    issuer.idp.rotate()
    issuer.idp.withdraw()
    assert_uploads(portcullis, bucket, issuer.log_in())
    with pytest.raises(Refused) as refused:
        portcullis.control.key_from_oidc(issuer.token)
    assert refused.value.status == 401
    assert_uploads(portcullis, bucket, issuer.first)


def test_the_keys_are_fetched_once_for_many_tokens(portcullis, tmp_path):
    idp = OidcProvider(tmp_path / "idp")
    try:
        portcullis.trust_oidc(idp)
        for _ in range(20):
            portcullis.control.key_from_oidc(Identity(idp).token())
        assert idp.key_fetches() == 1
    finally:
        idp.stop()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_is_taken(algorithm, oidc_provider, portcullis, bucket):
    assert_uploads(portcullis, bucket, portcullis.control.key_from_oidc(Identity(oidc_provider).token(algorithm=algorithm)))


def test_a_token_that_names_no_key_is_taken_from_an_issuer_with_one_key(portcullis, bucket, tmp_path):
    idp = OidcProviderMock(tmp_path / "idp")
    try:
        portcullis.trust_oidc(idp)
        workload = Identity(idp)
        made = portcullis.control.key_from_oidc(workload.token())
        assert made["principalName"] == workload.principal
        assert_uploads(portcullis, bucket, made)
    finally:
        idp.stop()
