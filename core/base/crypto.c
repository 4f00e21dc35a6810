#include "core/base/crypto.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(CRYPTO_PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "room for the encoded form");
_Static_assert(CRYPTO_SEAL_EXTRA_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES +
                                              crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce and tag");

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

/* Cheap after the first time, and thread safe. */
static void sodium_start(void)
{
    int started = sodium_init();
    assert(started >= 0);
}

enum rc crypto_random(void *out, size_t len)
{
    uint8_t *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return RC_IO;
        }
        at += got;
        len -= (size_t)got;
    }
    return RC_OK;
}

void crypto_wipe(void *bytes, size_t len)
{
    explicit_bzero(bytes, len);
}

void crypto_sha256(const void *bytes, size_t len, uint8_t out[CRYPTO_HASH_BYTES])
{
    const unsigned char *made = SHA256(len == 0 ? (const void *)"" : bytes, len, out);
    assert(made != NULL);
}

void crypto_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                        uint8_t out[CRYPTO_HASH_BYTES])
{
    unsigned int out_len = 0;
    const unsigned char *made = HMAC(EVP_sha256(), key, (int)key_len,
                                     len == 0 ? (const void *)"" : bytes, len, out, &out_len);
    assert(made != NULL && out_len == CRYPTO_HASH_BYTES);
}

static void digest(const EVP_MD *kind, const void *bytes, size_t len, uint8_t *out)
{
    int made = EVP_Digest(len == 0 ? (const void *)"" : bytes, len, out, NULL, kind, NULL);
    assert(made == 1);
}

void crypto_sha1(const void *bytes, size_t len, uint8_t out[CRYPTO_SHA1_BYTES])
{
    digest(EVP_sha1(), bytes, len, out);
}

void crypto_md5(const void *bytes, size_t len, uint8_t out[CRYPTO_MD5_BYTES])
{
    digest(EVP_md5(), bytes, len, out);
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

enum rc crypto_password_hash(const char *password, size_t len, int64_t memory_kib, int64_t passes,
                             char ret_encoded[CRYPTO_PASSWORD_HASH_BYTES])
{
    assert(password != NULL && len <= CRYPTO_PASSWORD_MAX && memory_kib > 0 && passes > 0);
    sodium_start();
    char encoded[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(encoded, password, len, (unsigned long long)passes,
                              (size_t)memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return RC_MEMORY;
    }
    memcpy(ret_encoded, encoded, sizeof(encoded));
    return RC_OK;
}

/* libsodium wants the whole buffer of its encoded form. False if the text is too long to be one. */
static bool encoded_load(char out[crypto_pwhash_STRBYTES], const char *encoded)
{
    size_t len = strlen(encoded);
    memset(out, 0, crypto_pwhash_STRBYTES);
    if (len >= crypto_pwhash_STRBYTES) {
        return false;
    }
    memcpy(out, encoded, len);
    return true;
}

enum rc crypto_password_verify(const char *encoded, const char *password, size_t len)
{
    assert(encoded != NULL && password != NULL);
    sodium_start();
    char whole[crypto_pwhash_STRBYTES];
    if (len > CRYPTO_PASSWORD_MAX || !encoded_load(whole, encoded)) {
        return RC_UNAUTHENTICATED;
    }
    errno = 0;
    if (crypto_pwhash_str_verify(whole, password, len) == 0) {
        return RC_OK;
    }
    return errno == ENOMEM ? RC_MEMORY : RC_UNAUTHENTICATED;
}

bool crypto_password_outdated(const char *encoded, int64_t memory_kib, int64_t passes)
{
    char whole[crypto_pwhash_STRBYTES];
    return !encoded_load(whole, encoded) ||
           crypto_pwhash_str_needs_rehash(whole, (unsigned long long)passes,
                                          (size_t)memory_kib * 1024) != 0;
}

enum rc crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], const void *associated,
                    size_t associated_len, const void *plain, size_t len, uint8_t *ret_sealed)
{
    sodium_start();
    uint8_t nonce[NONCE_BYTES];
    TRY(crypto_random(nonce, sizeof(nonce)));
    memcpy(ret_sealed, nonce, sizeof(nonce));
    int made = crypto_aead_xchacha20poly1305_ietf_encrypt(
        ret_sealed + NONCE_BYTES, NULL, plain, len, associated, associated_len, NULL, nonce, key);
    assert(made == 0);
    return RC_OK;
}

