"""Drives PyJWT: finds an issuer's keys by discovery, verifies a token with them and prints what it found."""

import json
import sys
from urllib.request import urlopen

import jwt

request = json.load(sys.stdin)
with urlopen(request["issuer"] + "/.well-known/openid-configuration") as answer:
    discovered = json.load(answer)
assert discovered["issuer"] == request["issuer"], discovered["issuer"]
with urlopen(discovered["jwks_uri"]) as answer:
    keys = jwt.PyJWKSet.from_dict(json.load(answer)).keys

header = jwt.get_unverified_header(request["token"])
named = [key for key in keys if key.key_id == header.get("kid")] if "kid" in header else keys
try:
    (key,) = named
    claims = jwt.decode(
        request["token"], key, algorithms=request["algorithms"], audience=request["audience"], issuer=request["issuer"]
    )
    verdict = {"verified": True, "claims": claims}
except (ValueError, jwt.InvalidTokenError) as error:
    verdict = {"verified": False, "error": repr(error)}
json.dump({**verdict, "header": header, "key_ids": [key.key_id for key in keys]}, sys.stdout)
