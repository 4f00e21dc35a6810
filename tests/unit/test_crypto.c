/* Cryptography against published vectors: FIPS 180-4, RFC 4231, RFC 4648, RFC 6238. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/crypto.h"

static void sha256_fips_180(void **state)
{
    (void)state;
    uint8_t hash[CRYPTO_HASH_BYTES];
    char hex[CRYPTO_HASH_HEX_BYTES];
    crypto_sha256("abc", 3, hash);
    assert_string_equal(crypto_hex(hash, sizeof(hash), hex),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256("", 0, hash);
    assert_string_equal(crypto_hex(hash, sizeof(hash), hex),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    crypto_sha256(two, strlen(two), hash);
    assert_string_equal(crypto_hex(hash, sizeof(hash), hex),
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void hmac_rfc_4231(void **state)
{
    (void)state;
    uint8_t hash[CRYPTO_HASH_BYTES];
    char hex[CRYPTO_HASH_HEX_BYTES];
    uint8_t key[131];
    memset(key, 0x0b, 20);
    crypto_hmac_sha256(key, 20, "Hi There", 8, hash);
    assert_string_equal(crypto_hex(hash, sizeof(hash), hex),
                        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, hash);
    assert_string_equal(crypto_hex(hash, sizeof(hash), hex),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    const char *data = "Test Using Larger Than Block-Size Key - Hash Key First";
    crypto_hmac_sha256(key, sizeof(key), data, strlen(data), hash);
    assert_string_equal(crypto_hex(hash, sizeof(hash), hex),
                        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 6238 appendix B has 8 digits of SHA-1; 6 digits are the last six of them. */
static void totp_rfc_6238(void **state)
{
    (void)state;
    const uint8_t *secret = (const uint8_t *)"12345678901234567890";
    assert_int_equal(crypto_totp(secret, 20, 59 / 30), 287082);
    assert_int_equal(crypto_totp(secret, 20, 1111111109 / 30), 81804);
    assert_int_equal(crypto_totp(secret, 20, 1111111111 / 30), 50471);
    assert_int_equal(crypto_totp(secret, 20, 1234567890 / 30), 5924);
    assert_int_equal(crypto_totp(secret, 20, 2000000000 / 30), 279037);
    assert_int_equal(crypto_totp(secret, 20, INT64_C(20000000000) / 30), 353130);
}

static void totp_is_taken_once_and_only_near(void **state)
{
    (void)state;
    const uint8_t *secret = (const uint8_t *)"12345678901234567890";
    int64_t now_ms = INT64_C(1111111109000);
    int64_t step = 0;
    assert_int_equal(crypto_totp_verify(secret, 20, "081804", now_ms, 0, &step), RC_OK);
    assert_int_equal(step, 1111111109 / 30);
    assert_int_equal(crypto_totp_verify(secret, 20, "081804", now_ms + 29000, 0, &step), RC_OK);
    assert_int_equal(crypto_totp_verify(secret, 20, "081804", now_ms, step, &step),
                     RC_UNAUTHENTICATED);
    assert_int_equal(crypto_totp_verify(secret, 20, "081804", now_ms + 90000, 0, &step),
                     RC_UNAUTHENTICATED);
    assert_int_equal(crypto_totp_verify(secret, 20, "0818", now_ms, 0, &step), RC_UNAUTHENTICATED);
    assert_int_equal(crypto_totp_verify(secret, 20, "0818045", now_ms, 0, &step),
                     RC_UNAUTHENTICATED);
}

static void passwords(void **state)
{
    (void)state;
    char encoded[CRYPTO_PASSWORD_HASH_BYTES];
    assert_int_equal(crypto_password_hash("secret", 6, 8192, 1, encoded), RC_OK);
    assert_int_equal(strncmp(encoded, "$argon2id$v=19$m=8192,t=1,p=1$", 30), 0);
    assert_int_equal(crypto_password_verify(encoded, "secret", 6), RC_OK);
    assert_int_equal(crypto_password_verify(encoded, "Secret", 6), RC_UNAUTHENTICATED);
    assert_int_equal(crypto_password_verify("", "secret", 6), RC_UNAUTHENTICATED);
    assert_int_equal(crypto_password_verify("$argon2id$rubbish", "", 0), RC_UNAUTHENTICATED);
    assert_false(crypto_password_outdated(encoded, 8192, 1));
    assert_true(crypto_password_outdated(encoded, 8192, 2));
}

