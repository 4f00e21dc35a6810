/* What is kept of a quote with its purchase. */
#include <string.h>

#include "core/base/text.h"
#include "core/flow/sell.h"
#include "core/store/row.h"

static void add_number(struct text *text, const char *name, int64_t value)
{
    text_printf(text, "\"%s\":", name);
    if (value == ROW_NULL) {
        text_add_string(text, "null");
    } else {
        text_add_int(text, value);
    }
    text_add_char(text, ',');
}

static void add_words(struct text *text, const char *name, const char *words)
{
    text_printf(text, "\"%s\":", name);
    if (words == NULL) {
        text_add_string(text, "null");
    } else {
        text_add_json_string(text, words, strlen(words));
    }
    text_add_char(text, ',');
}

static void add_warnings(struct text *text, unsigned warnings)
{
    text_add_string(text, "\"warnings\":[");
    const char *between = "";
    for (int bit = 0; bit < PURCHASE_WARNINGS; bit++) {
        if ((warnings & 1u << bit) != 0) {
            text_printf(text, "%s\"%s\"", between, purchase_warning_code(bit));
            between = ",";
        }
    }
    text_add_string(text, "],");
}

static void add_lines(struct text *text, const struct sale_quote *quote)
{
    text_add_string(text, "\"lines\":[");
    for (size_t i = 0; i < quote->line_count; i++) {
        const struct sale_quote_line *line = &quote->lines[i];
        text_printf(text, "%s{\"step\":%lld,\"rate\":\"%s\",\"price_e4\":%lld,\"energy_wh\":%lld}",
                    i == 0 ? "" : ",", (long long)line->step, line->rate, (long long)line->price_e4,
                    (long long)line->energy_wh);
    }
    text_add_string(text, "]");
}

enum rc sale_quote_json(struct arena *arena, const struct sale_quote *quote, const char **ret_json)
{
    CLEANUP(text_release) struct text text;
    text_init(&text, SALE_QUOTE_BYTES_MAX);
    text_add_char(&text, '{');
    add_number(&text, "balance_fen", quote->facts.balance_fen);
    add_number(&text, "on_its_way_fen", quote->facts.on_its_way_fen);
    add_number(&text, "debt_fen", quote->debt_fen);
    add_number(&text, "usable_fen", quote->usable_fen);
    add_number(&text, "balance_after_fen", quote->balance_after_fen);
    add_number(&text, "energy_wh", quote->energy_wh);
    add_words(&text, "priced_by", quote->priced_by);
    add_words(&text, "tariff_name", quote->tariff_name);
    add_warnings(&text, quote->warnings);
    add_lines(&text, quote);
    text_add_char(&text, '}');
    TRY(text_result(&text));
    const char *json = arena_copy(arena, text_string(&text), text.len);
    if (json == NULL) {
        return RC_MEMORY;
    }
    *ret_json = json;
    return RC_OK;
}
