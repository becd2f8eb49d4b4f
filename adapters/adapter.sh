#!/bin/sh
# Lets retryspec drive curl. Needs curl, jq and coreutils. It works as it is:
#     retryspec smoke -- sh adapter.sh
# What an adapter is told and what it answers: docs/adapters.md of retryspec.
set -u
: "${RETRYSPEC_PLAN:?is not set; start me with: retryspec smoke -- sh adapter.sh}"
for tool in curl jq; do
    command -v "$tool" >/dev/null || { echo "adapter.sh needs $tool" >&2; exit 1; }
done

plan() { # a value of the plan, by a jq filter
    printf '%s' "$RETRYSPEC_PLAN" | jq -r "$1"
}

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

# "sh adapter.sh call TOKEN": one call, one line of results.
if [ "${1-}" = call ]; then
    token=$2
    body_file=$(mktemp) || exit 1
    trap 'rm -f "$body_file"' EXIT
    read_timeout=$(plan '(.read_timeout_ms / 1000 | select(. > 0)) // 60')
    give_up=$(plan '.give_up_ms / 1000') # the caller loses patience; 0: never
    method=$(plan .method)
    url=$RETRYSPEC_BASE_URL$(plan .path)
    # The token tells retryspec which call a request belongs to. GET has no body.
    case $method in
    GET | HEAD | DELETE)
        case $url in *\?*) url="$url&token=$token" ;; *) url="$url?token=$token" ;; esac ;;
    esac
    body=$(plan '.payload // {token: "<token>"} | tojson' | sed "s/<token>/$token/g")

    status=$(call "$method" "$url" "$body")
    code=$?
    error=''
    if [ "$code" -ne 0 ]; then
        error="curl exit $code" # 124: given up
    elif [ "$status" -ge 400 ]; then
        error="HTTP $status"
    fi
    sha256=$(sha256sum <"$body_file" | cut -d ' ' -f 1)
    jq -nc --arg call "$token" --arg error "$error" --arg sha256 "$sha256" \
        --arg status "${status:-0}" \
        '{call: $call, outcome: (if $error == "" then "ok" else "error" end),
          status: ($status | tonumber), error: $error, sha256: $sha256}' \
        >>"$RETRYSPEC_RESULTS"
    exit 0
fi

# To skip a scenario that this client can't do: say why and exit 77.
# [ "$RETRYSPEC_SCENARIO" = body/reset ] && { echo 'no streaming' >&2; exit 77; }

# Every client at once, each with its calls, `concurrency` of them at a time.
client=0
while [ "$client" -lt "$(plan .clients)" ]; do
    (
        sleep "$(plan ".start_spread_ms / 1000 * $client / .clients")"
        plan "range(.calls) | \"rs-$client-\\(.)\"" |
            xargs -n 1 -P "$(plan .concurrency)" sh "$0" call
    ) &
    client=$((client + 1))
done
wait
