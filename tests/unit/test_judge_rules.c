/* For every rule a trace that breaks it, with the exact message, and one that
 * keeps it; no other rule may speak up. */
#include "judge_story.h"

/* One layer: 429, 500-599 and transport faults, 1, 2, 4 s at most 4 s, three
 * attempts, Retry-After in seconds or as a date; 3 s for an attempt. */
#define RULE                                                                   \
    "{\"on\":{\"status\":[\"429\",\"500-599\"],\"transport\":[\"any\"]},"      \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"exponential\","              \
    "\"base\":\"1s\",\"factor\":2,\"cap\":\"4s\"},\"retry_after\":{\"read\":[" \
    "{\"header\":\"Retry-After\",\"as\":[\"seconds\",\"http-date\"]}]},"       \
    "\"source\":\"manual 3\"}"
#define LAYER                                                              \
    "{\"name\":\"http\",\"budget\":{\"attempts\":3},\"attempt_timeout\":{" \
    "\"limit\":\"3s\",\"kind\":\"total\"},\"rules\":[" RULE "]}"
#define PLAIN "[" LAYER "]"
#define HEADED                                                               \
    PLAIN ",\"headers\":{\"retry_count\":{\"name\":\"x-count\",\"from\":0}," \
          "\"idempotency_key\":{\"name\":\"x-key\",\"scope\":\"call\"}}"
#define KEYED                                                      \
    PLAIN ",\"headers\":{\"idempotency_key\":{\"name\":\"x-key\"," \
          "\"scope\":\"attempt\"}}"
#define PROGRESS                                             \
    "[{\"name\":\"outer\",\"progress\":{\"timeout\":\"2s\"," \
    "\"clock\":\"call\",\"aborts_attempt\":true},\"rules\":[" RULE "]}]"
#define SLOTS                                                          \
    "[{\"name\":\"http\",\"slots\":{\"limit\":1,\"scope\":\"client\"," \
    "\"held\":\"call\"},\"rules\":[" RULE "]}]"

/* A 429 with a header that knows no dates. */
#define READS(more)                                                     \
    "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"429\"]},"    \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"constant\",\"base\":" \
    "\"3s\"},\"retry_after\":{\"read\":[{\"header\":\"Retry-After\","   \
    "\"as\":[\"seconds\"]}]," more "}}]}]"
#define NUMBERS READS("\"default\":\"1500ms\"")
#define LONGER  READS("\"use\":\"maximum\"")

/* A 429 closes the limiter of all clients; a 503 is retried after 100 ms. */
#define SHARES(scope, more)                                                 \
    "[{\"name\":\"http\",\"rate_limiter\":{\"scope\":\"" scope "\"" more    \
    "},\"rules\":[{\"on\":{\"status\":[\"429\"]},\"do\":\"retry\","         \
    "\"backoff\":{\"schedule\":\"none\"},\"retry_after\":{\"read\":[{"      \
    "\"header\":\"Retry-After\",\"as\":[\"seconds\"]}]},"                   \
    "\"closes_limiter\":true},{\"on\":{\"status\":[\"503\"]},\"do\":"       \
    "\"retry\",\"backoff\":{\"schedule\":\"constant\",\"base\":\"100ms\"}}" \
    "]}]"
#define LIMITER SHARES("holder", "")
#define CLEARS  SHARES("holder", ",\"clears_on_success\":true")
#define PACED   SHARES("holder", ",\"per_second\":1,\"burst\":2")
#define BREAKER                                                              \
    "[{\"name\":\"http\",\"breaker\":{\"failures\":2,\"reset\":\"5s\","      \
    "\"half_open_calls\":1},\"budget\":{\"attempts\":1},\"rules\":[{\"on\":" \
    "{\"status\":[\"503\"]},\"do\":\"retry\",\"backoff\":{\"schedule\":"     \
    "\"none\"}}]}]"
