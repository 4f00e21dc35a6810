/*
 * What the handlers of the phone site share.
 */
#ifndef PW_CGI_HANDLERS_TENANT_H
#define PW_CGI_HANDLERS_TENANT_H

#include "cgi/request.h"
#include "cgi/shape.h"

/* A supply that the person may see or pay for. */
struct tenant_shop_view {
    int64_t supply_id;
    int64_t account_id;
    const char *unit_number;
    const char *shop_name;
    const char *role;
    const char *medium;
};
extern const struct shape shape_tenant_shop;

/* Jobs look at once for what must be asked of a provider, once the transaction is committed. */
void tenant_wake_jobs_after_commit(struct request *request);

#endif