enum rc crypto_open(const uint8_t key[CRYPTO_KEY_BYTES], const void *associated,
                    size_t associated_len, const uint8_t *sealed, size_t sealed_len,
                    void *ret_plain)
{
    sodium_start();
    if (sealed_len < CRYPTO_SEAL_EXTRA_BYTES) {
        return RC_INVALID;
    }
    int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
        ret_plain, NULL, NULL, sealed + NONCE_BYTES, sealed_len - NONCE_BYTES, associated,
        associated_len, sealed, key);
    return opened == 0 ? RC_OK : RC_INVALID;
}

static void cipher_release(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}

enum rc crypto_gcm_open(const uint8_t key[CRYPTO_KEY_BYTES],
                        const uint8_t nonce[CRYPTO_GCM_NONCE_BYTES], const void *associated,
                        size_t associated_len, const uint8_t *sealed, size_t sealed_len,
                        void *ret_plain)
{
    if (sealed_len < CRYPTO_GCM_TAG_BYTES || sealed_len > INT32_MAX || associated_len > INT32_MAX) {
        return RC_INVALID;
    }
    CLEANUP(cipher_release) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context == NULL) {
        return RC_MEMORY;
    }
    int len = (int)(sealed_len - CRYPTO_GCM_TAG_BYTES);
    int out = 0;
    int rest = 0;
    uint8_t tag[CRYPTO_GCM_TAG_BYTES];
    memcpy(tag, sealed + len, sizeof(tag));
    bool opened = EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1;
    if (opened && associated_len > 0) {
        opened = EVP_DecryptUpdate(context, NULL, &out, associated, (int)associated_len) == 1;
    }
    out = 0;
    if (opened && len > 0) {
        opened = EVP_DecryptUpdate(context, ret_plain, &out, sealed, len) == 1;
    }
    opened = opened && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, sizeof(tag), tag) == 1 &&
             EVP_DecryptFinal_ex(context, (uint8_t *)ret_plain + out, &rest) == 1;
    if (!opened) {
        crypto_wipe(ret_plain, (size_t)len);
        return RC_INVALID;
    }
    return RC_OK;
}

char *crypto_hex(const void *bytes, size_t len, char *out)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = "0123456789abcdef"[from[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[from[i] & 15];
    }
    out[2 * len] = '\0';
    return out;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum rc crypto_unhex(const char *hex, size_t hex_len, void *ret_bytes, size_t len)
{
    uint8_t *out = ret_bytes;
    if (hex_len != len * 2) {
        return RC_INVALID;
    }
    for (size_t i = 0; i < hex_len; i++) {
        if (hex_digit(hex[i]) < 0) {
            return RC_INVALID;
        }
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    }
    return RC_OK;
}

/* Both base forms: bits of the bytes, high first, in groups of `width` (5 or 6). */
static char *group(const void *bytes, size_t len, unsigned width, const char *alphabet, char *out)
{
    const uint8_t *from = bytes;
    char *at = out;
    unsigned held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < len; i++) {
        held = (held << 8 | from[i]) & 0xFFFF;
        for (bits += 8; bits >= width; bits -= width) {
            *at++ = alphabet[held >> (bits - width) & ((1U << width) - 1)];
        }
    }
    if (bits > 0) {
        *at++ = alphabet[held << (width - bits) & ((1U << width) - 1)];
    }
    *at = '\0';
    return out;
}

