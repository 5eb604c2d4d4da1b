#!/bin/sh
# CLI11 2.1.2 (Debian 12, libcli11-dev 2.1.2+ds-1): its reader of TOML configuration files takes `#`
# for the begin of a comment inside quotes too. A list with such a text swallows the lines behind it,
# and nothing is said: valid TOML gives other values, exit 0.
#
# Seen, for   map = ["score=#5", "comment=Remark"]     and   note = "ticket #7 is open"
#             note = "kept"
#             map: "score=note = " and "ept", no note         note: "ticket
#
# Met where a preset of an import names a column by its number. So files of flags and the
# configuration are read with toml++ (tools/command_line/read_toml.h).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq libcli11-dev=2.1.2+ds-1 >/dev/null
dpkg -x libcli11-dev_*.deb package

cat >reads.cc <<'EOF'
#include <CLI/CLI.hpp>
#include <iostream>
int main(int argc, char** argv) {
  CLI::App app;
  std::vector<std::string> maps;
  std::string note;
  app.add_option("--map", maps);
  app.add_option("--note", note);
  app.set_config("--config");
  CLI11_PARSE(app, argc, argv);
  for (const std::string& map : maps) std::cout << "map <" << map << ">\n";
  std::cout << "note <" << note << ">\n";
}
EOF
g++ -std=c++17 -Ipackage/usr/include reads.cc -o reads

printf 'map = ["score=#5", "comment=Remark"]\nnote = "kept"\n' >list.toml
printf 'note = "ticket #7 is open"\n' >text.toml
printf 'map <score=note = >\nmap <ept>\nnote <>\n' >list.expected
printf 'note <"ticket>\n' >text.expected
for name in list text; do
  ./reads --config "$name.toml" >"$name.seen"
  if ! cmp -s "$name.seen" "$name.expected"; then
    echo "$name.toml is read otherwise now:" >&2
    cat "$name.seen" >&2
    exit 1
  fi
done
echo "as stated: CLI11 2.1.2 cuts quoted TOML at #, and says nothing"
