/* libcurl, loaded when the reference client starts: it brings some forty
 * libraries, which would cost every other command their loading. */
#ifndef RETRYSPEC_CLIENT_CURL_API_H
#define RETRYSPEC_CLIENT_CURL_API_H

#include <curl/curl.h>
#include <stdbool.h>

#include "model/error.h"

#define CURL_API_FUNCTIONS(X) \
    X(easy_cleanup)           \
    X(easy_getinfo)           \
    X(easy_init)              \
    X(easy_setopt)            \
    X(free)                   \
    X(global_cleanup)         \
    X(global_init)            \
    X(multi_add_handle)       \
    X(multi_cleanup)          \
    X(multi_info_read)        \
    X(multi_init)             \
    X(multi_remove_handle)    \
    X(multi_setopt)           \
    X(multi_socket_action)    \
    X(slist_append)           \
    X(slist_free_all)         \
    X(url)                    \
    X(url_cleanup)            \
    X(url_get)                \
    X(url_set)

/* Each has the type that libcurl's header declares. */
#define CURL_API_FIELD(name) __typeof__(curl_##name) *name;
struct curl_api {
    CURL_API_FUNCTIONS(CURL_API_FIELD)
};
#undef CURL_API_FIELD

/* Nothing may be called before curl_api_load() returned true. */
extern struct curl_api curl_api;

/* Loads the library if it is not yet. False: `error` says what to install. */
bool curl_api_load(struct error *error);

#endif
