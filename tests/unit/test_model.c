/* Model files: the shipped ones say what the reference says; each kind of mistake has one sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/model.h"
#include "poller/models_check.h"

#define MODELS PW_SOURCE_DIR "/poller/models"

static void load(const char *path, struct model *model)
{
    char error[MODELS_ERROR_MAX];
    enum rc rc = models_load_file(path, model, NULL, error);
    if (rc != RC_OK) {
        fail_msg("%s", error);
    }
}

static void assert_plan(const struct plan *plan, const char *wanted)
{
    char text[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < plan->count; i++) {
        int written = snprintf(text + len, sizeof(text) - len, "%s%04X x %u", i > 0 ? ", " : "",
                               (unsigned)plan->blocks[i].at, (unsigned)plan->blocks[i].count);
        assert_true(written > 0);
        len += (size_t)written;
    }
    assert_string_equal(text, wanted);
}

static void shipped_three_phase(void **state)
{
    (void)state;
    struct model model;
    char text[400];
    load(MODELS "/acrel-dtsy1352.json", &model);
    assert_string_equal(model.code, "acrel-dtsy1352");
    assert_int_equal(model.maturity, MODEL_EXPERIMENTAL);
    assert_plan(&model.fast, "0200 x 48");
    assert_plan(&model.slow, "0400 x 25, 0043 x 3, 0022 x 1"); /* money first */
    assert_plan(&model.tables_reads, "0028 x 6, 2000 x 42");
    assert_true(model.tables.present && model.tables.unverified);
    assert_plan(&model.identity_reads, "0022 x 1, 0043 x 3, 0200 x 1");
    assert_plan(&model.actions[COMMAND_TRIP].read_back, "0224 x 1, 0057 x 2");
    assert_plan(&model.actions[COMMAND_TRIP].read_back_external, "0224 x 1, 0057 x 2, 0204 x 3");
    assert_int_equal(model.actions[COMMAND_TRIP].travel_ms, 5000);
    assert_true(model.actions[COMMAND_TRIP].offered_external);
    assert_false(model.actions[COMMAND_CLOSE].offered_external);
    assert_false(model.actions[COMMAND_KEEP_ON].offered_external);
    assert_true(model.actions[COMMAND_RELEASE].offered_external);
    assert_int_equal(model_actions_text(&model, text, sizeof(text)), RC_OK);
    assert_string_equal(text, "trip,close,keep_on,release,read");
    assert_int_equal(model_actions_text(&model, text, 12), RC_TOO_LARGE);
    assert_int_equal(model_capabilities_text(&model, text, sizeof(text)), RC_OK);
    assert_non_null(strstr(text, "zero_purchase:unverified"));
    assert_null(strstr(text, "last_amount_register"));
    assert_int_equal(model.recipe_count, 3);
}

static void shipped_single_phase(void **state)
{
    (void)state;
    struct model model;
    load(MODELS "/acrel-ddsy1352.json", &model);
    assert_plan(&model.fast, "0200 x 48");
    assert_plan(&model.slow, "0400 x 25, 0043 x 3, 0022 x 1");
    assert_plan(&model.tables_reads, "2000 x 48");
    assert_int_equal(model.identity.wanted, 7);
    assert_null(model_find_point(&model, POINT_voltage_b));
    assert_int_equal(model_status_of_bits(&model, 0x2000, 0).relay, RELAY_CLOSED);
    assert_int_equal(model_status_of_bits(&model, 0x0009, 0).forced, FORCED_KEEP_ON);
}

static void orders_are_proved_by_conditions(void **state)
{
    (void)state;
    struct model model;
    struct reading r = {.present = 0};
    load(MODELS "/acrel-dtsy1352.json", &model);
    const struct model_action *trip = &model.actions[COMMAND_TRIP];
    const struct model_action *close = &model.actions[COMMAND_CLOSE];
    assert_false(model_conditions_hold(trip->confirm, trip->confirm_count, &r));
    reading_set(&r, POINT_status_bits, 0x0008);
    reading_set(&r, POINT_forced_enable, 1);
    reading_set(&r, POINT_forced_trip, 1);
    assert_true(model_conditions_hold(trip->confirm, trip->confirm_count, &r));
    reading_set(&r, POINT_status_bits, 0x2008); /* one pole hangs */
    assert_false(model_conditions_hold(trip->confirm, trip->confirm_count, &r));
    assert_string_equal(model_refusal(close, &r), "");
    reading_set(&r, POINT_status_bits, 0x0020);
    assert_string_equal(model_refusal(close, &r), "arrears");
    reading_set(&r, POINT_status_bits, 0xE000);
    reading_set(&r, POINT_forced_enable, 0);
    assert_true(model_conditions_hold(close->confirm, close->confirm_count, &r));
    /* behind a breaker only the current proves a trip */
    const struct model_condition *external = trip->confirm_external;
    reading_set(&r, POINT_status_bits, 0xE008);
    reading_set(&r, POINT_forced_enable, 1);
    reading_set(&r, POINT_current_a, 0);
    reading_set(&r, POINT_current_b, 0);
    reading_set(&r, POINT_current_c, 3000);
    assert_false(model_conditions_hold(external, trip->confirm_external_count, &r));
    reading_set(&r, POINT_current_c, 20);
    assert_true(model_conditions_hold(external, trip->confirm_external_count, &r));
}

