/*
 * Inside core/pay: what a provider's driver is, and what drivers share.
 */
#ifndef PW_PAY_DRIVER_H
#define PW_PAY_DRIVER_H

#include "core/base/rsa.h"
#include "core/pay/provider.h"

#define PAY_FILE_BYTES_MAX ((size_t)64 << 10) /* of a certificate file */
#define PAY_TIME_MAX 40                       /* bytes of a time in any provider's form */

/* How the settings of one driver are read: problems name section and key. */
struct pay_opening {
    const struct config *config;
    struct arena *arena;
    struct text *problems;
    bool broken;
    int64_t now_ms;
};

struct pay_driver {
    enum pay_provider provider;
    const char *name;
    enum config_key base_url, merchant;
    const enum config_key *set_by; /* one of these set: the provider is wanted */
    size_t set_by_count;
    struct pay_reply success, refused, failed;
    /* Fills merchant->own, or adds problems. RC_MEMORY. */
    enum rc (*open)(struct pay_opening *opening, struct pay_merchant *merchant);
    void (*close)(struct pay_merchant *merchant);
    enum rc (*refresh)(struct pay_merchant *merchant, int64_t now_ms); /* NULL: nothing */
    enum rc (*ask)(const struct pay_merchant *merchant, struct arena *arena,
                   const struct pay_ask *ask, int64_t now_ms, struct pay_call *ret_call);
    enum rc (*read)(const struct pay_merchant *merchant, struct arena *arena,
                    const struct pay_ask *ask, const struct http_answer *answer, int64_t now_ms,
                    struct pay_answer *ret_answer);
    enum rc (*notice)(const struct pay_merchant *merchant, struct arena *arena,
                      const struct pay_notice_bytes *bytes, int64_t now_ms,
                      struct pay_notice *ret_notice);
    enum rc (*bill_ask)(const struct pay_merchant *merchant, struct arena *arena, int64_t now_ms,
                        struct pay_bill *bill);
    enum rc (*bill_read)(const struct pay_merchant *merchant, struct arena *arena,
                         const struct http_answer *answer, int64_t now_ms, struct pay_bill *bill);
};

extern const struct pay_driver pay_driver_wechat;
extern const struct pay_driver pay_driver_alipay;
extern const struct pay_driver pay_driver_unionpay;

struct pay_merchant {
    const struct pay_driver *driver;
    const char *key;
    const char *base_url;
    char notice_url[PAY_PATH_MAX];
    char refund_notice_url[PAY_PATH_MAX];
    bool scenes[PAY_SCENE__MAX];
    struct rsa_key *private_key;
    void *own; /* the driver's, in the arena of struct pay */
};

/* Adds "[section] key sentence" to the problems. */
void pay_problem(struct pay_opening *opening, enum config_key key, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A text that must be set; "" and a problem when it is not. */
const char *pay_setting(struct pay_opening *opening, enum config_key key);
/* True if the setting holds something; adds no problem. */
bool pay_is_set(const struct pay_opening *opening, enum config_key key);
/* Loads what a *_file setting names; a problem and NULL when it is not set or not what it should
   be. The key or certificate is the caller's. */
struct rsa_key *pay_private_key(struct pay_opening *opening, enum config_key key);
struct rsa_key *pay_public_key(struct pay_opening *opening, enum config_key key);
struct certificate *pay_certificate(struct pay_opening *opening, enum config_key key);
/* A public file as it is, NUL terminated, in the arena of the opening; NULL and a problem. */
const char *pay_file(struct pay_opening *opening, enum config_key key, size_t *ret_len);

/* Times of China (UTC+8, no summer time) by a pattern: Y M D h m s are digits, other characters
   stand for themselves. "YYYYMMDDhhmmss". Returns out. */
char *pay_time_write(const char *pattern, int64_t at_ms, char out[PAY_TIME_MAX]);
/* Back; text may go on behind the pattern. RC_INVALID. */
enum rc pay_time_read(const char *pattern, const char *text, int64_t *ret_at_ms) MUST_CHECK;
/* A provider's text of digits as fen, or yuan with at most two decimals; positive unless allowed.
   RC_INVALID. */
enum rc pay_fen_read(const char *text, int64_t *ret_fen) MUST_CHECK;
enum rc pay_yuan_read(const char *text, int64_t *ret_fen) MUST_CHECK;
/* "12.34" into the arena; NULL without memory. */
const char *pay_yuan_write(struct arena *arena, int64_t fen);
/* A fact with every text "". */
struct pay_fact pay_fact_empty(void);
/* Copies a text of at most max bytes; "" when it is NULL or longer. NULL without memory. */
const char *pay_copy(struct arena *arena, const char *s, size_t max);
/* The text of a finished struct text, moved into the arena. RC_MEMORY, RC_TOO_LARGE. */
enum rc pay_text_take(struct text *text, struct arena *arena, const char **ret_text) MUST_CHECK;
/* Scheme and authority of an address: "https://host:1"; its length, 0 if it is none. */
size_t pay_origin_len(const char *url);
/* A name of n characters 0-9 A-F, fresh. RC_IO. */
enum rc pay_nonce(char *out, size_t n) MUST_CHECK;

/* bill.c: text files. */
/* One more row; NULL: too many, or no memory (*ret_rc). */
struct pay_bill_row *pay_bill_row_add(struct pay_bill *bill, struct arena *arena, enum rc *ret_rc);
/* A bill that is not believed. */
enum rc pay_bill_refuse(struct pay_bill *bill, enum pay_refusal refusal, const char *code);
/* A signed amount of yuan with at most 2 .. 5 decimals, to the fen (fees may be finer). */
bool pay_decimal_read(const char *text, int decimals, int64_t *ret_fen);
/* GBK to UTF-8. RC_INVALID, RC_MEMORY. */
enum rc pay_gbk_read(struct arena *arena, const char *bytes, size_t len, const char **ret_text,
                     size_t *ret_len) MUST_CHECK;
/* Unpacks gzip or zlib. RC_INVALID, RC_TOO_LARGE, RC_MEMORY. */
enum rc pay_inflate(struct arena *arena, const char *bytes, size_t len, const char **ret_bytes,
                    size_t *ret_len) MUST_CHECK;

#define PAY_ZIP_ENTRIES_MAX 16
struct pay_zip_entry {
    const char *name; /* as it stands, for looking at only: never a path */
    const char *bytes;
    size_t len;
};
/* All entries of an archive, together at most PAY_BILL_BYTES_MAX. RC_INVALID, RC_TOO_LARGE,
   RC_MEMORY. */
enum rc pay_zip_read(struct arena *arena, const char *bytes, size_t len,
                     struct pay_zip_entry ret_entries[PAY_ZIP_ENTRIES_MAX],
                     size_t *ret_count) MUST_CHECK;

#endif
