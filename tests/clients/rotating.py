"""Issuers that will change their keys."""

from control import Control
from identities import Identity
from idp import Idp


class RotatingIssuer:
    """An issuer whose keys Portcullis knows, because somebody logged in."""

    def __init__(self, idp: Idp, control: Control):
        self.idp, self.control = idp, control
        self.token = Identity(idp).token()
        self.first = control.key_from_oidc(self.token)

    def log_in(self) -> dict:
        """A new workload gets a key."""
        return self.control.key_from_oidc(Identity(self.idp).token())