#define TOKENS                                                               \
    "[{\"name\":\"http\",\"budget\":{\"tokens\":{\"capacity\":2,\"cost\":1," \
    "\"timeout_cost\":1,\"refund\":1}},\"rules\":[{\"on\":{\"status\":["     \
    "\"503\"]},\"do\":\"retry\",\"backoff\":{\"schedule\":\"constant\","     \
    "\"base\":\"100ms\"}}]}]"
#define FOLLOWS                                                               \
    "[{\"name\":\"handler\",\"rules\":[{\"on\":{\"status\":[\"503\"]},"       \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"none\"}}]},{\"name\":"      \
    "\"future\",\"routes\":[\"POST /v1/y\"],\"rules\":[{\"on\":{\"status\":[" \
    "\"408\"]},\"do\":\"poll\"},{\"on\":{\"status\":[\"410\"]},\"do\":"       \
    "\"start-over\"}]}],\"follow_up\":\"POST /v1/y\""

#define ONE   "{\"request\":\"POST /v1/x\"}"
#define LATER "{\"request\":\"POST /v1/x\",\"calls\":2}"
#define QUIT  "{\"request\":\"POST /v1/x\",\"give_up\":\"1500ms\"}"
#define THREE "{\"request\":\"POST /v1/x\",\"calls\":3,\"concurrency\":3}"
#define BYTES                                                    \
    "[{\"name\":\"http\",\"slots\":{\"bytes\":{\"limit\":100}}," \
    "\"rules\":[" RULE "]}]"
#define INNER_SLOTS                                                  \
    "[{\"name\":\"outer\",\"rules\":[" RULE "]},{\"name\":\"http\"," \
    "\"slots\":{\"limit\":1,\"held\":\"call\"}}]"
#define THROTTLED                                                    \
    "[{\"name\":\"http\",\"throttle\":{\"k\":2,\"window\":\"2min\"," \
    "\"rejected\":[\"503\"]}}]"
#define SOME_FAIL "0 503 call=rs-0-0; 1 503 call=rs-0-1; 2 503 call=rs-0-2"
#define THE_REST_FAIL                                                 \
    "; 3 503 call=rs-0-3; 4 503 call=rs-0-4; 5 503 call=rs-0-5; "     \
    "6 503 call=rs-0-6; 7 503 call=rs-0-7; 8 503 call=rs-0-8; "       \
    "9 503 call=rs-0-9; 10 503 call=rs-0-10; 11 503 call=rs-0-11; "   \
    "12 503 call=rs-0-12; 13 503 call=rs-0-13; 14 503 call=rs-0-14; " \
    "15 503 call=rs-0-15"
#define ALL_FAILED                                               \
    "; error:rs-0-0; error:rs-0-1; error:rs-0-2; error:rs-0-3; " \
    "error:rs-0-4; error:rs-0-5; error:rs-0-6; error:rs-0-7; "   \
    "error:rs-0-8; error:rs-0-9; error:rs-0-10; error:rs-0-11; " \
    "error:rs-0-12; error:rs-0-13; error:rs-0-14; error:rs-0-15"
#define MANY_MORE "{\"request\":\"POST /v1/x\",\"calls\":16}"
#define MANY      "{\"request\":\"POST /v1/x\",\"calls\":4}"
#define FOUR      "{\"request\":\"POST /v1/x\",\"calls\":4,\"concurrency\":2}"
#define TWO       "{\"request\":\"POST /v1/x\",\"calls\":2,\"concurrency\":2}"

struct row {
    const char *profile, *workload, *story;
    const char *rule; /* that speaks; NULL: all is well */
    enum verdict_word word;
    const char *expected, *observed;
};

