/* The HTTP client against a server of a few lines: what arrives, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/http_client.h"

#define REQUEST_BYTES 8192

/* Serves connections one after the other; a request is answered, or read and hung up on. */
struct server {
    int listener;
    int port;
    pthread_t thread;
    _Atomic(const char *) answer; /* NULL: reads and hangs up */
    int keep;            /* requests of one connection that are answered before it hangs up */
    _Atomic int arrived; /* whole requests */
    _Atomic bool stop;
    char last[REQUEST_BYTES];
};

/* Reads head and body of one request; false when the peer is gone, or a new one waits while this
   one says nothing, or the server stops. */
static bool request_read(struct server *server, int socket, bool kept)
{
    char bytes[REQUEST_BYTES];
    size_t len = 0;
    while (!atomic_load(&server->stop)) {
        struct pollfd wait[2] = {{.fd = socket, .events = POLLIN},
                                 {.fd = server->listener, .events = POLLIN}};
        if (poll(wait, 2, 20) <= 0) {
            continue;
        }
        if (wait[0].revents == 0) {
            if (len == 0 && kept) {
                return false;
            }
            continue;
        }
        ssize_t got = recv(socket, bytes + len, sizeof(bytes) - 1 - len, 0);
        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        bytes[len] = '\0';
        const char *body = strstr(bytes, "\r\n\r\n");
        const char *length = strstr(bytes, "Content-Length: ");
        unsigned want = 0;
        if (length != NULL) {
            (void)sscanf(length, "Content-Length: %u", &want);
        }
        if (body != NULL && len - (size_t)(body + 4 - bytes) >= want) {
            memcpy(server->last, bytes, len + 1);
            atomic_fetch_add(&server->arrived, 1);
            return true;
        }
    }
    return false;
}

static void *serve(void *context)
{
    struct server *server = context;
    while (!atomic_load(&server->stop)) {
        struct pollfd wait = {.fd = server->listener, .events = POLLIN};
        if (poll(&wait, 1, 20) <= 0) {
            continue;
        }
        int socket = accept(server->listener, NULL, NULL);
        for (int i = 0; request_read(server, socket, i > 0); i++) {
            const char *answer = atomic_load(&server->answer);
            if (answer == NULL || i == server->keep) {
                break;
            }
            (void)send(socket, answer, strlen(answer), MSG_NOSIGNAL);
        }
        (void)close(socket);
    }
    return NULL;
}

static void server_start(struct server *server, const char *answer, int keep)
{
    memset(server, 0, sizeof(*server));
    atomic_store(&server->answer, answer);
    server->keep = keep;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listener >= 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    atomic_store(&server->stop, true);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
}

static enum rc call(struct http_client *client, int port, const char *method, const char *body,
                    struct arena *arena, struct http_answer *answer)
{
    char url[64];
    const char *why = NULL;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/pay?a=%%7C", port);
    struct http_request request = {
        .method = method, .url = url, .body = body, .body_len = body == NULL ? 0 : strlen(body)};
    http_header_add(&request, "Content-Type", "application/json");
    http_header_add(&request, "X-Test", "yes");
    enum rc rc = http_client_call(client, &request, arena, answer, &why);
    assert_true((rc == RC_OK) == (why == NULL));
    return rc;
}

static struct http_client *client_new(int64_t total_ms, size_t answer_max_bytes)
{
    struct http_client_options options = {.total_ms = total_ms,
                                          .answer_max_bytes = answer_max_bytes};
    struct http_client *client = NULL;
    assert_int_equal(http_client_new(&options, &client), RC_OK);
    return client;
}

