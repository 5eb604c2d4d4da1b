#!/bin/bash
# Changes a copy of the .proto files and looks whether tools/check_protos finds what breaks others,
# and nothing else.
#
#   check_protos.sh SOURCE_FOLDER        exits with 77 (skipped) when there is no `buf`
set -euo pipefail

source="$1"
modules="$source/build/node_modules"
if [[ ! -x "$modules/.bin/buf" ]]; then
  echo "skipped: buf is not installed; tools/install_buf installs it"
  exit 77
fi

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/tools" "$folder/build"
cp "$source"/tools/{check_protos,common.sh,install_buf} "$folder/tools"
cp "$source/buf.yaml" "$folder"
ln -s "$modules" "$folder/build/node_modules"
cd "$folder"

fail() {
  echo "FAILED: $*"
  cat output
  exit 1
}
check() { tools/check_protos "$@" >output 2>&1; }
fresh() {
  rm -rf protos
  cp -r "$source/protos" .
  cp taken protos/baseline.binpb
}
# change FILE SED_EXPRESSION: in a copy whose baseline is as the files are.
change() {
  fresh
  sed -i "$2" "protos/emptychair/$1"
  ! cmp -s "protos/emptychair/$1" "$source/protos/emptychair/$1" || fail "'$2' changes nothing in $1"
}
# breaks FILE SED_EXPRESSION WORDS: the check fails, and says why.
breaks() {
  change "$1" "$2"
  ! check || fail "$1 '$2' passed"
  grep -q "$3" output || fail "$1 '$2' was not refused with: $3"
}
passes() {
  change "$1" "$2"
  check || fail "$1 '$2' was refused"
}

cp -r "$source/protos" .
tools/check_protos --take
cp protos/baseline.binpb taken
check --released || fail "what was taken just now was refused"

# Callers: bytes, names, where things are.
breaks v1/feedback_service.proto '0,/string customer_id = 4;/s//string customer_id = 40;/' \
  'Previously present field "4" with name "customer_id"'
breaks v1/feedback_service.proto '0,/string customer_id = 4;/s//string customer = 4;/' 'customer_id'
breaks v1/feedback_service.proto '0,/string customer_id = 4;/s//int64 customer_id = 4;/' 'type'
breaks v1/feedback_service.proto '/^  rpc GetFeedback(/,/^  }/d' 'RPC "GetFeedback"'
breaks v1/calendar.proto 's/GRANULARITY_WEEK = /GRANULARITY_SEVEN_DAYS = /' 'GRANULARITY_WEEK'
breaks testing/v1/fake_service.proto 's/int32 count = 3;/int32 count = 7;/' '"3" with name "count"'

# Stored messages: bytes, not names.
breaks store/v1/value.proto '0,/bytes hash_secret = 2;/s//bytes hash_secret = 1002;/' '"2" with name'
breaks store/v1/value.proto '0,/bytes hash_secret = 2;/s//int64 hash_secret = 2;/' 'type'
passes store/v1/value.proto 's/bytes hash_secret = 2;/bytes secret_of_hashes = 2;/'

# What is new.
passes v1/feedback_service.proto '0,/string customer_id = 4;/s//&\n  string added = 4000;/'
passes v1/calendar.proto 's/^  GRANULARITY_WEEK = .*/&\n  \/\/ Added.\n  GRANULARITY_ADDED = 4000;/'
! check --released || fail "a release whose baseline lacks something passed"
tools/check_protos --take
check --released || fail "what was taken is not there"

# On purpose.
breaks v1/feedback_service.proto '/^  rpc GetFeedback(/,/^  }/d' 'RPC "GetFeedback"'
tools/check_protos --take
check || fail "a change whose baseline was taken was refused"
echo OK
