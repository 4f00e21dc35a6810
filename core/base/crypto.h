/*
 * Cryptography, thin over OpenSSL and libsodium; no scheme of our own.
 *
 * Keys are 32 bytes. Lengths are public, contents compared in constant time. Functions without enum
 * rc cannot fail except by a broken library, which is asserted. All are thread safe.
 */
#ifndef PW_BASE_CRYPTO_H
#define PW_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"

#define CRYPTO_KEY_BYTES 32
#define CRYPTO_HASH_BYTES 32 /* SHA-256 */
#define CRYPTO_SHA1_BYTES 20
#define CRYPTO_MD5_BYTES 16
#define CRYPTO_GCM_NONCE_BYTES 12
#define CRYPTO_GCM_TAG_BYTES 16
#define CRYPTO_HASH_HEX_BYTES 65       /* its hex form with NUL */
#define CRYPTO_SEAL_EXTRA_BYTES 40     /* nonce 24 and tag 16: sealed length less plain length */
#define CRYPTO_PASSWORD_HASH_BYTES 128 /* encoded argon2id with NUL */
#define CRYPTO_PASSWORD_MAX 128        /* bytes of a password */
#define CRYPTO_TOTP_STEP_MS 30000
#define CRYPTO_TOTP_SECRET_BYTES 20
#define SECRET_FILE_MAX 4096

/* Fills with random bytes of the system (getrandom). RC_IO. */
enum rc crypto_random(void *out, size_t len) MUST_CHECK;
/* Wipes in a way the compiler keeps. */
void crypto_wipe(void *bytes, size_t len);

/* SHA-256 (FIPS 180-4). */
void crypto_sha256(const void *bytes, size_t len, uint8_t out[CRYPTO_HASH_BYTES]);
/* HMAC-SHA-256 (RFC 2104); key of any length. */
void crypto_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                        uint8_t out[CRYPTO_HASH_BYTES]);
/* SHA-1 and MD5 where a provider's format names them as check sums; never for security. */
void crypto_sha1(const void *bytes, size_t len, uint8_t out[CRYPTO_SHA1_BYTES]);
void crypto_md5(const void *bytes, size_t len, uint8_t out[CRYPTO_MD5_BYTES]);
/* True if equal, in constant time. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* Hashes a password with argon2id into its encoded form "$argon2id$v=19$m=...". len <=
   CRYPTO_PASSWORD_MAX. RC_MEMORY when memory_kib cannot be had. Takes tens to hundreds of
   milliseconds. */
enum rc crypto_password_hash(const char *password, size_t len, int64_t memory_kib, int64_t passes,
                             char ret_encoded[CRYPTO_PASSWORD_HASH_BYTES]) MUST_CHECK;
/* RC_OK if it is the password, RC_UNAUTHENTICATED if not (or the encoded form is not one),
 * RC_MEMORY. */
enum rc crypto_password_verify(const char *encoded, const char *password, size_t len) MUST_CHECK;
/* True if the encoded form was made with other costs than these. */
bool crypto_password_outdated(const char *encoded, int64_t memory_kib, int64_t passes);

/* Seals with XChaCha20-Poly1305: out = nonce, ciphertext, tag; needs len + CRYPTO_SEAL_EXTRA_BYTES.
   The associated data binds it to its place (table, column, row id) and must be the same to open.
   RC_IO without randomness. */
enum rc crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], const void *associated,
                    size_t associated_len, const void *plain, size_t len,
                    uint8_t *ret_sealed) MUST_CHECK;
/* Opens; ret_plain needs sealed_len - CRYPTO_SEAL_EXTRA_BYTES. RC_INVALID if key, data or bytes are
 * not right. */
enum rc crypto_open(const uint8_t key[CRYPTO_KEY_BYTES], const void *associated,
                    size_t associated_len, const uint8_t *sealed, size_t sealed_len,
                    void *ret_plain) MUST_CHECK;

/* AES-256-GCM (NIST SP 800-38D) as partners send it: ciphertext, then the tag of 16 bytes.
   ret_plain needs sealed_len - CRYPTO_GCM_TAG_BYTES; on failure it holds nothing. RC_INVALID,
   RC_MEMORY. */
enum rc crypto_gcm_open(const uint8_t key[CRYPTO_KEY_BYTES],
                        const uint8_t nonce[CRYPTO_GCM_NONCE_BYTES], const void *associated,
                        size_t associated_len, const uint8_t *sealed, size_t sealed_len,
                        void *ret_plain) MUST_CHECK;

/* Hex, lower case; out needs 2 * len + 1. Returns out. */
char *crypto_hex(const void *bytes, size_t len, char *out);
/* Exactly 2 * len hex digits, either case. RC_INVALID. */
enum rc crypto_unhex(const char *hex, size_t hex_len, void *ret_bytes, size_t len) MUST_CHECK;
/* Base32 (RFC 4648, upper case, no padding). out needs (len * 8 + 4) / 5 + 1. Returns out. */
char *crypto_base32(const void *bytes, size_t len, char *out);
/* Either case, blanks and padding allowed as people type them. RC_INVALID, RC_TOO_LARGE. */
enum rc crypto_unbase32(const char *text, size_t text_len, void *ret_bytes, size_t size,
                        size_t *ret_len) MUST_CHECK;
/* Base64url without padding (RFC 4648 section 5). out needs (len * 4 + 2) / 3 + 1. Returns out. */
char *crypto_base64url(const void *bytes, size_t len, char *out);
/* RC_INVALID, RC_TOO_LARGE. */
enum rc crypto_unbase64url(const char *text, size_t text_len, void *ret_bytes, size_t size,
                           size_t *ret_len) MUST_CHECK;

/* Bytes of the base64 of len bytes, NUL included. */
#define CRYPTO_BASE64_BYTES(len) (((len) + 2) / 3 * 4 + 1)
/* Base64 with padding (RFC 4648 section 4). out needs CRYPTO_BASE64_BYTES(len). Returns out. */
char *crypto_base64(const void *bytes, size_t len, char *out);
/* Padding needed, nothing else but the alphabet: one text a value. RC_INVALID, RC_TOO_LARGE. */
enum rc crypto_unbase64(const char *text, size_t text_len, void *ret_bytes, size_t size,
                        size_t *ret_len) MUST_CHECK;

/* HOTP/TOTP (RFC 4226, RFC 6238, SHA-1, 6 digits): the code of a step (time / 30 s), 0 .. 999999.
 */
int crypto_totp(const uint8_t *secret, size_t len, int64_t step);
/* Accepts the code of the step at now_ms or one beside it, if that step is after last_step (so once
   only). RC_UNAUTHENTICATED; the caller stores *ret_step under a row lock. code: 6 digits. */
enum rc crypto_totp_verify(const uint8_t *secret, size_t len, const char *code, int64_t now_ms,
                           int64_t last_step, int64_t *ret_step) MUST_CHECK;

/* Reads a secret file: regular, at most SECRET_FILE_MAX bytes, owned by us or root, no rights for
   group or others, no symbolic link at its end. One trailing newline is cut; a NUL is added. size
   >= 2. On failure *ret_why is a static sentence. RC_NOT_FOUND, RC_FORBIDDEN (rights),
   RC_TOO_LARGE, RC_INVALID (empty), RC_IO. */
enum rc secret_read(const char *path, char *ret_bytes, size_t size, size_t *ret_len,
                    const char **ret_why) MUST_CHECK;
/* Reads a key of 32 bytes written as 64 hex digits. */
enum rc secret_read_key(const char *path, uint8_t ret_key[CRYPTO_KEY_BYTES],
                        const char **ret_why) MUST_CHECK;

#endif