static void seal_binds_key_place_and_bytes(void **state)
{
    (void)state;
    uint8_t key[CRYPTO_KEY_BYTES];
    assert_int_equal(crypto_random(key, sizeof(key)), RC_OK);
    uint8_t sealed[5 + CRYPTO_SEAL_EXTRA_BYTES];
    char plain[6] = "";
    assert_int_equal(crypto_seal(key, "user:1", 6, "hello", 5, sealed), RC_OK);
    assert_int_equal(crypto_open(key, "user:1", 6, sealed, sizeof(sealed), plain), RC_OK);
    assert_string_equal(plain, "hello");
    assert_int_equal(crypto_open(key, "user:2", 6, sealed, sizeof(sealed), plain), RC_INVALID);
    assert_int_equal(crypto_open(key, "user:1", 6, sealed, 10, plain), RC_INVALID);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        assert_int_equal(crypto_open(key, "user:1", 6, sealed, sizeof(sealed), plain), RC_INVALID);
        sealed[i] ^= 1;
    }
    key[0] ^= 1;
    assert_int_equal(crypto_open(key, "user:1", 6, sealed, sizeof(sealed), plain), RC_INVALID);
}

static void bases_rfc_4648(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *base32, *base64;
    } cases[] = {
        {"", "", ""},
        {"f", "MY", "Zg"},
        {"fo", "MZXQ", "Zm8"},
        {"foo", "MZXW6", "Zm9v"},
        {"foob", "MZXW6YQ", "Zm9vYg"},
        {"fooba", "MZXW6YTB", "Zm9vYmE"},
        {"foobar", "MZXW6YTBOI", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "7P774", "-__-"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t len = strlen(cases[i].plain);
        char out[32];
        uint8_t back[16];
        size_t back_len = 99;
        assert_string_equal(crypto_base32(cases[i].plain, len, out), cases[i].base32);
        assert_int_equal(crypto_unbase32(out, strlen(out), back, sizeof(back), &back_len), RC_OK);
        assert_int_equal(back_len, len);
        assert_memory_equal(back, cases[i].plain, len);
        assert_string_equal(crypto_base64url(cases[i].plain, len, out), cases[i].base64);
        assert_int_equal(crypto_unbase64url(out, strlen(out), back, sizeof(back), &back_len),
                         RC_OK);
        assert_int_equal(back_len, len);
        assert_memory_equal(back, cases[i].plain, len);
    }
    uint8_t bytes[4];
    size_t len = 0;
    assert_int_equal(crypto_unbase32("mzxw 6yq=", 9, bytes, 4, &len), RC_OK);
    assert_int_equal(crypto_unbase32("MZXW6YTB", 8, bytes, 4, &len), RC_TOO_LARGE);
    assert_int_equal(crypto_unbase32("M1", 2, bytes, 4, &len), RC_INVALID);
    assert_int_equal(crypto_unbase64url("A", 1, bytes, 4, &len), RC_INVALID);
    assert_int_equal(crypto_unbase64url("Zh", 2, bytes, 4, &len), RC_INVALID);
    assert_int_equal(crypto_unhex("0aFf", 4, bytes, 2), RC_OK);
    assert_int_equal(bytes[1], 0xFF);
    assert_int_equal(crypto_unhex("0aF", 3, bytes, 2), RC_INVALID);
    assert_int_equal(crypto_unhex("0aFg", 4, bytes, 2), RC_INVALID);
}

