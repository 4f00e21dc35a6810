#include "cgi/counters.h"

#include <assert.h>
#include <sys/mman.h>

static const int64_t bounds_us[COUNTERS_BUCKETS - 1] = {5000, 10000, 20000, 50000, 100000, 500000};
static const char *const bound_names[COUNTERS_BUCKETS] = {"0.005", "0.01", "0.02", "0.05",
                                                          "0.1",   "0.5",  "+Inf"};

enum rc counters_new(struct counters **ret_counters)
{
    assert(routes_count <= COUNTERS_ROUTES_MAX);
    void *memory = mmap(NULL, sizeof(struct counters), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return RC_MEMORY;
    }
    *ret_counters = memory;
    return RC_OK;
}

void counters_answer(struct counters *counters, const struct route *route, int status,
                     int64_t took_us)
{
    size_t index = route == NULL ? COUNTERS_ROUTES_MAX : (size_t)(route - routes);
    struct counters_route *row = &counters->routes[index];
    int class = status / 100;
    atomic_fetch_add(&row->answers[class >= 0 && class <= 5 ? class : 0], 1);
    int bucket = 0;
    while (bucket < COUNTERS_BUCKETS - 1 && took_us > bounds_us[bucket]) {
        bucket++;
    }
    atomic_fetch_add(&row->bucket[bucket], 1);
    atomic_fetch_add(&row->sum_us, (uint64_t)(took_us < 0 ? 0 : took_us));
}

static void write_row(const struct counters_route *row, const char *role, const char *method,
                      const char *path, struct text *out)
{
    uint64_t total = 0;
    for (int i = 0; i < 6; i++) {
        uint64_t count = atomic_load(&row->answers[i]);
        total += count;
        if (count > 0) {
            text_printf(out,
                        "paywatt_http_requests_total{role=\"%s\",method=\"%s\",path=\"%s\","
                        "class=\"%dxx\"} %llu\n",
                        role, method, path, i, (unsigned long long)count);
        }
    }
    if (total == 0) {
        return;
    }
    uint64_t below = 0;
    for (int i = 0; i < COUNTERS_BUCKETS; i++) {
        below += atomic_load(&row->bucket[i]);
        text_printf(out,
                    "paywatt_http_request_seconds_bucket{role=\"%s\",method=\"%s\",path=\"%s\","
                    "le=\"%s\"} %llu\n",
                    role, method, path, bound_names[i], (unsigned long long)below);
    }
    uint64_t sum_us = atomic_load(&row->sum_us);
    text_printf(out,
                "paywatt_http_request_seconds_sum{role=\"%s\",method=\"%s\",path=\"%s\"} "
                "%llu.%06llu\n"
                "paywatt_http_request_seconds_count{role=\"%s\",method=\"%s\",path=\"%s\"} %llu\n",
                role, method, path, (unsigned long long)(sum_us / 1000000),
                (unsigned long long)(sum_us % 1000000), role, method, path,
                (unsigned long long)below);
}

void counters_write(const struct counters *counters, enum route_role role, struct text *out)
{
    const char *name = route_role_name(role);
    for (size_t i = 0; i < routes_count; i++) {
        if (routes[i].role == role) {
            write_row(&counters->routes[i], name, method_name(routes[i].method), routes[i].path,
                      out);
        }
    }
    write_row(&counters->routes[COUNTERS_ROUTES_MAX], name, "none", "none", out);
    const struct {
        const char *name;
        uint64_t value;
    } single[] = {
        {"paywatt_cgi_worker_deaths_total", atomic_load(&counters->worker_deaths)},
        {"paywatt_cgi_workers", atomic_load(&counters->workers)},
        {"paywatt_cgi_rate_limited_total", atomic_load(&counters->rate_limited)},
        {"paywatt_cgi_idempotent_replays_total", atomic_load(&counters->idempotent_replays)},
    };
    for (size_t i = 0; i < ARRAY_LEN(single); i++) {
        text_printf(out, "%s{role=\"%s\"} %llu\n", single[i].name, name,
                    (unsigned long long)single[i].value);
    }
}
