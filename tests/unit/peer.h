/*
 * A scripted peer for link tests: a thread that plays gateway and meters, act by act, on a TCP port
 * or on any descriptor (a pty). It shares no code with the frames under test; its CRC is its own.
 */
#ifndef PW_TESTS_PEER_H
#define PW_TESTS_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PEER_ACTS_MAX 32
#define PEER_BYTES_MAX 320
#define PEER_READ_LIMIT_MS 5000

enum peer_kind { PEER_READ, PEER_WAIT, PEER_SEND, PEER_CLOSE, PEER_ACCEPT };

struct peer_act {
    enum peer_kind kind;
    int number; /* READ: bytes; WAIT: ms; SEND of MBAP: added to the transaction of the last
                   request, else -1 */
    uint8_t bytes[PEER_BYTES_MAX];
    size_t len;
    int64_t at_us; /* when it was done */
};

struct peer {
    int listener;
    int port;
    int descriptor;
    pthread_t thread;
    struct peer_act acts[PEER_ACTS_MAX];
    size_t count;
    bool failed; /* a READ did not get its bytes */
    uint8_t request[PEER_BYTES_MAX];
};

static inline int64_t peer_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline void peer_sleep_ms(int ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&time, &time) != 0) {
    }
}

/* Appends a CRC found by the long way round: polynomial division bit by bit. */
static inline size_t peer_seal(uint8_t *frame, size_t len)
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < len * 8; i++) {
        unsigned bit = (unsigned)(frame[i / 8] >> (i % 8)) & 1U;
        unsigned low = (crc & 1U) ^ bit;
        crc >>= 1;
        if (low != 0) {
            crc ^= 0xA001U;
        }
    }
    frame[len] = (uint8_t)crc;
    frame[len + 1] = (uint8_t)(crc >> 8);
    return len + 2;
}

/* An RTU answer to a read: registers first, first+1, ... */
static inline size_t peer_rtu_answer(uint8_t *frame, uint8_t address, uint8_t registers,
                                     uint16_t first)
{
    frame[0] = address;
    frame[1] = 0x03;
    frame[2] = (uint8_t)(2 * registers);
    for (int i = 0; i < registers; i++) {
        frame[3 + 2 * i] = (uint8_t)((first + i) >> 8);
        frame[4 + 2 * i] = (uint8_t)(first + i);
    }
    return peer_seal(frame, 3 + 2 * (size_t)registers);
}

/* The same as MBAP; the transaction is filled in when it is sent. */
static inline size_t peer_mbap_answer(uint8_t *frame, uint8_t unit, uint8_t registers,
                                      uint16_t first)
{
    uint8_t rtu[PEER_BYTES_MAX];
    size_t len = peer_rtu_answer(rtu, unit, registers, first) - 2;
    memset(frame, 0, 6);
    frame[4] = (uint8_t)(len >> 8);
    frame[5] = (uint8_t)len;
    memcpy(frame + 6, rtu, len);
    return 6 + len;
}

static inline struct peer_act *peer_add(struct peer *peer, enum peer_kind kind, int number)
{
    struct peer_act *act = &peer->acts[peer->count++];
    *act = (struct peer_act){.kind = kind, .number = number};
    return act;
}

static inline void peer_add_send(struct peer *peer, const uint8_t *bytes, size_t len)
{
    struct peer_act *act = peer_add(peer, PEER_SEND, -1);
    memcpy(act->bytes, bytes, len);
    act->len = len;
}

static inline void peer_add_rtu(struct peer *peer, uint8_t address, uint8_t registers,
                                uint16_t first)
{
    struct peer_act *act = peer_add(peer, PEER_SEND, -1);
    act->len = peer_rtu_answer(act->bytes, address, registers, first);
}

/* behind: how many transactions the answer is late. */
static inline void peer_add_mbap(struct peer *peer, uint8_t unit, uint8_t registers, uint16_t first,
                                 int behind)
{
    struct peer_act *act = peer_add(peer, PEER_SEND, behind);
    act->len = peer_mbap_answer(act->bytes, unit, registers, first);
}

static inline bool peer_read(struct peer *peer, size_t len)
{
    size_t have = 0;
    int64_t limit_us = peer_now_us() + PEER_READ_LIMIT_MS * 1000;
    while (have < len && peer_now_us() < limit_us) {
        struct pollfd item = {.fd = peer->descriptor, .events = POLLIN};
        if (poll(&item, 1, 100) > 0) {
            ssize_t got = read(peer->descriptor, peer->request + have, len - have);
            if (got <= 0 && !(got < 0 && errno == EAGAIN)) {
                return false;
            }
            have += got > 0 ? (size_t)got : 0;
        }
    }
    return have == len;
}

static inline void peer_send(struct peer *peer, struct peer_act *act)
{
    if (act->number >= 0) {
        int transaction = (peer->request[0] << 8 | peer->request[1]) - act->number;
        act->bytes[0] = (uint8_t)(transaction >> 8);
        act->bytes[1] = (uint8_t)transaction;
    }
    ssize_t sent = write(peer->descriptor, act->bytes, act->len);
    (void)sent;
}

static inline void *peer_run(void *argument)
{
    struct peer *peer = argument;
    for (size_t i = 0; i < peer->count && !peer->failed; i++) {
        struct peer_act *act = &peer->acts[i];
        switch (act->kind) {
        case PEER_ACCEPT:
            peer->descriptor = accept(peer->listener, NULL, NULL);
            break;
        case PEER_READ:
            peer->failed = !peer_read(peer, (size_t)act->number);
            memcpy(act->bytes, peer->request, (size_t)act->number);
            break;
        case PEER_WAIT:
            peer_sleep_ms(act->number);
            break;
        case PEER_SEND:
            peer_send(peer, act);
            break;
        case PEER_CLOSE:
            (void)close(peer->descriptor);
            peer->descriptor = -1;
            break;
        }
        act->at_us = peer_now_us();
    }
    return NULL;
}

/* A peer that listens on a free port of this machine. */
static inline bool peer_listen(struct peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    memset(peer, 0, sizeof(*peer));
    peer->descriptor = -1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer->listener < 0 ||
        bind(peer->listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(peer->listener, 4) != 0 ||
        getsockname(peer->listener, (struct sockaddr *)&address, &len) != 0) {
        return false;
    }
    peer->port = ntohs(address.sin_port);
    return true;
}

static inline bool peer_start(struct peer *peer)
{
    return pthread_create(&peer->thread, NULL, peer_run, peer) == 0;
}

/* Waits for the end of the script; false if a request did not come. */
static inline bool peer_join(struct peer *peer)
{
    return pthread_join(peer->thread, NULL) == 0 && !peer->failed;
}

static inline void peer_end(struct peer *peer)
{
    if (peer->descriptor >= 0) {
        (void)close(peer->descriptor);
    }
    if (peer->listener >= 0) {
        (void)close(peer->listener);
    }
}

#endif
