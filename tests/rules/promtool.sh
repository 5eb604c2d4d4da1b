#!/bin/bash
# Has promtool check the alarms and run their tests.
#
#   promtool.sh RULES_FOLDER        exits with 77 (skipped) when there is no promtool
set -euo pipefail

if ! command -v promtool >/dev/null; then
  echo "skipped: promtool is not installed; tools/install_packages test installs it"
  exit 77
fi
promtool check rules "$1/emptychair.rules.yml"
promtool test rules "$1/emptychair.rules_test.yml"