/* A small good model; mistakes are made by replacing a piece of it. */
static const char good[] =
    "{\"model\":\"m-1\",\"name\":\"M\",\"maturity\":\"accepted\",\"block_max\":60,\"block_gap\":8,"
    "\"windows\":[{\"at\":0,\"count\":10}],"
    "\"identity\":{\"point\":\"identity.model_code\",\"equals\":5},"
    "\"points\":[{\"point\":\"identity.model_code\",\"at\":\"0x0000\",\"type\":\"u16\"},"
    "{\"point\":\"power.total\",\"at\":1,\"type\":\"i16\",\"scale\":-1},"
    "{\"point\":\"status.bits\",\"at\":2,\"type\":\"u16\"},"
    "{\"point\":\"identity.serial_number\",\"at\":4,\"type\":\"bcd12\"}],"
    "\"tables\":{\"zones\":\"0x28\",\"day_1\":8192,\"day_2\":8213},"
    "\"status\":{\"relay\":\"0x0001\"},"
    "\"actions\":{\"trip\":{\"write\":[{\"at\":9,\"values\":[1]}],"
    "\"confirm\":[{\"point\":\"status.bits\",\"mask\":1,\"equals\":0}],\"within_ms\":3000}},"
    "\"capabilities\":{\"purchase\":\"proven\"},"
    "\"recipes\":{\"purchase\":{\"function\":32,\"start\":256,\"registers\":2,\"reply_bytes\":15,"
    "\"fields\":[{\"name\":\"amount\",\"type\":\"u32\"}]}}}";

static char *replaced(const char *old, const char *new)
{
    const char *at = strstr(good, old);
    assert_non_null(at);
    size_t head = (size_t)(at - good);
    char *text = malloc(sizeof(good) + strlen(new));
    assert_non_null(text);
    memcpy(text, good, head);
    memcpy(text + head, new, strlen(new));
    memcpy(text + head + strlen(new), at + strlen(old), strlen(at + strlen(old)) + 1);
    return text;
}

static void the_small_model_is_good(void **state)
{
    (void)state;
    struct model model;
    char error[MODEL_ERROR_MAX];
    enum rc rc = model_parse(good, sizeof(good) - 1, &model, error);
    assert_string_equal(error, "");
    assert_int_equal(rc, RC_OK);
    assert_int_equal(model.maturity, MODEL_ACCEPTED);
    assert_int_equal(model.capabilities[CAPABILITY_PURCHASE], CAPABILITY_STATE_PROVEN);
    assert_int_equal(model.capabilities[CAPABILITY_ZERO_PURCHASE], CAPABILITY_STATE_ABSENT);
}