static const struct row broken[] = {
    {PLAIN, ONE, "0 429 ra=2; 413 200; ok:rs-0-0", "RA-1", VERDICT_FAIL,
     "gap >= 2.000 s  (Retry-After says 2s; early allowance 10ms)",
     "gap = 0.412 s before attempt 2, after status 429"},
    {PLAIN, ONE, "0 429 ra=2; 3001 200; ok:rs-0-0", "RA-2", VERDICT_WARN,
     "gap <= 2.000 s  (Retry-After says 2s; late allowance 250ms, lag this "
     "run 1.0 ms)",
     "gap = 3.000 s before attempt 2, after status 429"},
    /* 2001-09-09 01:46:40 is t = 0. */
    {PLAIN, ONE, "0 429 ra=Sun,_09_Sep_2001_01:46:43_GMT; 5001 200; ok:rs-0-0",
     "RA-2", VERDICT_WARN,
     "gap <= 3.999 s  (Retry-After says 2.999s, and 1 s more, as dates have "
     "whole seconds; late allowance 250ms, lag this run 1.0 ms)",
     "gap = 5.000 s before attempt 2, after status 429"},
    {NUMBERS, ONE,
     "0 429 ra=Sun,_09_Sep_2001_01:46:43_GMT; 2001 200; ok:rs-0-0", "BO-2",
     VERDICT_FAIL,
     "gap <= 1.500 s  (Retry-After does not read as a time, so 1.5s; late "
     "allowance 250ms, lag this run 1.0 ms)",
     "gap = 2.000 s before attempt 2, after status 429"},
    {NUMBERS, ONE, "0 429; 2001 200; ok:rs-0-0", "BO-2", VERDICT_FAIL,
     "gap <= 1.500 s  (no header says a time, so 1.5s; late allowance "
     "250ms, lag this run 1.0 ms)",
     "gap = 2.000 s before attempt 2, after status 429"},
    {LONGER, ONE, "0 429 ra=2; 2001 200; ok:rs-0-0", "BO-1", VERDICT_FAIL,
     "gap >= 3.000 s  (Retry-After says 2s, or the back-off if that is "
     "longer: 3.000 s; early allowance 10ms)",
     "gap = 2.000 s before attempt 2, after status 429"},
    {PLAIN, ONE, "0 503; 501 200; ok:rs-0-0", "BO-1", VERDICT_FAIL,
     "gap >= 1.000 s  (back-off of retry 1: 1.000 s; early allowance 10ms)",
     "gap = 0.500 s before attempt 2, after status 503"},
    {PLAIN, ONE, "0 503; 1501 200; ok:rs-0-0", "BO-2", VERDICT_FAIL,
     "gap <= 1.000 s  (back-off of retry 1: 1.000 s; late allowance 250ms, "
     "lag this run 1.0 ms)",
     "gap = 1.500 s before attempt 2, after status 503"},
    {PLAIN, ONE, "0 reset; 3 200 conn=2; ok:rs-0-0", "HID-1", VERDICT_FAIL,
     "gap >= 1.000 s  (back-off of retry 1: 1.000 s; early allowance 10ms)",
     "gap = 0.002 s before attempt 2, after \"reset\""},
    {PLAIN, ONE, "0 503; exit@9000; error:rs-0-0", "ST-1", VERDICT_FAIL,
     "attempt 2 by 1.252 s, after status 503",
     "none came; the client ended at 9.000 s"},
    {PLAIN, ONE, "0 reset; exit@5; error:rs-0-0", "TF-1", VERDICT_FAIL,
     "attempt 2 by 1.252 s, after \"reset\"",
     "none came; the client ended at 0.005 s"},
    {PLAIN, ONE, "0 503; 1001 503; exit@9000; error:rs-0-0", "AT-1",
     VERDICT_FAIL, "attempt 3 by 3.253 s, after status 503",
     "none came; the client ended at 9.000 s"},
    {PLAIN, ONE, "0 503; 1001 503; 3002 503; 7003 200; ok:rs-0-0", "AT-2",
     VERDICT_FAIL, "no attempt after attempt 3: all 3 attempts are spent",
     "attempt 4 came 4.000 s later"},
    /* S4-22, S4-X3 */
    {PLAIN, QUIT, "0 503; 1001 503; 3002 200; ok:rs-0-0", "AT-2", VERDICT_FAIL,
     "no attempt after attempt 2: the caller had given up",
     "attempt 3 came 2.000 s later"},
    {PLAIN, ONE, "0 200; 500 200; ok:rs-0-0", "AT-3", VERDICT_FAIL,
     "no attempt after attempt 1: the call succeeded",
     "attempt 2 came 0.499 s later"},
    {PLAIN, ONE, "0 404; 1001 200; ok:rs-0-0", "ST-2", VERDICT_FAIL,
     "no attempt after attempt 1: status 404 is final",
     "attempt 2 came 1.000 s later"},
    {"[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"]},"
     "\"do\":\"retry\",\"backoff\":{\"schedule\":\"none\"}}]}]",
     ONE, "0 reset; 1001 200; ok:rs-0-0", "TF-2", VERDICT_FAIL,
     "no attempt after attempt 1: \"reset\" is final",
     "attempt 2 came 1.000 s later"},
    {PLAIN, ONE, "0 timeout took=1000; 2000 200; ok:rs-0-0", "TO-1",
     VERDICT_FAIL, "given up 3.000 s after its head  (limit 3s, whole attempt)",
     "attempt 1 given up after 1.000 s"},
    {PLAIN, ONE, "0 200 took=5000; ok:rs-0-0", "TO-2", VERDICT_WARN,
     "given up 3.000 s after its head  (limit 3s, whole attempt)",
     "attempt 1 still open after 5.000 s"},
    {PROGRESS, ONE, "0 503; 1001 503; 3002 200; ok:rs-0-0", "PT-1",
     VERDICT_FAIL, "no attempt after attempt 2: the progress timeout is over",
     "attempt 3 came 2.000 s later"},
    {PROGRESS, ONE, "0 200 took=4000; ok:rs-0-0", "PT-1", VERDICT_FAIL,
     "the call ends when the progress timeout is over",
     "attempt 1 was open until 4.000 s"},
    {LIMITER, TWO,
     "0 429 ra=2; 600 200 call=rs-0-1; 2001 200; ok:rs-0-0; ok:rs-0-1", "RL-1",
     VERDICT_FAIL,
     "no attempt before 2.001 s  (the answer to request #1 closed the rate "
     "limiter; early allowance 10ms)",
     "attempt 1 of call rs-0-1 came at 0.600 s"},
    {LIMITER, TWO,
     "0 503 took=400; 10 429 ra=2 call=rs-0-1; 700 200; 2011 200 call=rs-0-1; "
     "ok:rs-0-0; ok:rs-0-1",
     "RL-1", VERDICT_FAIL,
     "no attempt before 2.011 s  (the answer to request #2 closed the rate "
     "limiter; early allowance 10ms)",
     "attempt 2 of call rs-0-0 came at 0.700 s"},
    {LIMITER, TWO,
     "0 503 took=400; 10 429 ra=2 call=rs-0-1; 2011 200 call=rs-0-1; 2900 200; "
     "ok:rs-0-0; ok:rs-0-1",
     "RL-2", VERDICT_WARN,
     "the attempt by 2.011 s, when the rate limiter was open again  (late "
     "allowance 250ms, lag this run 1.0 ms)",
     "attempt 2 of call rs-0-0 came at 2.900 s"},
    /* A success opened it again at 0.510 s. */
    {CLEARS, THREE,
     "0 429 ra=3; 5 503 took=900 call=rs-0-1; 10 200 took=500 call=rs-0-2; "
     "3002 200; 3003 200 call=rs-0-1; ok:rs-0-0; ok:rs-0-1; ok:rs-0-2",
     "RL-2", VERDICT_WARN,
     "the attempt by 1.005 s, when the rate limiter was open again  (late "
     "allowance 250ms, lag this run 1.0 ms)",
     "attempt 2 of call rs-0-1 came at 3.003 s"},
    {PACED, MANY,
     "0 200; 1 200 call=rs-0-1; 1001 200 call=rs-0-2; 1500 200 call=rs-0-3; "
     "ok:rs-0-0; ok:rs-0-1; ok:rs-0-2; ok:rs-0-3",
     "RL-3", VERDICT_FAIL, "no attempt before 2.000 s  (1 a second, 2 at once)",
     "attempt 1 of call rs-0-3 came at 1.500 s"},
    {BREAKER, MANY,
     "0 503; 10 503 call=rs-0-1; 20 200 call=rs-0-2; error:rs-0-0; "
     "error:rs-0-1; ok:rs-0-2; error:rs-0-3",
     "CB-1", VERDICT_FAIL,
     "no attempt before 5.011 s  (request #2 opened the circuit; early "
     "allowance 10ms)",
     "attempt 1 of call rs-0-2 came at 0.020 s"},
    {TOKENS, LATER,
     "0 503; 101 503; 202 503; 303 200; ok:rs-0-0; 400 200 call=rs-0-1; "
     "ok:rs-0-1",
     "TB-1", VERDICT_FAIL,
     "no attempt after attempt 3 of call rs-0-0: no "
     "retry token is left",
     "attempt 4 of call rs-0-0 came 0.100 s later"},
    {THROTTLED, MANY_MORE, SOME_FAIL THE_REST_FAIL ALL_FAILED, "TH-1",
     VERDICT_FAIL,
     "requests held back, the last one with a chance of 94% or more  (one "
     "false alarm in 1000 million)",
     "16 sent, at most 0 held back"},
    {FOLLOWS, ONE, "0 200; 1 408 target=/v1/y; 2 200; error:rs-0-0", "FU-1",
     VERDICT_FAIL, "POST /v1/y next",
     "attempt 3: POST /v1/x, after status 408"},
    {FOLLOWS, ONE, "0 200; error:rs-0-0", "FU-1", VERDICT_FAIL,
     "attempt 2 by 0.252 s, after status 200",
     "none came; the client ended at 3600.000 s"},
    {PLAIN, ONE, "0 503; 1001 200 sha=bb; ok:rs-0-0", "REQ-1", VERDICT_FAIL,
     "the body of attempt 1: POST /v1/x, body 2 B, sha256 aa",
     "attempt 2: POST /v1/x, body 2 B, sha256 bb"},
    {PLAIN, ONE, "0 503; 1001 200 target=/v1/x?retry=1; ok:rs-0-0", "REQ-1",
     VERDICT_FAIL, "the target of attempt 1: POST /v1/x, body 2 B, sha256 aa",
     "attempt 2: POST /v1/x?retry=1, body 2 B, sha256 aa"},
    {HEADED, ONE, "0 503 key=a count=0; 1001 200 key=b count=1; ok:rs-0-0",
     "REQ-2", VERDICT_FAIL,
     "one x-key for all attempts of a call, another for each call",
     "b on attempt 2"},
    {KEYED, ONE, "0 503 key=a; 1001 200 key=a; ok:rs-0-0", "REQ-2",
     VERDICT_FAIL, "another x-key on every attempt", "a on attempt 2"},
    {KEYED, ONE, "0 503 key=a; 1001 200; ok:rs-0-0", "REQ-2", VERDICT_FAIL,
     "another x-key on every attempt", "no such header on attempt 2"},
    {HEADED, ONE, "0 503 key=a count=0; 1001 200 key=a count=0; ok:rs-0-0",
     "REQ-3", VERDICT_FAIL, "x-count: 1", "0 on attempt 2"},
    {PLAIN, ONE, "0 timeout took=9000 conn=1; 4005 200 conn=2; ok:rs-0-0",
     "CONN-1", VERDICT_FAIL,
     "the connection of attempt 1 closed by 3.000 s, when it was given up",
     "attempt 2 came at 4.005 s, and connection 1 stayed open until 9.000 s"},
    {PLAIN, ONE, "0 reset conn=1; 1001 200 conn=1; ok:rs-0-0", "CONN-2",
     VERDICT_FAIL,
     "attempt 2 on another connection than attempt 1, which ended by \"reset\"",
     "both came on connection 1"},
    {SLOTS, FOUR,
     "0 404; 2 404 call=rs-0-1; 3000 404 call=rs-0-2; 3002 200 call=rs-0-3; "
     "error:rs-0-0; error:rs-0-1; error:rs-0-2; ok:rs-0-3",
     "CC-2", VERDICT_FAIL,
     "a waiting call begun by 0.254 s: request #2 gave its slot back at "
     "0.003 s (late allowance 0.250 s, lag this run 1.0 ms)",
     "0 of 1 slots were taken until 3.000 s"},
    {PLAIN, ONE, "0 503 took=1200; 1001 200; ok:rs-0-0", "OVER-1", VERDICT_FAIL,
     "attempt 2 only after attempt 1 ended",
     "it came at 1.001 s, while attempt 1 was in flight until 1.200 s"},
    {SLOTS, TWO, "0 200 took=100; 50 200 call=rs-0-1; ok:rs-0-0; ok:rs-0-1",
     "CC-1", VERDICT_FAIL, "at most 1 call in flight", "2 calls in flight"},
    {BYTES, THREE,
     "0 200 took=300 size=80; 10 200 took=300 size=80 call=rs-0-1; 20 200 "
     "took=300 size=80 call=rs-0-2; ok:rs-0-0; ok:rs-0-1; ok:rs-0-2",
     "CC-1", VERDICT_FAIL, "at most 100 bytes in flight, and one body more",
     "240 bytes in flight"},
    {PLAIN, ONE, "0 200; error:rs-0-0", "OUT-1", VERDICT_FAIL,
     "a success, as attempt 1 ended with status 200",
     "the caller was told: error E"},
    {PLAIN, ONE, "0 404; ok:rs-0-0", "OUT-1", VERDICT_FAIL,
     "a failure, as attempt 1 ended with status 404",
     "the caller was told: ok, status 200"},
    {PLAIN, ONE, "0 200 reply=cafe; ok:rs-0-0/beef", "BODY-1", VERDICT_FAIL,
     "the body of attempt 1: 0 bytes, sha256 cafe",
     "the caller got another one, sha256 beef"},
    {PLAIN, ONE,
     "0 503; 1001 503; 3002 cut status=200; ok:rs-0-0/beef; exit@4000",
     "BODY-1", VERDICT_FAIL,
     "an error, as the body of attempt 3 did not arrive whole",
     "the caller was told: ok, status 200"},
    {PLAIN, ONE, "0 reset fault=unfired; 1001 200; ok:rs-0-0", "FLT-1",
     VERDICT_NOT_EXERCISED, NULL, NULL},
};

