/* Goal: whatever the bytes are, the reader gives the value or says exactly what
 * is wrong and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/jsonc.h"

static char *printed(const struct error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    error_print(error, out);
    fclose(out);
    return text;
}

struct refusal {
    const char *bytes, *message; /* as printed, without file name */
    size_t size;                 /* 0: strlen(bytes) */
};

static const struct refusal refusals[] = {
    {"", "1:1: expected a value, found the end of the file\n", 0},
    {"{\"a\": 1,}",
     "1:9: expected a key in double quotes, found '}'\n"
     "    is there a comma too many before it?\n",
     0},
    {"[1,\n 2,\n]",
     "3:1: expected a value, found ']'\n"
     "    is there a comma too many before it?\n",
     0},
    {"{\"a\": 1\n \"b\": 2}",
     "2:2: expected ',' or '}', found '\"'\n    is a comma missing before "
     "it?\n",
     0},
    {"{\"max\": 1 0}",
     "1:11: expected ',' or '}', found '0'\n    is a comma missing before "
     "it?\n",
     0},
    {"{\"max\": 8 / 5}", "1:11: expected ',' or '}', found '/'\n", 0},
    {"{\"a\" 1}", "1:6: expected ':' after the key, found '1'\n", 0},
    {"{a: 1}", "1:2: expected a key in double quotes, found 'a'\n", 0},
    {"{'a': 1}",
     "1:2: expected a key in double quotes, found '''\n"
     "    strings take double quotes\n",
     0},
    {"[1] // end\n x", "2:2: expected the end of the file, found 'x'\n", 0},
    {"{\"a\":1} /* \"b\":2",
     "1:9: this comment does not end\n    end it with */\n", 0},
    {"/*/", "1:1: this comment does not end\n    end it with */\n", 0},
    {"[1 # x\n]",
     "1:4: expected ',' or ']', found '#'\n"
     "    comments start with // or /*\n",
     0},
    {"# x",
     "1:1: expected a value, found '#'\n"
     "    comments start with // or /*\n",
     0},
    {"[True]",
     "1:2: expected a value, found \"True\"\n"
     "    did you mean true?\n",
     0},
    {"[nul]",
     "1:2: expected a value, found \"nul\"\n"
     "    did you mean null?\n",
     0},
    {"[nullx]",
     "1:2: expected a value, found \"nullx\"\n"
     "    did you mean null?\n",
     0},
    {"[NaN]", "1:2: expected a value, found \"NaN\"\n", 0},
    {"[01]", "1:2: expected a number, found \"01\"\n", 0},
    {"[1.]", "1:2: expected a number, found \"1.\"\n", 0},
    {"[-]", "1:2: expected a number, found '-'\n", 0},
    {"[1e]", "1:2: expected a number, found \"1e\"\n", 0},
    {"[1.2.3]", "1:2: expected a number, found \"1.2.3\"\n", 0},
    {"[500ms]",
     "1:2: expected a number, found \"500ms\"\n"
     "    a number with a unit takes double quotes\n",
     0},
    {"[.5]",
     "1:2: expected a value, found \".5\"\n"
     "    numbers start with a digit or '-'\n",
     0},
    {"[+5]",
     "1:2: expected a value, found \"+5\"\n"
     "    numbers start with a digit or '-'\n",
     0},
    {"[1111111111222222222233333333334444444444555555555566666666667]",
     "1:2: more than 60 digits\n", 0},
    {"[\"a\nb\"]",
     "1:2: this string does not end on its line\n"
     "    end it with \", or write \\n for a line break\n",
     0},
    {"[\"a",
     "1:2: this string does not end on its line\n"
     "    end it with \", or write \\n for a line break\n",
     0},
    {"[\"a\tb\"]",
     "1:4: control byte 0x09 in a string\n    write it as \\u0009\n", 0},
    {"[\"C:\\dir\"]",
     "1:5: unknown escape in a string\n    write \\\\ for a backslash\n", 0},
    {"[\"\\u12g4\"]", "1:3: expected four hexadecimal digits after \\u\n", 0},
    {"[\"\\u0000\"]", "1:3: found a NUL character (\\u0000)\n", 0},
    {"[\"\\ud800\"]", "1:3: found half of a surrogate pair\n", 0},
    {"[\"\\udc00\"]", "1:3: found half of a surrogate pair\n", 0},
    {"[\"\\ud800\\u0041\"]", "1:3: found half of a surrogate pair\n", 0},
    {"[\"a\0b\"]", "1:4: found a NUL byte\n", 7},
    {"\0", "1:1: found a NUL byte\n", 1},
    {"[1]\0", "1:4: found a NUL byte\n", 4},
    {"[\"\xff\"]",
     "1:3: byte 0xff is not valid UTF-8 here\n    save the file as UTF-8\n", 0},
    {"// \xc3(",
     "1:4: byte 0xc3 is not valid UTF-8 here\n    save the file as UTF-8\n", 0},
    {"\"\xc0\xaf\"",
     "1:2: byte 0xc0 is not valid UTF-8 here\n    save the file as UTF-8\n", 0},
    {"\"\xe0\x80\xaf\"",
     "1:2: byte 0xe0 is not valid UTF-8 here\n    save the file as UTF-8\n", 0},
    {"\"\xed\xa0\x80\"",
     "1:2: byte 0xed is not valid UTF-8 here\n    save the file as UTF-8\n", 0},
    {"\"\xf4\x90\x80\x80\"",
     "1:2: byte 0xf4 is not valid UTF-8 here\n    save the file as UTF-8\n", 0},
    {"\"\xf0\x80\x80\x80\"",
     "1:2: byte 0xf0 is not valid UTF-8 here\n    save the file as UTF-8\n", 0},
    {"\"\xe2\x82",
     "1:2: byte 0xe2 is not valid UTF-8 here\n    save the file as UTF-8\n", 0},
    {"\xef\xbb\xbf{}",
     "1:1: found a byte order mark\n    save the file as UTF-8 without one\n",
     0},
    {"[\x01]", "1:2: expected a value, found byte 0x01\n", 0},
    {"[1,\f2]", "1:4: expected a value, found byte 0x0c\n", 0},
};

