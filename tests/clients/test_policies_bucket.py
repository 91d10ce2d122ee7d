"""The documented bucket policies, put and felt through boto3."""

import json

import pytest
from botocore.exceptions import ClientError

from gate import ORG_ID
from policies import MINTING, allow, arn, bucket_policy
from strict import reason, refusal_of, request_id

EVERYTHING = allow("everything", ["s3:*"], ["*"], ["*"])


@pytest.fixture
def bucket(strict, own_bucket):
    """A bucket that organization policies leave open, so that its own policy decides."""
    with strict.policies(MINTING, EVERYTHING):
        yield own_bucket
        # The way out of whatever a test put.
        opens = bucket_policy(allows(own_bucket, "*", "s3:*"))
        strict.admin_s3.put_bucket_policy(Bucket=own_bucket, Policy=json.dumps(opens))
        strict.admin_s3.delete_bucket_policy(Bucket=own_bucket)


def allows(bucket: str, principal, actions, resources=("", "/*"), **more) -> dict:
    arns = [f"arn:aws:s3:::{bucket}{resource}" for resource in resources]
    return {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": arns, **more}


def put(strict, bucket: str, *statements: dict) -> None:
    strict.admin_s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(bucket_policy(*statements)))


def test_a_policy_narrows_the_bucket_to_what_it_lists(strict, people, bucket):
    people["oidc"].s3().put_object(Bucket=bucket, Key="narrow", Body=b"x")
    only = {"AWS": [arn(ORG_ID, people["saml"].principal)]}
    put(strict, bucket, allows(bucket, only, ["s3:GetObject", "s3:PutObject"], ["/*"]))
    people["saml"].s3().put_object(Bucket=bucket, Key="narrow", Body=b"x")
    error = refusal_of(people["oidc"].s3().put_object, Bucket=bucket, Key="narrow", Body=b"x")
    assert "the bucket policy does not allow the s3:PutObject action" in reason(error)
    refusal_of(people["saml"].s3().list_objects_v2, Bucket=bucket)


@pytest.mark.parametrize("key", ["AWS", "CW"])
def test_a_deny_of_the_bucket_wins(strict, people, bucket, key):
    denies = allows(bucket, {key: arn(ORG_ID, people["coreweave"].principal)}, "s3:PutObject", ["/*"], Sid="NoWriting")
    put(strict, bucket, allows(bucket, "*", "s3:*"), {**denies, "Effect": "Deny"})
    s3 = people["coreweave"].s3()
    s3.list_objects_v2(Bucket=bucket)
    error = refusal_of(s3.put_object, Bucket=bucket, Key="denied", Body=b"x")
    assert "with an explicit deny in the bucket policy" in reason(error)
    line = strict.line_of(request_id(error))
    assert "NoWriting" in line["reason"] and line["principal"] == people["coreweave"].principal
    people["oidc"].s3().put_object(Bucket=bucket, Key="denied", Body=b"x")


def test_a_prefix_of_ones_own(strict, people, bucket):
    """`${aws:username}` stands for the token; lists are bound to the prefix, objects too."""
    home = "home/${aws:username}/"
    lists = allows(bucket, "*", "s3:ListBucket", [""], Condition={"StringLike": {"s3:prefix": [f"{home}*"]}})
    put(strict, bucket, lists, allows(bucket, "*", ["s3:GetObject", "s3:PutObject"], [f"/{home}*"]))
    person = people["coreweave"]
    own, s3 = f"home/{person.principal.removeprefix('coreweave/')}/", person.s3()
    s3.put_object(Bucket=bucket, Key=f"{own}x", Body=b"x")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=own)["Contents"]] == [f"{own}x"]
    for prefix in ("", "home/", own[:-1]):
        refusal_of(s3.list_objects_v2, Bucket=bucket, Prefix=prefix)
    refusal_of(s3.list_objects_v2, Bucket=bucket)
    refusal_of(s3.put_object, Bucket=bucket, Key="home/another/x", Body=b"x")
    # A federated identity has no user name: a variable without a value matches nothing.
    refusal_of(people["oidc"].s3().put_object, Bucket=bucket, Key="home//x", Body=b"x")


