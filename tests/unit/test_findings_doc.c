/* The table, its words, docs/findings.md and the schema say the same. */
#include "lib/findings_doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define PAGE_MAX_BYTES (1024 * 1024)

/* A sentence that a person can read: it begins and ends as one. */
static bool is_sentence(const char *text)
{
    size_t len = text ? strlen(text) : 0;
    return len > 10 && text[len - 1] == '.' && text[0] != ' ';
}

static void test_help_is_complete(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FINDING_CODE_COUNT; i++) {
        const struct finding_help *help = finding_help((enum finding_code)i);
        if (!is_sentence(help->why) || !is_sentence(help->mend) || !help->section)
            fail_msg("%s has no words in findings_help.h", finding_row((enum finding_code)i)->code);
    }
    assert_null(finding_help(FINDING_CODE_COUNT));
}

static void test_page_is_current(void **state)
{
    (void)state;
    struct strbuf page, file;
    char chunk[4096];
    size_t n;
    strbuf_init(&page, PAGE_MAX_BYTES);
    strbuf_init(&file, PAGE_MAX_BYTES);
    assert_int_equal(findings_doc(&page), ST_OK);
    FILE *in = fopen("docs/findings.md", "r");
    assert_non_null(in);
    while ((n = fread(chunk, 1, sizeof chunk, in)) > 0)
        strbuf_add(&file, chunk, n);
    fclose(in);
    if (file.len != page.len || memcmp(file.p, page.p, page.len) != 0)
        fail_msg("docs/findings.md is behind the table: run `make docs`");
    strbuf_free(&page);
    strbuf_free(&file);
}

/* The schema allows exactly the codes that are listed, the stages and the effects. */
static void test_schema_is_current(void **state)
{
    (void)state;
    json_error_t error;
    json_t *schema = json_load_file("docs/schema/record.schema.json", 0, &error);
    if (!schema)
        fail_msg("docs/schema/record.schema.json: %s", error.text);
    const json_t *finding = json_object_get(json_object_get(schema, "$defs"), "finding");
    const json_t *members = json_object_get(finding, "properties");
    const json_t *codes = json_object_get(json_object_get(members, "code"), "enum");
    const json_t *stages = json_object_get(json_object_get(members, "stage"), "enum");
    size_t at = 0;
    for (unsigned i = 0; i < FINDING_CODE_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding_code)i);
        if (row->effect == EFFECT_STATE)
            continue;
        const char *code = json_string_value(json_array_get(codes, at++));
        if (!code || strcmp(code, row->code) != 0)
            fail_msg("the schema has %s where the table has %s", code ? code : "-", row->code);
    }
    assert_int_equal(json_array_size(codes), at);
    assert_int_equal(json_array_size(stages), STAGE_COUNT);
    for (unsigned i = 0; i < STAGE_COUNT; i++)
        assert_string_equal(json_string_value(json_array_get(stages, i)),
                            stage_name((enum stage)i));
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_is_complete),
        cmocka_unit_test(test_page_is_current),
        cmocka_unit_test(test_schema_is_current),
    };
    return cmocka_run_group_tests_name("findings_doc", tests, NULL, NULL);
}