static void refuses_with_place_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        struct error error = {0};
        struct jsonc doc;
        size_t size = r->size ? r->size : strlen(r->bytes);
        assert_false(jsonc_open(&doc, "f", r->bytes, size, &error));
        jsonc_close(&doc);
        char *text = printed(&error);
        if (strncmp(text, "f:", 2) != 0 || strcmp(text + 2, r->message) != 0)
            fail_msg("input %s\ngave   %swanted f:%s", r->bytes, text,
                     r->message);
        free(text);
    }
}

static void refuses_too_deep_and_too_large(void **state)
{
    (void)state;
    char deep[2 * (JSONC_DEPTH_MAX + 1)];
    memset(deep, '[', JSONC_DEPTH_MAX + 1);
    memset(deep + JSONC_DEPTH_MAX + 1, ']', JSONC_DEPTH_MAX + 1);
    struct error error = {0};
    struct jsonc doc;
    assert_false(jsonc_open(&doc, "f", deep, sizeof deep, &error));
    assert_string_equal(error.problems[0].message,
                        "nested more than 64 levels deep");
    assert_int_equal(error.problems[0].column, JSONC_DEPTH_MAX + 1);
    assert_true(jsonc_open(&doc, "f", deep + 1, sizeof deep - 2, &error));
    jsonc_close(&doc);
    char *large = calloc(1, JSONC_BYTES_MAX + 1);
    assert_non_null(large);
    assert_false(jsonc_open(&doc, "f", large, JSONC_BYTES_MAX + 1, &error));
    assert_string_equal(error.problems[1].message,
                        "the file is larger than 4 MiB");
    free(large);
}

static void reads_values_behind_comments(void **state)
{
    (void)state;
    const char *text = "// \xc3\xa9\n/* \" */ {\"a\": [ 1, -2.5e1, \"// no\" ],"
                       " \"A\": \"x\\u00e9\\ud83d\\ude00\\\"\", // \"\n"
                       "\"b\": true, \"d\": \"1.5s\", \"s\": \"1KiB\"}";
    struct error error = {0};
    struct jsonc doc;
    assert_true(jsonc_open(&doc, "f", text, strlen(text), &error));
    struct arena arena = {0};
    struct jsonc_value root = jsonc_root(&doc), v, e;
    assert_true(jsonc_expect_object(
        &root, (const char *const[]){"a", "b", "A", "d", "s", NULL}));
    assert_true(jsonc_need(&root, "a", &v));
    assert_int_equal(jsonc_length(&v), 3);
    int64_t n = 0;
    double d = 0;
    const char *s = NULL;
    e = jsonc_at(&v, 0);
    assert_true(jsonc_int(&e, 1, 1, &n) && n == 1);
    e = jsonc_at(&v, 1);
    assert_true(jsonc_number(&e, -30, 0, &d) && d == -25);
    assert_true(jsonc_int(&e, -25, 0, &n) && n == -25);
    e = jsonc_at(&v, 2);
    assert_true(jsonc_string(&e, &arena, &s));
    assert_string_equal(s, "// no");
    assert_string_equal(jsonc_text(&v, &arena), "[1,-2.5e1,\"// no\"]");
    assert_true(jsonc_get(&root, "A", &v));
    assert_true(jsonc_string(&v, &arena, &s));
    assert_string_equal(s, "x\xc3\xa9\xf0\x9f\x98\x80\"");
    assert_string_equal(jsonc_text(&v, &arena),
                        "\"x\\u00e9\\ud83d\\ude00\\\"\"");
    bool b = false;
    assert_true(jsonc_get(&root, "b", &v) && jsonc_bool(&v, &b) && b);
    assert_true(jsonc_get(&root, "d", &v) && jsonc_duration(&v, &n));
    assert_int_equal(n, 1500000000);
    assert_true(jsonc_get(&root, "s", &v) && jsonc_size(&v, &n));
    assert_int_equal(n, 1024);
    assert_false(jsonc_get(&root, "B", &v));
    assert_false(error_is_set(&error));
    arena_deinit(&arena);
    jsonc_close(&doc);
}

