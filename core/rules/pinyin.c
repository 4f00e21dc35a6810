#include "core/rules/pinyin.h"

#include <assert.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>

#include "core/base/rc.h"

/* First GB 2312 code of each initial; i, u and v begin no syllable. */
static const struct {
    uint16_t first;
    char initial;
} boundaries[] = {
    {0xB0A1, 'a'}, {0xB0C5, 'b'}, {0xB2C1, 'c'}, {0xB4EE, 'd'}, {0xB6EA, 'e'}, {0xB7A2, 'f'},
    {0xB8C1, 'g'}, {0xB9FE, 'h'}, {0xBBF7, 'j'}, {0xBFA6, 'k'}, {0xC0AC, 'l'}, {0xC2E8, 'm'},
    {0xC4C3, 'n'}, {0xC5B6, 'o'}, {0xC5BE, 'p'}, {0xC6DA, 'q'}, {0xC8BB, 'r'}, {0xC8F6, 's'},
    {0xCBFA, 't'}, {0xCDDA, 'w'}, {0xCEF4, 'x'}, {0xD1B9, 'y'}, {0xD4D1, 'z'},
};
#define LEVEL_1_LAST 0xD7F9

/* Level 2 characters of shop, street and family names; each string: the initial, then its
 * characters. */
static const char *const level_2[] = {
    "b煲钹璧",
    "c豉骢琛岑",
    "d妲",
    "f馥斐芙",
    "g罡",
    "h馄珩瀚骅晗泓荟",
    "j靓婕橘伽珏槿瑾",
    "k珂",
    "l榈璐蔺岚麟",
    "m茗牦",
    "q琪淇祺麒绮芪",
    "r榕芮",
    "s晟飒",
    "t饨坨",
    "w炜玮",
    "x馨鑫昕禧萱煊暄",
    "y怡熠瑜钰懿奕煜柚嫣轶",
    "z梓芷",
};

static char level_2_initial(const char *character, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(level_2); i++) {
        const char *found = strstr(level_2[i] + 1, character);
        if (found != NULL && strlen(found) >= len) {
            return level_2[i][0];
        }
    }
    return '\0';
}

/* '\0' for what has no initial. */
static char initial_of(iconv_t converter, const char *bytes, size_t len)
{
    unsigned char code[4];
    char *in = (char *)(uintptr_t)bytes;
    char *out = (char *)code;
    size_t in_left = len;
    size_t out_left = sizeof(code);
    (void)iconv(converter, NULL, NULL, NULL, NULL);
    if (iconv(converter, &in, &in_left, &out, &out_left) != 0 || sizeof(code) - out_left != 2) {
        return '\0';
    }
    unsigned value = (unsigned)code[0] << 8 | code[1];
    if (value < boundaries[0].first || code[1] < 0xA1) {
        return '\0';
    }
    if (value > LEVEL_1_LAST) {
        char character[8];
        memcpy(character, bytes, len);
        character[len] = '\0';
        return level_2_initial(character, len);
    }
    char initial = '\0';
    for (size_t i = 0; i < ARRAY_LEN(boundaries) && boundaries[i].first <= value; i++) {
        initial = boundaries[i].initial;
    }
    return initial;
}

static size_t character_len(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

char *pinyin_initials(const char *text, char *out, size_t size)
{
    assert(text != NULL && out != NULL && size > 0);
    iconv_t converter = iconv_open("GBK", "UTF-8");
    size_t len = strlen(text);
    size_t count = 0;
    for (size_t at = 0; at < len && count + 1 < size;) {
        size_t step = character_len((unsigned char)text[at]);
        if (step > len - at) {
            break;
        }
        char c = text[at];
        char initial = '\0';
        if (step > 1) {
            initial = converter == (iconv_t)-1 ? '\0' : initial_of(converter, text + at, step);
        } else if (c >= 'A' && c <= 'Z') {
            initial = (char)(c - 'A' + 'a');
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            initial = c;
        }
        if (initial != '\0') {
            out[count++] = initial;
        }
        at += step;
    }
    out[count] = '\0';
    if (converter != (iconv_t)-1) {
        (void)iconv_close(converter);
    }
    return out;
}
