/*
 * What the tests of the payment providers share: known answers as data, and merchants opened from
 * settings and key files in a folder of their own.
 *
 * Known answers stand in tests/cases/pay; where the folder that PW_VECTORS names (or
 * ../shared/vectors) exists, each test runs over that too.
 */
#ifndef PW_TESTS_UNIT_PAY_FIXTURE_H
#define PW_TESTS_UNIT_PAY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "core/base/json.h"
#include "core/pay/driver.h"

#define DOCUMENTS_MAX 2
#define FILE_BYTES_MAX ((size_t)1 << 20)

struct documents {
    size_t count;
    struct json_object *list[DOCUMENTS_MAX];
};

static inline struct json_object *document_read(const char *folder, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    struct json_object *json = NULL;
    if (file == NULL) {
        return NULL;
    }
    char *bytes = malloc(FILE_BYTES_MAX);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    assert_int_equal(json_parse(bytes, len, JSON_DEPTH_MAX, &json), RC_OK);
    (void)fclose(file);
    free(bytes);
    return json;
}

static inline void documents_open(struct documents *documents, const char *name)
{
    const char *folder = getenv("PW_VECTORS");
    struct json_object *found[DOCUMENTS_MAX] = {
        document_read(PW_SOURCE_DIR "/tests/cases/pay", name),
        document_read(folder == NULL ? PW_SOURCE_DIR "/../shared/vectors" : folder, name)};
    documents->count = 0;
    assert_non_null(found[0]);
    for (size_t i = 0; i < DOCUMENTS_MAX; i++) {
        if (found[i] != NULL) {
            documents->list[documents->count++] = found[i];
        }
    }
}

static inline void documents_close(struct documents *documents)
{
    for (size_t i = 0; i < documents->count; i++) {
        json_release(&documents->list[i]);
    }
}

static inline const struct json_object *object_of(const struct json_object *json, const char *key)
{
    const struct json_object *object = NULL;
    assert_int_equal(json_get_object(json, key, &object), RC_OK);
    return object;
}

static inline const struct json_object *array_of(const struct json_object *json, const char *key)
{
    const struct json_object *array = NULL;
    assert_int_equal(json_get_array(json, key, 1000, &array), RC_OK);
    return array;
}

static inline const char *text_of(const struct json_object *json, const char *key)
{
    const char *text = NULL;
    assert_int_equal(json_get_text(json, key, 0, FILE_BYTES_MAX, &text), RC_OK);
    return text;
}

/* Present and true. */
static inline bool is_true(const struct json_object *json, const char *key)
{
    bool value = false;
    return json_get_bool(json, key, &value) == RC_OK && value;
}

static inline int64_t number_of(const char *text)
{
    int64_t number = 0;
    assert_int_equal(text_parse_int(text, strlen(text), 0, INT64_MAX, &number), RC_OK);
    return number;
}

struct fixture {
    char folder[64];
    struct arena arena;
    struct text ini;
    struct config *config;
    struct pay *pay;
};

static inline void fixture_begin(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/pw_pay.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    arena_init(&fixture->arena, (size_t)256 << 20);
    text_init(&fixture->ini, 65536);
    text_add_string(&fixture->ini, "[pay]\npublic_url = https://pay.example.com\n");
}

/* A file of mode 0600; its path is in the arena. */
static inline const char *fixture_file(struct fixture *fixture, const char *name,
                                       const char *content)
{
    const char *path = arena_printf(&fixture->arena, "%s/%s", fixture->folder, name);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(descriptor >= 0);
    size_t len = strlen(content);
    assert_int_equal(write(descriptor, content, len), len);
    (void)close(descriptor);
    return path;
}

/* "key = path" with a file of that content. */
static inline void fixture_key(struct fixture *fixture, const char *key, const char *content)
{
    text_printf(&fixture->ini, "%s = %s\n", key, fixture_file(fixture, key, content));
}

static inline enum rc fixture_try(struct fixture *fixture, int64_t now_ms, struct text *problems)
{
    const char *path = fixture_file(fixture, "ini", text_string(&fixture->ini));
    config_free(&fixture->config);
    enum rc rc = config_load(path, problems, &fixture->config);
    return rc == RC_OK ? pay_open(fixture->config, now_ms, problems, &fixture->pay) : rc;
}

static inline void fixture_open(struct fixture *fixture, int64_t now_ms)
{
    struct text problems;
    text_init(&problems, 65536);
    enum rc rc = fixture_try(fixture, now_ms, &problems);
    if (rc != RC_OK) {
        fail_msg("%s: %s", rc_name(rc), text_string(&problems));
    }
    text_release(&problems);
}

static inline void fixture_end(struct fixture *fixture)
{
    DIR *folder = opendir(fixture->folder);
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    (void)rmdir(fixture->folder);
    pay_close(&fixture->pay);
    config_free(&fixture->config);
    text_release(&fixture->ini);
    arena_release(&fixture->arena);
}

/* An archive with one file; its length. */
static inline size_t zip_make(const char *name, const char *text, size_t len, unsigned char *bytes,
                              size_t size)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *whole = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_source_keep(whole);
    zip_t *archive = zip_open_from_source(whole, ZIP_TRUNCATE, &error);
    assert_non_null(archive);
    assert_true(zip_file_add(archive, name, zip_source_buffer(archive, text, len, 0), 0) >= 0);
    assert_int_equal(zip_close(archive), 0);
    assert_int_equal(zip_source_open(whole), 0);
    zip_int64_t zip_len = zip_source_read(whole, bytes, size);
    assert_true(zip_len > 0 && (size_t)zip_len < size);
    (void)zip_source_close(whole);
    zip_source_free(whole);
    return (size_t)zip_len;
}

/* An ask with everything that any provider needs. */
static inline struct pay_ask ask_of(enum pay_op op, int64_t created_at_ms)
{
    return (struct pay_ask){.op = op,
                            .order_number = "EV20260102030405000001",
                            .amount_fen = 1234,
                            .created_at_ms = created_at_ms,
                            .scene = PAY_SCENE_QR,
                            .subject = "预付费电量",
                            .expires_at_ms = created_at_ms + INT64_C(900000),
                            .client_ip = "203.0.113.9",
                            .openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
                            .return_url = "https://pay.example.com/m/",
                            .refund_number = "RF20260102030405000001",
                            .refund_fen = 234,
                            .refund_at_ms = created_at_ms + INT64_C(3600000),
                            .reason = "退款"};
}

#endif