/* Reads every member of an object by its key as the key says. */
static void read_as_named(struct jsonc_value *root, struct arena *arena)
{
    static const char *const words[] = {"call", "client", "run", NULL};
    struct jsonc_value v;
    int64_t n;
    int i;
    double d;
    bool b;
    const char *s;
    if (jsonc_get(root, "int", &v))
        jsonc_int(&v, 1, 10, &n);
    if (jsonc_get(root, "big", &v))
        jsonc_int(&v, 0, INT64_MAX, &n);
    if (jsonc_get(root, "number", &v))
        jsonc_number(&v, 0, 1, &d);
    if (jsonc_get(root, "string", &v))
        jsonc_string(&v, arena, &s);
    if (jsonc_get(root, "bool", &v))
        jsonc_bool(&v, &b);
    if (jsonc_get(root, "duration", &v))
        jsonc_duration(&v, &n);
    if (jsonc_get(root, "size", &v))
        jsonc_size(&v, &n);
    if (jsonc_get(root, "word", &v))
        jsonc_choice(&v, words, &i);
    if (jsonc_get(root, "map", &v))
        jsonc_expect_map(&v, 2);
    if (jsonc_get(root, "list", &v) && jsonc_length(&v) > 0) {
        struct jsonc_value e = jsonc_at(&v, 0);
        jsonc_expect_object(&e, words);
        jsonc_need(&e, "run", &e);
    }
}

static const struct refusal wrong_values[] = {
    {"{\"int\": 0}",
     "1:9: expected a whole number from 1 to 10, found the "
     "number 0 (int)\n",
     0},
    {"{\"int\": 1.5}",
     "1:9: expected a whole number from 1 to 10, found the "
     "number 1.5 (int)\n",
     0},
    {"{\"int\": \"1\"}",
     "1:9: expected a whole number from 1 to 10, found "
     "\"1\" (int)\n",
     0},
    {"{\"big\": -1}",
     "1:9: expected a whole number of at least 0, found the "
     "number -1 (big)\n",
     0},
    {"{\"big\": 9007199254740994}",
     "1:9: whole numbers beyond 2^53 are not read exactly (big)\n", 0},
    {"{\"big\": 1e300}",
     "1:9: expected a whole number of at least 0, found "
     "the number 1e+300 (big)\n",
     0},
    {"{\"number\": 1e999}",
     "1:12: expected a number from 0 to 1, found the "
     "number inf (number)\n",
     0},
    {"{\"string\": 5}",
     "1:12: expected a string, found the number 5 (string)\n", 0},
    {"{\"bool\": null}", "1:10: expected true or false, found null (bool)\n",
     0},
    {"{\"duration\": 500}",
     "1:14: expected a duration such as \"500ms\", found the number 500 "
     "(duration)\n    write \"500ms\" or \"500s\"\n",
     0},
    {"{\"duration\": \"5 s\"}",
     "1:14: expected a duration such as \"500ms\", found \"5 s\" (duration)\n"
     "    a number and one of ns, us, ms, s, min, h\n",
     0},
    {"{\"size\": 64}",
     "1:10: expected a size such as \"16KiB\", found the "
     "number 64 (size)\n    write \"64B\"\n",
     0},
    {"{\"word\": \"cal\"}",
     "1:10: expected one of \"call\", \"client\", \"run\", found \"cal\" "
     "(word)\n    did you mean \"call\"?\n",
     0},
    {"{\"word\": \"Client\"}",
     "1:10: expected one of \"call\", \"client\", \"run\", found \"Client\" "
     "(word)\n    did you mean \"client\"?\n",
     0},
    {"{\"word\": []}",
     "1:10: expected one of \"call\", \"client\", \"run\", "
     "found an array (word)\n",
     0},
    {"{\"map\": {\"a\": 1,\n\"a\": 2}}",
     "2:1: duplicate key \"a\" (map)\n    the first one is at 1:10\n", 0},
    {"{\"map\": {\"a\": 1, \"b\": 2, \"c\": 3}}",
     "1:9: 3 keys; at most 2 are allowed (map)\n", 0},
    {"{\"list\": {}}", "1:10: expected an array, found an object (list)\n", 0},
    {"{\"list\": [5]}",
     "1:11: expected an object, found the number 5 (list[0])\n"
     "f:1:11: missing key \"run\" (list[0])\n",
     0},
    {"{\"list\": [{\"run\": 1, \"rnu\": 2,\n  \"run\": 3, \"zzzzzz\": 4}]}",
     "1:22: unknown key \"rnu\" (list[0])\n"
     "    did you mean \"run\"?\n"
     "f:2:3: duplicate key \"run\" (list[0])\n"
     "    the first one is at 1:12\n"
     "f:2:13: unknown key \"zzzzzz\" (list[0])\n"
     "    known keys: \"call\", \"client\", \"run\"\n",
     0},
};

