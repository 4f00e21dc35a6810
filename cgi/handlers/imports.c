/* Imports: dry run of an uploaded file, probe, commit, undo. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/query.h"
#include "cgi/shape.h"
#include "core/flow/import.h"
#include "core/store/field_summary.h"
#include "core/store/row.h"

static const char *const import_states[] = {"checked", "probing",   "committed",
                                            "undone",  "abandoned", NULL};
static const char *const verdicts[] = {"new", "change", "same", "error", NULL};
static const char *const probes[] = {"none", "waiting", "ok", "mismatch", "silent", NULL};

struct import_row_view {
    int64_t line_number;
    const char *noun;
    const char *key;
    const char *verdict;
    const char *message_zh;
    const char *message_en;
    const char *probe;
    const char *probe_text;
};

SHAPE(import_row, "ImportRow", struct import_row_view,
      F_NUMBER(struct import_row_view, line_number, NEEDED),
      F_WORDS(struct import_row_view, noun, NEEDED), F_WORDS(struct import_row_view, key, NEEDED),
      F_ENUM(struct import_row_view, verdict, NEEDED, verdicts),
      F_WORDS(struct import_row_view, message_zh, NEEDED),
      F_WORDS(struct import_row_view, message_en, NEEDED),
      F_ENUM(struct import_row_view, probe, NEEDED, probes),
      F_WORDS(struct import_row_view, probe_text, NULLABLE));

struct import_facts {
    int64_t id;
    const char *file_name;
    const char *sha256;
    const char *state;
    int64_t rows_total;
    int64_t rows_ok;
    int64_t rows_warning;
    int64_t rows_error;
    const char *created_by_name;
    int64_t created_at;
    int64_t committed_at;
    int64_t undone_at;
};

SHAPE(import_facts, "ImportFacts", struct import_facts, F_ID(struct import_facts, id, NEEDED),
      F_WORDS(struct import_facts, file_name, NEEDED), F_WORDS(struct import_facts, sha256, NEEDED),
      F_ENUM(struct import_facts, state, NEEDED, import_states),
      F_NUMBER(struct import_facts, rows_total, NEEDED),
      F_NUMBER(struct import_facts, rows_ok, NEEDED),
      F_NUMBER(struct import_facts, rows_warning, NEEDED),
      F_NUMBER(struct import_facts, rows_error, NEEDED),
      F_WORDS(struct import_facts, created_by_name, NEEDED),
      F_TIME(struct import_facts, created_at, NEEDED),
      F_TIME(struct import_facts, committed_at, NULLABLE),
      F_TIME(struct import_facts, undone_at, NULLABLE));

struct import_page {
    struct import_facts facts;
    struct shape_list rows;
};

SHAPE(import_page, "Import", struct import_page,
      F_EMBED(struct import_page, facts, &shape_import_facts),
      F_LIST(struct import_page, rows, &shape_import_row));

struct imports_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(imports, "Imports", struct imports_reply,
      F_LIST(struct imports_reply, items, &shape_import_facts),
      F_WORDS(struct imports_reply, next_cursor, NULLABLE));

struct imports_input {
    const char *cursor;
    int64_t limit;
};

SHAPE(imports_input, "ImportQuery", struct imports_input,
      F_TEXT(struct imports_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct imports_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct import_undo_input {
    const char *reason;
};

SHAPE(import_undo_input, "ImportUndo", struct import_undo_input,
      F_TEXT(struct import_undo_input, reason, NEEDED, 1, 200));

static struct import_facts facts_of(struct arena *arena, const struct import_record *record)
{
    struct import_facts facts = {.id = record->id,
                                 .file_name = record->file_name,
                                 .sha256 = arena_copy_string(arena, record->sha256_hex),
                                 .state = record->state,
                                 .rows_warning = record->probes_bad,
                                 .rows_error = record->rows[IMPORT_ERROR],
                                 .created_by_name = record->created_by_name,
                                 .created_at = record->created_at_ms,
                                 .committed_at = record->committed_at_ms,
                                 .undone_at = record->undone_at_ms};
    for (int i = 0; i < IMPORT_VERDICT__MAX; i++) {
        facts.rows_total += record->rows[i];
    }
    facts.rows_ok = facts.rows_total - facts.rows_warning - facts.rows_error;
    return facts;
}

static enum rc page_reply(struct request *request, int status, int64_t id)
{
    struct import_record record;
    struct import_row *rows = NULL;
    struct import_page page = {0};
    TRY(import_record_read(request->db, request->arena, id, false, &record));
    TRY(import_rows_read(request->db, request->arena, id, &rows, &page.rows.count));
    struct import_row_view *views =
        arena_take_array(request->arena, page.rows.count + 1, sizeof(*views));
    if (views == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < page.rows.count; i++) {
        views[i] = (struct import_row_view){
            .line_number = rows[i].line,
            .noun = rows[i].noun,
            .key = rows[i].key,
            .verdict = rows[i].verdict,
            .message_zh = rows[i].message_zh,
            .message_en = rows[i].message_en,
            .probe = rows[i].probe,
            .probe_text = rows[i].probe_text[0] == '\0' ? NULL : rows[i].probe_text};
    }
    page.facts = facts_of(request->arena, &record);
    page.rows.items = views;
    return request_reply(request, status, &page);
}

/* Answers with flow's sentence in the user's language. */
static enum rc refuse(struct request *request, enum rc rc, const struct import_why *why)
{
    if (rc == RC_OK || why->en[0] == '\0') {
        return rc;
    }
    bool zh = request->session.locale == NULL || strcmp(request->session.locale, "en") != 0;
    const char *sentence = arena_copy_string(request->arena, zh ? why->zh : why->en);
    return request_refuse(request, rc, rc == RC_INVALID ? "bad_request" : "conflict", "",
                          sentence == NULL ? "" : sentence);
}

