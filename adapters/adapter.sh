#!/bin/sh
# Lets retryspec drive curl. Needs curl, awk and coreutils. It works as it is:
#     retryspec smoke -- sh adapter.sh
# What an adapter is told and what it answers: docs/adapters.md of retryspec.
set -u
: "${RETRYSPEC_PLAN:?is not set; start me with: retryspec smoke -- sh adapter.sh}"
command -v curl >/dev/null || { echo "adapter.sh needs curl" >&2; exit 1; }

# ---- YOUR CLIENT ------------------------------------------------------------
# One logical call with all its retries: writes the response body to the file
# $body_file and prints the status; fails if the call failed.
call() { # method url json-body
    case $1 in
    GET | DELETE) set -- -X "$1" "$2" ;;
    HEAD) set -- --head "$2" ;;
    *) set -- -X "$1" -H 'Content-Type: application/json' -d "$3" "$2" ;;
    esac
    timeout "$give_up" curl -sS --retry 4 --max-time "$read_timeout" \
        -o "$body_file" -w '%{http_code}' "$@"
}
# ------------------------------------------------------------------------------

seconds() { # of milliseconds, or of an expression of such
    awk "BEGIN { print ($1) / 1000 }"
}

# "sh adapter.sh call TOKEN": one call, one line of results.
if [ "${1-}" = call ]; then
    token=$2
    body_file=$(mktemp) || exit 1
    trap 'rm -f "$body_file"' EXIT
    [ "$RETRYSPEC_PLAN_READ_TIMEOUT_MS" != 0 ] || RETRYSPEC_PLAN_READ_TIMEOUT_MS=60000
    read_timeout=$(seconds "$RETRYSPEC_PLAN_READ_TIMEOUT_MS")
    give_up=$(seconds "$RETRYSPEC_PLAN_GIVE_UP_MS") # the caller loses patience; 0: never
    url=$RETRYSPEC_BASE_URL$RETRYSPEC_PLAN_PATH
    # The token tells retryspec which call a request belongs to. GET has no body.
    case $RETRYSPEC_PLAN_METHOD in
    GET | HEAD | DELETE)
        case $url in *\?*) url="$url&token=$token" ;; *) url="$url?token=$token" ;; esac ;;
    esac
    body=$(printf '%s' "$RETRYSPEC_PLAN_PAYLOAD" | sed "s/<token>/$token/g")

    outcome=ok error=''
    status=$(call "$RETRYSPEC_PLAN_METHOD" "$url" "$body")
    code=$?
    if [ "$code" -ne 0 ]; then
        outcome=error error="curl exit $code" # 124: given up
    elif [ "$status" -ge 400 ]; then
        outcome=error error="HTTP $status"
    fi
    sha256=$(sha256sum <"$body_file" | cut -d ' ' -f 1)
    printf '{"call":"%s","outcome":"%s","status":%d,"error":"%s","sha256":"%s"}\n' \
        "$token" "$outcome" "${status:-0}" "$error" "$sha256" >>"$RETRYSPEC_RESULTS"
    exit 0
fi

# To skip a scenario that this client can't do: say why and exit 77.
# [ "$RETRYSPEC_SCENARIO" = body/reset ] && { echo 'no streaming' >&2; exit 77; }

# Every client at once, each with its calls, `concurrency` of them at a time.
client=0
while [ "$client" -lt "$RETRYSPEC_PLAN_CLIENTS" ]; do
    (
        sleep "$(seconds "$RETRYSPEC_PLAN_START_SPREAD_MS * $client / $RETRYSPEC_PLAN_CLIENTS")"
        i=0
        while [ "$i" -lt "$RETRYSPEC_PLAN_CALLS" ]; do
            echo "rs-$client-$i"
            i=$((i + 1))
        done | xargs -n 1 -P "$RETRYSPEC_PLAN_CONCURRENCY" sh "$0" call
    ) &
    client=$((client + 1))
done
wait
