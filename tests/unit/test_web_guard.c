/* Paths, cookies, origins, session tokens, one-time codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cgi/guard.h"
#include "cgi/query.h"
#include "cgi/route.h"
#include "core/base/crypto.h"
#include "core/flow/login.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void a_word_of_a_path_is_read(void **state)
{
    (void)state;
    int64_t ids[REQUEST_IDS_MAX] = {0};
    size_t count = 0;
    assert_true(route_matches("/pay/:word/purchases", "/pay/AB-c_9/purchases", ids, &count));
    assert_int_equal(count, 0);
    assert_string_equal(route_word("/pay/:word/purchases", "/pay/AB-c_9/purchases", &arena),
                        "AB-c_9");
    assert_string_equal(route_word("/:word", "/x", &arena), "x");
    static const char *const others[] = {"/pay//purchases",    "/pay/a.b/purchases",
                                         "/pay/a b/purchases", "/pay/a%20/purchases",
                                         "/pay/abc",           "/pay/abc/purchases/"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_false(route_matches("/pay/:word/purchases", others[i], ids, &count));
    }
    char longer[80] = "/";
    memset(longer + 1, 'a', 65);
    assert_false(route_matches("/:word", longer, ids, &count));
    longer[65] = '\0';
    assert_true(route_matches("/:word", longer, ids, &count));
}

static void paths_match_whole(void **state)
{
    (void)state;
    int64_t ids[REQUEST_IDS_MAX] = {0};
    size_t count = 0;
    assert_true(route_matches("/a/:id/b/:id", "/a/7/b/9007199254740991", ids, &count));
    assert_int_equal(count, 2);
    assert_int_equal(ids[0], 7);
    assert_int_equal(ids[1], SHAPE_ID_MAX);
    assert_true(route_matches("/a", "/a", ids, &count));
    assert_int_equal(count, 0);
    static const char *const others[] = {"/a/0/b/1",
                                         "/a/-1/b/1",
                                         "/a/07/b/1",
                                         "/a//b/1",
                                         "/a/1/b/",
                                         "/a/1/b/1/",
                                         "/a/1/b",
                                         "/a/1 /b/1",
                                         "/a/x/b/1",
                                         "/A/1/b/1",
                                         "",
                                         "/",
                                         "/a/1/b/9007199254740992",
                                         "/a/1/b/99999999999999999999999"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_false(route_matches("/a/:id/b/:id", others[i], ids, &count));
    }
}

static void the_table_finds_rows(void **state)
{
    (void)state;
    const struct route *route = NULL;
    const char *allow = "";
    int64_t ids[REQUEST_IDS_MAX];
    size_t count = 0;
    assert_null(route_table_problem());
    assert_int_equal(route_find(ROUTE_STAFF, METHOD_POST, "/api/v1/staff/users/5/role", &arena,
                                &route, ids, &count, &allow),
                     RC_OK);
    assert_string_equal(route->handler_name, "user_set_role");
    assert_int_equal(ids[0], 5);
    assert_int_equal(route_find(ROUTE_STAFF, METHOD_PUT, "/api/v1/staff/session", &arena, &route,
                                ids, &count, &allow),
                     RC_REFUSED);
    assert_string_equal(allow, "GET, POST, DELETE");
    assert_int_equal(route_find(ROUTE_TENANT, METHOD_GET, "/api/v1/staff/session", &arena, &route,
                                ids, &count, &allow),
                     RC_NOT_FOUND);
    assert_int_equal(
        route_find(ROUTE_STAFF, METHOD_GET, "/healthz", &arena, &route, ids, &count, &allow),
        RC_NOT_FOUND);
}

static void cookies(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *value;
    } cases[] = {{"", ""},
                 {"a=1", ""},
                 {"s=abc", "abc"},
                 {"a=1; s=abc; b=2", "abc"},
                 {"xs=no; s=yes", "yes"},
                 {"s=first; s=second", "first"},
                 {"sa=1", ""},
                 {"s", ""},
                 {"s=", ""},
                 {";;; s=a=b ;", "a=b"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *value = NULL;
        assert_int_equal(cookie_find(&arena, cases[i].header, "s", &value), RC_OK);
        assert_string_equal(value, cases[i].value);
    }
}

static void origins(void **state)
{
    (void)state;
    static const struct {
        const char *site;
        const char *origin;
        const char *host;
        bool ours;
    } cases[] = {
        {"same-origin", "https://h:8443", "h:8443", true},
        {"same-origin", "", "h:8443", true},
        {"", "https://h:8443", "h:8443", true},
        {"", "", "h", false},
        {"same-site", "", "h", false},
        {"cross-site", "https://h", "h", false},
        {"none", "", "h", false},
        {"", "http://h", "h", false},
        {"", "https://h.evil", "h", false},
        {"", "https://h", "", false},
        {"", "null", "h", false},
        {"same-origin", "https://other", "h", false},
        {"", "https://", "", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(guard_same_origin(cases[i].site, cases[i].origin, cases[i].host),
                         cases[i].ours);
    }
}

static void session_tokens(void **state)
{
    (void)state;
    char a[SESSION_CSRF_TEXT_BYTES];
    char b[SESSION_CSRF_TEXT_BYTES];
    char key[SESSION_KEY_TEXT_BYTES];
    assert_true(session_token_is_plausible("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-_"));
    assert_false(session_token_is_plausible(""));
    assert_false(session_token_is_plausible("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-"));
    assert_false(session_token_is_plausible("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-__"));
    assert_false(session_token_is_plausible("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-*"));
    assert_string_not_equal(session_csrf("one", a), session_csrf("two", b));
    assert_string_equal(session_csrf("one", a), session_csrf("one", b));
    assert_string_equal(session_key("abc", key),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 6238 appendix B, SHA-1; our codes are the last six of its eight digits. */
