/*
 * Purchases that nobody pays now: money that we have already goes into a meter (wrong shop,
 * correction, suspense, old cards). Internal to core/flow.
 */
#ifndef PW_FLOW_FUNDED_H
#define PW_FLOW_FUNDED_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/ledger.h"
#include "core/store/purchase.h"

/* A purchase of this origin for the supply's present account, epoch and meter; borrows the texts.
 */
struct purchase funded_purchase(const struct sale_facts *facts, const char *origin,
                                int64_t amount_fen, int64_t approval_id);
/* Paid at once by the posting, and on its way; platform mode: credited. The supply is locked.
 *ret_delivery_id: 0 in platform mode. */
enum rc funded_buy(struct db *db, struct arena *arena, const struct actor *actor,
                   struct purchase *purchase, enum ledger_posting posting, const char *channel,
                   int64_t *ret_delivery_id) MUST_CHECK;

#endif
