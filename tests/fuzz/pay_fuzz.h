/*
 * What the fuzz targets of core/pay share. A signature stops nearly every input, so each target
 * also gives its input to the readers behind the signature. First byte of an input: which reader.
 */
#ifndef PW_TESTS_FUZZ_PAY_FUZZ_H
#define PW_TESTS_FUZZ_PAY_FUZZ_H

#include <assert.h>
#include <string.h>

#include "core/pay/driver.h"

#define FUZZ_NOW_MS INT64_C(1796083200000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds of every fact that is handed on. */
static inline void fact_holds(enum pay_refusal refusal, const struct pay_fact *fact)
{
    assert(refusal < PAY_REFUSAL__MAX && fact->outcome < PAY_OUTCOME__MAX);
    assert(fact->order_number != NULL && fact->provider_transaction != NULL);
    if (refusal == PAY_FINE && (fact->outcome == PAY_PAID || fact->outcome == PAY_REFUNDED)) {
        assert(fact->amount_fen > 0);
        assert(strcmp(fact->currency, "CNY") == 0);
        assert(fact->order_number[0] != '\0' || fact->refund_number[0] != '\0');
    }
}

static inline void bill_holds(const struct pay_bill *bill)
{
    assert(bill->state == PAY_BILL_READY || bill->row_count == 0);
    for (size_t i = 0; i < bill->row_count; i++) {
        assert(bill->rows[i].amount_fen >= 0);
        assert(bill->rows[i].order_number != NULL && bill->rows[i].provider_transaction != NULL);
    }
}

#endif
