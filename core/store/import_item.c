/* The park as items: one row of SQL a noun; arguments are canonical texts in the order of `args`.
 */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/rules/pinyin.h"
#include "core/store/import.h"

#define NOUN_ROWS_MAX 50000
#define PINYIN_BYTES 81
#define PINYIN 100 /* an argument that is no column: initials of the shop's name */
#define END -1

struct noun_sql {
    const char *select; /* id, then the columns in their order */
    const char *insert;
    int insert_args[20];
    const char *update; /* the last argument is the id */
    int update_args[20];
    const char *remove[8]; /* each with the id; the thing itself last */
};

#define SITE "(SELECT MIN(id) FROM site)"

static const struct noun_sql nouns[IMPORT_NOUN__MAX] = {
    [IMPORT_SITE] = {"SELECT id, code, name, name_en, time_zone FROM site",
                     "INSERT INTO site (code, name, name_en, time_zone) VALUES (?, ?, ?, ?)",
                     {0, 1, 2, 3, END},
                     "UPDATE site SET code = ?, name = ?, name_en = ?, time_zone = ? WHERE id = ?",
                     {0, 1, 2, 3, END},
                     {"DELETE FROM site WHERE id = ?"}},
    [IMPORT_BUILDING] = {"SELECT id, code, name, name_en FROM building",
                         "INSERT INTO building (site_id, code, name, name_en) VALUES (" SITE
                         ", ?, ?, ?)",
                         {0, 1, 2, END},
                         "UPDATE building SET code = ?, name = ?, name_en = ? WHERE id = ?",
                         {0, 1, 2, END},
                         {"DELETE FROM building WHERE id = ?"}},
    [IMPORT_FLOOR] = {"SELECT f.id, b.code, f.code, f.name, CAST(f.position AS CHAR) FROM floor f"
                      " JOIN building b ON b.id = f.building_id",
                      "INSERT INTO floor (building_id, code, name, position) VALUES"
                      " ((SELECT id FROM building WHERE code = ?), ?, ?, ?)",
                      {0, 1, 2, 3, END},
                      "UPDATE floor SET building_id = (SELECT id FROM building WHERE code = ?),"
                      " code = ?, name = ?, position = ? WHERE id = ?",
                      {0, 1, 2, 3, END},
                      {"DELETE FROM floor WHERE id = ?"}},
    [IMPORT_UNIT] = {"SELECT u.id, u.number, b.code, f.code, u.trade, u.state, u.shop_name,"
                     " CONCAT(u.area_dm2 DIV 100, '.', LPAD(u.area_dm2 MOD 100, 2, '0'))"
                     " FROM unit u JOIN floor f ON f.id = u.floor_id"
                     " JOIN building b ON b.id = f.building_id",
                     "INSERT INTO unit (site_id, floor_id, number, trade, state, shop_name,"
                     " shop_pinyin, area_dm2) VALUES (" SITE
                     ", (SELECT f.id FROM floor f JOIN building b ON b.id = f.building_id"
                     " WHERE b.code = ? AND f.code = ?), ?, ?, ?, ?, ?,"
                     " CAST(? AS DECIMAL(20, 2)) * 100)",
                     {UNIT_BUILDING, UNIT_FLOOR, UNIT_NUMBER, UNIT_TRADE, UNIT_STATE,
                      UNIT_SHOP_NAME, PINYIN, UNIT_AREA, END},
                     "UPDATE unit SET floor_id = (SELECT f.id FROM floor f JOIN building b ON"
                     " b.id = f.building_id WHERE b.code = ? AND f.code = ?), number = ?,"
                     " trade = ?, state = ?, shop_name = ?, shop_pinyin = ?,"
                     " area_dm2 = CAST(? AS DECIMAL(20, 2)) * 100 WHERE id = ?",
                     {UNIT_BUILDING, UNIT_FLOOR, UNIT_NUMBER, UNIT_TRADE, UNIT_STATE,
                      UNIT_SHOP_NAME, PINYIN, UNIT_AREA, END},
                     {"DELETE FROM unit WHERE id = ?"}},
    [IMPORT_ROOM] = {"SELECT r.id, r.code, r.name, COALESCE(b.code, '') FROM room r"
                     " LEFT JOIN building b ON b.id = r.building_id",
                     "INSERT INTO room (site_id, code, name, building_id) VALUES (" SITE
                     ", ?, ?, (SELECT id FROM building WHERE code = ?))",
                     {0, 1, 2, END},
                     "UPDATE room SET code = ?, name = ?,"
                     " building_id = (SELECT id FROM building WHERE code = ?) WHERE id = ?",
                     {0, 1, 2, END},
                     {"DELETE FROM room WHERE id = ?"}},
    [IMPORT_GATEWAY] = {"SELECT g.id, g.code, g.name, COALESCE(r.code, ''), g.host FROM gateway g"
                        " LEFT JOIN room r ON r.id = g.room_id",
                        "INSERT INTO gateway (site_id, code, name, room_id, host) VALUES (" SITE
                        ", ?, ?, (SELECT id FROM room WHERE code = ?), ?)",
                        {0, 1, 2, 3, END},
                        "UPDATE gateway SET code = ?, name = ?,"
                        " room_id = (SELECT id FROM room WHERE code = ?), host = ? WHERE id = ?",
                        {0, 1, 2, 3, END},
                        {"DELETE FROM gateway WHERE id = ?"}},
    [IMPORT_LINE] = {"SELECT l.id, l.code, l.name, g.code, l.link, CAST(l.port AS CHAR), l.device,"
                     " CAST(l.baud AS CHAR), l.parity, CAST(l.stop_bits AS CHAR),"
                     " CAST(l.turnaround_ms AS CHAR), CAST(l.response_timeout_ms AS CHAR),"
                     " CAST(l.cycle_s AS CHAR), CAST(l.interval_s AS CHAR), CAST(l.shard AS CHAR)"
                     " FROM line l JOIN gateway g ON g.id = l.gateway_id",
                     "INSERT INTO line (code, name, gateway_id, link, port, device, baud, parity,"
                     " stop_bits, turnaround_ms, response_timeout_ms, cycle_s, interval_s, shard)"
                     " VALUES (?, ?, (SELECT id FROM gateway WHERE code = ?), ?, ?, ?, ?, ?, ?, ?,"
                     " ?, ?, ?, ?)",
                     {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, END},
                     /* Another endpoint may be another bus: the line is read-only again. */
                     "UPDATE line SET writable = (writable AND link = ? AND port = ? AND device = ?"
                     " AND gateway_id = (SELECT id FROM gateway WHERE code = ?)), code = ?,"
                     " name = ?, gateway_id = (SELECT id FROM gateway WHERE code = ?), link = ?,"
                     " port = ?, device = ?, baud = ?, parity = ?, stop_bits = ?,"
                     " turnaround_ms = ?, response_timeout_ms = ?, cycle_s = ?, interval_s = ?,"
                     " shard = ? WHERE id = ?",
                     {LINE_LINK, LINE_PORT, LINE_DEVICE, LINE_GATEWAY, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
                      10, 11, 12, 13, END},
                     {"DELETE FROM line_state WHERE line_id = ?",
                      "DELETE FROM line_history WHERE line_id = ?",
                      "DELETE FROM line WHERE id = ?"}},
    [IMPORT_METER] = {"SELECT m.id, m.number, l.code, CAST(m.address AS CHAR), d.code,"
                      " m.serial_number, CAST(m.ct_ratio AS CHAR), CAST(m.pt_ratio AS CHAR),"
                      " CAST(m.external_control AS CHAR) FROM meter m"
                      " JOIN line l ON l.id = m.line_id JOIN model d ON d.id = m.model_id"
                      " WHERE m.state = 'in_service'",
                      "INSERT INTO meter (number, line_id, address, model_id, serial_number,"
                      " ct_ratio, pt_ratio, external_control) VALUES"
                      " (?, (SELECT id FROM line WHERE code = ?), ?,"
                      " (SELECT id FROM model WHERE code = ?), ?, ?, ?, ?)",
                      {0, 1, 2, 3, 4, 5, 6, 7, END},
                      "UPDATE meter SET number = ?, line_id = (SELECT id FROM line WHERE code = ?),"
                      " address = ?, model_id = (SELECT id FROM model WHERE code = ?),"
                      " serial_number = ?, ct_ratio = ?, pt_ratio = ?, external_control = ?,"
                      " state = 'in_service' WHERE id = ?",
                      {0, 1, 2, 3, 4, 5, 6, 7, END},
                      {"DELETE FROM meter_state WHERE meter_id = ?",
                       "DELETE FROM meter_parameter WHERE meter_id = ?",
                       "DELETE FROM meter_health WHERE meter_id = ?",
                       "DELETE FROM meter WHERE id = ?"}},
    [IMPORT_SUPPLY] = {"SELECT s.id, COALESCE(u.number, ''), m.number, CAST(s.circuit AS CHAR),"
                       " CAST(s.protected AS CHAR), CAST(s.close_by_hand AS CHAR), s.billing_mode"
                       " FROM supply s JOIN meter m ON m.id = s.meter_id"
                       " LEFT JOIN unit u ON u.id = s.unit_id WHERE m.state = 'in_service'",
                       "INSERT INTO supply (unit_id, meter_id, circuit, protected, close_by_hand,"
                       " billing_mode) VALUES ((SELECT id FROM unit WHERE number = ?),"
                       " (SELECT id FROM meter WHERE number = ?), ?, ?, ?, ?)",
                       {0, 1, 2, 3, 4, 5, END},
                       "UPDATE supply SET unit_id = (SELECT id FROM unit WHERE number = ?),"
                       " meter_id = (SELECT id FROM meter WHERE number = ?), circuit = ?,"
                       " protected = ?, close_by_hand = ?, billing_mode = ?,"
                       " orders_version = orders_version + 1 WHERE id = ?",
                       {0, 1, 2, 3, 4, 5, END},
                       {"DELETE FROM supply WHERE id = ?"}},
};

