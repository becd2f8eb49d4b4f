#include "mock_server/raw_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "mock_server/body.h"
#include "mock_server/raw.h"

/* Neither a status line nor a chunk size, and it ends a line so that no parser
 * waits for more. */
const char raw_garbage[] = "\x01\x02\xfe\xff~~ no HTTP begins so ~~\r\n\r\n";
_Static_assert(sizeof raw_garbage - 1 == RAW_GARBAGE_SIZE, "as raw.h says");

static bool all_made(const struct raw *raw)
{
    return raw->head_made && raw->body_made >= raw->body_size &&
           (!raw->is_chunked || raw->tail_made);
}

/* The body byte before which the fault strikes. */
static int64_t fault_stop(const struct raw *raw)
{
    int64_t after = raw->fault.after_bytes;
    return after < raw->body_size ? after : raw->body_size;
}

static bool fault_is_here(const struct raw *raw)
{
    switch (raw->fault.at) {
    case FAULT_AT_ACCEPT: /* on a connection that was open before */
    case FAULT_AT_REQUEST:
        return true;
    case FAULT_AT_HEAD:
        return raw->head_made;
    case FAULT_AT_BODY:
        return raw->head_made && raw->body_made >= fault_stop(raw);
    case FAULT_AT_END:
        return all_made(raw);
    }
    return false;
}

static bool set_piece(struct raw *raw, enum piece kind, const char *bytes,
                      size_t size)
{
    raw->kind = kind;
    raw->bytes = bytes;
    raw->size = size;
    raw->sent = raw->body_from = raw->body_part = 0;
    return true;
}

static bool make_body(struct raw *raw, bool *is_out)
{
    if (!raw->buffer && !(raw->buffer = malloc(PIECE_ROOM))) {
        *is_out = true;
        return false;
    }
    int64_t end = raw->body_size;
    if (!raw->is_struck && raw->fault.kind != FAULT_NONE &&
        raw->fault.at == FAULT_AT_BODY) {
        end = fault_stop(raw);
    }
    int64_t left = end - raw->body_made;
    size_t part = left < PIECE_BODY_MAX ? (size_t)left : PIECE_BODY_MAX;
    size_t from = 0;
    if (raw->is_chunked) {
        from = (size_t)snprintf(raw->buffer, 20, "%zx\r\n", part);
    }
    body_read(raw->reply, raw->body_made, raw->buffer + from, part);
    size_t size = from + part;
    if (raw->is_chunked) {
        raw->buffer[size++] = '\r';
        raw->buffer[size++] = '\n';
    }
    raw->body_made += (int64_t)part;
    set_piece(raw, PIECE_BODY, raw->buffer, size);
    raw->body_from = from;
    raw->body_part = part;
    return true;
}

static bool make_next(struct raw *raw, bool *is_out)
{
    if (!raw->head_made) {
        raw->head_made = true;
        return set_piece(raw, PIECE_HEAD, raw->head, raw->head_size);
    }
    if (raw->body_made < raw->body_size) {
        return make_body(raw, is_out);
    }
    if (raw->is_chunked && !raw->tail_made) {
        static const char last_chunk[] = "0\r\n\r\n";
        raw->tail_made = true;
        return set_piece(raw, PIECE_TAIL, last_chunk, sizeof last_chunk - 1);
    }
    return false;
}

bool raw_pieces_next(struct raw *raw, bool *is_out)
{
    if (raw->is_struck && raw->fault.kind != FAULT_DRIP) {
        return false;
    }
    if (raw->fault.kind == FAULT_NONE || raw->is_struck ||
        !fault_is_here(raw)) {
        return make_next(raw, is_out);
    }
    raw->is_struck = true;
    switch (raw->fault.kind) {
    case FAULT_DRIP:
        raw->is_dripping = true;
        return make_next(raw, is_out);
    case FAULT_GARBAGE:
        return set_piece(raw, PIECE_GARBAGE, raw_garbage, RAW_GARBAGE_SIZE);
    case FAULT_NONE:
    case FAULT_RESET:
    case FAULT_CLOSE:
    case FAULT_HANG:
    case FAULT_REFUSE:
    case FAULT_STALL:
        break;
    }
    return false;
}

void raw_pieces_took(struct raw *raw, size_t size)
{
    size_t body_end = raw->body_from + raw->body_part;
    size_t from = raw->sent < raw->body_from ? raw->body_from : raw->sent;
    raw->sent += size;
    size_t to = raw->sent > body_end ? body_end : raw->sent;
    if (to > from) {
        raw->body_sent += (int64_t)(to - from);
    }
    if (raw->sent < raw->size) {
        return;
    }
    raw->head_sent |= raw->kind == PIECE_HEAD;
    raw->tail_sent |= raw->kind == PIECE_TAIL;
    raw->garbage_sent |= raw->kind == PIECE_GARBAGE;
}

static bool is_interim(const struct raw *raw)
{
    /* RFC 9110 15.2: the client goes on waiting for the final response; 101 is
     * the final one of HTTP/1.1. */
    return raw->reply && raw->reply->status < 200 && raw->reply->status != 101;
}

bool raw_pieces_are_whole(const struct raw *raw)
{
    if (!raw->head_sent || is_interim(raw)) {
        return false;
    }
    if (!raw->has_body) {
        return true;
    }
    if (raw->is_chunked) {
        return raw->tail_sent;
    }
    return raw->reply->framing != FRAMING_CLOSE &&
           raw->body_sent >= raw->body_size;
}

enum attempt_end raw_pieces_end(const struct raw *raw, bool is_fin)
{
    if (raw_pieces_are_whole(raw)) {
        return END_STATUS;
    }
    if (raw->garbage_sent && (!raw->head_sent || raw->is_chunked)) {
        return END_GARBAGE;
    }
    if (!raw->head_sent || is_interim(raw)) {
        return is_fin ? END_CLOSE : END_RESET;
    }
    if (!raw->is_chunked && raw->reply->framing == FRAMING_CLOSE && is_fin) {
        return END_STATUS; /* nothing tells this end from a whole one */
    }
    return is_fin ? END_CUT : END_RESET_BODY;
}
