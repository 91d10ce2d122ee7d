"""One SeaweedFS and one Portcullis for the whole run, and each client beside them."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from abilities import CANNOT
from drivers import CLIENTS
from gate import ACS_URL, SAML_ENTITY_ID, Portcullis
from identities import Identity
from idp import NanoIdp, OidcProvider, SignxmlIdp
from rotating import RotatingIssuer
from seaweedfs import SeaweedFs
from strict import Person


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also the slow tests: transfers of 5 GiB")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; runs with --long only")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_generate_tests(metafunc):
    """A test of an operation runs once for each client that is not listed as unable."""
    if "client" in metafunc.fixturenames:
        operation = metafunc.function.__name__.removeprefix("test_")
        able = [name for name in CLIENTS if (name, operation) not in CANNOT]
        metafunc.parametrize("client", able, indirect=True, scope="session")


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory) -> Iterator[SeaweedFs]:
    server = SeaweedFs(tmp_path_factory.mktemp("seaweedfs"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def portcullis(tmp_path_factory, seaweedfs) -> Iterator[Portcullis]:
    gate = Portcullis(tmp_path_factory.mktemp("gate") / "run", seaweedfs.endpoint)
    yield gate
    gate.stop()


@pytest.fixture(scope="session")
def oidc_provider(tmp_path_factory, portcullis) -> Iterator[OidcProvider]:
    """An OpenID provider that Portcullis trusts. Its keys stay as they are: tests of rotation have their own."""
    provider = OidcProvider(tmp_path_factory.mktemp("oidc-provider") / "run")
    try:
        portcullis.trust_oidc(provider)
        yield provider
    finally:
        provider.stop()


@pytest.fixture(scope="session")
def rotating(tmp_path_factory, portcullis) -> Iterator[dict[str, RotatingIssuer]]:
    """Issuers for the tests of rotation, each for one test."""
    kinds = {"NanoIdp": NanoIdp, "OidcProvider": OidcProvider, "withdrawing": OidcProvider}
    with ExitStack() as started:
        issuers = {}
        for name, kind in kinds.items():
            idp = kind(tmp_path_factory.mktemp("rotating") / name)
            started.callback(idp.stop)
            portcullis.trust_oidc(idp)
            issuers[name] = RotatingIssuer(idp, portcullis.control)
        yield issuers


@pytest.fixture(scope="session")
def strict(tmp_path_factory, seaweedfs) -> Iterator[Portcullis]:
    """A Portcullis without any policy: what a test puts is all that allows anything."""
    gate = Portcullis(tmp_path_factory.mktemp("strict") / "run", seaweedfs.endpoint, policies=())
    yield gate
    gate.stop()


@pytest.fixture(scope="session")
def oidc_issuer(people) -> str:
    """The issuer of the OIDC token of one of them."""
    return people["oidc"].issuer


@pytest.fixture(scope="session")
def people(tmp_path_factory, strict) -> Iterator[dict[str, Person]]:
    """One identity of each kind that proves itself: by an API token, a SAML response, an OIDC token."""
    oidc, saml = OidcProvider(tmp_path_factory.mktemp("people") / "oidc"), SignxmlIdp(tmp_path_factory.mktemp("people") / "saml")
    try:
        strict.trust_oidc(oidc)
        config_id = strict.trust_saml(saml)
        token, workload = strict.token("write"), Identity(oidc)
        login = {"acs_url": ACS_URL, "audience": SAML_ENTITY_ID, "role": "Admin", "principal_name": "ana@example.org"}
        # Each response is good for one key, and starting the library takes longer than signing.
        responses = iter(saml.responses([login] * 60))
        yield {
            "coreweave": Person(token.principal, lambda: strict.control.key_from_token(token.secret, 600), strict),
            "saml": Person("saml/Admin", lambda: strict.control.key_from_saml(next(responses), config_id, 600), strict),
            "oidc": Person(workload.principal, lambda: strict.control.key_from_oidc(workload.token(), 600), strict, oidc.issuer),
        }
    finally:
        oidc.stop()
        saml.stop()


@pytest.fixture(scope="session")
def own_bucket(stored) -> str:
    """A bucket for the tests of policies."""
    stored.create_bucket(Bucket="own-bucket")
    return "own-bucket"


@pytest.fixture(scope="session")
def other_bucket(stored) -> str:
    """A bucket that their policies leave out."""
    stored.create_bucket(Bucket="other-bucket")
    return "other-bucket"


@pytest.fixture
def identity(oidc_provider, rotating) -> Identity:
    """A workload that nobody has heard of before. (`rotating` starts here so that its pause passes meanwhile.)"""
    return Identity(oidc_provider)


@pytest.fixture(scope="session")
def endpoint(request):
    """Where clients go: Portcullis, or SeaweedFS itself to see whether a failure is the gate's or the client's."""
    if os.environ.get("PORTCULLIS_DIRECT"):
        return request.getfixturevalue("seaweedfs").endpoint
    return request.getfixturevalue("portcullis").endpoint


@pytest.fixture(scope="session")
def stored(seaweedfs):
    """boto3 on SeaweedFS, past the gate."""
    return seaweedfs.direct


@pytest.fixture(scope="session")
def client(request, endpoint, tmp_path_factory):
    return CLIENTS[request.param](endpoint, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def bucket(stored) -> str:
    stored.create_bucket(Bucket="shared")
    return "shared"


@pytest.fixture
def prefix(request, bucket, client) -> str:
    """A part of the bucket that belongs to this test alone."""
    return f"{request.function.__name__}/{type(client).__name__}/"