/* value: what a character stands for, -1 none, -2 skip. */
static enum rc ungroup(const char *text, size_t text_len, unsigned width, int (*value)(char c),
                       void *ret_bytes, size_t size, size_t *ret_len)
{
    uint8_t *out = ret_bytes;
    size_t len = 0;
    unsigned held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < text_len; i++) {
        int digit = value(text[i]);
        if (digit == -2) {
            continue;
        }
        if (digit < 0) {
            return RC_INVALID;
        }
        held = (held << width | (unsigned)digit) & 0xFFFF;
        bits += width;
        if (bits >= 8) {
            if (len == size) {
                return RC_TOO_LARGE;
            }
            bits -= 8;
            out[len++] = (uint8_t)(held >> bits);
        }
    }
    if (bits >= width || (held & ((1U << bits) - 1)) != 0) {
        return RC_INVALID; /* a lone character, or bits that belong to no byte */
    }
    *ret_len = len;
    return RC_OK;
}

static const char base32_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *crypto_base32(const void *bytes, size_t len, char *out)
{
    return group(bytes, len, 5, base32_alphabet, out);
}

static int base32_value(char c)
{
    if (c == ' ' || c == '=' || c == '-') {
        return -2;
    }
    if (c >= 'a' && c <= 'z') {
        c = (char)(c - 'a' + 'A');
    }
    const char *at = c == '\0' ? NULL : strchr(base32_alphabet, c);
    return at == NULL ? -1 : (int)(at - base32_alphabet);
}

enum rc crypto_unbase32(const char *text, size_t text_len, void *ret_bytes, size_t size,
                        size_t *ret_len)
{
    return ungroup(text, text_len, 5, base32_value, ret_bytes, size, ret_len);
}

char *crypto_base64url(const void *bytes, size_t len, char *out)
{
    return group(bytes, len, 6, base64url_alphabet, out);
}

static int base64url_value(char c)
{
    const char *at = c == '\0' ? NULL : strchr(base64url_alphabet, c);
    return at == NULL ? -1 : (int)(at - base64url_alphabet);
}

enum rc crypto_unbase64url(const char *text, size_t text_len, void *ret_bytes, size_t size,
                           size_t *ret_len)
{
    return ungroup(text, text_len, 6, base64url_value, ret_bytes, size, ret_len);
}

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *crypto_base64(const void *bytes, size_t len, char *out)
{
    (void)group(bytes, len, 6, base64_alphabet, out);
    size_t text_len = strlen(out);
    while (text_len % 4 != 0) {
        out[text_len++] = '=';
    }
    out[text_len] = '\0';
    return out;
}

static int base64_value(char c)
{
    const char *at = c == '\0' ? NULL : strchr(base64_alphabet, c);
    return at == NULL ? -1 : (int)(at - base64_alphabet);
}

enum rc crypto_unbase64(const char *text, size_t text_len, void *ret_bytes, size_t size,
                        size_t *ret_len)
{
    if (text_len % 4 != 0) {
        return RC_INVALID;
    }
    for (int padding = 0; padding < 2 && text_len > 0 && text[text_len - 1] == '='; padding++) {
        text_len--;
    }
    return ungroup(text, text_len, 6, base64_value, ret_bytes, size, ret_len);
}

int crypto_totp(const uint8_t *secret, size_t len, int64_t step)
{
    uint8_t counter[8];
    for (int i = 0; i < 8; i++) {
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    }
    uint8_t mac[20];
    unsigned int mac_len = 0;
    const unsigned char *made =
        HMAC(EVP_sha1(), secret, (int)len, counter, sizeof(counter), mac, &mac_len);
    assert(made != NULL && mac_len == sizeof(mac));
    unsigned at = mac[19] & 15U;
    uint32_t number = (uint32_t)(mac[at] & 0x7F) << 24 | (uint32_t)mac[at + 1] << 16 |
                      (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    return (int)(number % 1000000);
}

enum rc crypto_totp_verify(const uint8_t *secret, size_t len, const char *code, int64_t now_ms,
                           int64_t last_step, int64_t *ret_step)
{
    assert(secret != NULL && code != NULL && ret_step != NULL);
    int typed = 0;
    for (int i = 0; i < 6; i++) {
        if (code[i] < '0' || code[i] > '9') {
            return RC_UNAUTHENTICATED;
        }
        typed = typed * 10 + (code[i] - '0');
    }
    if (code[6] != '\0') {
        return RC_UNAUTHENTICATED;
    }
    int64_t now_step = now_ms / CRYPTO_TOTP_STEP_MS;
    bool found = false;
    int64_t found_step = 0;
    for (int64_t step = now_step - 1; step <= now_step + 1; step++) {
        if (step > last_step && crypto_totp(secret, len, step) == typed && !found) {
            found = true;
            found_step = step;
        }
    }
    if (!found) {
        return RC_UNAUTHENTICATED;
    }
    *ret_step = found_step;
    return RC_OK;
}

static void descriptor_close(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
    }
}

