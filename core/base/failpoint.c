#include "core/base/failpoint.h"

#ifdef PW_FAILPOINTS

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/rc.h"
#include "core/base/text.h"

#define POINTS_MAX 8
#define NAME_MAX_BYTES 40

enum action { ACTION_KILL, ACTION_STOP, ACTION_TERM, ACTION_RETURN };

static const char *const action_names[] = {"kill", "stop", "term", "return"};

struct point {
    char name[NAME_MAX_BYTES];
    enum action action;
    int64_t at;
    bool onward;
    int64_t passed;
};

static struct point points[POINTS_MAX];
static size_t points_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* name=action@n+ */
static bool parse(const char *word, size_t len, struct point *point)
{
    const char *equals = memchr(word, '=', len);
    if (equals == NULL || equals == word || equals - word >= NAME_MAX_BYTES) {
        return false;
    }
    memcpy(point->name, word, (size_t)(equals - word));
    const char *action = equals + 1;
    size_t rest = len - (size_t)(action - word);
    const char *at = memchr(action, '@', rest);
    size_t action_len = at == NULL ? rest : (size_t)(at - action);
    point->at = 1;
    if (at != NULL) {
        size_t digits = rest - action_len - 1;
        point->onward = digits > 0 && at[digits] == '+';
        digits -= point->onward ? 1 : 0;
        if (text_parse_int(at + 1, digits, 1, 1000000, &point->at) != RC_OK) {
            return false;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(action_names); i++) {
        if (strlen(action_names[i]) == action_len &&
            memcmp(action, action_names[i], action_len) == 0) {
            point->action = (enum action)i;
            return true;
        }
    }
    return false;
}

static void load(void)
{
    const char *words = getenv("PW_FAILPOINT");
    while (words != NULL && words[0] != '\0' && points_count < POINTS_MAX) {
        size_t len = strcspn(words, ",");
        if (!parse(words, len, &points[points_count])) {
            abort(); /* a test that means nothing */
        }
        points_count++;
        words += len + (words[len] == ',' ? 1 : 0);
    }
}

/* ---- armed by a test */

static const char *armed_name; /* NULL: nothing is */
static int64_t armed_left;
static unsigned armed_code;

void failpoint_arm(const char *name, int64_t nth, unsigned code)
{
    armed_name = name;
    armed_left = nth;
    armed_code = code;
}

bool failpoint_is_armed(void)
{
    return armed_name != NULL;
}

unsigned failpoint_code(const char *name)
{
    if (armed_name == NULL || strcmp(armed_name, name) != 0 || --armed_left > 0) {
        return 0;
    }
    armed_name = NULL;
    return armed_code;
}

/* ---- armed by the environment */

bool failpoint_hit(const char *name)
{
    bool fail = failpoint_code(name) != 0;
    int sent = 0;
    (void)pthread_once(&once, load);
    (void)pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < points_count; i++) {
        struct point *point = &points[i];
        if (strcmp(point->name, name) != 0) {
            continue;
        }
        point->passed++;
        if (point->passed == point->at || (point->onward && point->passed > point->at)) {
            static const int signals[] = {SIGKILL, SIGSTOP, SIGTERM, 0};
            fail = fail || point->action == ACTION_RETURN;
            sent = signals[point->action];
        }
    }
    (void)pthread_mutex_unlock(&mutex);
    if (sent != 0) {
        (void)kill(getpid(), sent);
    }
    return fail;
}

#else
extern int failpoint_none; /* a file is not empty */
#endif
