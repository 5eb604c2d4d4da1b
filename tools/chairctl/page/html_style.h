// The looks of all pages.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_HTML_STYLE_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_HTML_STYLE_H_

#include "absl/strings/string_view.h"

namespace emptychair {

// Blue and orange are told apart with any colour vision; marks differ in shape besides. Drawings
// are as wide as the page and have heights in pixels, so that letters keep their size.
inline constexpr absl::string_view kPageStyle = R"css(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1d1f; --muted: #5c6166;
  --line: #d9dcdf; --card: #f5f6f7; --first: #0068a8; --second: #b04a00; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181b; --ink: #eceef0; --muted: #a9b0b6;
  --line: #3b4147; --card: #1f2428; --first: #62b8ee; --second: #f0a13c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 16px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: .5rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; }
footer, .note { color: var(--muted); font-size: .85rem; }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0 1rem;
  font-size: .9rem; }
dt { color: var(--muted); } dd { margin: 0; }
@media (max-width: 30rem) { dl { grid-template-columns: minmax(0, 1fr); } dd { margin-bottom: .2rem; } }
.keys { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
.key { flex: 1 1 16rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; padding: .75rem 1rem; }
.many .key { flex-basis: 8rem; }
.key .number { font-size: 2.75rem; line-height: 1.15; font-weight: 600; }
.key .meaning { font-weight: 600; }
.number, .detail, td.n { font-variant-numeric: tabular-nums; }
.better { color: var(--first); font-weight: 600; } .worse { color: var(--second); font-weight: 600; }
figure { margin: 1rem 0; }
figcaption { color: var(--muted); font-size: .85rem; margin-bottom: .25rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr));
  gap: .5rem 1.5rem; align-items: end; }
.panels figure { margin: .5rem 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: 0 2rem; }
.row { display: grid; grid-template-columns: minmax(0, 1fr) auto;
  grid-template-areas: "name detail" "plot plot"; column-gap: 1rem; font-size: .85rem; }
.row .name { grid-area: name; } .row .detail { grid-area: detail; text-align: right; }
.row .plot { grid-area: plot; } .group { font-weight: 600; font-size: .9rem; margin-top: .6rem; }
.score { border-top: 1px solid var(--line); padding: .75rem 0; display: grid; gap: .25rem 1.5rem;
  grid-template-columns: minmax(0, 1fr); align-items: center; }
.score .number { font-size: 1.75rem; font-weight: 600; line-height: 1.2; }
.score .name { font-weight: 600; }
@media (min-width: 50rem), print {
  .wide .row { grid-template-columns: 12rem minmax(0, 1fr) 12rem;
    grid-template-areas: "name plot detail"; align-items: center; }
  .columns .row { grid-template-columns: 7rem minmax(0, 1fr) 7rem; }
  .score { grid-template-columns: 14rem 10rem minmax(0, 1fr) 14rem; } }
svg { display: block; width: 100%; overflow: visible; }
svg text { fill: var(--muted); font-size: 12px; }
.grid { stroke: var(--line); stroke-width: 1; } .zero { stroke: var(--muted); stroke-width: 1.5; }
.first { stroke: var(--first); fill: var(--first); }
.second { stroke: var(--second); fill: var(--second); }
.ring { fill: var(--paper); } .mark { stroke-width: 2; }
.whisker { stroke-width: 2; } .ink { stroke: var(--ink); } .bar { fill-opacity: .65; }
.bar.open { fill-opacity: .1; }
.line { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
.band { stroke: none; fill-opacity: .18; }
.scroll { overflow-x: auto; margin: .5rem 0 1rem; }
table { border-collapse: collapse; font-size: .8rem; }
caption { text-align: left; color: var(--muted); padding: .25rem 0; }
th, td { padding: .2rem .45rem; border-bottom: 1px solid var(--line); text-align: left;
  white-space: nowrap; }
th { font-weight: 600; } tbody th { font-weight: 400;
  white-space: normal; min-width: 6rem; max-width: 14rem; } th.n, td.n { text-align: right; }
td.long { white-space: normal; min-width: 16rem; }
td.heat { background: color-mix(in srgb, var(--first) calc(50% * var(--heat)), var(--paper));
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.heats td:focus { outline: 2px solid var(--ink); outline-offset: -2px; }
.tip, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
.heats td { position: relative; }
.heats td:hover .tip, .heats td:focus .tip { position: fixed; width: auto; height: auto;
  clip-path: none; left: 1rem; right: 1rem; bottom: 1rem; z-index: 1; padding: .5rem .75rem;
  background: var(--ink); color: var(--paper); border-radius: .25rem; font-size: .9rem;
  text-align: left; white-space: normal; }
@media print { :root { color-scheme: light; --paper: #ffffff; --ink: #000000; --muted: #444444;
    --line: #bbbbbb; --card: #ffffff; --first: #0068a8; --second: #b04a00; }
  body { font-size: 10pt; padding: 0; } table { font-size: 7pt; } .scroll { overflow: visible; }
  th, td { padding: .1rem .25rem; white-space: normal; overflow-wrap: normal; }
  tbody th { min-width: 3.2rem; } .skip, .heats td .tip { display: none; }
  .row, .key, .score, .panels figure, tr { break-inside: avoid; }
  .group, h2, caption { break-after: avoid; } }
)css";

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_HTML_STYLE_H_
