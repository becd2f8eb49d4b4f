/* What raw.c, which sends and ends, shares with raw_pieces.c, which makes the
 * bytes. The latter is pure. */
#ifndef RETRYSPEC_MOCK_SERVER_RAW_PARTS_H
#define RETRYSPEC_MOCK_SERVER_RAW_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/http.h"
#include "model/scenario.h"

enum piece { PIECE_NONE, PIECE_HEAD, PIECE_BODY, PIECE_TAIL, PIECE_GARBAGE };

enum { PIECE_BODY_MAX = 16 * 1024, PIECE_ROOM = PIECE_BODY_MAX + 32 };

struct raw {
    struct fault fault;        /* kind FAULT_NONE: none */
    const struct reply *reply; /* NULL: only `head` and a FIN */
    char *head;
    size_t head_size;
    bool has_body, is_chunked;
    int64_t body_size; /* to send if no fault comes first; 0 without a body */

    bool head_made, tail_made, is_struck;
    int64_t body_made;

    /* the piece under way */
    enum piece kind;
    const char *bytes;
    size_t size, sent, body_from, body_part;
    char *buffer; /* PIECE_ROOM bytes; NULL until needed */

    /* what the kernel took */
    bool head_sent, tail_sent, garbage_sent;
    int64_t body_sent;

    bool is_dripping, is_waiting_for_ack;
    int64_t drip_from_ns, dripped;
    int64_t reset_by_ns;
    int64_t silent_from_ns;
};

/* The next piece in kind, bytes, size. False: nothing is left to send, or the
 * fault strikes here. Without memory *is_out is set. */
bool raw_pieces_next(struct raw *raw, bool *is_out);

/* `size` more bytes of the piece were taken. */
void raw_pieces_took(struct raw *raw, size_t size);

/* Has the client all that it was promised? */
bool raw_pieces_are_whole(const struct raw *raw);

/* How the client sees it end, by FIN or by RST, as of now. */
enum attempt_end raw_pieces_end(const struct raw *raw, bool is_fin);

#endif
