#include "tests/flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "tests/flow/rows.h"

#define TEXT_MAX ((size_t)1 << 20)
#define ARENA_MAX ((size_t)1 << 20)
#define SITE_STALE_MS 300000
#define FAULTS_MAX 400 /* no step has so many statements or pieces of memory */

static struct {
    const char *program;
    MYSQL *root;
    char *park;
    struct text expected; /* the whole file */
    struct text written;  /* what stands there from now on, PW_FLOW_WRITE */
    struct text ways;     /* steps with their answers that faults were tried on */
    struct db *roles[4];
} world;

static const char *const role_names[] = {"staff", "poller", "notify", "jobs"};

/* ---- the world of all cases */

static const char *env(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) {
        (void)fprintf(stderr, "%s is not set: run by tests/flow/server.py\n", name);
        exit(2);
    }
    return value;
}

static char *file_of(const char *name)
{
    char path[400];
    (void)snprintf(path, sizeof path, "%s/tests/flow/%s", PW_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return strdup("");
    }
    char *bytes = calloc(1, TEXT_MAX);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, TEXT_MAX - 1, file);
    (void)fclose(file);
    bytes[len] = '\0';
    return bytes;
}

static int world_begin(void **state)
{
    (void)state;
    char name[80];
    world.root = mysql_init(NULL);
    if (mysql_real_connect(world.root, NULL, "root", "", env("PW_FLOW_DATABASE"), 0,
                           env("PW_FLOW_SOCKET"), CLIENT_MULTI_STATEMENTS) == NULL) {
        (void)fprintf(stderr, "%s\n", mysql_error(world.root));
        return -1;
    }
    (void)mysql_set_character_set(world.root, "utf8mb4");
    world.park = file_of("park.sql");
    (void)snprintf(name, sizeof name, "expected/%s.txt", world.program);
    char *expected = file_of(name);
    text_init(&world.expected, TEXT_MAX);
    text_add_string(&world.expected, expected);
    free(expected);
    text_init(&world.written, TEXT_MAX);
    text_init(&world.ways, TEXT_MAX);
    rows_prepare(world.root);
    for (size_t i = 0; i < ARRAY_LEN(role_names); i++) {
        char user[40];
        (void)snprintf(user, sizeof user, "pw_%s", role_names[i]);
        struct db_options options = {.socket = env("PW_FLOW_SOCKET"),
                                     .name = env("PW_FLOW_DATABASE"),
                                     .user = user,
                                     .password = "flow"};
        if (db_open(&options, &world.roles[i]) != RC_OK) {
            return -1;
        }
    }
    return 0;
}

static int world_end(void **state)
{
    (void)state;
    if (getenv("PW_FLOW_WRITE") != NULL) {
        char path[400];
        (void)snprintf(path, sizeof path, "%s/tests/flow/expected/%s.txt", PW_SOURCE_DIR,
                       world.program);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        (void)fwrite(text_string(&world.written), 1, world.written.len, file);
        (void)fclose(file);
    }
    for (size_t i = 0; i < ARRAY_LEN(role_names); i++) {
        db_close(&world.roles[i]);
    }
    text_release(&world.expected);
    text_release(&world.written);
    text_release(&world.ways);
    free(world.park);
    rows_end();
    mysql_close(world.root);
    return 0;
}

/* ---- what steps are called with */

void flow_as(struct flow *flow, const char *role)
{
    for (size_t i = 0; i < ARRAY_LEN(role_names); i++) {
        if (strcmp(role_names[i], role) == 0) {
            flow->db = world.roles[i];
            return;
        }
    }
    fail_msg("no role %s", role);
}

struct delivery_reading flow_reading(const struct given *given)
{
    struct delivery_reading reading = {
        .read_at_mono_ms = clock_monotonic_ms() - given->reading_age_ms,
        .taken_at_ms = INT64_C(1767312000000), /* 2026-01-02 00:00 */
        .evidence = given->evidence,
        .power = !given->no_power,
    };
    text_copy(reading.serial_number, sizeof reading.serial_number,
              given->serial_number == NULL ? "230946805578" : given->serial_number);
    return reading;
}