static enum rc item_write(struct db *db, const struct import_item *item, const char *sql,
                          const int *columns, bool with_id, struct db_outcome *ret_outcome)
{
    struct db_value args[24];
    size_t count = 0;
    char pinyin[PINYIN_BYTES];
    for (; columns[count] != END; count++) {
        assert(count < ARRAY_LEN(args) - 1);
        const char *value = columns[count] == PINYIN ? pinyin_initials(item->values[UNIT_SHOP_NAME],
                                                                       pinyin, sizeof(pinyin))
                                                     : item->values[columns[count]];
        args[count] = db_text(value);
    }
    if (with_id) {
        args[count++] = db_int(item->id);
    }
    return db_execute(db, sql, args, count, ret_outcome);
}

enum rc import_item_insert(struct db *db, const struct import_item *item, int64_t *ret_id)
{
    assert(db_in_transaction(db) && item->noun < IMPORT_NOUN__MAX);
    const struct noun_sql *noun = &nouns[item->noun];
    struct db_outcome outcome;
    TRY(item_write(db, item, noun->insert, noun->insert_args, false, &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc import_item_update(struct db *db, const struct import_item *item)
{
    assert(db_in_transaction(db) && item->noun < IMPORT_NOUN__MAX && item->id > 0);
    const struct noun_sql *noun = &nouns[item->noun];
    struct db_outcome outcome;
    TRY(item_write(db, item, noun->update, noun->update_args, true, &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc import_item_delete(struct db *db, enum import_noun noun, int64_t id)
{
    assert(db_in_transaction(db) && noun < IMPORT_NOUN__MAX);
    for (size_t i = 0; i < ARRAY_LEN(nouns[noun].remove) && nouns[noun].remove[i] != NULL; i++) {
        TRY(db_execute(db, nouns[noun].remove[i], DB_ARGS(db_int(id)), NULL));
    }
    return RC_OK;
}

enum rc import_meter_unplug(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    return db_execute(db, "UPDATE meter SET state = 'retired' WHERE id = ?", DB_ARGS(db_int(id)),
                      NULL);
}

enum rc import_orders_of(struct db *db, struct arena *arena, enum import_noun noun, int64_t id,
                         int64_t *ret_orders)
{
    struct db_rows rows;
    assert(noun == IMPORT_METER || noun == IMPORT_SUPPLY);
    if (noun == IMPORT_METER) {
        TRY(db_query(db, arena, "SELECT COUNT(*) FROM command WHERE meter_id = ?",
                     DB_ARGS(db_int(id)), 1, &rows));
    } else {
        TRY(db_query(db, arena, "SELECT COUNT(*) FROM command WHERE supply_id = ?",
                     DB_ARGS(db_int(id)), 1, &rows));
    }
    *ret_orders = db_get_int(&rows, 0, 0);
    return RC_OK;
}

static enum rc items_of(struct db *db, struct arena *arena, enum import_noun noun,
                        struct db_rows *rows)
{
    TRY(db_query(db, arena, nouns[noun].select, DB_NO_ARGS, NOUN_ROWS_MAX, rows));
    assert(rows->columns == import_noun_info(noun)->columns_count + 1);
    return RC_OK;
}

/* Meters with an open order or a lock-out. */
static enum rc busy_mark(struct db *db, struct arena *arena, struct import_item *items,
                         size_t count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT meter_id FROM command WHERE state IN ('pending', 'taken', 'sent')"
                 " UNION SELECT s.meter_id FROM lock_out o JOIN supply s ON s.id = o.supply_id"
                 " WHERE o.state = 'active'",
                 DB_NO_ARGS, NOUN_ROWS_MAX, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        for (size_t k = 0; k < count; k++) {
            if (items[k].noun == IMPORT_METER && items[k].id == db_get_int(&rows, i, 0)) {
                items[k].busy = true;
            }
        }
    }
    return RC_OK;
}

enum rc import_park_load(struct db *db, struct arena *arena, struct import_park *ret_park)
{
    assert(db != NULL && arena != NULL && ret_park != NULL);
    struct db_rows rows[IMPORT_NOUN__MAX];
    size_t count = 0;
    for (int noun = 0; noun < IMPORT_NOUN__MAX; noun++) {
        TRY(items_of(db, arena, (enum import_noun)noun, &rows[noun]));
        count += rows[noun].count;
    }
    struct import_item *items = arena_take_array(arena, count + 1, sizeof(*items));
    struct import_item *item = items;
    for (int noun = 0; items != NULL && noun < IMPORT_NOUN__MAX; noun++) {
        for (size_t i = 0; i < rows[noun].count; i++, item++) {
            item->noun = (enum import_noun)noun;
            item->id = db_get_int(&rows[noun], i, 0);
            for (size_t k = 1; k < rows[noun].columns; k++) {
                item->values[k - 1] = db_get_text(&rows[noun], i, k);
            }
            item->key = import_key(item->noun, item->values, arena);
            if (item->key == NULL) {
                return RC_MEMORY;
            }
        }
    }
    struct db_rows models;
    TRY(db_query(db, arena, "SELECT code FROM model", DB_NO_ARGS, NOUN_ROWS_MAX, &models));
    const char **codes = arena_take_array(arena, models.count + 1, sizeof(*codes));
    if (items == NULL || codes == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < models.count; i++) {
        codes[i] = db_get_text(&models, i, 0);
    }
    TRY(busy_mark(db, arena, items, count));
    *ret_park = (struct import_park){
        .items = items, .count = count, .models = codes, .models_count = models.count};
    return RC_OK;
}