static const char fine[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: a b \r\n"
                           "Connection: keep-alive\r\n\r\nhello";

static void answers_and_headers(void **state)
{
    (void)state;
    struct server server;
    struct arena arena;
    struct http_answer answer;
    arena_init(&arena, 1 << 20);
    server_start(&server, fine, 9);
    struct http_client *client = client_new(3000, 0);
    assert_int_equal(call(client, server.port, "POST", "{\"a\":1}", &arena, &answer), RC_OK);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "hello");
    assert_string_equal(http_header_get(answer.headers, answer.header_count, "x-one"), "a b");
    assert_non_null(strstr(server.last, "POST /pay?a=%7C HTTP/1.1\r\n"));
    assert_non_null(strstr(server.last, "X-Test: yes\r\n"));
    assert_non_null(strstr(server.last, "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(server.last, "Expect"));
    http_client_free(&client);
    server_stop(&server);
    arena_release(&arena);
}

/* The peer reads the request and hangs up: it may have acted, so it is asked exactly once. */
static void hung_up_is_unknown_and_asked_once(void **state)
{
    (void)state;
    struct server server;
    struct arena arena;
    struct http_answer answer;
    arena_init(&arena, 1 << 20);
    server_start(&server, NULL, 0);
    struct http_client *client = client_new(3000, 0);
    assert_int_equal(call(client, server.port, "POST", "pay", &arena, &answer), RC_UNKNOWN);
    assert_int_equal(atomic_load(&server.arrived), 1);
    http_client_free(&client);
    server_stop(&server);
    arena_release(&arena);
}

/* The trap: a kept connection is answered once and then hung up on. */
static void post_after_get_is_asked_once(void **state)
{
    (void)state;
    struct server server;
    struct arena arena;
    struct http_answer answer;
    arena_init(&arena, 1 << 20);
    server_start(&server, fine, 1);
    struct http_client *client = client_new(3000, 0);
    assert_int_equal(call(client, server.port, "GET", NULL, &arena, &answer), RC_OK);
    atomic_store(&server.answer,
                 NULL); /* its thread waits for a request on the kept connection, or a new one */
    assert_int_equal(call(client, server.port, "POST", "pay", &arena, &answer), RC_UNKNOWN);
    assert_int_equal(atomic_load(&server.arrived), 2);
    http_client_free(&client);
    server_stop(&server);
    arena_release(&arena);
}

static void nobody_listens_is_unavailable(void **state)
{
    (void)state;
    struct server server;
    struct arena arena;
    struct http_answer answer;
    arena_init(&arena, 1 << 20);
    server_start(&server, fine, 1);
    server_stop(&server);
    struct http_client *client = client_new(3000, 0);
    assert_int_equal(call(client, server.port, "POST", "pay", &arena, &answer), RC_UNAVAILABLE);
    struct http_request file = {.method = "GET", .url = "file:///etc/hostname"};
    const char *why = NULL;
    assert_int_equal(http_client_call(client, &file, &arena, &answer, &why), RC_INVALID);
    http_client_free(&client);
    arena_release(&arena);
}

static void slow_is_unknown_large_is_refused_redirect_is_not_followed(void **state)
{
    (void)state;
    struct server server;
    struct arena arena;
    struct http_answer answer;
    arena_init(&arena, 1 << 20);
    struct http_client *client = client_new(100, 0);
    server_start(&server, "", 9); /* never a byte */
    assert_int_equal(call(client, server.port, "POST", "pay", &arena, &answer), RC_UNKNOWN);
    assert_int_equal(atomic_load(&server.arrived), 1);
    server_stop(&server);
    http_client_free(&client);

    client = client_new(3000, 4);
    server_start(&server, fine, 9);
    assert_int_equal(call(client, server.port, "GET", NULL, &arena, &answer), RC_TOO_LARGE);
    server_stop(&server);
    http_client_free(&client);

    client = client_new(3000, 0);
    server_start(&server,
                 "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
                 9);
    assert_int_equal(call(client, server.port, "POST", "pay", &arena, &answer), RC_OK);
    assert_int_equal(answer.status, 302);
    server_stop(&server);
    http_client_free(&client);
    arena_release(&arena);
}

static void count_done(void *context, enum rc rc, const struct http_answer *answer, const char *why)
{
    (void)why;
    assert_true(rc == RC_OK && answer->status == 200);
    (*(int *)context)++;
}

static void several_under_way_and_no_more_than_allowed(void **state)
{
    (void)state;
    struct server server;
    server_start(&server, fine, 9);
    struct http_client_options options = {.under_way_max = 2};
    struct http_client *client = NULL;
    assert_int_equal(http_client_new(&options, &client), RC_OK);
    char url[64];
    int done = 0;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", server.port);
    struct http_request request = {.method = "POST", .url = url, .body = "x", .body_len = 1};
    assert_int_equal(http_client_start(client, &request, count_done, &done), RC_OK);
    assert_int_equal(http_client_start(client, &request, count_done, &done), RC_OK);
    assert_int_equal(http_client_start(client, &request, count_done, &done), RC_FULL);
    while (http_client_run(client, 1000) > 0) {
    }
    assert_int_equal(done, 2);
    assert_int_equal(http_client_start(client, &request, count_done, &done), RC_OK);
    http_client_free(&client); /* under way: ended, nobody called */
    assert_int_equal(done, 2);
    server_stop(&server);
}

/* openssl s_server with a certificate for 127.0.0.1 that only ca.pem vouches for. */
struct tls_server {
    char folder[32];
    char ca_file[64];
    pid_t process;
    int port;
};

static void tls_certificate(const struct tls_server *server)
{
    char path[64];
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *made = X509_new();
    (void)X509_set_version(made, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(made), -60);
    (void)X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    (void)X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                                     (const unsigned char *)"test", -1, -1, 0);
    (void)X509_set_issuer_name(made, X509_get_subject_name(made));
    (void)X509_set_pubkey(made, key);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    (void)X509_add_ext(made, names, -1);
    assert_true(X509_sign(made, key, EVP_sha256()) > 0);
    FILE *file = fopen(server->ca_file, "we");
    assert_int_equal(PEM_write_X509(file, made), 1);
    (void)fclose(file);
    (void)snprintf(path, sizeof(path), "%s/key.pem", server->folder);
    file = fopen(path, "we");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    X509_EXTENSION_free(names);
    X509_free(made);
    EVP_PKEY_free(key);
}

/* False when there is no openssl program. */
static bool tls_server_start(struct tls_server *server)
{
    char key[64];
    char line[200];
    int out[2];
    memset(server, 0, sizeof(*server));
    (void)snprintf(server->folder, sizeof(server->folder), "/tmp/pw_tls.XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    (void)snprintf(server->ca_file, sizeof(server->ca_file), "%s/ca.pem", server->folder);
    (void)snprintf(key, sizeof(key), "%s/key.pem", server->folder);
    tls_certificate(server);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    server->process = fork();
    if (server->process == 0) {
        (void)dup2(out[1], STDOUT_FILENO);
        (void)execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                     server->ca_file, "-key", key, "-www", (char *)NULL);
        _exit(127);
    }
    (void)close(out[1]);
    FILE *said = fdopen(out[0], "r");
    while (server->port == 0 && fgets(line, sizeof(line), said) != NULL) {
        (void)sscanf(line, "ACCEPT 127.0.0.1:%d", &server->port);
    }
    (void)fclose(said);
    return server->port != 0;
}

static void tls_server_stop(const struct tls_server *server)
{
    char key[64];
    (void)kill(server->process, SIGTERM);
    (void)waitpid(server->process, NULL, 0);
    (void)snprintf(key, sizeof(key), "%s/key.pem", server->folder);
    (void)unlink(key);
    (void)unlink(server->ca_file);
    (void)rmdir(server->folder);
}

/* Who the other side is gets checked: its chain, and its name. Nothing was sent, says the result.
 */
static void tls_is_verified(void **state)
{
    (void)state;
    struct tls_server server;
    if (!tls_server_start(&server)) {
        tls_server_stop(&server);
        skip();
    }
    const struct {
        const char *host;
        const char *ca_file;
        enum rc rc;
    } cases[] = {{"127.0.0.1", server.ca_file, RC_OK},
                 {"127.0.0.1", "", RC_UNAVAILABLE},
                 {"localhost", server.ca_file, RC_UNAVAILABLE}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char url[64];
        const char *why = NULL;
        struct arena arena;
        struct http_answer answer;
        struct http_client *client = NULL;
        struct http_client_options options = {.ca_file = cases[i].ca_file};
        arena_init(&arena, 1 << 20);
        (void)snprintf(url, sizeof(url), "https://%s:%d/", cases[i].host, server.port);
        struct http_request request = {.method = "GET", .url = url};
        assert_int_equal(http_client_new(&options, &client), RC_OK);
        assert_int_equal(http_client_call(client, &request, &arena, &answer, &why), cases[i].rc);
        http_client_free(&client);
        arena_release(&arena);
    }
    tls_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_headers),
        cmocka_unit_test(hung_up_is_unknown_and_asked_once),
        cmocka_unit_test(post_after_get_is_asked_once),
        cmocka_unit_test(nobody_listens_is_unavailable),
        cmocka_unit_test(slow_is_unknown_large_is_refused_redirect_is_not_followed),
        cmocka_unit_test(tls_is_verified),
        cmocka_unit_test(several_under_way_and_no_more_than_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