static void secrets_refuse_odd_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/pw_secret_XXXXXX";
    assert_non_null(mkdtemp(folder));
    char file[64];
    char link_path[64];
    (void)snprintf(file, sizeof(file), "%s/a", folder);
    (void)snprintf(link_path, sizeof(link_path), "%s/b", folder);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    (void)fputs("s3cret\n", out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(symlink(file, link_path), 0);
    char bytes[16];
    size_t len = 0;
    const char *why = "";
    assert_int_equal(chmod(file, 0604), 0);
    assert_int_equal(secret_read(file, bytes, sizeof(bytes), &len, &why), RC_FORBIDDEN);
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(secret_read(file, bytes, sizeof(bytes), &len, &why), RC_OK);
    assert_string_equal(bytes, "s3cret");
    assert_int_equal(len, 6);
    assert_int_equal(secret_read(file, bytes, 6, &len, &why), RC_TOO_LARGE);
    assert_int_equal(secret_read(link_path, bytes, sizeof(bytes), &len, &why), RC_IO);
    assert_string_equal(why, "it is a symbolic link, give the file itself");
    assert_int_equal(secret_read(folder, bytes, sizeof(bytes), &len, &why), RC_FORBIDDEN);
    assert_int_equal(truncate(file, 0), 0);
    assert_int_equal(secret_read(file, bytes, sizeof(bytes), &len, &why), RC_INVALID);
    assert_int_equal(unlink(link_path) | unlink(file) | rmdir(folder), 0);
}

/* RFC 4648 section 10, and that every value has one text. */
static void base64_rfc_4648(void **state)
{
    (void)state;
    static const char *const texts[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    static const char *const refused[] = {
        "Z", "Zg", "Zg=", "Zh==", "Zm9vYg= =", "Zm9v\n", "Zg===", "===="};
    char text[CRYPTO_BASE64_BYTES(6)];
    uint8_t bytes[6];
    size_t len = 0;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_string_equal(crypto_base64("foobar", i, text), texts[i]);
        assert_int_equal(crypto_unbase64(texts[i], strlen(texts[i]), bytes, 6, &len), RC_OK);
        assert_int_equal(len, i);
        assert_memory_equal(bytes, "foobar", i);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_int_equal(crypto_unbase64(refused[i], strlen(refused[i]), bytes, 6, &len),
                         RC_INVALID);
    }
    assert_int_equal(crypto_unbase64("Zm9vYmFy", 8, bytes, 5, &len), RC_TOO_LARGE);
}

static void sums_of_abc(void **state)
{
    (void)state;
    uint8_t sum[CRYPTO_SHA1_BYTES];
    char hex[CRYPTO_HASH_HEX_BYTES];
    crypto_sha1("abc", 3, sum);
    assert_string_equal(crypto_hex(sum, CRYPTO_SHA1_BYTES, hex),
                        "a9993e364706816aba3e25717850c26c9cd0d89d");
    crypto_md5("abc", 3, sum);
    assert_string_equal(crypto_hex(sum, CRYPTO_MD5_BYTES, hex), "900150983cd24fb0d6963f7d28e17f72");
}

/* The case of the official Java SDK of WeChat Pay (AeadAesCipherTest). */
static void gcm_known_answer(void **state)
{
    (void)state;
    const uint8_t *key = (const uint8_t *)"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
    const uint8_t *nonce = (const uint8_t *)"uluk4a9R25RW";
    uint8_t sealed[64];
    char plain[64] = "";
    size_t len = 0;
    const char *text = "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=";
    assert_int_equal(crypto_unbase64(text, strlen(text), sealed, sizeof(sealed), &len), RC_OK);
    assert_int_equal(crypto_gcm_open(key, nonce, "associatedData", 14, sealed, len, plain), RC_OK);
    assert_string_equal(plain, "message");
    assert_int_equal(crypto_gcm_open(key, nonce, "associatedDatb", 14, sealed, len, plain),
                     RC_INVALID);
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 1;
        assert_int_equal(crypto_gcm_open(key, nonce, "associatedData", 14, sealed, len, plain),
                         RC_INVALID);
        sealed[i] ^= 1;
    }
    assert_int_equal(crypto_gcm_open(key, nonce, NULL, 0, sealed, 15, plain), RC_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_rfc_4648),
        cmocka_unit_test(sums_of_abc),
        cmocka_unit_test(gcm_known_answer),
        cmocka_unit_test(sha256_fips_180),
        cmocka_unit_test(hmac_rfc_4231),
        cmocka_unit_test(totp_rfc_6238),
        cmocka_unit_test(totp_is_taken_once_and_only_near),
        cmocka_unit_test(passwords),
        cmocka_unit_test(seal_binds_key_place_and_bytes),
        cmocka_unit_test(bases_rfc_4648),
        cmocka_unit_test(secrets_refuse_odd_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
