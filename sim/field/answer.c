#include "sim/field/answer.h"

#include <string.h>

#include "core/base/clock.h"
#include "sim/field/registers.h"

#define RUN_ENCRYPTED 0x20
#define PRIVATE_ANSWER_LEN 13 /* 15 with the CRC */

static uint16_t u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static int64_t u32(const uint8_t *bytes)
{
    return (int64_t)u16(bytes) << 16 | u16(bytes + 2);
}

size_t answer_exception(const uint8_t *request, enum answer_exception exception, uint8_t *answer)
{
    answer[0] = request[0];
    answer[1] = (uint8_t)(request[1] | 0x80);
    answer[2] = (uint8_t)exception;
    return 3;
}

bool answer_is_write(uint8_t function)
{
    return function == 0x10 || function == 0x20;
}

void answer_count(struct meter *meter, uint8_t function)
{
    struct meter_frames *frames = &meter->frames;
    int64_t *count = function == 0x03   ? &frames->read
                     : function == 0x10 ? &frames->write
                     : function == 0x20 ? &frames->private
                                        : &frames->other;
    (*count)++;
}

static size_t read_registers(const struct meter *meter, const struct meter_time *time,
                             const uint8_t *request, size_t len, uint8_t *answer)
{
    if (len != 6) {
        return answer_exception(request, ANSWER_ILLEGAL_VALUE, answer);
    }
    uint16_t count = u16(request + 4);
    if (count == 0 || count > REGISTERS_READ_MAX) {
        return answer_exception(request, ANSWER_ILLEGAL_VALUE, answer);
    }
    if (registers_read(meter, time, u16(request + 2), count, answer + 3) != RC_OK) {
        return answer_exception(request, ANSWER_ILLEGAL_ADDRESS, answer);
    }
    answer[0] = request[0];
    answer[1] = request[1];
    answer[2] = (uint8_t)(count * 2);
    return 3 + (size_t)count * 2;
}

static size_t write_registers(struct meter *meter, const struct meter_time *time,
                              const uint8_t *request, size_t len, uint8_t *answer)
{
    uint16_t count = len < 7 ? 0 : u16(request + 4);
    if (count == 0 || count > REGISTERS_WRITE_MAX || request[6] != count * 2 ||
        len != 7 + (size_t)count * 2) {
        return answer_exception(request, ANSWER_ILLEGAL_VALUE, answer);
    }
    enum rc rc = registers_write(meter, time, u16(request + 2), count, request + 7);
    if (rc != RC_OK) {
        return answer_exception(
            request, rc == RC_NOT_FOUND ? ANSWER_ILLEGAL_ADDRESS : ANSWER_ILLEGAL_VALUE, answer);
    }
    memcpy(answer, request, 6);
    return 6;
}

/* 0200: fields, each behind a byte that says whether to take it. */
static void take_parameters(struct meter *meter, const struct meter_time *time, const uint8_t *data)
{
    const uint8_t *at = data;
    if (at[0] != 0 && (meter->capabilities & METER_FEE_CONTROL_WRITTEN) != 0) {
        meter->fee_control = at[1] != 0 ? 1 : 0;
    }
    if (at[2] != 0) { /* signed: an overdraft may be written back */
        meter->balance_fen = (int32_t)u32(at + 3);
        meter->charge_rest = 0;
    }
    if (at[7] != 0) {
        meter->count = u16(at + 8);
    }
    if (at[10] != 0) { /* the total alone is known: it becomes flat energy */
        memset(meter->energy_mj, 0, sizeof meter->energy_mj);
        meter->energy_mj[2] = u32(at + 11) * 10 * METER_MJ_PER_WH *
                              ((int64_t)meter->park.ct_ratio * meter->park.pt_ratio);
    }
    if (at[15] != 0) {
        meter->base_energy_cwh = u32(at + 16);
    }
    if (at[20] != 0) {
        meter->alarm_fen[0] = u32(at + 21);
        meter->alarm_fen[1] = u32(at + 25);
    }
    if (at[29] != 0) {
        for (int rate = 0; rate < METER_RATES; rate++) {
            meter->price_e4[rate] = u32(at + 30 + rate * 4);
        }
    }
    if (at[46] != 0) {
        meter->overdraft_fen = u32(at + 47);
    }
    if (at[53] != 0) {
        enum rc rc = registers_digits(at + 54, meter->park.serial_number);
        (void)rc; /* digits that are none are not taken */
    }
    meter_note(meter, time, METER_EVENT_PARAMETERS, meter->balance_fen, meter->count);
    meter_decide(meter, time);
}

/* 0354: ss mm hh wd DD MM YY. */
static enum rc take_clock(struct meter *meter, const struct meter_time *time, const uint8_t *data)
{
    struct clock_parts parts = {.second = data[0],
                                .minute = data[1],
                                .hour = data[2],
                                .day = data[4],
                                .month = data[5],
                                .year = 2000 + data[6]};
    if (parts.second > 59 || parts.minute > 59 || parts.hour > 23 || parts.day < 1 ||
        parts.day > 31 || parts.month < 1 || parts.month > 12 || data[6] > 99) {
        return RC_INVALID;
    }
    meter->clock_offset_ms = clock_from_utc_parts(&parts) - time->now_ms - time->zone_offset_ms;
    meter_note(meter, time, METER_EVENT_CLOCK, meter->clock_offset_ms, 0);
    return RC_OK;
}

