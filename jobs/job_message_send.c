/*
 * Text messages on their way to a phone, by any service that takes {phone, text, id} as JSON.
 *
 *   pending -> sending, committed -> POST -> accepted | refused | unknown
 *
 * At most once: who was told "sending" and died, or got no answer, may have sent it; nobody tries
 * again. Codes are sealed in the row and wiped with its end; neither they nor phones are logged.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/failpoint.h"
#include "core/base/http_client.h"
#include "core/base/json.h"
#include "core/flow/phone.h"
#include "core/store/message.h"
#include "jobs/job.h"

#define MESSAGES_A_ROUND 20
#define PROVIDER "http"
#define SENDING_OLD_MS (HTTP_CLIENT_TOTAL_MS + INT64_C(7000))
#define TEXT_BYTES 1200
#define CODE_MAX 32

struct sender {
    struct http_client *client;
    uint8_t key[CRYPTO_KEY_BYTES];
};

static void sender_free(void *own)
{
    struct sender *sender = own;
    http_client_free(&sender->client);
    crypto_wipe(sender->key, sizeof(sender->key));
    free(sender);
}

static enum rc sender_open(struct job *job, struct sender **ret_sender)
{
    struct http_client_options options = {.under_way_max = 1};
    const char *why = "";
    struct sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL) {
        return RC_MEMORY;
    }
    enum rc rc = config_secret_key(job->config, CONFIG_security_field_key_file, sender->key, &why);
    if (rc != RC_OK) {
        text_printf(&job->why, "[security] field_key_file: %s", why);
    }
    rc = rc == RC_OK ? http_client_new(&options, &sender->client) : rc;
    if (rc != RC_OK) {
        sender_free(sender);
        return rc;
    }
    job->own = sender;
    job->own_free = sender_free;
    *ret_sender = sender;
    return RC_OK;
}

/* The text as it reads; a code is opened for it. */
static enum rc write_text(const struct sender *sender, const struct message_due *message,
                          struct text *out)
{
    char code[CODE_MAX] = "";
    bool english = strcmp(message->locale, "en") == 0;
    if (message->sealed_len == 0) {
        text_add_string(out, message->body);
        return text_result(out);
    }
    if (message->sealed_len <= CRYPTO_SEAL_EXTRA_BYTES ||
        message->sealed_len - CRYPTO_SEAL_EXTRA_BYTES >= sizeof(code)) {
        return RC_INVALID;
    }
    TRY(crypto_open(sender->key, message->phone.phone_hash, CONTACT_HASH_BYTES, message->sealed,
                    message->sealed_len, code));
    text_printf(out,
                english ? "%s is your log-in code, good for 5 minutes. Tell nobody."
                        : "登录验证码 %s，5 分钟内有效。请勿告诉他人。",
                code);
    crypto_wipe(code, sizeof(code));
    return text_result(out);
}

static enum rc write_request(const struct sender *sender, const struct message_due *message,
                             struct text *body)
{
    CLEANUP(text_release) struct text words;
    char phone[PHONE_BYTES];
    text_init(&words, TEXT_BYTES);
    TRY(phone_open(sender->key, &message->phone, phone));
    TRY(write_text(sender, message, &words));
    text_add_string(body, "{\"phone\":");
    text_add_json_string(body, phone, strlen(phone));
    text_add_string(body, ",\"text\":");
    text_add_json_string(body, text_string(&words), words.len);
    text_printf(body, ",\"id\":\"%lld\"}", (long long)message->id);
    crypto_wipe(phone, sizeof(phone));
    return text_result(body);
}

/* Their own number of it, "" when they say none. */
static const char *reference_of(struct arena *arena, const struct http_answer *answer)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    const char *id = "";
    if (json_parse(answer->body, answer->body_len, 4, &json) != RC_OK ||
        json_get_text(json, "id", 1, 64, &id) != RC_OK) {
        return "";
    }
    const char *copy = arena_copy_string(arena, id);
    return copy == NULL ? "" : copy;
}

static enum rc send_one(struct job *job, const struct sender *sender,
                        const struct message_due *message)
{
    CLEANUP(text_release) struct text body;
    struct http_answer answer;
    const char *why = "";
    text_init(&body, TEXT_BYTES * 2);
    enum rc rc = messages_set_sending(job->db, message->id, PROVIDER, clock_now_ms());
    if (rc == RC_CONFLICT) {
        return RC_OK;
    }
    TRY(rc);
    (void)FAILPOINT("message.sending");
    rc = write_request(sender, message, &body);
    if (rc != RC_OK) { /* sealed with another key, or no phone: it can never be sent */
        text_printf(&job->said, "message %lld cannot be written (%s)", (long long)message->id,
                    rc_name(rc));
        return messages_set_ended(job->db, message->id, "refused", "", clock_now_ms());
    }
    struct http_request request = {.method = "POST",
                                   .url = config_text(job->config, CONFIG_sms__http_base_url),
                                   .body = text_string(&body),
                                   .body_len = body.len};
    http_header_add(&request, "Content-Type", "application/json");
    http_header_add(&request, "Accept", "application/json");
    rc = http_client_call(sender->client, &request, &job->arena, &answer, &why);
    crypto_wipe(body.bytes, body.len);
    if (rc == RC_UNAVAILABLE) {
        text_printf(&job->why, "the service for text messages is not reached: %s", why);
        TRY(messages_set_pending(job->db, message->id));
        return rc;
    }
    const char *state = rc != RC_OK || answer.status >= 500            ? "unknown"
                        : answer.status >= 200 && answer.status <= 299 ? "accepted"
                                                                       : "refused";
    const char *reference = rc == RC_OK ? reference_of(&job->arena, &answer) : "";
    return messages_set_ended(job->db, message->id, state, reference, clock_now_ms());
}

enum rc job_message_send(struct job *job)
{
    struct sender *sender = job->own;
    struct message_due *messages = NULL;
    size_t count = 0;
    int64_t ended = 0;
    int64_t now_ms = clock_now_ms();
    TRY(messages_end_old(job->db, now_ms, now_ms - SENDING_OLD_MS, &ended));
    if (config_text(job->config, CONFIG_sms__http_base_url)[0] == '\0') {
        return RC_OK;
    }
    if (sender == NULL) {
        TRY(sender_open(job, &sender));
    }
    TRY(messages_due(job->db, &job->arena, now_ms, MESSAGES_A_ROUND, &messages, &count));
    for (size_t i = 0; i < count && !job_stopping(); i++) {
        TRY(send_one(job, sender, &messages[i]));
    }
    return RC_OK;
}
