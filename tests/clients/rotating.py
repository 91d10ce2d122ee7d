"""Issuers that will change their keys."""

import time

from control import Control
from identities import Identity
from idp import Idp

# Portcullis asks an issuer for its keys at most once in this time, whatever tokens come.
PAUSE = 30


class RotatingIssuer:
    """An issuer whose keys Portcullis knows, because somebody logged in."""

    def __init__(self, idp: Idp, control: Control):
        self.idp, self.control = idp, control
        self.token = Identity(idp).token()
        self.first = control.key_from_oidc(self.token)
        self.asked_at = time.monotonic()

    def log_in(self) -> dict:
        """A new workload gets a key."""
        return self.control.key_from_oidc(Identity(self.idp).token())

    def wait_for_the_pause(self) -> None:
        """Until Portcullis would ask the issuer again. Little is left of it when other tests ran meanwhile."""
        time.sleep(max(0.0, self.asked_at + PAUSE + 0.5 - time.monotonic()))
