/* The park file: the shipped sample, and one sentence for each way to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/field/csv.h"
#include "sim/field/park.h"

#define HEAD                                                                                       \
    "#site,code,time_zone\nsite,S,Asia/Shanghai\n"                                                 \
    "#unit,number,trade,state,area_m2\nunit,1F-1,\"餐饮\",营业,50.5\n"                         \
    "#gateway,code,host\ngateway,G,127.50.0.1\n"                                                   \
    "#line,code,gateway,link,port,baud,parity,stop_bits,turnaround_ms,response_timeout_ms\n"
#define LINE HEAD "line,L,G,modbus_tcp,4001,9600,N,1,50,400\n"
#define METER_HEAD                                                                                 \
    "#meter,number,line,address,model,serial_number,ct_ratio,pt_ratio,external_control\n"
#define METER LINE METER_HEAD "meter,M,L,1,acrel-dtsy1352,230900000001,1,1,0\n"

static void sample_park(void **state)
{
    (void)state;
    struct park park;
    char sentence[PARK_SENTENCE_MAX];
    assert_int_equal(park_read(PW_SOURCE_DIR "/schema/sample-park/park.csv", sentence, &park),
                     RC_OK);
    assert_int_equal(park.meters_len, 375);
    assert_int_equal(park.lines_len, 12);
    assert_string_equal(park.time_zone, "Asia/Shanghai");
    int external = 0;
    for (uint32_t i = 0; i < park.meters_len; i++) {
        external += park.meters[i].external_control ? 1 : 0;
        assert_true(park.meters[i].address <= 32);
        assert_int_equal(park.meters[i].external_control, park.meters[i].ct_ratio > 1);
    }
    assert_in_range(external, 3, 20);
    park_release(&park);
}

static void bad_rows(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *sentence;
    } cases[] = {
        {LINE, "t.csv line 9: the file has no meter"},
        {HEAD "line,L,X,modbus_tcp,4001,9600,N,1,50,400\n",
         "t.csv line 8, field gateway: there is no gateway X above"},
        {HEAD "line,L,G,carrier,4001,9600,N,1,50,400\n",
         "t.csv line 8, field link: carrier is not one of the known words"},
        {HEAD "line,L,G,modbus_tcp,4001,9600,N,1,50\n",
         "t.csv line 8: 9 fields where the header row has 10"},
        {LINE "meter,M,L,1,acrel-dtsy1352,230900000001,1,1,0\n",
         "t.csv line 9: a row of meter before its header row #meter"},
        {LINE METER_HEAD "meter,M,L,300,acrel-dtsy1352,230900000001,1,1,0\n",
         "t.csv line 10, field address: 300 is not a whole number from 1 to 247"},
        {LINE METER_HEAD "meter,M,L,1,acrel-dtsy1352,23,1,1,0\n",
         "t.csv line 10, field serial_number: 23 is not 12 digits"},
        {METER "meter,N,L,1,acrel-dtsy1352,230900000002,1,1,0\n",
         "t.csv line 11, field address: address 1 of this line belongs to M"},
        {METER "#supply,unit,meter\nsupply,1F-1,Q\n",
         "t.csv line 12, field meter: there is no meter Q above"},
        {"#line,code\n", "t.csv line 1: the columns of #line lack gateway"},
        {"#site,\"code\nsite,S\n", "t.csv line 1: a quote is not closed or stands inside a field"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct park park;
        char sentence[PARK_SENTENCE_MAX];
        assert_int_not_equal(
            park_parse("t.csv", cases[i].text, strlen(cases[i].text), sentence, &park), RC_OK);
        assert_string_equal(sentence, cases[i].sentence);
    }
}

static void good_rows(void **state)
{
    (void)state;
    static const char text[] = METER "#supply,unit,meter\r\nsupply,1F-1,M\r\n";
    struct park park;
    char sentence[PARK_SENTENCE_MAX];
    assert_int_equal(park_parse("t.csv", text, strlen(text), sentence, &park), RC_OK);
    assert_int_equal(park.meters[0].trade, PARK_DINING);
    assert_int_equal(park.meters[0].area_dm2, 505);
    park_release(&park);
}

static void csv_quotes(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF"
                               "a,\"b,\"\"c\"\"\",\n\nd,\"e\nf\"\ng";
    struct csv csv;
    csv_init(&csv, text, strlen(text));
    assert_int_equal(csv_next(&csv), RC_OK);
    assert_int_equal(csv.fields_len, 3);
    assert_string_equal(csv.fields[1], "b,\"c\"");
    assert_string_equal(csv.fields[2], "");
    assert_int_equal(csv_next(&csv), RC_OK);
    assert_int_equal(csv.line_number, 3);
    assert_string_equal(csv.fields[1], "e\nf");
    assert_int_equal(csv_next(&csv), RC_OK);
    assert_int_equal(csv.line_number, 5);
    assert_int_equal(csv_next(&csv), RC_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sample_park), cmocka_unit_test(bad_rows),
                                       cmocka_unit_test(good_rows), cmocka_unit_test(csv_quotes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
