#!/bin/bash
# Installs the package into a temporary folder, builds the projects in quickstart/, own_google_rpc/ and
# fake_server/ with nothing but it, and runs their tests and programs against the installed server.
#
#   outside_project.sh CMAKE BUILD_FOLDER SOURCE_FOLDER CXX CXX_FLAGS [CXX_LAUNCHER]
#
# CXX_FLAGS: those of the build, because a program must be linked with the sanitizers of its libraries.
set -euo pipefail
cmake="$1" build="$2" source="$3" cxx="$4" flags="$5" launcher="${6:-}"

fail() {
  echo "FAILED: $*"
  exit 1
}

# quietly COMMAND...: shows what the command says only when it fails.
quietly() { "$@" >"$folder/output" 2>&1 || { cat "$folder/output"; fail "$*"; }; }

# The programs that client/README.md shows are those that are built here, each the first block below
# its heading.
# check_shown HEADING FILE
check_shown() {
  diff <(awk -v heading="## $1" '$0 == heading { below = 1 }
    /^```cpp$/ { if (below && !seen++) { on = 1; next } } /^```$/ { on = 0 } on' \
    "$source/client/README.md") "$source/tests/install/$2" ||
    fail "client/README.md shows another program than tests/install/$2"
}
check_shown "A first program" quickstart/quickstart.cc
check_shown "Without waiting" quickstart/without_waiting.cc
check_shown "Async" quickstart/async.cc
check_shown "Tests of your own code" fake_server/fake_server_test.cc

folder="$(mktemp -d)"
server=0
trap '((server == 0)) || kill -KILL "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

prefix="$folder/prefix"
for component in client server; do
  quietly "$cmake" --install "$build" --prefix "$prefix" --component "$component"
done

# Nothing of ours but what is public is there, and no generated stub among it.
private="$(cd "$prefix" && find . -name '*.h' | grep -vE \
  '^\./include/(emptychair/(error\.h|client/|v1/[a-z_]+\.pb\.h)|emptychair-google-rpc/google/rpc/)' || true)"
[[ -z "$private" ]] || fail "these headers are installed and should not be: $private"
fakes="$(find "$prefix" -iname '*fake*' -o -iname '*testing*')"
[[ -z "$fakes" ]] || fail "these are not of the client or the server: $fakes"
stubs="$(find "$prefix" -name '*.grpc.pb.h')"
[[ -z "$stubs" ]] || fail "these stubs are installed and should not be: $stubs"

# build_project NAME: builds the outside project of this name into a folder of its own.
build_project() {
  quietly "$cmake" -S "$source/tests/install/$1" -B "$folder/$1" -G Ninja \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_CXX_FLAGS="$flags" \
    -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher"
  quietly "$cmake" --build "$folder/$1"
}
build_project quickstart
build_project own_google_rpc
! grep -q libemptychair_google_rpc "$folder/own_google_rpc/build.ninja" ||
  fail "a program with its own google/rpc links ours, too"

quietly "$folder/quickstart/headline_test"

# The server for tests comes with a component of its own, and its one header.
before="$(cd "$prefix" && find . -name '*.h')"
quietly "$cmake" --install "$build" --prefix "$prefix" --component client_testing
added="$(cd "$prefix" && find . -name '*.h' | grep -vxF "$before" || true)"
[[ "$added" == ./include/emptychair/testing/fake_server.h ]] ||
  fail "client_testing installs these headers: $added"
build_project fake_server
quietly "$folder/fake_server/fake_server_test"
quietly "$prefix/bin/emptychair-fake" --until-stdin-ends </dev/null
[[ "$(head -n 1 "$folder/output")" == "listening on 127.0.0.1:"* ]] ||
  fail "emptychair-fake said: $(cat "$folder/output")"

# check_quickstart PROGRAM: runs it against a new server and compares what it says.
check_quickstart() {
  local data line answer expected
  data="$(mktemp -d -p "$folder")"
  mkfifo "$data/stdout"
  "$prefix/bin/emptychaird" --data="$data/data" --listen=127.0.0.1:0 --http_listen=off \
    --access_log="$data/access.log" >"$data/stdout" &
  server=$!
  exec 3<"$data/stdout"
  read -r line <&3 || fail "the server did not start"

  answer="$("$1" "${line#listening on }")" || fail "$1: $answer"
  expected='checkout: 5 answers, NPS 40
refused: SCORE_OUT_OF_RANGE, wanted 0 to 10'
  [[ "$answer" == "$expected" ]] || fail "$1 said: $answer"
  if [[ -x "$(dirname "$1")/without_waiting" ]]; then
    answer="$("$(dirname "$1")/without_waiting" "${line#listening on }")" || fail "without_waiting: $answer"
    [[ "$answer" == $'request 3 was rejected\n2 stored' ]] || fail "without_waiting said: $answer"
    answer="$("$(dirname "$1")/async" "${line#listening on }")" || fail "async: $answer"
    [[ "$answer" == $'11: SCORE_OUT_OF_RANGE\n2 stored' ]] || fail "async said: $answer"
    answer="$("$(dirname "$1")/metrics" "${line#listening on }")" || fail "metrics: $answer"
    for shown in $'# TYPE feedback_writer_stored_total counter\nfeedback_writer_stored_total 2' \
      $'# TYPE feedback_writer_failing gauge\nfeedback_writer_failing 0'; do
      [[ "$answer" == *"$shown"* ]] || fail "metrics lacks $shown: $answer"
    done
  fi

  kill -TERM "$server"
  wait "$server" || fail "the server exited with $?"
  server=0
}
check_quickstart "$folder/quickstart/quickstart"
check_quickstart "$folder/own_google_rpc/quickstart"
