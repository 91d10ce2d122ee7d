"""A workload mints once for as long as its key is fresh, and notices nothing when it mints again."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from sources import container_oidc
from workload import Workload, boto3_with

REQUESTS = 1000


@pytest.fixture
def workload(portcullis, identity, tmp_path, monkeypatch):
    source = container_oidc(portcullis, identity, tmp_path)
    return Workload(portcullis.endpoint, tmp_path / "home", source.variables).boto3(monkeypatch)


def test_a_thousand_requests_mint_once(workload, portcullis, identity, bucket):
    workload.s3.put_object(Bucket=bucket, Key="refresh/thousand", Body=b"x")
    with ThreadPoolExecutor(4) as pool:
        heads = pool.map(lambda _: workload.s3.head_object(Bucket=bucket, Key="refresh/thousand"), range(REQUESTS - 1))
        assert sum(head["ContentLength"] for head in heads) == REQUESTS - 1
    (made,) = portcullis.control.keys_of(identity.principal)
    assert workload.signed_by == [made["accessKeyId"]] * REQUESTS


def test_a_refresh_under_load_leaves_the_old_key_working(workload, portcullis, identity, bucket):
    workload.s3.put_object(Bucket=bucket, Key="refresh/crossing", Body=b"x")
    old = workload.credentials.get_frozen_credentials()
    ended = threading.Event()

    def work(_) -> int:
        done = 0
        while not ended.is_set():
            workload.s3.head_object(Bucket=bucket, Key="refresh/crossing")
            done += 1
        return done

    with ThreadPoolExecutor(4) as pool:
        working = pool.map(work, range(4))
        try:
            # To botocore the key is now 46 minutes older, so it has 14 minutes left: time to refresh, not yet overdue.
            workload.credentials._expiry_time -= timedelta(minutes=46)
            wait_until(lambda: sum(key != old.access_key for key in workload.signed_by) > 50)
            with_old_key = boto3_with(portcullis.endpoint, old.access_key, old.secret_key, old.token)
            assert with_old_key.head_object(Bucket=bucket, Key="refresh/crossing")["ContentLength"] == 1
        finally:
            ended.set()
        assert all(done > 0 for done in working), "each thread worked, and no request failed"
    keys = {made["accessKeyId"] for made in portcullis.control.keys_of(identity.principal)}
    assert len(keys) == 2 and set(workload.signed_by) == keys


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it did not happen within 30 seconds"
        time.sleep(0.01)
