"""Starts SeaweedFS and Portcullis, runs the chosen ids of ceph/s3-tests against them, and judges the outcome."""

import argparse
import configparser
import json
import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "clients"))

from gate import Portcullis
from seaweedfs import SeaweedFs
from tools import TARGET

# The users that the suite knows; the last three only so that its configuration is whole: no chosen id asks for them.
USERS = ["s3 main", "s3 alt", "s3 tenant"]
UNUSED_USERS = ["iam", "iam root", "iam alt root"]


def main() -> int:
    options = parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that what was started is stopped too
    ids = (HERE / "ids.txt").read_text().split()
    known = tomllib.loads((HERE / "known.toml").read_text())
    scheme = "https" if options.https else "http"
    with tempfile.TemporaryDirectory(prefix="conformance-") as directory:
        backend = SeaweedFs(Path(directory) / "seaweedfs")
        try:
            gate = Portcullis(Path(directory) / "gate", backend.endpoint, secure=options.https)
            try:
                configuration = Path(directory) / "s3tests.conf"
                write_configuration(configuration, gate)
                outcome = run(options, ids, configuration)
            finally:
                gate.stop()
                results = TARGET / "test-results" / f"conformance-{scheme}.log"
                results.write_bytes(gate.log.read_bytes())
        finally:
            backend.stop()
    return judged(ids, known, outcome, scheme, whole=options.k is None)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/conformance/run")
    parser.add_argument("checkout", type=Path, help="a working copy of github.com/ceph/s3-tests")
    parser.add_argument("--https", action="store_true", help="over TLS")
    parser.add_argument("-k", metavar="WORD", help="only ids that match, as pytest's -k does")
    options = parser.parse_args()
    if not (options.checkout / "s3tests" / "functional" / "test_s3.py").exists():
        parser.error(f"{options.checkout} is no checkout of ceph/s3-tests")
    return options


def write_configuration(path: Path, gate: Portcullis) -> None:
    """What the suite has to know: the address, and three users that may do everything, each with a key of its own."""
    address = urlsplit(gate.endpoint.url)
    configuration = configparser.RawConfigParser()
    configuration["DEFAULT"] = {
        "host": address.hostname,
        "port": address.port,
        "is_secure": gate.endpoint.secure,
        "ssl_verify": False,
    }
    configuration["fixtures"] = {"bucket prefix": "s3t-{random}-"}
    for section in USERS + UNUSED_USERS:
        made = json.loads(gate.command("key", "create", "--permission", "admin", "--json"))
        configuration[section] = {
            "display_name": made["principalName"],
            "user_id": made["principalName"],
            "email": f"{section.replace(' ', '-')}@example.com",
            "access_key": made["accessKeyId"],
            "secret_key": made["secretKey"],
        }
    configuration["s3 main"]["api_name"] = "us-east-1"
    configuration["s3 tenant"]["tenant"] = "testx"
    with path.open("w") as file:
        configuration.write(file)


def run(options: argparse.Namespace, ids: list[str], configuration: Path) -> dict[str, str]:
    """Runs pytest in the checkout; what became of each id that ran: passed, failed or skipped."""
    scheme = "https" if options.https else "http"
    (TARGET / "test-results").mkdir(parents=True, exist_ok=True)
    report = TARGET / "test-results" / f"conformance-{scheme}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "2", "--tb=short", "--timeout=240"]
    command += [f"--junitxml={report}", *(["-k", options.k] if options.k else []), *ids]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"S3TEST_CONF": str(configuration), "AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    subprocess.run(command, cwd=options.checkout, env=environment, check=False)
    outcome = {}
    for case in ElementTree.parse(report).iter("testcase") if report.exists() else ():
        kinds = {child.tag for child in case}
        came_to = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        name = f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}"
        # A test that passed and whose clearing up failed has two entries.
        outcome[name] = "failed" if outcome.get(name) == "failed" else came_to
    return outcome


def judged(ids: list[str], known: dict, outcome: dict[str, str], scheme: str, whole: bool) -> int:
    """Prints the totals; 1 if an id did not do what is known of it."""
    unknown = sorted(set(known) - set(ids))
    excepted = {name for name, why in known.items() if scheme in why.get("over", ["http", "https"])}
    wrong = [f"{name} is in known.toml, but not in ids.txt" for name in unknown]
    for name in ids:
        came_to = outcome.get(name, "missing")
        if came_to == "missing" and not whole:
            continue
        if name in excepted and came_to == "failed":
            print(f"known: {name}: {known[name]['reason']}")
        elif name in excepted:
            wrong.append(f"{name} {came_to}, which known.toml says it does not: take it out there")
        elif came_to != "passed":
            wrong.append(f"{name} {came_to}")
    for line in wrong:
        print(f"WRONG: {line}")
    total = Counter(outcome.get(name, "missing") for name in ids)
    print(f"over {scheme}: {total['passed']} of {len(ids)} ids passed, {total['failed']} failed, "
          f"{total['skipped']} skipped, {total['missing']} not run; {len(wrong)} not as expected")
    return 1 if wrong or not outcome else 0


if __name__ == "__main__":
    sys.exit(main())
