/* Bills of the three providers, packed and unpacked: rows or a refusal, within their bounds. */
#include "pay_fuzz.h"

#include "core/pay/alipay_own.h"
#include "core/pay/unionpay_own.h"
#include "core/pay/wechat_own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wechat wechat = {.mchid = "1900007291"};
    struct unionpay unionpay = {.merchant_id = "777290058110048"};
    struct pay_bill bill = {.code = "", .year = 2026, .month = 1, .day = 2};
    struct arena arena;
    enum rc rc = RC_OK;
    if (size < 2) {
        return 0;
    }
    arena_init(&arena, (size_t)256 << 20);
    const char *bytes = (const char *)data + 1;
    size_t len = size - 1;
    if (data[0] % 4 == 0) {
        rc = wechat_bill_rows(&wechat, &arena, bytes, len, &bill);
    } else if (data[0] % 4 == 1) {
        rc = alipay_bill_rows(&arena, bytes, len, &bill);
    } else if (data[0] % 4 == 2) {
        const char *content = arena_copy(&arena, bytes, len);
        rc = unionpay_bill_rows(&unionpay, &arena, content, &bill);
    } else {
        rc = unionpay_bill_line(&unionpay, &arena, bytes, len, &bill);
        rc = rc == RC_INVALID ? RC_OK : rc;
        bill.state = PAY_BILL_READY;
    }
    assert(rc == RC_OK || rc == RC_MEMORY);
    if (rc == RC_OK) {
        bill_holds(&bill);
    }
    arena_release(&arena);
    return 0;
}