/* Every shard is told to look: an import may touch any of them. */
static enum rc wake_all(struct request *request)
{
    struct line_summary *lines = NULL;
    size_t count = 0;
    TRY(line_summaries_read(request->db, request->arena, &lines, &count));
    size_t woken = 0;
    bool seen[1000] = {false};
    for (size_t i = 0; i < count && woken < REQUEST_AFTER_MAX; i++) {
        if (!seen[lines[i].shard]) {
            seen[lines[i].shard] = true;
            woken++;
            park_wake_after_commit(request, (int32_t)lines[i].shard);
        }
    }
    return RC_OK;
}

enum rc handle_import_create(struct request *request)
{
    const char *name = "";
    int64_t id = 0;
    struct import_why why;
    if (query_decode(request->arena, request->file_name, strlen(request->file_name), &name) !=
            RC_OK ||
        name[0] == '\0') {
        name = "park.csv";
    }
    if (request->body_len == 0) {
        return request_refuse(request, RC_INVALID, "bad_request", "",
                              "the body must be a CSV file");
    }
    enum rc rc = import_run_check(request->db, request->arena, &request->actor, name, request->body,
                                  request->body_len, &id, &why);
    TRY(refuse(request, rc, &why));
    return page_reply(request, 201, id);
}

enum rc handle_import_list(struct request *request)
{
    const struct imports_input *input = request->input;
    size_t limit = park_limit(input->limit);
    int64_t before_id = 0;
    struct import_record *records = NULL;
    size_t found = 0;
    struct imports_reply reply = {0};
    TRY(park_cursor(request, input->cursor, &before_id));
    TRY(import_record_list(request->db, request->arena, before_id == 0 ? INT64_MAX : before_id,
                           limit + 1, &records, &found));
    reply.items.count = found > limit ? limit : found;
    struct import_facts *facts =
        arena_take_array(request->arena, reply.items.count + 1, sizeof(*facts));
    if (facts == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < reply.items.count; i++) {
        facts[i] = facts_of(request->arena, &records[i]);
    }
    reply.items.items = facts;
    reply.next_cursor = row_cursor(request->arena, found, limit,
                                   reply.items.count == 0 ? 0 : facts[reply.items.count - 1].id);
    return request_reply(request, 200, &reply);
}

enum rc handle_import_show(struct request *request)
{
    struct import_record record;
    int64_t waiting = 0;
    TRY(import_record_read(request->db, request->arena, request->ids[0], false, &record));
    if (strcmp(record.state, "probing") == 0) {
        TRY(import_take_answers(request->db, request->arena, record.id, &waiting));
    }
    return page_reply(request, 200, record.id);
}

enum rc handle_import_probe(struct request *request)
{
    struct import_why why;
    int64_t asked = 0;
    enum rc rc = import_run_probe(request->db, request->arena, &request->actor, request->ids[0],
                                  &asked, &why);
    TRY(refuse(request, rc, &why));
    TRY(wake_all(request));
    return page_reply(request, 202, request->ids[0]);
}

enum rc handle_import_commit(struct request *request)
{
    struct import_why why;
    enum rc rc =
        import_run_commit(request->db, request->arena, &request->actor, request->ids[0], &why);
    TRY(refuse(request, rc, &why));
    TRY(wake_all(request));
    return page_reply(request, 200, request->ids[0]);
}

enum rc handle_import_undo(struct request *request)
{
    const struct import_undo_input *input = request->input;
    struct import_why why;
    enum rc rc = import_run_undo(request->db, request->arena, &request->actor, request->ids[0],
                                 input->reason, &why);
    TRY(refuse(request, rc, &why));
    TRY(wake_all(request));
    return page_reply(request, 200, request->ids[0]);
}
