"""The documented organization policies, by what boto3 may do under three identities."""

import pytest

from control import Refused
from policies import MINTING, allow, organization, statement
from strict import reason, refusal_of, request_id


def assert_full_use(s3, bucket: str, key: str) -> None:
    """Objects and lists of one bucket, both ways."""
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
    assert key in [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    s3.delete_object(Bucket=bucket, Key=key)


def assert_no_use(s3, bucket: str, key: str) -> None:
    for error in (
        refusal_of(s3.put_object, Bucket=bucket, Key=key, Body=b"x"),
        refusal_of(s3.get_object, Bucket=bucket, Key=key),
        refusal_of(s3.list_objects_v2, Bucket=bucket),
        refusal_of(s3.delete_object, Bucket=bucket, Key=key),
    ):
        assert "because no organization policy allows" in reason(error)


def test_without_any_policy_nobody_may_do_anything(strict, people, own_bucket):
    for person in people.values():
        with pytest.raises(Refused) as refused:
            person.mint()
        assert refused.value.status == 403 and refused.value.body["code"] == 7
    assert_no_use(strict.admin_s3, own_bucket, "none")


def test_everybody_may_mint_and_still_do_nothing(strict, people, own_bucket):
    with strict.policies(MINTING):
        for person in people.values():
            assert_no_use(person.s3(), own_bucket, "minted")


def test_full_access_for_one_role(strict, people, own_bucket):
    # The keys of a SAML role answer to role/<role>, as the documentation writes it.
    role = people["saml"].principal.replace("saml/", "role/")
    with strict.policies(MINTING, allow("full-access", ["s3:*"], ["*"], [role])):
        assert_full_use(people["saml"].s3(), own_bucket, "full")
        assert_no_use(people["coreweave"].s3(), own_bucket, "full")
        assert_no_use(people["oidc"].s3(), own_bucket, "full")


def test_full_access_to_one_bucket_for_everybody(strict, people, own_bucket, other_bucket):
    policy = allow("one-bucket", ["s3:*"], [own_bucket, f"{own_bucket}/*"], ["*"])
    with strict.policies(MINTING, policy):
        for name, person in people.items():
            s3 = person.s3()
            assert_full_use(s3, own_bucket, f"one/{name}")
            assert_no_use(s3, other_bucket, f"one/{name}")


def test_a_prefix_for_each_issuer(strict, people, oidc_issuer, own_bucket):
    """`role/<issuer>*` is every subject of an issuer; without the star it is nobody."""
    resources = [f"{own_bucket}/ci/*"]
    for principal, works in [(f"role/{oidc_issuer}*", True), (f"role/{oidc_issuer}", False), (f"role/{oidc_issuer}/*", False)]:
        with strict.policies(MINTING, allow("ci", ["s3:PutObject"], resources, [principal])):
            s3 = people["oidc"].s3()
            if works:
                s3.put_object(Bucket=own_bucket, Key="ci/x", Body=b"x")
            else:
                refusal_of(s3.put_object, Bucket=own_bucket, Key="ci/x", Body=b"x")
            refusal_of(s3.put_object, Bucket=own_bucket, Key="elsewhere/x", Body=b"x")
            refusal_of(people["saml"].s3().put_object, Bucket=own_bucket, Key="ci/x", Body=b"x")


def test_a_deny_wins_and_its_name_is_told_to_the_operator_only(strict, people, own_bucket):
    everything = allow("everything", ["s3:*"], ["*"], ["*"])
    locked = organization("locked", statement("Deny", ["s3:PutObject"], [f"{own_bucket}/locked/*"], ["*"]))
    with strict.policies(MINTING, everything, locked):
        s3 = people["coreweave"].s3()
        s3.put_object(Bucket=own_bucket, Key="open/x", Body=b"x")
        error = refusal_of(s3.put_object, Bucket=own_bucket, Key="locked/x", Body=b"x")
        assert "with an explicit deny in an organization policy" in reason(error)
        assert "locked/statement-1" not in reason(error)
        assert "locked/statement-1" in strict.line_of(request_id(error))["reason"]


def test_a_change_is_in_force_for_the_next_request(strict, people, own_bucket):
    with strict.policies(MINTING):
        s3 = people["oidc"].s3()
        refusal_of(s3.put_object, Bucket=own_bucket, Key="next", Body=b"x")
        with strict.policies(allow("next", ["s3:PutObject"], [f"{own_bucket}/*"], ["*"])):
            s3.put_object(Bucket=own_bucket, Key="next", Body=b"x")
        refusal_of(s3.put_object, Bucket=own_bucket, Key="next", Body=b"x")


def test_a_missing_object_is_told_only_to_who_may_list(strict, people, own_bucket):
    reads = statement("Allow", ["s3:GetObject"], [f"{own_bucket}/*"], ["*"])
    lists = statement("Allow", ["s3:ListBucket"], [own_bucket], [people["saml"].principal])
    with strict.policies(MINTING, organization("missing", reads, lists)):
        refusal_of(people["oidc"].s3().get_object, Bucket=own_bucket, Key="never-written")
        refusal_of(people["oidc"].s3().head_object, Bucket=own_bucket, Key="never-written")
        s3 = people["saml"].s3()
        with pytest.raises(s3.exceptions.NoSuchKey):
            s3.get_object(Bucket=own_bucket, Key="never-written")


def test_a_batch_deletes_what_it_may(strict, people, stored, own_bucket):
    keys = [f"batch/{'keep' if number % 2 else 'drop'}/{number}" for number in range(10)]
    for key in keys:
        stored.put_object(Bucket=own_bucket, Key=key, Body=b"x")
    with strict.policies(MINTING, allow("batch", ["s3:DeleteObject"], [f"{own_bucket}/batch/drop/*"], ["*"])):
        s3 = people["coreweave"].s3()
        answer = s3.delete_objects(Bucket=own_bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    kept = [key for key in keys if "/keep/" in key]
    assert sorted(entry["Key"] for entry in answer["Errors"]) == kept
    assert {entry["Code"] for entry in answer["Errors"]} == {"AccessDenied"}
    left = stored.list_objects_v2(Bucket=own_bucket, Prefix="batch/")["Contents"]
    assert [entry["Key"] for entry in left] == kept


def test_a_copy_needs_its_source(strict, people, stored, own_bucket, other_bucket):
    stored.put_object(Bucket=other_bucket, Key="source", Body=b"secret")
    writes = statement("Allow", ["s3:PutObject"], [f"{own_bucket}/*"], ["*"])
    with strict.policies(MINTING, organization("copy", writes)):
        s3 = people["coreweave"].s3()
        source = {"Bucket": other_bucket, "Key": "source"}
        error = refusal_of(s3.copy_object, Bucket=own_bucket, Key="copied", CopySource=source)
        assert "s3:GetObject" in reason(error) and f"{other_bucket}/source" in reason(error)
        with strict.policies(allow("source", ["s3:GetObject"], [f"{other_bucket}/*"], ["*"])):
            s3.copy_object(Bucket=own_bucket, Key="copied", CopySource=source)
    assert stored.get_object(Bucket=own_bucket, Key="copied")["Body"].read() == b"secret"


def test_a_list_of_buckets_shows_what_one_may_see(strict, people, own_bucket, other_bucket):
    lists = statement("Allow", ["s3:ListAllMyBuckets"], ["*"], ["*"])
    own = statement("Allow", ["s3:ListBucket"], [own_bucket], [people["saml"].principal])
    one_object = statement("Allow", ["s3:GetObject"], [f"{other_bucket}/one-object"], [people["oidc"].principal])
    with strict.policies(MINTING, organization("buckets", lists, own, one_object)):
        def shown(who):
            names = {bucket["Name"] for bucket in people[who].s3().list_buckets()["Buckets"]}
            return names & {own_bucket, other_bucket}

        assert shown("saml") == {own_bucket}
        assert shown("oidc") == {other_bucket}
        assert shown("coreweave") == set()
    with strict.policies(MINTING):
        refusal_of(people["saml"].s3().list_buckets)
