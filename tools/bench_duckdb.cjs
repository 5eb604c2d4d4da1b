// The half of tools/bench_duckdb that knows DuckDB: FOLDER TURNS CHAIRBENCH ENDPOINT.
'use strict';
const {execFileSync} = require('child_process');
const fs = require('fs');
const {DuckDBInstance, version} = require('@duckdb/node-api');
const {median, parseFigures, print, timed} = require('./duckdb_turns.cjs');

const [folder, turns, chairbench, endpoint] = process.argv.slice(2);

// What each question counts: answers with a score, promoters, detractors.
const COUNTS = 'count(score)::INT, count_if(score >= 9)::INT, count_if(score <= 6)::INT';
const CHOSEN = 'count(*)::INT, count_if(score >= 9)::INT, count_if(score <= 6)::INT';
const STORES = Array.from({length: 30}, (_, i) => `'store ${10 * i}'`).join(', ');

function latest(by, keys) {
  return `SELECT ${CHOSEN} FROM (SELECT arg_max(score, ${by}) AS score FROM answers ` +
      `WHERE score IS NOT NULL GROUP BY ${keys})`;
}

// By the figure of chairbench that asks the same. `sql` has our rule for answers of one instant;
// without it DuckDB is quicker, and may choose others.
function questions(window) {
  return {
    query_latest: {sql: latest('score_key', 'customer'), quick: latest('ms', 'customer')},
    query_latest_month: {
      sql: latest('score_key', 'month, customer'),
      quick: latest('ms', 'month, customer'),
    },
    query_label_filter: {
      sql: `SELECT sum(a)::INT, sum(p)::INT, sum(d)::INT FROM (SELECT month, count(score) AS a, ` +
          `count_if(score >= 9) AS p, count_if(score <= 6) AS d FROM answers ` +
          `WHERE store IN (${STORES}) GROUP BY month)`,
    },
    query_window: {
      sql: `SELECT ${COUNTS} FROM answers WHERE ms >= ${window.start} AND ms < ${window.end}`,
    },
  };
}

// What CustomerSums has (server/counting/customer_answers.h), which no call asks for alone: measured
// here for BM_CustomerSums of hot_functions_benchmark.
const BY_CUSTOMER =
    'SELECT count(*), sum(n), sum(x), sum(n * n), sum(n * x), sum(x * x) FROM (SELECT customer, ' +
    'count(score) AS n, sum(CASE WHEN score >= 9 THEN 1 WHEN score <= 6 THEN -1 ELSE 0 END) AS x ' +
    'FROM answers WHERE score IS NOT NULL GROUP BY customer)';

async function main() {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  // Numbers and enums for what the service has numbers for, and time first in the key of ties.
  await connection.run(
      `CREATE TABLE answers AS SELECT epoch_ms(occur_time::TIMESTAMP) AS ms, ` +
      `date_trunc('month', occur_time::TIMESTAMP) AS month, ` +
      `substr(customer_id, 10)::INT AS customer, score::TINYINT AS score, ` +
      `labels->>'store' AS store, {t: epoch_ms(occur_time::TIMESTAMP), id: feedback_id::UUID} ` +
      `AS score_key FROM read_csv('${folder}/answers.csv', header = true, all_varchar = true)`);
  await connection.run('CREATE TYPE store_name AS ENUM (SELECT DISTINCT store FROM answers)');
  await connection.run('ALTER TABLE answers ALTER store TYPE store_name');

  const first = parseFigures(fs.readFileSync(`${folder}/first.json`, 'utf8'));
  const asked = questions({start: first.query_window_start_ms, end: first.query_window_end_ms});
  const times = {};
  const add = (name, ms) => (times[name] ??= []).push(ms);
  let ours = first;
  for (let turn = 0; turn < Number(turns); ++turn) {
    ours = parseFigures(execFileSync(
        chairbench, ['scans', '--endpoint', endpoint, '--ask-only', '--output', 'json'],
        {encoding: 'utf8'}));
    for (const [name, {sql, quick}] of Object.entries(asked)) {
      add(`${name}_ours`, ours[`${name}_ms`]);
      for (let i = 0; i < 5; ++i) {
        const [ms, [counts]] = await timed(connection, sql);
        add(name, ms);
        const expected = ['answers', 'promoters', 'detractors'].map((c) => ours[`${name}_${c}`]);
        if (String(counts) !== String(expected)) {
          throw new Error(`${name}: DuckDB counts ${counts}, the service ${expected}`);
        }
        if (quick) {
          add(`${name}_quick`, (await timed(connection, quick))[0]);
        }
      }
    }
  }
  for (let i = 0; i < 5; ++i) {
    add('by_customer', (await timed(connection, BY_CUSTOMER))[0]);
  }
  console.error(`DuckDB ${version()}`);
  for (const [name, {quick}] of Object.entries(asked)) {
    print(`${name}_ms`, median(times[`${name}_ours`]), 'ms', median(times[name]));
    print(`${name}_first_ms`, first[`${name}_first_ms`], 'ms', median(times[name]));
    if (quick) {
      print(`${name}_ms_beside_time_alone`, median(times[`${name}_ours`]), 'ms',
            median(times[`${name}_quick`]));
    }
  }
  print('duckdb_by_customer_ms', median(times.by_customer), 'ms');
  print('column_bytes_per_record', ours.column_bytes_per_record, 'B');
}

main().catch((error) => {
  console.error(`tools/bench_duckdb: ${error.message}`);
  process.exit(1);
});
