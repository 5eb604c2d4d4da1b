#!/bin/bash
# Checks the units of debian/ with systemd-analyze, and that files which must agree with them do.
#
#   units.sh SOURCE BIN_FOLDER        exits with 77 (skipped) when there is no systemd-analyze
set -euo pipefail
source="$1" bin="$2"

failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}

# Each flag, in use or as an example, is one of the server's.
flags="$source/debian/emptychaird.flags"
help="$("$bin/emptychaird" --help || true)"
grep -oE '^#?--[a-z_]+' "$flags" | sed 's/^#*--//' | sort -u | while read -r flag; do
  grep -q -- "--$flag (" <<<"$help" || { echo "emptychaird has no --$flag"; exit 1; }
done || fail "a flag in debian/emptychaird.flags"

# The packages' build needs what any build needs.
wanted="$(sed -n '/^build_packages=(/,/^)/p' "$source/tools/install_packages" |
  tr ' ' '\n' | grep -E '^[a-z]' | grep -vE '^(build_packages|ca-certificates|ccache|g\+\+)')"
listed="$(sed -n '/^Build-Depends:/,/^$/s/^ \(.*\),$/\1/p' "$source/debian/control" |
  grep -vE '^(debhelper-compat|dh-sequence-)')"
diff <(sort <<<"$wanted") <(sort <<<"$listed") ||
  fail "tools/install_packages and Build-Depends differ"

if ! command -v systemd-analyze >/dev/null; then
  ((failed == 0)) || exit 1
  echo "skipped: there is no systemd-analyze"
  exit 77
fi

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
for unit in emptychaird.service emptychair-backup.service emptychair-backup.timer; do
  # The programs as they were built: they need not be installed.
  sed "s|=/usr/bin/|=$bin/|; s|=/usr/libexec/emptychair/|=$source/debian/|" \
    "$source/debian/emptychair-server.$unit" >"$folder/$unit"
done
said="$(systemd-analyze verify --man=no "$folder"/emptychair* 2>&1)" || fail "systemd-analyze verify"
# Of other units of the machine it may say what it likes.
! grep -F emptychair <<<"$said" || fail "systemd-analyze verify"

for unit in emptychaird.service emptychair-backup.service; do
  # In tenths.
  said="$(systemd-analyze security --no-pager --offline=true --threshold=13 "$folder/$unit" 2>&1)" ||
    { echo "$said"; fail "more than 1.3 is exposed"; }
  tail -n 1 <<<"$said"
done
exit "$failed"