static enum rc secret_open(const char *path, int *ret_descriptor, const char **ret_why)
{
    /* O_NONBLOCK: a FIFO put in its place must not hang us. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) {
        bool missing = errno == ENOENT;
        *ret_why = missing          ? "there is no such file"
                   : errno == ELOOP ? "it is a symbolic link, give the file itself"
                                    : "it cannot be opened by this user";
        return missing ? RC_NOT_FOUND : RC_IO;
    }
    struct stat state;
    enum rc rc = RC_OK;
    if (fstat(descriptor, &state) != 0) {
        *ret_why = "its rights cannot be read";
        rc = RC_IO;
    } else if (!S_ISREG(state.st_mode)) {
        *ret_why = "it is not a regular file";
        rc = RC_FORBIDDEN;
    } else if (geteuid() != 0 && state.st_uid != geteuid() && state.st_uid != 0) {
        *ret_why = "it belongs to neither this user nor root";
        rc = RC_FORBIDDEN;
    } else if ((state.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        *ret_why = "group or others have rights to it: chmod 0600 or 0400";
        rc = RC_FORBIDDEN;
    } else if (state.st_size > SECRET_FILE_MAX) {
        *ret_why = "it is too long for a secret";
        rc = RC_TOO_LARGE;
    }
    if (rc != RC_OK) {
        descriptor_close(&descriptor);
        return rc;
    }
    *ret_descriptor = descriptor;
    return RC_OK;
}

enum rc secret_read(const char *path, char *ret_bytes, size_t size, size_t *ret_len,
                    const char **ret_why)
{
    assert(path != NULL && ret_bytes != NULL && size >= 2 && ret_len != NULL && ret_why != NULL);
    CLEANUP(descriptor_close) int descriptor = -1;
    TRY(secret_open(path, &descriptor, ret_why));
    char bytes[SECRET_FILE_MAX + 2];
    size_t len = 0;
    enum rc rc = RC_OK;
    for (ssize_t got = 1; got > 0 && len < sizeof(bytes);) {
        got = read(descriptor, bytes + len, sizeof(bytes) - len);
        if (got < 0) {
            *ret_why = "it cannot be read";
            rc = RC_IO;
        } else {
            len += (size_t)got;
        }
    }
    if (rc == RC_OK && len > 0 && bytes[len - 1] == '\n') {
        len--;
    }
    if (rc == RC_OK && len == 0) {
        *ret_why = "it is empty";
        rc = RC_INVALID;
    } else if (rc == RC_OK && len >= size) {
        *ret_why = "it is too long for a secret";
        rc = RC_TOO_LARGE;
    }
    if (rc == RC_OK) {
        memcpy(ret_bytes, bytes, len);
        ret_bytes[len] = '\0';
        *ret_len = len;
    }
    crypto_wipe(bytes, sizeof(bytes));
    return rc;
}

enum rc secret_read_key(const char *path, uint8_t ret_key[CRYPTO_KEY_BYTES], const char **ret_why)
{
    char hex[2 * CRYPTO_KEY_BYTES + 1];
    size_t len = 0;
    enum rc rc = secret_read(path, hex, sizeof(hex), &len, ret_why);
    if (rc == RC_OK) {
        rc = crypto_unhex(hex, len, ret_key, CRYPTO_KEY_BYTES);
    }
    if (rc == RC_INVALID || rc == RC_TOO_LARGE) {
        *ret_why = "it must hold 64 hex digits";
    }
    crypto_wipe(hex, sizeof(hex));
    return rc;
}
