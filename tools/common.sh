# Shared by the developer scripts: sourced, not run. Leaves the caller in the project's root.

set -euo pipefail
project_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
caller_dir="$PWD"
cd "$project_root"

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

cpu_count() { nproc 2>/dev/null || echo 2; }

# quietly LOG COMMAND...: keeps the output in LOG and shows it only when the command fails.
quietly() {
  local log="$1"
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    return 1
  fi
}

# configure PRESET OPTION...: configures a build folder that is new. The build itself configures
# again whenever a CMake file changed.
configure() {
  local preset="$1"
  shift
  [[ -f "build/$preset/build.ninja" ]] && return
  say "Configuring build/$preset ..."
  quietly "build/$preset/configure.log" cmake --preset "$preset" "$@" ||
    die "configuring build/$preset failed, see above"
}
