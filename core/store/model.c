#include "core/store/model.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"

#define COLUMNS                                                                                    \
    "SELECT d.id, d.code, d.name, d.maturity, d.actions, d.capabilities, d.file_sha256,"           \
    " (SELECT COUNT(*) FROM meter m WHERE m.model_id = d.id AND m.state = 'in_service')"           \
    " FROM model d"

static struct model_row row_at(const struct db_rows *rows, size_t row)
{
    struct model_row model = {.id = db_get_int(rows, row, 0),
                              .code = db_get_text(rows, row, 1),
                              .name = db_get_text(rows, row, 2),
                              .maturity = db_get_text(rows, row, 3),
                              .actions = db_get_text(rows, row, 4),
                              .capabilities = db_get_text(rows, row, 5),
                              .meters = db_get_int(rows, row, 7)};
    assert(db_at(rows, row, 6)->len == sizeof(model.sha256));
    memcpy(model.sha256, db_at(rows, row, 6)->text, sizeof(model.sha256));
    return model;
}

enum rc models_list(struct db *db, struct arena *arena, struct model_row **ret_rows,
                    size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, COLUMNS " ORDER BY d.code", DB_NO_ARGS, MODELS_MAX, &rows));
    struct model_row *out = arena_take_array(arena, rows.count + 1, sizeof(*out));
    if (out == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        out[i] = row_at(&rows, i);
    }
    *ret_rows = out;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc models_find(struct db *db, struct arena *arena, const char *code, struct model_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena, COLUMNS " WHERE d.code = ?", DB_ARGS(db_text(code)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_row = row_at(&rows, 0);
    return RC_OK;
}

enum rc models_put(struct db *db, const struct model_row *row)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT INTO model (code, name, maturity, actions, capabilities, file_sha256,"
                      " seen_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE"
                      " name = VALUES(name), maturity = VALUES(maturity),"
                      " actions = VALUES(actions), capabilities = VALUES(capabilities),"
                      " file_sha256 = VALUES(file_sha256), seen_at = VALUES(seen_at)",
                      DB_ARGS(db_text(row->code), db_text(row->name), db_text(row->maturity),
                              db_text(row->actions), db_text(row->capabilities),
                              db_bytes(row->sha256, sizeof(row->sha256)), db_time(clock_now_ms())),
                      NULL);
}
