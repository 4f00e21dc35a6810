#include <assert.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/pay/wechat_own.h"

static const enum config_key set_by[] = {
    CONFIG_pay__wechat_app_id,
    CONFIG_pay__wechat_merchant_id,
    CONFIG_pay__wechat_merchant_serial,
    CONFIG_pay__wechat_private_key_file,
    CONFIG_pay__wechat_api_key_file,
    CONFIG_pay__wechat_app_secret_file,
    CONFIG_pay__wechat_public_key_id,
    CONFIG_pay__wechat_public_key_file,
    CONFIG_pay__wechat_certificate_directory,
};

#define JSON_TYPE "application/json"
#define FAIL_BODY "{\"code\":\"FAIL\",\"message\":\"\xE5\xA4\xB1\xE8\xB4\xA5\"}"

const struct pay_driver pay_driver_wechat = {
    .provider = PAY_WECHAT,
    .name = "wechat",
    .base_url = CONFIG_pay__wechat_base_url,
    .merchant = CONFIG_pay__wechat_merchant,
    .set_by = set_by,
    .set_by_count = ARRAY_LEN(set_by),
    .success = {200, JSON_TYPE, "{\"code\":\"SUCCESS\",\"message\":\"\xE6\x88\x90\xE5\x8A\x9F\"}"},
    .refused = {400, JSON_TYPE, FAIL_BODY},
    .failed = {500, JSON_TYPE, FAIL_BODY},
    .open = wechat_open,
    .close = wechat_close,
    .refresh = wechat_refresh,
    .ask = wechat_ask,
    .read = wechat_read,
    .notice = wechat_notice,
    .bill_ask = wechat_bill_ask,
    .bill_read = wechat_bill_read,
};

const struct wechat_key *wechat_key_find(const struct wechat *wechat, const char *id,
                                         int64_t now_ms)
{
    for (size_t i = 0; i < wechat->key_count; i++) {
        const struct wechat_key *key = &wechat->keys[i];
        if (strcmp(key->id, id) == 0 &&
            (key->certificate == NULL || certificate_valid_at(key->certificate, now_ms))) {
            return key;
        }
    }
    return NULL;
}

static void file_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

static void directory_close(DIR **directory)
{
    if (*directory != NULL) {
        (void)closedir(*directory);
    }
}

/* One file of the directory. What is no certificate, or is held already, is passed over: jobs may
   be writing just now. */
static void certificate_take(struct wechat *wechat, const char *path)
{
    char bytes[8192];
    char decimal[RSA_SERIAL_MAX];
    struct wechat_key key = {.certificate = NULL};
    CLEANUP(file_close) FILE *file = fopen(path, "re");
    size_t len = file == NULL ? 0 : fread(bytes, 1, sizeof(bytes), file);
    if (len == 0 || certificate_load(bytes, len, &key.certificate) != RC_OK) {
        return;
    }
    bool held = certificate_serial(key.certificate, key.id, decimal) != RC_OK;
    for (size_t i = 0; !held && i < wechat->key_count; i++) {
        held = strcmp(wechat->keys[i].id, key.id) == 0;
    }
    if (held || wechat->key_count == WECHAT_KEYS_MAX ||
        certificate_key(key.certificate, &key.key) != RC_OK) {
        certificate_free(&key.certificate);
        return;
    }
    wechat->keys[wechat->key_count++] = key;
}

/* Certificates whose time is over make room. */
static void certificates_drop(struct wechat *wechat, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < wechat->key_count; i++) {
        struct wechat_key *key = &wechat->keys[i];
        if (key->certificate != NULL && !certificate_valid_at(key->certificate, now_ms)) {
            rsa_free(&key->key);
            certificate_free(&key->certificate);
        } else {
            wechat->keys[kept++] = *key;
        }
    }
    wechat->key_count = kept;
}

enum rc wechat_refresh(struct pay_merchant *merchant, int64_t now_ms)
{
    struct wechat *wechat = merchant->own;
    if (wechat->directory[0] == '\0') {
        return RC_OK;
    }
    CLEANUP(directory_close) DIR *directory = opendir(wechat->directory);
    certificates_drop(wechat, now_ms);
    if (directory == NULL) {
        return RC_OK; /* not made yet: then no certificate is known, which notices say */
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[PATH_MAX];
        size_t len = strlen(entry->d_name);
        int made = snprintf(path, sizeof(path), "%s/%s", wechat->directory, entry->d_name);
        if (len > 4 && strcmp(entry->d_name + len - 4, ".pem") == 0 && made > 0 &&
            (size_t)made < sizeof(path)) {
            certificate_take(wechat, path);
        }
    }
    certificates_drop(wechat, now_ms);
    return RC_OK;
}

