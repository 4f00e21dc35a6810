/* Alipay: forms of notices and JSON of answers; fields behind the signature; the search for the
   text that is signed, held against json-c. */
#include "pay_fuzz.h"

#include "core/pay/alipay_own.h"

static void fields(const struct alipay *alipay, struct arena *arena, const char *bytes, size_t len)
{
    struct form form;
    struct pay_notice notice = {.fact = pay_fact_empty()};
    enum rc rc = form_parse(arena, bytes, len, &form);
    if (rc == RC_OK) {
        rc = alipay_notice_fields(alipay, arena, &form, &notice);
        assert(rc == RC_OK);
        fact_holds(notice.refusal, &notice.fact);
    }
}

/* Where both find the member, they mean the same value. */
static void nodes(const char *bytes, size_t len)
{
    CLEANUP(json_release) struct json_object *whole = NULL;
    CLEANUP(json_release) struct json_object *part = NULL;
    const struct json_object *member = NULL;
    const char *node = NULL;
    size_t node_len = 0;
    if (json_parse_unique(bytes, len, ALIPAY_JSON_DEPTH, &whole) != RC_OK ||
        !json_is_object(whole) || json_get_object(whole, "a", &member) != RC_OK ||
        alipay_node_find(bytes, len, "a", &node, &node_len) != RC_OK) {
        return;
    }
    enum rc rc = json_parse(node, node_len, ALIPAY_JSON_DEPTH, &part);
    assert(rc == RC_OK);
    assert(strcmp(json_written(part), json_written(member)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct alipay alipay = {.app_id = "2014060600164699", .seller_id = "2088531891668739"};
    struct pay_merchant merchant = {.driver = &pay_driver_alipay, .own = &alipay};
    struct arena arena;
    if (size < 2) {
        return 0;
    }
    arena_init(&arena, (size_t)64 << 20);
    const char *bytes = (const char *)data + 1;
    if (data[0] % 3 == 0) {
        fields(&alipay, &arena, bytes, size - 1);
    } else if (data[0] % 3 == 1) {
        nodes(bytes, size - 1);
    } else {
        /* without sign: every way to the signature, and none past it */
        struct pay_notice_bytes notice_bytes = {
            .method = "POST", .body = bytes, .body_len = size - 1};
        struct pay_notice notice;
        struct form form;
        if (form_parse(&arena, bytes, size - 1, &form) != RC_OK ||
            form_get(&form, "sign") == NULL) {
            enum rc rc = pay_notice_read(&merchant, &arena, &notice_bytes, FUZZ_NOW_MS, &notice);
            assert(rc == RC_OK && notice.refusal != PAY_FINE);
        }
    }
    arena_release(&arena);
    return 0;
}
