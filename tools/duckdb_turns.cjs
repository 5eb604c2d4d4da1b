// What the halves of tools/bench_duckdb that know DuckDB have in common.
'use strict';

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

// Values of chairbench's figures by name.
function parseFigures(text) {
  return Object.fromEntries(
      text.trim().split('\n').map((line) => JSON.parse(line)).map((f) => [f.name, f.value]));
}

function print(name, value, unit, limit) {
  console.log(JSON.stringify(
      {name, value, unit, limit: limit ?? null, ratio: limit ? value / limit : null}));
}

// How long a statement takes, and its rows.
async function timed(connection, sql) {
  const start = process.hrtime.bigint();
  const rows = await (await connection.runAndReadAll(sql)).getRows();
  return [Number(process.hrtime.bigint() - start) / 1e6, rows];
}

module.exports = {median, parseFigures, print, timed};
