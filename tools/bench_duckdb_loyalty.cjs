// The half of `tools/bench_duckdb loyalty` that knows DuckDB: FOLDER TURNS CHAIRBENCH ENDPOINT
// CHAIRCTL.
'use strict';
const {execFileSync} = require('child_process');
const {DuckDBInstance, version} = require('@duckdb/node-api');
const {median, parseFigures, print, timed} = require('./duckdb_turns.cjs');

const [folder, turns, chairbench, endpoint, chairctl] = process.argv.slice(2);

// Months are counted from 2022-01, which is 0; all purchases are before as_of.
const ACTIVE = 'WITH active AS (SELECT DISTINCT customer, month FROM purchases), ' +
    'firsts AS (SELECT customer, min(month) AS month FROM active GROUP BY customer)';
// Each customer's months as bits of a number: what DuckDB is quickest with, where 64 bits do.
const BITS = 'WITH customers AS (SELECT bit_or(1::UBIGINT << month::UBIGINT) AS months FROM purchases ' +
    'GROUP BY customer)';
const IS_ACTIVE = '(months & this) > 0';
const WAS_ACTIVE = '(months & before) > 0';
const IS_NEW = '(months & (this - 1)) = 0';

// By the figure of chairbench that asks the same.
const QUESTIONS = {
  retention_year: {
    sql: `${ACTIVE}, sizes AS (SELECT month, count(*) AS customers FROM active GROUP BY month) ` +
        'SELECT e.month::INT, any_value(b.customers)::INT, count(*)::INT, ' +
        'count_if(firsts.month = e.month)::INT, count(s.customer)::INT FROM active AS e ' +
        'JOIN firsts USING (customer) JOIN sizes AS b ON b.month = e.month - 1 ' +
        'LEFT JOIN active AS s ON s.customer = e.customer AND s.month = e.month - 1 ' +
        'WHERE e.month >= 12 GROUP BY e.month ORDER BY e.month',
    bits: `${BITS}, months AS (SELECT m::INT AS month, 1::UBIGINT << m::UBIGINT AS this, ` +
        '1::UBIGINT << (m - 1)::UBIGINT AS before FROM range(12, 24) AS r(m)) ' +
        `SELECT month, count_if(${WAS_ACTIVE})::INT, count_if(${IS_ACTIVE})::INT, ` +
        `count_if(${IS_ACTIVE} AND ${IS_NEW})::INT, count_if(${IS_ACTIVE} AND ${WAS_ACTIVE})::INT ` +
        'FROM customers, months GROUP BY month ORDER BY month',
    command: ['metric', 'retention', '--kind', 'purchase', '--window', '2023'],
    // The lines of chairctl's CSV as rows of DuckDB.
    row: ([start, , before, active, added, returned]) =>
        [monthOf(start), before, active, added, returned],
  },
  cohort_triangle: {
    sql: `${ACTIVE} SELECT firsts.month::INT, (active.month - firsts.month)::INT, count(*)::INT ` +
        'FROM active JOIN firsts USING (customer) GROUP BY ALL ORDER BY ALL',
    command: ['metric', 'cohorts', '--kind', 'purchase', '--window', '2022-01..2024-01'],
    row: ([start, , , k, customers]) => customers > 0 ? [monthOf(start), k, customers] : null,
  },
};

function monthOf(start) {
  const [year, month] = start.split('-').map(Number);
  return 12 * (year - 2022) + month - 1;
}

function ourRows({command, row}) {
  const csv = execFileSync(
      chairctl, ['--endpoint', endpoint, ...command, '--as-of', '2024-01-01', '--output', 'csv'],
      {encoding: 'utf8'});
  return csv.trim().split(/\r?\n/).slice(1).map((line) => row(line.split(',')))
      .filter((cells) => cells !== null).join('\n');
}

async function main() {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  // Numbers for what the service has numbers for.
  await connection.run(
      `CREATE TABLE purchases AS SELECT substr(customer_id, 10)::INT AS customer, ` +
      `datediff('month', DATE '2022-01-01', occur_time::TIMESTAMP)::UTINYINT AS month, ` +
      `epoch_ms(occur_time::TIMESTAMP) AS ms FROM read_csv('${folder}/purchases.csv', ` +
      `header = false, all_varchar = true, ` +
      `names = ['activity_id', 'customer_id', 'occur_time', 'amount'])`);

  const expected = {};
  for (const [name, question] of Object.entries(QUESTIONS)) {
    expected[name] = ourRows(question);
  }
  const times = {};
  const ask = async (name, key, sql) => {
    const [ms, rows] = await timed(connection, sql);
    (times[key] ??= []).push(ms);
    if (rows.join('\n') !== expected[name]) {
      throw new Error(`${key}: DuckDB counts\n${rows.join('\n')}\nthe service\n${expected[name]}`);
    }
  };
  for (let turn = 0; turn < Number(turns); ++turn) {
    const ours = parseFigures(execFileSync(
        chairbench, ['loyalty', '--endpoint', endpoint, '--ask-only', '--output', 'json'],
        {encoding: 'utf8'}));
    for (const [name, {sql, bits}] of Object.entries(QUESTIONS)) {
      (times[`${name}_ours`] ??= []).push(ours[`${name}_ms`]);
      for (let i = 0; i < 5; ++i) {
        await ask(name, name, sql);
        if (bits) {
          await ask(name, `${name}_bits`, bits);
        }
      }
    }
  }
  console.error(`DuckDB ${version()}`);
  for (const [name, {bits}] of Object.entries(QUESTIONS)) {
    print(`${name}_ms`, median(times[`${name}_ours`]), 'ms', median(times[name]));
    if (bits) {
      print(`${name}_ms_beside_bits`, median(times[`${name}_ours`]), 'ms',
            median(times[`${name}_bits`]));
    }
  }
}

main().catch((error) => {
  console.error(`tools/bench_duckdb: ${error.message}`);
  process.exit(1);
});