static void secret_take(struct pay_opening *opening, enum config_key key, char *out, size_t size,
                        size_t *ret_len)
{
    const char *path = pay_setting(opening, key);
    const char *why = NULL;
    if (path[0] != '\0' && secret_read(path, out, size, ret_len, &why) != RC_OK) {
        pay_problem(opening, key, "cannot be used: %s (%s)", why, path);
    }
}

static void public_keys_open(struct pay_opening *opening, struct wechat *wechat)
{
    bool public_key = pay_is_set(opening, CONFIG_pay__wechat_public_key_id) ||
                      pay_is_set(opening, CONFIG_pay__wechat_public_key_file);
    wechat->public_key_id = "";
    wechat->directory = "";
    if (pay_is_set(opening, CONFIG_pay__wechat_certificate_directory)) {
        wechat->directory = pay_setting(opening, CONFIG_pay__wechat_certificate_directory);
    } else if (!public_key) {
        pay_problem(opening, CONFIG_pay__wechat_public_key_file,
                    "is missing (or certificate_directory, for platform certificates)");
    }
    if (!public_key) {
        return;
    }
    wechat->public_key_id = pay_setting(opening, CONFIG_pay__wechat_public_key_id);
    struct wechat_key *key = &wechat->keys[0];
    key->key = pay_public_key(opening, CONFIG_pay__wechat_public_key_file);
    wechat->key_count = key->key == NULL ? 0 : 1;
    text_copy(key->id, sizeof(key->id), wechat->public_key_id);
}

enum rc wechat_open(struct pay_opening *opening, struct pay_merchant *merchant)
{
    struct wechat *wechat = arena_take(opening->arena, sizeof(*wechat));
    if (wechat == NULL) {
        return RC_MEMORY;
    }
    merchant->own = wechat;
    if (pay_origin_len(merchant->base_url) != strlen(merchant->base_url)) {
        pay_problem(opening, CONFIG_pay__wechat_base_url, "must be a scheme and a host only");
    }
    wechat->app_id = pay_setting(opening, CONFIG_pay__wechat_app_id);
    wechat->mchid = pay_setting(opening, CONFIG_pay__wechat_merchant_id);
    wechat->serial = pay_setting(opening, CONFIG_pay__wechat_merchant_serial);
    wechat->authorize_url = pay_setting(opening, CONFIG_pay__wechat_authorize_url);
    wechat->openid_url = pay_setting(opening, CONFIG_pay__wechat_openid_url);
    merchant->private_key = pay_private_key(opening, CONFIG_pay__wechat_private_key_file);
    char api_key[SECRET_FILE_MAX];
    size_t len = 0;
    secret_take(opening, CONFIG_pay__wechat_api_key_file, api_key, sizeof(api_key), &len);
    if (len == CRYPTO_KEY_BYTES) {
        memcpy(wechat->api_key, api_key, CRYPTO_KEY_BYTES);
    } else if (len > 0) {
        pay_problem(opening, CONFIG_pay__wechat_api_key_file, "must hold exactly 32 characters");
    }
    crypto_wipe(api_key, sizeof(api_key));
    if (pay_is_set(opening, CONFIG_pay__wechat_app_secret_file)) {
        secret_take(opening, CONFIG_pay__wechat_app_secret_file, wechat->app_secret,
                    sizeof(wechat->app_secret), &len);
    }
    public_keys_open(opening, wechat);
    merchant->scenes[PAY_SCENE_QR] = true;
    merchant->scenes[PAY_SCENE_PHONE] = true;
    merchant->scenes[PAY_SCENE_PAGE] = true; /* a code on the screen */
    merchant->scenes[PAY_SCENE_IN_APP] = wechat->app_secret[0] != '\0';
    return wechat_refresh(merchant, opening->now_ms);
}

void wechat_close(struct pay_merchant *merchant)
{
    struct wechat *wechat = merchant->own;
    if (wechat == NULL) {
        return;
    }
    for (size_t i = 0; i < wechat->key_count; i++) {
        rsa_free(&wechat->keys[i].key);
        certificate_free(&wechat->keys[i].certificate);
    }
    crypto_wipe(wechat, sizeof(*wechat));
}
