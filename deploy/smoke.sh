#!/usr/bin/env bash
# Is the service at URL ready, and does it answer as this model does? Bash, curl and awk are all that it needs.
#
#   deploy/smoke.sh URL [GOLDEN]
#
# GOLDEN are flights with LightGBM's own probability, one a line (examples/golden.json, made with the model): replies
# have to be within 0.00001 of them. SMOKE_API_KEY is sent as x-api-key and SMOKE_TOKEN as a bearer token, where set.
# Ends with 0, or says in one line what is wrong and ends with 1.
set -euo pipefail

url=${1:?"usage: smoke.sh URL [GOLDEN]"}
url=${url%/}
golden=${2:-$(dirname "$0")/../examples/golden.json}
seconds=${SMOKE_SECONDS:-60} # that it gets to become ready
flight='{"OPERA":"Sky Airline","SIGLADES":"Calama","FECHA_PROGRAMADA":"2017-11-27 13:00:00"}'

fail() {
  echo "smoke: $url $1" >&2
  exit 1
}

header() { # NAME VALUE: a line of curl's own settings, as its arguments are for everybody on the machine to read
  local value=${2//\\/\\\\}
  [[ -z $2 ]] || printf 'header = "%s: %s"\n' "$1" "${value//\"/\\\"}"
}

ask() { # METHOD PATH [BODY]: the body of the reply, then a line with its status
  local token=${SMOKE_TOKEN:+Bearer $SMOKE_TOKEN}
  curl -s --max-time 10 -X "$1" -K <(header x-api-key "${SMOKE_API_KEY:-}" && header authorization "$token") \
    -H 'content-type: application/json' ${3:+--data-binary "$3"} -w '\n%{http_code}' "$url$2" || true
}

expect() { # STATUS PATTERN WHAT REPLY
  [[ ${4##*$'\n'} == "$1" ]] || fail "$3: status ${4##*$'\n'} instead of $1"
  [[ $4 =~ $2 ]] || fail "$3: an unexpected body: $(head -c 200 <<<"${4%$'\n'*}" | tr '\n' ' ')"
}

[[ -s $golden ]] || fail "cannot be asked: there is no $golden"

deadline=$((SECONDS + seconds))
until reply=$(ask GET /v2/health/ready) && [[ ${reply##*$'\n'} == 200 ]]; do
  ((SECONDS < deadline)) || fail "is not ready after $seconds seconds: status ${reply##*$'\n'}"
  sleep 0.5
done
expect 200 '"ready":true' "/v2/health/ready" "$reply"
expect 200 '"live":true' "/v2/health/live" "$(ask GET /v2/health/live)"
expect 200 'Modelo activo y cargado' "/model_status" "$(ask GET /model_status)"
expect 200 '^\{"delay_probability":(0\.[0-9]+|1\.0|[0-9.]+e-[0-9]+),"clase":\["(Alta|Baja) probabilidad de atraso"\]\}' \
  "the example flight" "$(ask POST /predict_delay_probability "$flight")"
expect 422 '"detail":\[' "a flight without a time" "$(ask POST /predict_delay_probability '{"OPERA":"Sky Airline"}')"

lines=$(sed -n '2,101p' "$golden")
body="[$(sed -E 's/, *"features".*/},/; $ s/,$//' <<<"$lines")]"
reply=$(ask POST '/predict_delay_probabilities?detail=1' "$body")
expect 200 '"probabilidad":' "a hundred flights" "$reply"
paste <(grep -o '"delay_probability": *[0-9.e-]*' <<<"$lines") <(grep -o '"probabilidad":[0-9.e-]*' <<<"$reply") |
  LC_ALL=C awk -F '[:\t]' '
    { off = $2 - $4; if (off < 0) off = -off; if (NF != 4 || off > 1e-5) wrong++ }
    END { if (NR < 100 || wrong) { print wrong + 0 " of " NR " are wrong"; exit 1 } }' >&2 ||
  fail "answers as another model does"
echo "smoke: $url is ready, and answers a hundred flights as LightGBM does"
