/* One logical call played against a script of outcomes in virtual time, for
 * Python's ctypes: JSON in, JSON out. */
#ifndef RETRYSPEC_PROPS_STORY_H
#define RETRYSPEC_PROPS_STORY_H

/* `script` is
 *   {"method": "POST", "path": "/v1/x", "body_bytes": 0, "u": [0.5],
 *    "stop_ns": n, "cancel_ns": n, "most": 1000,
 *    "override": {"attempts": n, "elapsed_ns": n, "attempt_timeout_ns": n},
 *    "outcomes": [{"status": 503, "headers": {"retry-after": "1"},
 *                  "body": "text", "took_ns": 0}, {"end": "refused"}, ...]}
 * of which only "outcomes" must be there. The last outcome and the last u
 * repeat. The answer is
 *   {"sends": [ns], "requests": ["POST /v1/x"],
 *    "waits": [{"delay_ns", "min_ns", "max_ns", "layer", "kind"}],
 *    "ended": true, "ok": false, "reason": "attempts", "at_ns": n,
 *    "aborted": false}
 * where "ended" is false if the call went on at stop_ns or after "most" sends.
 * Heap text, freed by props_story_free; NULL if the script does not read. */
char *props_story(const void *profile, const char *script);
void props_story_free(char *text);

#endif