/* 0500: per phase write flag, enable, 1 = trip. */
static enum rc take_forced(struct meter *meter, const struct meter_time *time, const uint8_t *data)
{
    for (int phase = 0; phase < METER_PHASES; phase++) {
        if (data[phase * 3 + 1] > 1 || data[phase * 3 + 2] > 1) {
            return RC_INVALID;
        }
    }
    for (int phase = 0; phase < METER_PHASES; phase++) {
        if (data[phase * 3] != 0) {
            meter_force(meter, 1u << phase, data[phase * 3 + 1] == 1, data[phase * 3 + 2] == 1,
                        time);
        }
    }
    return RC_OK;
}

struct command {
    uint16_t start;
    uint16_t registers;
};

static const struct command commands[] = {{0x0100, 4},  {0x0200, 30}, {0x0300, 28}, {0x031C, 28},
                                          {0x0338, 28}, {0x0354, 5},  {0x0400, 13}, {0x040D, 13},
                                          {0x041A, 13}, {0x0410, 4},  {0x0500, 5}};

/* Function 20. The 15 byte reply: address 20 start start registers registers result count count
   balance*4; a real meter's content is not known, so a driver must not believe it. */
static size_t private_function(struct meter *meter, const struct meter_time *time,
                               const uint8_t *request, size_t len, bool power_cut, uint8_t *answer)
{
    if (len < 7 || request[6] != u16(request + 4) * 2 || len != 7 + (size_t)request[6]) {
        return answer_exception(request, ANSWER_ILLEGAL_VALUE, answer);
    }
    uint16_t start = u16(request + 2);
    const struct command *command = NULL;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].start == start) {
            command = &commands[i];
        }
    }
    if (command == NULL) {
        return answer_exception(request, ANSWER_ILLEGAL_ADDRESS, answer);
    }
    if (u16(request + 4) != command->registers) {
        return answer_exception(request, ANSWER_ILLEGAL_VALUE, answer);
    }
    const uint8_t *data = request + 7;
    int result = 0;
    enum rc rc = RC_OK;
    if ((start == 0x0100 || start == 0x0200) && (meter->run_word & RUN_ENCRYPTED) != 0) {
        return 0; /* plain bytes are noise to a meter that deciphers */
    }
    if (start == 0x0100) {
        result = (int)meter_purchase(meter, u32(data), u16(data + 4), power_cut, time);
    } else if (start == 0x0200) {
        take_parameters(meter, time, data);
    } else if (start == 0x0354) {
        rc = take_clock(meter, time, data);
    } else if (start == 0x0500) {
        rc = take_forced(meter, time, data);
    } else if (start == 0x0410) {
        meter->load_trips = 0;
    } /* 03xx and 04xx: accepted, time and load control are not simulated */
    if (rc != RC_OK) {
        return answer_exception(request, ANSWER_ILLEGAL_VALUE, answer);
    }
    memcpy(answer, request, 6);
    answer[6] = (uint8_t)result;
    answer[7] = (uint8_t)(meter->count >> 8);
    answer[8] = (uint8_t)meter->count;
    for (int i = 0; i < 4; i++) {
        answer[9 + i] = (uint8_t)((uint64_t)meter->balance_fen >> (24 - 8 * i));
    }
    return PRIVATE_ANSWER_LEN;
}

/* Function 11 with the magic number: type and version. */
static size_t identify(const struct meter *meter, const uint8_t *request, size_t len,
                       uint8_t *answer)
{
    static const uint8_t magic[] = {0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10};
    if (len != 2 + sizeof magic || memcmp(request + 2, magic, sizeof magic) != 0) {
        return answer_exception(request, ANSWER_ILLEGAL_FUNCTION, answer);
    }
    memset(answer, 0, PRIVATE_ANSWER_LEN);
    answer[0] = request[0];
    answer[1] = request[1];
    answer[2] = PRIVATE_ANSWER_LEN - 3;
    answer[4] = meter_is_single_phase(meter) ? 7 : 5;
    answer[7] = 1;
    return PRIVATE_ANSWER_LEN;
}

static size_t dispatch(struct meter *meter, const struct meter_time *time, const uint8_t *request,
                       size_t len, bool power_cut, uint8_t *answer)
{
    switch (request[1]) {
    case 0x03:
        return read_registers(meter, time, request, len, answer);
    case 0x10:
        return write_registers(meter, time, request, len, answer);
    case 0x11:
        return identify(meter, request, len, answer);
    case 0x20:
        meter->frames.private ++;
        return private_function(meter, time, request, len, power_cut, answer);
    default:
        return answer_exception(request, ANSWER_ILLEGAL_FUNCTION, answer);
    }
}

size_t answer_request(struct meter *meter, const struct meter_time *time, const uint8_t *request,
                      size_t len, bool power_cut, uint8_t *answer)
{
    if (len < 2) {
        return 0;
    }
    meter_advance(meter, time);
    if (meter->dark_until_ms > time->now_ms) {
        return 0;
    }
    size_t answer_len = dispatch(meter, time, request, len, power_cut, answer);
    meter_advance(meter, time);
    if (meter->dark_until_ms > time->now_ms) {
        return 0;
    }
    meter->frames.answered += answer_len > 0 ? 1 : 0;
    return answer_len;
}
