/* WeChat Pay: bodies of notices and answers before, and resources behind, their signature. */
#include "pay_fuzz.h"

#include "core/pay/wechat_own.h"

static void unsigned_part(const struct pay_merchant *merchant, struct arena *arena,
                          const char *bytes, size_t len)
{
    const char *serial = memchr(bytes, '\n', len);
    size_t head = serial == NULL ? 0 : (size_t)(serial - bytes);
    const char *value = arena_copy(arena, bytes, head);
    const struct http_header headers[] = {{"Wechatpay-Serial", "PUB_KEY_ID_1"},
                                          {"Wechatpay-Timestamp", value},
                                          {"Wechatpay-Nonce", value},
                                          {"Wechatpay-Signature", value}};
    struct pay_notice_bytes notice_bytes = {.method = "POST",
                                            .headers = headers,
                                            .header_count = 4,
                                            .body = bytes + head,
                                            .body_len = len - head};
    struct pay_notice notice;
    enum rc rc = pay_notice_read(merchant, arena, &notice_bytes, FUZZ_NOW_MS, &notice);
    assert(rc == RC_OK && notice.refusal != PAY_FINE);
}

static void answers(const struct pay_merchant *merchant, struct arena *arena, const char *bytes,
                    size_t len)
{
    struct pay_ask ask = {.op = PAY_QUERY, .order_number = "EV20260102030405000001"};
    struct http_answer answer = {.status = 400, .body = bytes, .body_len = len};
    struct pay_answer read;
    struct wechat_openid openid;
    enum rc rc = pay_read(merchant, arena, &ask, &answer, FUZZ_NOW_MS, &read);
    assert(rc == RC_OK && read.outcome != PAY_PAID);
    answer.status = 200;
    rc = wechat_openid_read(arena, &answer, &openid);
    assert(rc == RC_OK || rc == RC_PROTOCOL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wechat wechat = {.app_id = "wxd678efh567hg6787",
                            .mchid = "1900007291",
                            .serial = "1",
                            .public_key_id = "",
                            .directory = ""};
    struct pay_merchant merchant = {.driver = &pay_driver_wechat, .own = &wechat};
    struct arena arena;
    struct pay_notice notice = {.fact = pay_fact_empty()};
    if (size < 2) {
        return 0;
    }
    arena_init(&arena, (size_t)64 << 20);
    const char *bytes = (const char *)data + 1;
    if (data[0] % 4 < 2) {
        enum rc rc = wechat_plain_read(&wechat, &arena, data[0] % 4 == 1, bytes, size - 1, &notice);
        assert(rc == RC_OK);
        fact_holds(notice.refusal, &notice.fact);
    } else if (data[0] % 4 == 2) {
        unsigned_part(&merchant, &arena, bytes, size - 1);
    } else {
        answers(&merchant, &arena, bytes, size - 1);
    }
    arena_release(&arena);
    return 0;
}
