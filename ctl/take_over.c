/* paywattctl take-over FILE: checks the sheet, waits until each meter was read again, commits. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/text.h"
#include "core/flow/take_over.h"
#include "core/store/take_over.h"
#include "ctl/ctl.h"

#define SHEET_BYTES_MAX ((size_t)1 << 20)
#define TIMEOUT_S 120
#define LOOK_MS 3000

struct taking {
    struct ctl *ctl;
    const char *name;
    const char *bytes;
    size_t len;
    const uint8_t *key;
    int64_t id;
    int64_t accepted[TAKE_OVER_ROWS_MAX];
    size_t accepted_count;
    struct command_refusal refusal;
};

struct tally {
    size_t taken;
    size_t waiting; /* not read again yet */
    size_t odd;     /* errors, and differences that nobody accepts */
};

static void file_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

static bool sheet_read(struct taking *taking)
{
    CLEANUP(file_close) FILE *file = fopen(taking->name, "re");
    char *bytes = file == NULL ? NULL : arena_take(&taking->ctl->arena, SHEET_BYTES_MAX + 1);
    if (bytes == NULL) {
        (void)ctl_fail("%s: %s", taking->name, strerror(errno));
        return false;
    }
    taking->len = fread(bytes, 1, SHEET_BYTES_MAX + 1, file);
    taking->bytes = bytes;
    if (ferror(file) || taking->len > SHEET_BYTES_MAX) {
        (void)ctl_fail("%s: it cannot be read, or has more than 1 MiB", taking->name);
        return false;
    }
    return true;
}

static enum rc check(struct db *db, void *context)
{
    struct taking *taking = context;
    return take_over_check(db, &taking->ctl->arena, &taking->ctl->actor, taking->key, taking->name,
                           taking->bytes, taking->len, &taking->id, &taking->refusal);
}

static enum rc commit(struct db *db, void *context)
{
    struct taking *taking = context;
    return take_over_commit(db, &taking->ctl->arena, &taking->ctl->actor, taking->id,
                            taking->accepted, taking->accepted_count, &taking->refusal);
}

static int failed(struct taking *taking)
{
    const char *code = taking->refusal.code;
    return code != NULL && code[0] != '\0'
               ? ctl_fail("%s: %s %s", taking->name, code, taking->refusal.field)
               : ctl_fail("%s: %s", taking->name, db_error(taking->ctl->db));
}

/* Counts the rows; accept: differences are taken down as accepted. show: prints what stays. */
static enum rc look(struct taking *taking, bool accept, bool show, struct tally *ret_tally)
{
    struct take_over_row *rows = NULL;
    size_t count = 0;
    struct tally tally = {0, 0, 0};
    TRY(take_over_rows_list(taking->ctl->db, &taking->ctl->arena, taking->id, &rows, &count));
    taking->accepted_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *verdict = rows[i].verdict;
        bool differs = strstr(verdict, "_differs") != NULL;
        if (strcmp(verdict, "taken") == 0) {
            tally.taken++;
        } else if (strcmp(verdict, "error") == 0 || (differs && !accept)) {
            tally.odd++;
        } else {
            tally.waiting++;
        }
        if (differs && accept) {
            taking->accepted[taking->accepted_count++] = rows[i].line_number;
        }
        if (show && strcmp(verdict, "taken") != 0) {
            (void)printf("%s:%lld: %s %s: %s %s\n", taking->name, (long long)rows[i].line_number,
                         rows[i].unit_number, rows[i].meter_number, verdict, rows[i].message_en);
        }
    }
    *ret_tally = tally;
    return RC_OK;
}

static enum rc take(struct taking *taking, bool accept, int64_t until_ms, struct tally *ret_tally)
{
    TRY(db_transact(taking->ctl->db, check, taking));
    TRY(look(taking, accept, false, ret_tally));
    while (ret_tally->waiting > 0 && clock_monotonic_ms() < until_ms && ctl_pause(LOOK_MS)) {
        TRY(db_transact(taking->ctl->db, commit, taking));
        TRY(look(taking, accept, false, ret_tally));
    }
    return look(taking, accept, true, ret_tally);
}

int ctl_take_over(struct ctl *ctl)
{
    uint8_t key[CRYPTO_KEY_BYTES];
    struct taking *taking = arena_take(&ctl->arena, sizeof(*taking));
    struct tally tally = {0, 0, 0};
    const char *timeout = ctl_option(ctl, "--timeout");
    int64_t timeout_s = TIMEOUT_S;
    if (taking == NULL || (timeout != NULL && text_parse_int(timeout, strlen(timeout), 0, 86400,
                                                             &timeout_s) != RC_OK)) {
        return ctl_fail("--timeout is a number of seconds");
    }
    taking->ctl = ctl;
    taking->name = ctl->words[0];
    taking->key = key;
    if (!sheet_read(taking) || !ctl_field_key(ctl, key) || !ctl_database_of_staff(ctl)) {
        return CTL_FAILED;
    }
    enum rc rc = take(taking, ctl_option(ctl, "--accept-differences") != NULL,
                      clock_monotonic_ms() + timeout_s * 1000, &tally);
    crypto_wipe(key, sizeof(key));
    if (rc != RC_OK) {
        return failed(taking);
    }
    (void)printf("%zu accounts opened, %zu wait for a reading, %zu need a person\n", tally.taken,
                 tally.waiting, tally.odd);
    return tally.waiting + tally.odd == 0 ? CTL_DONE : CTL_FAILED;
}