static const struct {
    const char *old, *new, *sentence;
} mistakes[] = {
    {"{\"model\":\"m-1\"", "[{\"model\":\"m-1\"", "the file is not one JSON object"},
    {"\"block_gap\":8,", "\"block_gap\":8,\"depth\":[[[[[[[[[[1]]]]]]]]]],",
     "the file is not one JSON object"},
    {"\"model\":\"m-1\"", "\"model\":\"M 1\"", "model may hold a-z, 0-9 and - only"},
    {"\"model\":\"m-1\",", "", "model is missing"},
    {"\"name\":\"M\"", "\"name\":7", "name must be a string"},
    {"\"name\":\"M\"", "\"name\":\"\\u0007\"", "name must be 1 to 80 bytes of plain text"},
    {"\"name\":\"M\"", "\"nome\":\"M\"", "nome is not a field that a model file may have here"},
    {"\"accepted\"", "\"good\"", "maturity must be experimental or accepted"},
    {"\"accepted\"", "\"accepted\",\"values\":\"real\"", "values must be primary or secondary"},
    {"\"block_max\":60", "\"block_max\":126", "block_max must be a whole number"},
    {"\"block_max\":60", "\"block_max\":6e1", "block_max must be a whole number"},
    {"\"count\":10", "\"count\":0", "windows[0].count must be a whole number"},
    {"\"at\":0,\"count\":10", "\"at\":65530,\"count\":10",
     "windows[0].count runs past the last register"},
    {"\"power.total\"", "\"power.totle\"", "points[1].point \"power.totle\" is not a known point"},
    {"\"power.total\"", "\"identity.model_code\"",
     "points[1].point \"identity.model_code\" is there twice"},
    {"\"at\":1,", "\"at\":65536,", "points[1].at must be a whole number"},
    {"\"at\":1,", "\"at\":\"0x\",", "points[1].at must be a whole number"},
    {"\"at\":1,", "\"at\":\"1\",", "points[1].at must be a whole number"},
    {"\"at\":1,", "", "points[1].at is missing"},
    {"\"at\":2,", "\"at\":1,", "points[2].at overlaps the point power.total"},
    {"\"at\":4,", "\"at\":65534,", "points[3].at is too high for its type"},
    {"\"i16\"", "\"float\"", "points[1].type \"float\" is not a type"},
    {"\"scale\":-1", "\"scale\":-5", "points[1].scale must be a whole number"},
    {"\"scale\":-1", "\"read\":\"often\"", "points[1].read must be fast, slow or order"},
    {"\"scale\":-1", "\"unverified\":1", "points[1].unverified must be true or false"},
    {"\"bcd12\"", "\"bcd12\",\"scale\":1", "points[3].scale must be 0 for bcd12"},
    {"\"zones\":\"0x28\",", "", "tables.zones is missing"},
    {"\"zones\":\"0x28\"", "\"zone\":\"0x28\"", "tables.zone is not a field"},
    {"\"day_2\":8213", "\"day_2\":8212", "tables.day_2 overlaps day_1"},
    {"\"zones\":\"0x28\"", "\"zones\":8187", "tables.day_1 overlaps zones"},
    {"\"day_2\":8213", "\"day_2\":65516", "tables.day_2 must be a whole number"},
    {"\"block_max\":60", "\"block_max\":20", "tables need a block_max of at least 21"},
    {"\"relay\":\"0x0001\"", "\"relay\":\"0x10001\"", "status.relay must be a whole number"},
    {"\"relay\":\"0x0001\"", "\"forced\":8", "status.forced needs forced_closed"},
    {"{\"point\":\"identity.model_code\",\"equals\":5}", "5", "identity must be an object"},
    {"\"equals\":5", "\"atmost\":5", "identity.atmost is not a field"},
    {"\"equals\":5", "\"equals\":5,\"at_most\":5", "identity must have either equals or at_most"},
    {"\"trip\"", "\"explode\"", "actions.explode is not an order"},
    {"\"trip\"", "\"read\"", "actions.read is not an order"},
    {"\"values\":[1]", "\"values\":[]", "actions.trip.write[0].values must hold 1 to 8 registers"},
    {"\"values\":[1]", "\"values\":[70000]", "actions.trip.write[0].values must be a whole"},
    {"\"mask\":1,\"equals\":0", "\"mask\":1,\"equals\":2",
     "actions.trip.confirm[0].equals has bits that its mask does not have"},
    {"{\"point\":\"status.bits\",\"mask\"", "{\"point\":\"forced.trip\",\"mask\"",
     "actions.trip.confirm[0].point \"forced.trip\" is not a point of this model"},
    {"\"confirm\":[{\"point\":\"status.bits\",\"mask\":1,\"equals\":0}],", "",
     "actions.trip.confirm is missing"},
    {"\"within_ms\":3000", "\"within_ms\":0", "actions.trip.within_ms must be a whole number"},
    {",{\"point\":\"identity.serial_number\",\"at\":4,\"type\":\"bcd12\"}", "",
     "actions need the point identity.serial_number"},
    {"\"purchase\":\"proven\"", "\"purchase\":\"yes\"",
     "capabilities.purchase must be \"proven\" or \"unverified\""},
    {"\"purchase\":\"proven\"", "\"fly\":\"proven\"", "capabilities.fly is not a known capability"},
    {"\"function\":32", "\"function\":170", "recipes.purchase.function must be a whole number"},
    {"\"registers\":2", "\"registers\":3", "recipes.purchase.fields are 4 bytes, but registers"},
    {"\"type\":\"u32\"}]", "\"type\":\"u64\"}]", "recipes.purchase.fields[0].type \"u64\""},
    {"\"reply_bytes\":15", "\"reply_bytes\":\"15\"", "recipes.purchase.reply_bytes must be"},
};