def test_a_group(strict, people, bucket):
    condition = {"ForAnyValue:StringEquals": {f"iam:{ORG_ID}:groups": ["ml-team"]}}
    put(strict, bucket, allows(bucket, "*", "s3:*", Condition=condition))
    member, stranger = strict.token("write", "--group", "ml-team", "--group", "all"), strict.token("write", "--group", "ml")
    strict.s3_of(strict.control.key_from_token(member.secret, 60)).list_objects_v2(Bucket=bucket)
    for s3 in (strict.s3_of(strict.control.key_from_token(stranger.secret, 60)), people["saml"].s3(), strict.admin_s3):
        refusal_of(s3.list_objects_v2, Bucket=bucket)


def test_an_attribute_of_the_key(strict, people, bucket):
    put(strict, bucket, allows(bucket, "*", "s3:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "research"}}))
    token = strict.token("write")

    def keyed(attributes: dict):
        body = {"durationSeconds": 60, "attributes": attributes}
        return strict.s3_of(strict.control.call("POST", "/v1/cwobject/access-key", body, f"Bearer {token.secret}"))

    keyed({"team": "research"}).list_objects_v2(Bucket=bucket)
    refusal_of(keyed({"team": "other"}).list_objects_v2, Bucket=bucket)
    refusal_of(keyed({}).list_objects_v2, Bucket=bucket)


def test_the_organization_and_the_way_in(strict, people, bucket):
    here = {"StringEquals": {"cw:PrincipalOrgID": [ORG_ID, "zz9zz9"]}, "IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    put(strict, bucket, allows(bucket, "*", "s3:*", Condition={**here, "Bool": {"aws:SecureTransport": "true"}}))
    people["oidc"].s3().list_objects_v2(Bucket=bucket)
    elsewhere = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    put(strict, bucket, allows(bucket, "*", "s3:*", Condition=elsewhere))
    refusal_of(people["oidc"].s3().list_objects_v2, Bucket=bucket)


def test_documents_come_back_as_they_were_put(strict, bucket):
    s3 = strict.admin_s3
    with pytest.raises(ClientError) as missing:
        s3.get_bucket_policy(Bucket=bucket)
    assert missing.value.response["Error"]["Code"] == "NoSuchBucketPolicy"
    text = json.dumps(bucket_policy(allows(bucket, "*", "s3:*")), indent=3)
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == text
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"Condition": {"StringResembles": {"s3:prefix": "a"}}}, "StringResembles"),
        ({"Condition": {"StringEquals": {"s3:ExistingObjectTag/a": "b"}}}, "s3:ExistingObjectTag"),
        ({"Condition": {"StringEquals": {"aws:SourceVpc": "b"}}}, "aws:SourceVpc"),
        ({"Action": "s3:GetObjekt"}, "s3:GetObjekt"),
        ({"Principal": {"AWS": "arn:aws:iam::zz9zz9:static/x"}}, "zz9zz9"),
        ({"Resource": "arn:aws:s3:::another-bucket/*"}, "another-bucket"),
    ],
)
def test_a_bad_document_is_refused_by_name_and_changes_nothing(strict, people, bucket, change, named):
    put(strict, bucket, allows(bucket, "*", "s3:*"))
    with pytest.raises(ClientError) as refused:
        put(strict, bucket, {**allows(bucket, "*", "s3:*"), **change})
    error = refused.value.response["Error"]
    assert (error["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"]) == ("MalformedPolicy", 400)
    assert named in error["Message"]
    people["oidc"].s3().list_objects_v2(Bucket=bucket)


def test_a_public_access_block_keeps_public_policies_out(strict, bucket):
    s3 = strict.admin_s3
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is True
    try:
        refusal_of(put, strict, bucket, allows(bucket, "*", "s3:*"))
        put(strict, bucket, allows(bucket, {"AWS": arn(ORG_ID, strict.admin_principal)}, "s3:*"))
    finally:
        s3.delete_public_access_block(Bucket=bucket)


def test_a_policy_goes_with_its_bucket(strict, stored):
    name = "goes-with-its-bucket"
    with strict.policies(EVERYTHING):
        s3 = strict.admin_s3
        s3.create_bucket(Bucket=name)
        put(strict, name, allows(name, "*", "s3:*"))
        s3.delete_bucket(Bucket=name)
        s3.create_bucket(Bucket=name)
        with pytest.raises(ClientError) as missing:
            s3.get_bucket_policy(Bucket=name)
        assert missing.value.response["Error"]["Code"] == "NoSuchBucketPolicy"
        s3.delete_bucket(Bucket=name)
