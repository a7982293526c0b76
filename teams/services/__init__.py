"""The only writers of people, teams, keys and credentials."""

from teams.services.credentials import (
    ResolvedCredential,
    credential_delete,
    credential_resolve,
    credential_set,
    credentials_from_environment,
)
from teams.services.keys import api_key_create, api_key_find, api_key_revoke
from teams.services.links import sign_in_link_create, sign_in_link_peek, sign_in_link_use
from teams.services.people import (
    mail_choose,
    membership_set,
    owner,
    owner_create_first,
    team_create,
    team_create_personal,
    team_rename,
    user_create,
)
from teams.services.tiers import TierModel, tier_resolve, tier_set, tiers_of
from teams.services.webhooks import webhook_remove, webhook_secret, webhook_set

__all__ = [
    "ResolvedCredential",
    "TierModel",
    "api_key_create",
    "api_key_find",
    "api_key_revoke",
    "credential_delete",
    "credential_resolve",
    "credential_set",
    "credentials_from_environment",
    "mail_choose",
    "membership_set",
    "owner",
    "owner_create_first",
    "sign_in_link_create",
    "sign_in_link_peek",
    "sign_in_link_use",
    "team_create",
    "team_create_personal",
    "team_rename",
    "tier_resolve",
    "tier_set",
    "tiers_of",
    "user_create",
    "webhook_remove",
    "webhook_secret",
    "webhook_set",
]
