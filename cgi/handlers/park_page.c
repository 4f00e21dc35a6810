/* Tree, search, alarms. */
#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/store/alarm_list.h"
#include "core/store/search.h"
#include "core/store/tree.h"

/* ---- tree */

SHAPE(tree_floor, "TreeFloor", struct tree_floor, F_ID(struct tree_floor, id, NEEDED),
      F_WORDS(struct tree_floor, code, NEEDED), F_WORDS(struct tree_floor, name, NEEDED),
      F_NUMBER(struct tree_floor, position, NEEDED), F_NUMBER(struct tree_floor, units, NEEDED));

struct building_item {
    int64_t id;
    const char *code;
    const char *name;
    const char *name_en;
    struct shape_list floors;
};

SHAPE(building_item, "TreeBuilding", struct building_item, F_ID(struct building_item, id, NEEDED),
      F_WORDS(struct building_item, code, NEEDED), F_WORDS(struct building_item, name, NEEDED),
      F_WORDS(struct building_item, name_en, NEEDED),
      F_LIST(struct building_item, floors, &shape_tree_floor));

SHAPE(tree_room, "TreeRoom", struct tree_room, F_ID(struct tree_room, id, NEEDED),
      F_WORDS(struct tree_room, code, NEEDED), F_WORDS(struct tree_room, name, NEEDED));

struct tree_reply {
    struct shape_list buildings;
    struct shape_list rooms;
};

SHAPE(tree, "Tree", struct tree_reply, F_LIST(struct tree_reply, buildings, &shape_building_item),
      F_LIST(struct tree_reply, rooms, &shape_tree_room));

enum rc handle_tree_show(struct request *request)
{
    struct tree tree;
    TRY(tree_get(request->db, request->arena, &tree));
    struct building_item *items =
        arena_take_array(request->arena, tree.buildings_count + 1, sizeof *items);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < tree.buildings_count; i++) {
        const struct tree_building *building = &tree.buildings[i];
        items[i] = (struct building_item){
            .id = building->id,
            .code = building->code,
            .name = building->name,
            .name_en = building->name_en,
            .floors = {building->floors, building->floors_count},
        };
    }
    struct tree_reply reply = {.buildings = {items, tree.buildings_count},
                               .rooms = {tree.rooms, tree.rooms_count}};
    return request_reply(request, 200, &reply);
}

/* ---- search */

struct search_input {
    const char *q;
};

SHAPE(search_input, "SearchQuery", struct search_input,
      F_TEXT(struct search_input, q, NEEDED, 1, 40));

static const char *const hit_kinds[] = {"unit", "meter", NULL};

SHAPE(search_row, "SearchHit", struct search_row,
      F_ENUM(struct search_row, kind, NEEDED, hit_kinds), F_ID(struct search_row, id, NEEDED),
      F_ID(struct search_row, supply_id, NEEDED), F_WORDS(struct search_row, unit_number, NEEDED),
      F_WORDS(struct search_row, shop_name, NEEDED),
      F_WORDS(struct search_row, meter_number, NEEDED),
      F_WORDS(struct search_row, building, NEEDED), F_WORDS(struct search_row, floor, NEEDED));

struct search_reply {
    struct shape_list items;
};

SHAPE(search, "SearchHits", struct search_reply,
      F_LIST(struct search_reply, items, &shape_search_row));

enum rc handle_search(struct request *request)
{
    const struct search_input *input = request->input;
    struct search_row *rows = NULL;
    size_t count = 0;
    TRY(search_find(request->db, request->arena, input->q, &rows, &count));
    struct search_reply reply = {.items = {rows, count}};
    return request_reply(request, 200, &reply);
}

/* ---- alarms */

static const char *const alarm_states[] = {"open", "closed", NULL};

struct alarm_input {
    const char *state;
    const char *cursor;
    int64_t limit;
};

SHAPE(alarm_input, "AlarmQuery", struct alarm_input,
      F_ENUM(struct alarm_input, state, OPTIONAL, alarm_states),
      F_TEXT(struct alarm_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct alarm_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

SHAPE(alarm, "Alarm", struct alarm_view, F_ID(struct alarm_view, id, NEEDED),
      F_WORDS(struct alarm_view, kind, NEEDED), F_WORDS(struct alarm_view, object_kind, NEEDED),
      F_NUMBER(struct alarm_view, object_id, NEEDED),
      F_WORDS(struct alarm_view, object_label, NEEDED),
      F_WORDS(struct alarm_view, title_zh, NEEDED), F_WORDS(struct alarm_view, title_en, NEEDED),
      F_WORDS(struct alarm_view, detail, NEEDED), F_INT(struct alarm_view, level, NEEDED, 1, 3),
      F_TIME(struct alarm_view, opened_at, NEEDED), F_TIME(struct alarm_view, closed_at, NULLABLE));

struct alarms_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(alarms, "Alarms", struct alarms_reply, F_LIST(struct alarms_reply, items, &shape_alarm),
      F_WORDS(struct alarms_reply, next_cursor, NULLABLE));

enum rc handle_alarm_list(struct request *request)
{
    const struct alarm_input *input = request->input;
    struct alarm_question question = {.state = input->state == NULL ? "" : input->state,
                                      .limit = park_limit(input->limit)};
    struct alarms_reply reply = {0};
    struct alarm_view *views = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(alarm_list(request->db, request->arena, &question, &views, &reply.items.count,
                   &reply.next_cursor));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}