/* Exercises the rule and keeps it. */
static const struct row kept[] = {
    {PLAIN, ONE, "0 429 ra=2; 2001 200; ok:rs-0-0", "RA-1", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 429 ra=2; 2201 200; ok:rs-0-0", "RA-2", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 503; 992 200; ok:rs-0-0", "BO-1", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 503; 1250 200; ok:rs-0-0", "BO-2", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 reset; 1001 200 conn=2; ok:rs-0-0", "HID-1", VERDICT_PASS,
     0, 0},
    {PLAIN, ONE, "0 503; 1001 200; ok:rs-0-0", "ST-1", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 cut; 1001 200; ok:rs-0-0", "TF-1", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 503; 1001 503; 3002 200; ok:rs-0-0", "AT-1", VERDICT_PASS,
     0, 0},
    {PLAIN, ONE, "0 503; 1001 503; 3002 503; error:rs-0-0", "AT-2",
     VERDICT_PASS, 0, 0},
    {PLAIN, QUIT, "0 503; 1001 503; error:rs-0-0", "AT-2", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 200; ok:rs-0-0", "AT-3", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 404; error:rs-0-0", "ST-2", VERDICT_PASS, 0, 0},
    {"[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"]},"
     "\"do\":\"retry\",\"backoff\":{\"schedule\":\"none\"}}]}]",
     ONE, "0 reset; error:rs-0-0", "TF-2", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 timeout took=3000; 4000 200; ok:rs-0-0", "TO-1",
     VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 timeout took=3200; 4200 200; ok:rs-0-0", "TO-2",
     VERDICT_PASS, 0, 0},
    {PROGRESS, ONE, "0 503; 1001 503; error:rs-0-0", "PT-1", VERDICT_PASS, 0,
     0},
    {PROGRESS, ONE, "0 timeout took=2000; error:rs-0-0", "PT-1", VERDICT_PASS,
     0, 0},
    {LIMITER, TWO,
     "0 429 ra=2; 2001 200 call=rs-0-1; 2002 200; ok:rs-0-0; ok:rs-0-1", "RL-1",
     VERDICT_PASS, 0, 0},
    {LIMITER, TWO,
     "0 503 took=400; 10 429 ra=2 call=rs-0-1; 2011 200 call=rs-0-1; 2012 200; "
     "ok:rs-0-0; ok:rs-0-1",
     "RL-2", VERDICT_PASS, 0, 0},
    {CLEARS, THREE,
     "0 429 ra=3; 5 503 took=900 call=rs-0-1; 10 200 took=500 call=rs-0-2; "
     "1006 200 call=rs-0-1; 3002 200; ok:rs-0-0; ok:rs-0-1; ok:rs-0-2",
     "RL-2", VERDICT_PASS, 0, 0},
    /* Asleep when it was opened: who sleeps exactly notices nothing. */
    {CLEARS, THREE,
     "0 429 ra=3; 5 503 call=rs-0-1; 10 200 took=500 call=rs-0-2; 3002 200; "
     "3003 200 call=rs-0-1; ok:rs-0-0; ok:rs-0-1; ok:rs-0-2",
     "RL-2", VERDICT_PASS, 0, 0},
    {PACED, MANY,
     "0 200; 1 200 call=rs-0-1; 1001 200 call=rs-0-2; 2000 200 call=rs-0-3; "
     "ok:rs-0-0; ok:rs-0-1; ok:rs-0-2; ok:rs-0-3",
     "RL-3", VERDICT_PASS, 0, 0},
    {BREAKER, MANY,
     "0 503; 10 503 call=rs-0-1; 5020 200 call=rs-0-3; error:rs-0-0; "
     "error:rs-0-1; error:rs-0-2; ok:rs-0-3",
     "CB-1", VERDICT_PASS, 0, 0},
    {TOKENS, LATER,
     "0 503; 101 503; 202 503; error:rs-0-0; 303 200 call=rs-0-1; ok:rs-0-1",
     "TB-1", VERDICT_PASS, 0, 0},
    {THROTTLED, MANY_MORE, SOME_FAIL ALL_FAILED, "TH-1", VERDICT_PASS, 0, 0},
    {FOLLOWS, ONE,
     "0 200; 1 408 target=/v1/y; 2 410 target=/v1/y; 3 200; 4 200 target=/v1/y;"
     "ok:rs-0-0",
     "FU-1", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 503; 1001 200; ok:rs-0-0", "REQ-1", VERDICT_PASS, 0, 0},
    {HEADED, ONE, "0 503 key=a count=0; 1001 200 key=a count=1; ok:rs-0-0",
     "REQ-2", VERDICT_PASS, 0, 0},
    {KEYED, ONE, "0 503 key=a; 1001 200 key=b; ok:rs-0-0", "REQ-2",
     VERDICT_PASS, 0, 0},
    {HEADED, ONE, "0 503 key=a count=0; 1001 200 key=a count=1; ok:rs-0-0",
     "REQ-3", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 503; 1001 200; ok:rs-0-0", "OVER-1", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 timeout took=3000; 4005 200 conn=2; ok:rs-0-0", "CONN-1",
     VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 reset; 1001 200 conn=2; ok:rs-0-0", "CONN-2", VERDICT_PASS,
     0, 0},
    {SLOTS, FOUR,
     "0 404; 2 404 call=rs-0-1; 4 404 call=rs-0-2; 6 200 call=rs-0-3; "
     "error:rs-0-0; error:rs-0-1; error:rs-0-2; ok:rs-0-3",
     "CC-2", VERDICT_PASS, 0, 0},
    {SLOTS, TWO, "0 200 took=100; 150 200 call=rs-0-1; ok:rs-0-0; ok:rs-0-1",
     "CC-1", VERDICT_PASS, 0, 0},
    {BYTES, THREE,
     "0 200 took=300 size=80; 10 200 took=300 size=80 call=rs-0-1; 320 200 "
     "size=80 call=rs-0-2; ok:rs-0-0; ok:rs-0-1; ok:rs-0-2",
     "CC-1", VERDICT_PASS, 0, 0},
    /* A layer further out tries again: the slot is free meanwhile. */
    {INNER_SLOTS, TWO,
     "0 503; 100 200 took=300 call=rs-0-1; 1001 200; ok:rs-0-0; ok:rs-0-1",
     "CC-1", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 200; ok:rs-0-0", "OUT-1", VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 503; 1001 503; 3002 503; error:rs-0-0", "OUT-1",
     VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 503; 1001 503; 3002 cut status=200; error:rs-0-0", "BODY-1",
     VERDICT_PASS, 0, 0},
    {PLAIN, ONE, "0 200 reply=cafe; ok:rs-0-0/CAFE", "BODY-1", VERDICT_PASS, 0,
     0},
    {PLAIN, ONE, "0 reset fault=fired; 1001 200; ok:rs-0-0", "FLT-1",
     VERDICT_PASS, 0, 0},
};

