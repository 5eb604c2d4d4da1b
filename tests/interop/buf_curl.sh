#!/bin/bash
# Uses the service with `buf curl`, which learns the API by server reflection alone.
#
#   buf_curl.sh SERVER BUF_FOLDER        exits with 77 (skipped) when there is no `buf`
set -euo pipefail

server_path="$1"
PATH="$2:$PATH"
if ! command -v buf >/dev/null; then
  echo "skipped: buf is not installed; tools/install_buf installs it"
  exit 77
fi

folder="$(mktemp -d)"
mkfifo "$folder/stdout"
"$server_path" --data="$folder/data" --listen=127.0.0.1:0 --http_listen=off --access_log="$folder/access.log" \
  >"$folder/stdout" &
server=$!
trap 'kill -KILL "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
exec 3<"$folder/stdout"
read -r line <&3 || { echo "FAILED: the server did not start"; exit 1; }
address="${line#listening on }"

# call METHOD JSON: the answer without white space between its tokens. buf writes errors as JSON, too.
call() {
  buf curl --http2-prior-knowledge --protocol grpc --data "$2" \
    "http://$address/emptychair.v1.$1" 2>&1 | tr -d '\n' | sed 's/\([:,{[]\) */\1/g'
}

# expect METHOD JSON TEXT...: the answer contains every TEXT.
expect() {
  local answer text
  answer="$(call "$1" "$2")" || true
  for text in "${@:3}"; do
    if [[ "$answer" != *"$text"* ]]; then
      echo "FAILED: $1 $2 answered: $answer"
      echo "which lacks: $text"
      exit 1
    fi
  done
}

expect SurveyService/CreateSurvey \
  '{"survey": {"surveyId": "checkout", "kind": "SURVEY_KIND_NPS", "dimensions": ["channel"]}}' \
  '"surveyId":"checkout"' '"max":10' '"timeZone":"UTC"'
id=0 records=
for score in 10 9 9 7 0; do
  id=$((id + 1))
  records+="${records:+,}{\"surveyId\": \"checkout\", \"externalId\": \"$id\", \"score\": $score,
    \"occurTime\": \"2024-03-01T12:00:00.5Z\", \"labels\": {\"channel\": \"web\"}}"
done
expect FeedbackService/SubmitFeedback "{\"wantRecord\": true, \"feedback\": ${records%%\},*}}}" '"externalId":"1"' \
  '"score":10'
expect FeedbackService/BatchSubmitFeedback "{\"feedback\": [$records]}" '"acceptedCount":4' \
  '"alreadyExistedCount":1'
expect MetricsService/QueryMetric '{"surveyIds": ["checkout"]}' '"value":40' '"promoters":"3"' \
  '"passives":"1"' '"detractors":"1"' '"answers":"5"'
# The reason stands first in the ErrorInfo, of which buf shows the bytes in base64.
expect MetricsService/QueryMetric '{"surveyIds": ["nowhere"]}' '"code":"not_found"' \
  google.rpc.ErrorInfo "$(printf '\n\x10SURVEY_NOT_FOUND' | base64)"
expect AdminService/GetStatus '{}' '"surveyCount":"1"' '"feedbackCount":"5"'

kill -TERM "$server"
status=0
wait "$server" || status=$?
[[ $status == 0 ]] || { echo "FAILED: the server exited with $status"; exit 1; }
echo OK
