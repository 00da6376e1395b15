"""Commands on organisations, products, members, invitations and keys.

Each takes an access object (so the right was looked up), checks, writes and audits in one transaction.
"""

from yunying.platform.products.services.keys import (
    NewApiKey,
    create_api_key,
    create_write_key,
    revoke_api_key,
    revoke_write_key,
)
from yunying.platform.products.services.members import (
    Invited,
    accept_invitation,
    change_role,
    invite,
    open_invitation,
    remove_member,
    revoke_invitation,
    set_product_role,
)
from yunying.platform.products.services.organisations import (
    create_organisation,
    may_create_organisation,
    rename_organisation,
)
from yunying.platform.products.services.products import (
    archive_product,
    create_product,
    delete_product,
    restore_product,
    update_product,
)

__all__ = [
    "Invited",
    "NewApiKey",
    "accept_invitation",
    "archive_product",
    "change_role",
    "create_api_key",
    "create_organisation",
    "create_product",
    "create_write_key",
    "delete_product",
    "invite",
    "may_create_organisation",
    "open_invitation",
    "remove_member",
    "rename_organisation",
    "restore_product",
    "revoke_api_key",
    "revoke_invitation",
    "revoke_write_key",
    "set_product_role",
    "update_product",
]