static void check_text(const char *what, const char *wanted, const char *found)
{
    if (wanted && (!found || strcmp(wanted, found) != 0)) {
        fail_msg("%s:\n  wanted %s\n  found  %s", what, wanted,
                 found ? found : "nothing");
    }
}

static bool is_bad(enum verdict_word word)
{
    return word != VERDICT_PASS && word != VERDICT_NA;
}

static void check_row(const struct row *row)
{
    struct story story = {.profile = story_profile(row->profile),
                          .scenario = story_scenario(row->workload, "")};
    story_tell(&story, row->story);
    story_judge(&story);
    const struct verdict *verdict = verdict_of(&story, row->rule);
    if (!verdict || verdict->word != row->word) {
        print_verdicts(&story);
        fail_msg("%s: \"%s\" is not %s", row->rule, row->story,
                 verdict_people_words[row->word]);
    }
    if (row->word == VERDICT_PASS) {
        assert_true(verdict->exercised > 0);
    }
    check_text("expected", row->expected, verdict->expected);
    check_text("observed", row->observed, verdict->observed);
    for (size_t i = 0; i < story.report->verdict_count; i++) {
        const struct verdict *other = &story.report->verdicts[i];
        if (other != verdict && is_bad(other->word)) {
            print_verdicts(&story);
            fail_msg("\"%s\": one cause, two findings: %s and %s", row->story,
                     row->rule, other->rule->id);
        }
    }
    assert_int_equal(story.report->client_fault, CLIENT_OK);
    story_free(&story);
}

