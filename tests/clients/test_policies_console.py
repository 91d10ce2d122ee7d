"""The documented permission sets of people who use a console: each set is enough for its task, and for no more."""

import uuid

import pytest

from control import PATH, Refused
from policies import allow
from strict import refusal_of


def ask(strict, token, method: str, path: str, body: dict | None = None) -> dict:
    return strict.control.call(method, PATH + path, body, f"Bearer {token.secret}")


def assert_refused(strict, token, method: str, path: str, body: dict | None = None) -> None:
    with pytest.raises(Refused) as refused:
        ask(strict, token, method, path, body)
    assert refused.value.status == 403 and refused.value.body["code"] == 7, refused.value


@pytest.fixture
def token(strict):
    return strict.token("write")


def test_viewing_buckets(strict, token, own_bucket):
    assert_refused(strict, token, "GET", "/bucket-info")
    with strict.policies(allow("view", ["cwobject:ListBucketInfo"], ["*"], [token.principal])):
        assert own_bucket in [info["name"] for info in ask(strict, token, "GET", "/bucket-info?limit=1000")["info"]]
        assert_refused(strict, token, "POST", "/access-key", {"durationSeconds": 60})


def test_creating_a_bucket(strict, own_bucket, stored):
    """Creating a bucket takes the permission admin, which only a static key may have here."""
    name = f"created-{uuid.uuid4()}"
    refusal_of(strict.admin_s3.create_bucket, Bucket=name)
    with strict.policies(allow("create", ["s3:CreateBucket", "cwobject:CreateAccessKey"], ["*"], [strict.admin_principal])):
        strict.admin_s3.create_bucket(Bucket=name)
        refusal_of(strict.admin_s3.delete_bucket, Bucket=name)
    assert name in [bucket["Name"] for bucket in stored.list_buckets()["Buckets"]]
    stored.delete_bucket(Bucket=name)


def test_browsing(strict, token, own_bucket):
    actions = ["cwobject:ListBucketInfo", "cwobject:CreateAccessKey", "s3:ListBucket"]
    with strict.policies(allow("browse", actions, ["*"], [token.principal])):
        assert own_bucket in [info["name"] for info in ask(strict, token, "GET", "/bucket-info?limit=1000")["info"]]
        s3 = strict.s3_of(ask(strict, token, "POST", "/access-key", {"durationSeconds": 60}))
        s3.list_objects_v2(Bucket=own_bucket)
        refusal_of(s3.put_object, Bucket=own_bucket, Key="browsed", Body=b"x")


def test_creating_keys(strict, people, token):
    actions = ["cwobject:CreateAccessKeySAML", "cwobject:CreateAccessKey"]
    with strict.policies(allow("keys", actions, ["*"], ["*"])):
        ask(strict, token, "POST", "/access-key", {"durationSeconds": 60})
        people["saml"].mint()
        with pytest.raises(Refused):
            people["oidc"].mint()
        assert_refused(strict, token, "GET", "/access-key")


def test_managing_bucket_policies(strict, own_bucket):
    document = f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::{own_bucket}/*"}}]}}'
    refusal_of(strict.admin_s3.put_bucket_policy, Bucket=own_bucket, Policy=document)
    actions = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
    with strict.policies(allow("policies", actions, [own_bucket], [strict.admin_principal])):
        strict.admin_s3.put_bucket_policy(Bucket=own_bucket, Policy=document)
        # The bucket has a policy now, which allows neither: putting another one is the way out.
        refusal_of(strict.admin_s3.get_bucket_policy, Bucket=own_bucket)
        refusal_of(strict.admin_s3.delete_bucket_policy, Bucket=own_bucket)
        wider = document.replace('"Deny"', '"Allow"').replace(f"{own_bucket}/*", own_bucket)
        strict.admin_s3.put_bucket_policy(Bucket=own_bucket, Policy=wider)
        assert strict.admin_s3.get_bucket_policy(Bucket=own_bucket)["Policy"] == wider
        strict.admin_s3.delete_bucket_policy(Bucket=own_bucket)


def test_asking_beforehand(strict, token, own_bucket):
    def can(*actions, resources):
        return ask(strict, token, "POST", "/auth/can-i", {"actions": list(actions), "resources": list(resources)})["verdict"]

    policy = allow("can", ["s3:GetObject", "cwobject:ListBucketInfo"], [f"{own_bucket}/*", "*"], [token.principal])
    with strict.policies(policy):
        assert can("cwobject:ListBucketInfo", resources=["*"])
        assert can("s3:GetObject", resources=[f"{own_bucket}/a"])
        assert not can("s3:GetObject", "s3:PutObject", resources=[f"{own_bucket}/a"])
    assert not can("cwobject:ListBucketInfo", resources=["*"])