void flow_say(struct flow *flow, const char *format, ...)
{
    char words[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(words, sizeof words, format, args);
    va_end(args);
    text_add_string(&flow->said, words);
}

struct running {
    struct flow *flow;
    db_work work;
};

static enum rc run_work(struct db *db, void *context)
{
    struct running *running = context;
    arena_reset(&running->flow->arena);
    return running->work(db, running->flow);
}

enum rc flow_transact(struct flow *flow, db_work work)
{
    struct running running = {.flow = flow, .work = work};
    return db_transact(flow->db, run_work, &running);
}

static struct actor actor_of(const char *name)
{
    static const struct actor people[] = {
        {.kind = ACTOR_USER, .id = 1, .name = "boss", .role = "administrator", .ip = "127.0.0.1"},
        {.kind = ACTOR_USER, .id = 2, .name = "clerk", .role = "finance", .ip = "127.0.0.1"},
        {.kind = ACTOR_USER, .id = 3, .name = "engineer", .role = "engineer", .ip = "127.0.0.1"},
        {.kind = ACTOR_SYSTEM, .id = 0, .name = "jobs", .role = "", .ip = ""},
        {.kind = ACTOR_TENANT, .id = 9, .name = "shop", .role = "", .ip = "127.0.0.1"},
    };
    for (size_t i = 0; name != NULL && i < ARRAY_LEN(people); i++) {
        if (strcmp(people[i].name, name) == 0) {
            return people[i];
        }
    }
    return people[1];
}

/* ---- one call */

static void set_up(const struct flow_case *flow_case)
{
    rows_run(world.root, world.park);
    if (flow_case->sql != NULL) {
        rows_run(world.root, flow_case->sql);
    }
}

struct fault {
    const char *point; /* NULL: none */
    unsigned code;
};

/* Calls the step once; the words: result, refusal, outputs. *ret_reached: the fault happened. */
static enum rc call(const struct flow_case *flow_case, const struct fault *fault, int64_t nth,
                    bool *ret_reached, struct text *words)
{
    struct flow flow = {.given = &flow_case->given,
                        .actor = actor_of(flow_case->given.actor),
                        .refusal = {.code = "-", .field = "-"}};
    arena_init(&flow.arena, ARENA_MAX);
    text_init(&flow.said, TEXT_MAX);
    text_printf(&flow.said, "%4000s", ""); /* has its memory before memory fails */
    text_clear(&flow.said);
    flow_as(&flow, "poller");
    command_configure(!flow_case->given.site_real, SITE_STALE_MS);
    clock_test_offset_ms(flow_case->given.offset_ms);
    if (fault != NULL) {
        failpoint_arm(fault->point, nth, fault->code);
    }
    enum rc rc = flow_case->step(&flow);
    if (ret_reached != NULL) {
        *ret_reached = !failpoint_is_armed();
    }
    failpoint_arm(NULL, 0, 0);
    clock_test_offset_ms(0);
    text_printf(words, "%s", rc_name(rc));
    if (flow.refusal.code[0] != '-' && flow.refusal.code[0] != '\0') {
        text_printf(words, " %s", flow.refusal.code);
    }
    if (flow.refusal.field[0] != '-' && flow.refusal.field[0] != '\0') {
        text_printf(words, " in %s", flow.refusal.field);
    }
    text_printf(words, "%s\n", text_string(&flow.said));
    text_release(&flow.said);
    arena_release(&flow.arena);
    assert_int_equal(text_result(words), RC_OK);
    return rc;
}

/* The step and what it left; and what it left alone. */
static void describe(const struct flow_case *flow_case, struct text *words, struct text *changes)
{
    struct rows before;
    struct rows after;
    rows_take(world.root, &before);
    (void)call(flow_case, NULL, 0, NULL, words);
    rows_take(world.root, &after);
    rows_add_changes(&before, &after, words);
    rows_add_changes(&before, &after, changes);
    rows_release(&before);
    rows_release(&after);
}

struct plain {
    struct text first;
    struct text changes; /* of the first call, without what it said */
    struct text again;
};

static void plain_release(struct plain *plain)
{
    text_release(&plain->first);
    text_release(&plain->changes);
    text_release(&plain->again);
}

/* The step, and the step again. */
static void plain_make(const struct flow_case *flow_case, struct plain *plain)
{
    CLEANUP(text_release) struct text unused;
    text_init(&unused, TEXT_MAX);
    text_init(&plain->first, TEXT_MAX);
    text_init(&plain->changes, TEXT_MAX);
    text_init(&plain->again, TEXT_MAX);
    set_up(flow_case);
    describe(flow_case, &plain->first, &plain->changes);
    describe(flow_case, &plain->again, &unused);
}

/* ---- plain: against the file */

/* The lines of a case between "== NAME" and the next one; "" if it has none. */
static char *expected_of(const char *name)
{
    char head[120];
    (void)snprintf(head, sizeof head, "== %s\n", name);
    const char *at = strstr(text_string(&world.expected), head);
    if (at == NULL) {
        return strdup("");
    }
    at += strlen(head);
    const char *end = strstr(at, "\n== ");
    return end == NULL ? strdup(at) : strndup(at, (size_t)(end + 1 - at));
}

static void test_plain(void **state)
{
    const struct flow_case *flow_case = *state;
    CLEANUP(plain_release) struct plain plain;
    CLEANUP(text_release) struct text whole;
    plain_make(flow_case, &plain);
    text_init(&whole, TEXT_MAX);
    text_printf(&whole, "%sagain: %s", text_string(&plain.first), text_string(&plain.again));
    text_printf(&world.written, "== %s\n%s", flow_case->name, text_string(&whole));
    if (getenv("PW_FLOW_WRITE") != NULL) {
        return;
    }
    char *expected = expected_of(flow_case->name);
    bool same = strcmp(expected, text_string(&whole)) == 0;
    if (!same) {
        print_error("%s\n-- expected\n%s-- is\n%s", flow_case->name, expected, text_string(&whole));
    }
    free(expected);
    assert_true(same);
}

/* ---- under faults */

static const struct {
    struct fault fault;
    const char *means;
    enum rc rc;      /* what the step must answer, unless it answers as without the fault */
    bool may_differ; /* may answer as without the fault: it ran again, or did without */
    bool kept;       /* what it did stays all the same */
} faults[] = {
    {{"db.statement", ER_GET_ERRNO}, "a statement that fails", RC_INTERNAL, false, false},
    {{"db.statement", CR_SERVER_LOST}, "a lost connection", RC_UNAVAILABLE, true, false},
    {{"db.statement", ER_LOCK_DEADLOCK}, "a deadlock", RC_RETRY, true, false},
    {{"db.commit", CR_SERVER_LOST}, "a COMMIT that never came", RC_UNKNOWN, false, false},
    {{"db.commit_reply", CR_SERVER_LOST}, "a COMMIT without answer", RC_UNKNOWN, false, true},
    {{"claim.commit_reply_lost", 1}, "a claim without answer", RC_UNKNOWN, false, true},
    {{"conf.commit_reply_lost", 1}, "a judgement without answer", RC_UNKNOWN, false, true},
    {{"memory", 1}, "no memory", RC_MEMORY, false, false},
};

/* The nth pass of a fault; false when the step never came so far. */
static bool one_fault(const struct flow_case *flow_case, size_t kind, int64_t nth,
                      const struct plain *plain)
{
    struct rows before;
    struct rows after;
    struct rows last;
    CLEANUP(text_release) struct text words;
    text_init(&words, TEXT_MAX);
    set_up(flow_case);
    rows_take(world.root, &before);
    bool reached = false;
    enum rc rc = call(flow_case, &faults[kind].fault, nth, &reached, &words);
    rows_take(world.root, &after);
    rows_add_changes(&before, &after, &words);
    bool as_ever = strcmp(text_string(&words), text_string(&plain->first)) == 0;
    bool kept = as_ever || faults[kind].kept;
    if (reached && !(as_ever && faults[kind].may_differ)) {
        if (rc != faults[kind].rc) {
            fail_msg("%s, pass %lld: answered %s", faults[kind].means, (long long)nth, rc_name(rc));
        }
        text_clear(&words);
        rows_add_changes(&before, &after, &words);
        if (!kept && words.len != 0) {
            fail_msg("%s, pass %lld: left behind\n%s", faults[kind].means, (long long)nth,
                     text_string(&words));
        }
        if (kept && strcmp(text_string(&plain->changes), text_string(&words)) != 0) {
            fail_msg("%s: left something else\n%s", faults[kind].means, text_string(&words));
        }
    }
    /* Once more without fault: as if nothing had been, or as if it was done before. */
    text_clear(&words);
    (void)call(flow_case, NULL, 0, NULL, &words);
    rows_take(world.root, &last);
    rows_add_changes(&after, &last, &words);
    const struct text *wanted = kept ? &plain->again : &plain->first;
    if (strcmp(text_string(&words), text_string(wanted)) != 0) {
        fail_msg("%s, pass %lld: then\n%s-- instead of\n%s", faults[kind].means, (long long)nth,
                 text_string(&words), text_string(wanted));
    }
    rows_release(&before);
    rows_release(&after);
    rows_release(&last);
    return reached;
}

/* True for the first case of a step that answers so: the others go the same way. */
static bool is_new_way(const struct flow_case *flow_case, const struct plain *plain)
{
    CLEANUP(text_release) struct text way;
    text_init(&way, TEXT_MAX);
    const char *answer = text_string(&plain->first);
    text_printf(&way, "\n%llx ", (unsigned long long)(uintptr_t)flow_case->step);
    text_add(&way, answer, strcspn(answer, "\n") + 1);
    if (world.ways.len > 0 && strstr(text_string(&world.ways), text_string(&way)) != NULL) {
        return false;
    }
    text_add_string(&world.ways, text_string(&way));
    return true;
}

static void test_faults(void **state)
{
    const struct flow_case *flow_case = *state;
    CLEANUP(plain_release) struct plain plain;
    plain_make(flow_case, &plain);
    const char *faulty = getenv("PW_FLOW_FAULTS");
    if (!is_new_way(flow_case, &plain) && (faulty == NULL || strcmp(faulty, "all") != 0)) {
        return;
    }
    for (size_t kind = 0; kind < ARRAY_LEN(faults); kind++) {
        int64_t nth = 1;
        while (one_fault(flow_case, kind, nth, &plain)) {
            nth++;
            assert_true(nth < FAULTS_MAX);
        }
    }
}

/* ---- program */

int flow_main(const char *program, const struct flow_case *cases, size_t count)
{
    struct CMUnitTest *tests = calloc(2 * count, sizeof *tests);
    char *names = calloc(count, 100);
    if (tests == NULL || names == NULL) {
        return 2;
    }
    size_t used = 0;
    const char *faulty = getenv("PW_FLOW_FAULTS");
    for (size_t i = 0; i < count; i++) {
        tests[used++] = (struct CMUnitTest){.name = cases[i].name,
                                            .test_func = test_plain,
                                            .initial_state = (void *)(uintptr_t)&cases[i]};
    }
    for (size_t i = 0; i < count && (faulty == NULL || faulty[0] != '0'); i++) {
        (void)snprintf(names + i * 100, 100, "%s_faults", cases[i].name);
        tests[used++] = (struct CMUnitTest){.name = names + i * 100,
                                            .test_func = test_faults,
                                            .initial_state = (void *)(uintptr_t)&cases[i]};
    }
    world.program = program;
    int failed = _cmocka_run_group_tests(program, tests, used, world_begin, world_end);
    free(tests);
    free(names);
    return failed == 0 ? 0 : 1;
}