static void refuses_wrong_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_values / sizeof *wrong_values; i++) {
        const struct refusal *r = &wrong_values[i];
        struct error error = {0};
        struct arena arena = {0};
        struct jsonc doc;
        assert_true(jsonc_open(&doc, "f", r->bytes, strlen(r->bytes), &error));
        struct jsonc_value root = jsonc_root(&doc);
        read_as_named(&root, &arena);
        jsonc_close(&doc);
        arena_deinit(&arena);
        char *text = printed(&error);
        if (strncmp(text, "f:", 2) != 0 || strcmp(text + 2, r->message) != 0)
            fail_msg("input %s\ngave   %swanted f:%s", r->bytes, text,
                     r->message);
        free(text);
    }
}

static void long_paths_end_in_dots(void **state)
{
    (void)state;
    char text[600] = "{\"";
    memset(text + 2, 'k', 300);
    strcpy(text + 302, "\": {\"x\": 1}}");
    struct error error = {0};
    struct jsonc doc;
    assert_true(jsonc_open(&doc, "f", text, strlen(text), &error));
    struct jsonc_value root = jsonc_root(&doc);
    struct jsonc_value outer = jsonc_member(&root, 0);
    struct jsonc_value inner = jsonc_member(&outer, 0);
    assert_int_equal(strlen(inner.path), sizeof inner.path - 1);
    assert_string_equal(inner.path + sizeof inner.path - 5, "k...");
    jsonc_close(&doc);
}

static void nearest_needs_a_near_one(void **state)
{
    (void)state;
    static const char *const words[] = {"retry_after", "reply", "do", NULL};
    assert_string_equal(jsonc_nearest("retry_afer", words), "retry_after");
    assert_string_equal(jsonc_nearest("relpy", words), "reply");
    assert_string_equal(jsonc_nearest("Reply", words), "reply");
    assert_string_equal(jsonc_nearest("od", words), "do");
    assert_null(jsonc_nearest("", words));
    assert_null(jsonc_nearest("completely", words));
    assert_null(jsonc_nearest("xy", words));
}

static void reads_files(void **state)
{
    (void)state;
    struct error error = {0};
    struct jsonc doc;
    const char *file = SOURCE_DIR "/scenarios/retry-after/429-seconds.jsonc";
    assert_true(jsonc_open_file(&doc, file, &error));
    jsonc_close(&doc);
    assert_false(jsonc_open_file(&doc, "/nonexistent/x.jsonc", &error));
    jsonc_close(&doc);
    assert_false(jsonc_open_file(&doc, SOURCE_DIR, &error));
    assert_false(jsonc_open_file(&doc, "/dev/zero", &error));
    char *text = printed(&error);
    assert_string_equal(
        text,
        "/nonexistent/x.jsonc: cannot read the file: No such file or "
        "directory\n" SOURCE_DIR ": cannot read the file: Is a directory\n"
        "/dev/zero: the file is larger than 4 MiB\n");
    assert_int_equal(error.problems[0].kind, PROBLEM_INPUT);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_with_place_and_reason),
        cmocka_unit_test(refuses_too_deep_and_too_large),
        cmocka_unit_test(reads_values_behind_comments),
        cmocka_unit_test(refuses_wrong_values),
        cmocka_unit_test(long_paths_end_in_dots),
        cmocka_unit_test(nearest_needs_a_near_one),
        cmocka_unit_test(reads_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