static void test_each_rule_can_be_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        check_row(&broken[i]);
    }
}

static void test_each_rule_can_be_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        check_row(&kept[i]);
    }
}

static bool has_row(const struct row *rows, size_t count, const char *rule)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].rule, rule) == 0) {
            return true;
        }
    }
    return false;
}

/* They look at many delays together: tests/unit/test_judge_spread.c. */
static bool is_of_statistics(const char *rule)
{
    return strncmp(rule, "JIT-", 4) == 0 || strncmp(rule, "HERD-", 5) == 0;
}

/* A rule of the catalogue without a row here was never seen failing. */
static void test_every_rule_of_the_catalogue_has_both(void **state)
{
    (void)state;
    struct error error = {0};
    const struct embedded_file *file = embedded("rules.jsonc");
    struct rule_catalogue *rules =
        rules_read("rules.jsonc", file->bytes, file->size, &error);
    must_read(rules, &error);
    for (size_t i = 0; i < rules->count; i++) {
        const char *id = rules->rules[i].id;
        if (is_of_statistics(id)) {
            continue;
        }
        if (!has_row(broken, sizeof broken / sizeof broken[0], id) ||
            !has_row(kept, sizeof kept / sizeof kept[0], id)) {
            fail_msg("%s has no row", id);
        }
    }
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule_can_be_broken),
        cmocka_unit_test(test_each_rule_can_be_kept),
        cmocka_unit_test(test_every_rule_of_the_catalogue_has_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
