#!/bin/sh
# statsmodels 0.15.0: multipletests() by Benjamini and Hochberg, given p values of which one is absent
# (NaN, as pandas reads the empty cell of a survey that has too few answers to be tested). One call
# then answers two things that contradict each other: all corrected p values become NaN, also those
# of the tests that there are, while the verdicts beside them stay, and count the absent one as a
# test. Nothing is raised or warned of. By Holm the corrected ones that exist are right for three
# tests; by Hommel every verdict is lost as well.
#
# Seen, for p = 1e-9, 0.5, NaN:
#   fdr_bh  verdicts True False False, corrected nan nan nan
#   holm    verdicts True False False, corrected 3e-09 1 nan
#   hommel  verdicts False False False, corrected nan nan nan
#
# Met where a scorecard's CSV is corrected anew: drop the rows without a p value first, or take its
# column q_value (docs/honest_numbers.md).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6 \
  scipy==1.17.1 pandas==3.1.1 patsy==1.0.3 packaging==26.4

cat >"$folder/corrects.py" <<'EOF'
import io
import pandas as pd
from statsmodels.stats.multitest import multipletests

scorecard = pd.read_csv(io.StringIO("survey_id,p_value\nsupport,1e-9\nsales,0.5\nnew,\n"))
for method in ("fdr_bh", "holm", "hommel"):
    verdicts, corrected = multipletests(scorecard["p_value"], method=method)[:2]
    print(method, *(str(bool(verdict)) for verdict in verdicts), *(f"{p:.0e}" for p in corrected))
EOF
cat >"$folder/expected" <<'EOF'
fdr_bh True False False nan nan nan
holm True False False 3e-09 1e+00 nan
hommel False False False nan nan nan
EOF
"$folder/venv/bin/python" -W error "$folder/corrects.py" >"$folder/seen"
if ! cmp -s "$folder/seen" "$folder/expected"; then
  echo "it corrects otherwise now:" >&2
  cat "$folder/seen" >&2
  exit 1
fi
echo "as stated: statsmodels 0.15.0 answers verdicts beside corrected p values that are all NaN"