static void each_mistake_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        char *text = replaced(mistakes[i].old, mistakes[i].new);
        char error[MODEL_ERROR_MAX];
        struct model model = {.code = "untouched"};
        enum rc rc = model_parse(text, strlen(text), &model, error);
        if (rc != RC_INVALID ||
            strncmp(error, mistakes[i].sentence, strlen(mistakes[i].sentence)) != 0) {
            fail_msg("%s -> %s\nwanted %s\nbut got %s", mistakes[i].old, mistakes[i].new,
                     mistakes[i].sentence, error);
        }
        assert_string_equal(model.code, "untouched");
        free(text);
    }
}

static void broken_bytes(void **state)
{
    (void)state;
    struct model model;
    char error[MODEL_ERROR_MAX];
    for (size_t len = 0; len < sizeof(good) - 1; len++) { /* cut off anywhere */
        assert_int_equal(model_parse(good, len, &model, error), RC_INVALID);
        assert_true(error[0] != '\0');
    }
    char *huge = calloc(1, MODEL_FILE_MAX + 1);
    assert_non_null(huge);
    memset(huge, ' ', MODEL_FILE_MAX + 1);
    assert_int_equal(model_parse(huge, MODEL_FILE_MAX + 1, &model, error), RC_TOO_LARGE);
    assert_int_equal(model_parse(huge, MODEL_FILE_MAX, &model, error), RC_INVALID);
    free(huge);
    assert_int_equal(model_parse("{\"model\":\"\xff\"}", 13, &model, error), RC_INVALID);
    assert_int_equal(model_parse("{\"a\0b\":1}", 9, &model, error), RC_INVALID);
    assert_int_equal(model_parse("{} x", 4, &model, error), RC_INVALID);
}

static void too_many_reads(void **state)
{
    (void)state;
    char text[8192];
    char error[MODEL_ERROR_MAX];
    struct model model;
    int len = snprintf(text, sizeof(text),
                       "{\"model\":\"m\",\"name\":\"m\",\"maturity\":\"accepted\",\"block_max\":60,"
                       "\"block_gap\":8,\"identity\":{\"point\":\"identity.model_code\","
                       "\"equals\":5},\"points\":[");
    for (int i = 0; i <= PLAN_BLOCKS_MAX; i++) {
        enum point point = i == 0 ? POINT_model_code : (enum point)(POINT_voltage_a + i);
        len += snprintf(text + len, sizeof(text) - (size_t)len,
                        "%s{\"point\":\"%s\",\"at\":%d,\"type\":\"u16\"}", i > 0 ? "," : "",
                        point_name(point), 100 * i);
    }
    len += snprintf(text + len, sizeof(text) - (size_t)len, "]}");
    assert_int_equal(model_parse(text, (size_t)len, &model, error), RC_INVALID);
    assert_string_equal(error, "points need more than 16 reads");
}

static void a_folder_is_checked(void **state)
{
    (void)state;
    char folder[] = "/tmp/pw-models-XXXXXX";
    char path[64];
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    assert_int_equal(models_check(MODELS, out), RC_OK);
    assert_int_equal(models_check("/nonexistent", out), RC_IO);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(models_check(folder, out), RC_INVALID);
    (void)snprintf(path, sizeof(path), "%s/other.json", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(good, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(models_check(folder, out), RC_INVALID);
    assert_int_equal(remove(path), 0);
    assert_int_equal(remove(folder), 0);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "fast     0x0200 x 48\n"));
    assert_non_null(strstr(text, "order trip     write 0x0057 = 0001 0001"));
    assert_non_null(strstr(text, "/nonexistent: cannot be read"));
    assert_non_null(strstr(text, "holds no model file"));
    assert_non_null(strstr(text, "/other.json: model \"m-1\" must stand in a file named m-1.json"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_three_phase),
        cmocka_unit_test(shipped_single_phase),
        cmocka_unit_test(orders_are_proved_by_conditions),
        cmocka_unit_test(the_small_model_is_good),
        cmocka_unit_test(each_mistake_has_its_sentence),
        cmocka_unit_test(broken_bytes),
        cmocka_unit_test(too_many_reads),
        cmocka_unit_test(a_folder_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
