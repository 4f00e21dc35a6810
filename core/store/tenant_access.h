/*
 * The one condition that lets a person reach an account, as SQL text: `a` is the account's row.
 * Each takes the person's id once. Internal to core/store.
 */
#ifndef PW_STORE_TENANT_ACCESS_H
#define PW_STORE_TENANT_ACCESS_H

/* By a contact that staff put on the account. */
#define TENANT_BY_CONTACT                                                                          \
    "EXISTS (SELECT 1 FROM tenant_user t JOIN contact c ON c.phone_hash = t.phone_hash"            \
    " AND c.ended_at IS NULL AND c.phone_site WHERE t.id = ? AND c.account_id = a.id)"
/* The role of a live binding, or NULL. */
#define TENANT_BINDING_ROLE                                                                        \
    "(SELECT b.role FROM tenant_binding b WHERE b.live_user = ? AND b.account_id = a.id)"
/* "tenant", "payer" or NULL: another's. Takes the person's id twice. */
#define TENANT_ROLE "IF(" TENANT_BY_CONTACT ", 'tenant', " TENANT_BINDING_ROLE ")"

#endif