static void totp_vectors(void **state)
{
    (void)state;
    static const uint8_t secret[] = "12345678901234567890";
    static const struct {
        int64_t at_s;
        const char *code;
    } cases[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                 {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t step = 0;
        int64_t now_ms = cases[i].at_s * 1000;
        assert_int_equal(crypto_totp_verify(secret, 20, cases[i].code, now_ms, 0, &step), RC_OK);
        assert_int_equal(step, cases[i].at_s / 30);
        int64_t again = 0;
        assert_int_equal(crypto_totp_verify(secret, 20, cases[i].code, now_ms, step, &again),
                         RC_UNAUTHENTICATED);
        assert_int_equal(crypto_totp_verify(secret, 20, cases[i].code, now_ms + 30000, 0, &again),
                         RC_OK);
        assert_int_equal(crypto_totp_verify(secret, 20, cases[i].code, now_ms + 60000, 0, &again),
                         RC_UNAUTHENTICATED);
    }
}

static void sealed_seeds_open_only_in_their_row(void **state)
{
    (void)state;
    uint8_t key[32] = {7};
    uint8_t sealed[USER_SECRET_SEALED_MAX];
    uint8_t out[64];
    size_t sealed_len = 0;
    size_t len = 0;
    assert_int_equal(login_seal_secret(key, 12, (const uint8_t *)"12345678901234567890", 20, sealed,
                                       &sealed_len),
                     RC_OK);
    assert_int_equal(login_open_secret(key, 12, sealed, sealed_len, out, sizeof(out), &len), RC_OK);
    assert_int_equal(len, 20);
    assert_memory_equal(out, "12345678901234567890", 20);
    assert_int_equal(login_open_secret(key, 13, sealed, sealed_len, out, sizeof(out), &len),
                     RC_INTERNAL);
    key[0] = 8;
    assert_int_equal(login_open_secret(key, 12, sealed, sealed_len, out, sizeof(out), &len),
                     RC_INTERNAL);
}

static void weak_passwords(void **state)
{
    (void)state;
    const struct login_policy policy = {.password_min = 10};
    static const char *const weak[] = {"short",      "1234567890",  "aaaaaaaaaaaa", "abcdefghijkl",
                                       "9876543210", "Password123", "engineer.w"};
    for (size_t i = 0; i < ARRAY_LEN(weak); i++) {
        assert_non_null(login_password_problem(&policy, "engineer.w", weak[i]));
    }
    assert_null(login_password_problem(&policy, "engineer.w", "correct horse"));
    assert_null(login_password_problem(&policy, "engineer.w", "配电室钥匙在我这里呢"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_of_a_path_is_read),
        cmocka_unit_test(paths_match_whole),
        cmocka_unit_test(the_table_finds_rows),
        cmocka_unit_test(cookies),
        cmocka_unit_test(origins),
        cmocka_unit_test(session_tokens),
        cmocka_unit_test(totp_vectors),
        cmocka_unit_test(sealed_seeds_open_only_in_their_row),
        cmocka_unit_test(weak_passwords),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
