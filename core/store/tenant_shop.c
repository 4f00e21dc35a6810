#include "core/store/tenant_shop.h"

#include <assert.h>

#include "core/store/tenant_access.h"

#define SHOPS                                                                                      \
    "SELECT s.id, a.id, COALESCE(u.number, ''), IF(COALESCE(u.shop_name, '') = '', a.name,"        \
    " u.shop_name), " TENANT_ROLE " AS role FROM account_supply o"                                 \
    " JOIN account a ON a.id = o.account_id AND a.state = 'open'"                                  \
    " JOIN supply s ON s.id = o.supply_id LEFT JOIN unit u ON u.id = s.unit_id"

static struct tenant_shop shop_of_row(const struct db_rows *rows, size_t at)
{
    return (struct tenant_shop){.supply_id = db_get_int(rows, at, 0),
                                .account_id = db_get_int(rows, at, 1),
                                .unit_number = db_get_text(rows, at, 2),
                                .shop_name = db_get_text(rows, at, 3),
                                .role = db_get_text(rows, at, 4)};
}

enum rc tenant_shops(struct db *db, struct arena *arena, int64_t tenant_user_id,
                     struct tenant_shop **ret_shops, size_t *ret_count)
{
    struct db_rows rows;
    struct db_value person = db_int(tenant_user_id);
    TRY(db_query(db, arena,
                 SHOPS " WHERE o.until_at IS NULL AND o.account_id IN (SELECT c.account_id"
                       " FROM tenant_user t JOIN contact c ON c.phone_hash = t.phone_hash"
                       " AND c.ended_at IS NULL AND c.phone_site WHERE t.id = ? UNION"
                       " SELECT b.account_id FROM tenant_binding b WHERE b.live_user = ?)"
                       " ORDER BY role = 'payer', u.number, s.id LIMIT 200",
                 DB_ARGS(person, person, person, person), TENANT_SHOPS_MAX, &rows));
    struct tenant_shop *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = shop_of_row(&rows, i);
    }
    *ret_shops = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc tenant_shop_find(struct db *db, struct arena *arena, int64_t tenant_user_id,
                         int64_t supply_id, struct tenant_shop *ret_shop)
{
    struct db_rows rows;
    struct db_value person = db_int(tenant_user_id);
    TRY(db_query(db, arena, SHOPS " WHERE o.live_supply = ? HAVING role IS NOT NULL",
                 DB_ARGS(person, person, db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_shop = shop_of_row(&rows, 0);
    return RC_OK;
}

enum rc tenant_bindings(struct db *db, struct arena *arena, int64_t tenant_user_id,
                        int64_t account_id, struct tenant_binding_view **ret_views,
                        size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT c.id, 'contact', 'tenant', c.name, c.phone_tail,"
                 " COALESCE(t.id = ?, FALSE), c.created_at FROM contact c"
                 " LEFT JOIN tenant_user t ON t.phone_hash = c.phone_hash"
                 " WHERE c.account_id = ? AND c.ended_at IS NULL AND c.phone_site"
                 " UNION ALL SELECT b.id, b.source, b.role, '', t.phone_tail, t.id = ?,"
                 " b.created_at FROM tenant_binding b JOIN tenant_user t ON t.id = b.live_user"
                 " WHERE b.account_id = ? ORDER BY 7, 1",
                 DB_ARGS(db_int(tenant_user_id), db_int(account_id), db_int(tenant_user_id),
                         db_int(account_id)),
                 TENANT_BINDINGS_MAX, &rows));
    struct tenant_binding_view *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct tenant_binding_view){.id = db_get_int(&rows, i, 0),
                                               .source = db_get_text(&rows, i, 1),
                                               .role = db_get_text(&rows, i, 2),
                                               .name = db_get_text(&rows, i, 3),
                                               .phone_tail = db_get_text(&rows, i, 4),
                                               .mine = db_get_int(&rows, i, 5) != 0,
                                               .since_at = db_get_time(&rows, i, 6)};
    }
    *ret_views = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc tenant_binding_insert(struct db *db, int64_t tenant_user_id, int64_t account_id,
                              const char *role, const char *source, int64_t added_by,
                              int64_t now_ms, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO tenant_binding (tenant_user_id, account_id, role, source, added_by,"
                   " created_at) VALUES (?, ?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(tenant_user_id), db_int(account_id), db_text(role),
                           db_text(source), db_int_or_null(added_by != 0, added_by),
                           db_time(now_ms)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc tenant_binding_end(struct db *db, int64_t account_id, int64_t binding_id, int64_t now_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE tenant_binding SET ended_at = ? WHERE id = ? AND account_id = ?"
                   " AND ended_at IS NULL",
                   DB_ARGS(db_time(now_ms), db_int(binding_id), db_int(account_id)), &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}

enum rc tenant_contact_leave(struct db *db, int64_t account_id, int64_t contact_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE contact SET phone_site = FALSE WHERE id = ? AND account_id = ?"
                   " AND ended_at IS NULL AND phone_site",
                   DB_ARGS(db_int(contact_id), db_int(account_id)), &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}
