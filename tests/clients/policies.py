"""Policies as documents: the ones of the documentation, with the names of the tests in them."""

VERSION = "v1alpha1"


def allow(name: str, actions: list[str], resources: list[str], principals: list[str]) -> dict:
    """An organization policy of one statement."""
    return organization(name, statement("Allow", actions, resources, principals))


def organization(name: str, *statements: dict) -> dict:
    named = [{"name": f"statement-{number}", **each} for number, each in enumerate(statements, 1)]
    return {"version": VERSION, "name": name, "statements": named}


def statement(effect: str, actions: list[str], resources: list[str], principals: list[str]) -> dict:
    return {"effect": effect, "actions": actions, "resources": resources, "principals": principals}


def bucket_policy(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def arn(org_id: str, principal: str) -> str:
    return f"arn:aws:iam::{org_id}:{principal}"


ALLOW_ALL = allow("allow-all", ["s3:*", "cwobject:*"], ["*"], ["*"])

# Everybody may make keys for themselves, which lets the other documents be about S3 alone.
MINTING = allow("key-minting", ["cwobject:CreateAccessKey*"], ["*"], ["*"])
