"""A Portcullis without policies of its own, and three people who want something of it."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from gate import Portcullis


@dataclass
class Person:
    """Somebody with an identity, who makes a new key whenever it is needed."""

    principal: str
    mint: Callable[[], dict]
    gate: Portcullis
    issuer: str | None = None

    def s3(self):
        return self.gate.s3_of(self.mint())


def refusal_of(call: Callable, *arguments, **named) -> ClientError:
    """The refusal that a call has to meet: 403 AccessDenied."""
    try:
        call(*arguments, **named)
    except ClientError as error:
        answer = error.response
        # A HEAD has no body to name the code in.
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403, answer
        assert answer["Error"]["Code"] in ("AccessDenied", "403"), answer
        return error
    raise AssertionError(f"{call} was not refused")


def reason(error: ClientError) -> str:
    return error.response["Error"]["Message"]


def request_id(error: ClientError) -> str:
    return error.response["ResponseMetadata"]["RequestId"]
