#include "tools/chairbench/scenarios/peers.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/history.h"
#include "tools/chairbench/load/stream_loop.h"
#include "tools/chairbench/load/submit_loops.h"
#include "tools/chairbench/servers/postgresql.h"

namespace emptychair::bench {
namespace {

constexpr size_t kWindows = 20;
constexpr int kScans = 5;
constexpr int kInsertClients = 32;

// Both counts of an NPS, of the rows that `FROM …` names.
constexpr char kCounts[] =
    "count(*) FILTER (WHERE score >= 9), count(*) FILTER (WHERE score <= 6), count(score), "
    "count(*)";

constexpr char kLatestStatement[] =
    "SELECT count(*) FILTER (WHERE score >= 9), count(*) FILTER (WHERE score <= 6), count(*) FROM "
    "(SELECT DISTINCT ON (customer_id) score FROM feedback WHERE survey_id = 'chairbench' AND "
    "score IS NOT NULL ORDER BY customer_id, occur_time DESC, feedback_id DESC) AS latest";

std::string MonthsStatement(const Window& window) {
  const auto text = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
  };
  return absl::StrCat("SELECT ", kTenValues,
                      ", date_trunc('month', occur_time AT TIME ZONE 'UTC') AS month, ", kCounts,
                      " FROM feedback WHERE survey_id = 'chairbench' AND occur_time >= '",
                      text(window.start), "' AND occur_time < '", text(window.end),
                      "' GROUP BY 1, 2 ORDER BY 1, 2");
}

// The time of each question, in milliseconds.
absl::StatusOr<std::vector<double>> Time(Client& client,
                                         const std::vector<v1::QueryMetricRequest>& questions) {
  std::vector<double> times;
  for (const v1::QueryMetricRequest& question : questions) {
    const absl::Time start = absl::Now();
    RETURN_IF_ERROR(client.QueryMetric(question).status());
    times.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
  }
  return times;
}

// A figure of ours with PostgreSQL's as its limit, and that one by itself.
void AddPair(const std::string& ours, const std::string& theirs, const std::string& unit,
             double our_value, double their_value, std::vector<Figure>& figures) {
  figures.push_back({ours, our_value, unit, their_value});
  figures.push_back({theirs, their_value, unit, {}});
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasurePeers(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  ASSIGN_OR_RETURN(const std::unique_ptr<PostgreSql> postgresql,
                   PostgreSql::Start(options.postgresql, workspace.Path("postgresql")));
  const Window period = ThreeYearsUpTo(absl::Now());
  Target& server = workspace.server();
  const auto answers = static_cast<double>(options.answers);

  ASSIGN_OR_RETURN(const LoopResult loaded,
                   LoadByStreams(server, options, HistoricAnswers(options, period)));
  ASSIGN_OR_RETURN(const absl::Duration copied,
                   postgresql->Copy(options.answers, [&](int64_t index) {
                     return HistoricAnswer(options, period, index);
                   }));
  RETURN_IF_ERROR(postgresql->Execute("VACUUM ANALYZE feedback"));

  std::vector<v1::QueryMetricRequest> questions;
  std::vector<std::string> statements;
  Random random(options.seed);
  for (const Window& window : QueryWindows(period, kWindows, random)) {
    questions.push_back(QuestionOf(window, v1::GRANULARITY_MONTH));
    questions.back().add_group_by(std::string(kTenValues));
    statements.push_back(MonthsStatement(window));
  }
  ASSIGN_OR_RETURN(const std::vector<double> queries, Time(server.client(), questions));
  ASSIGN_OR_RETURN(const std::vector<double> statement_times, postgresql->Time(statements));
  ASSIGN_OR_RETURN(const std::vector<double> scans,
                   Time(server.client(), std::vector(kScans, LatestPerCustomer())));
  ASSIGN_OR_RETURN(const std::vector<double> scan_statements,
                   postgresql->Time(std::vector<std::string>(kScans, kLatestStatement)));

  const auto slots = static_cast<size_t>(options.in_flight);
  const auto unary =
      MakeUnaryLoop(server, slots, options.connections, LiveAnswers(~options.seed, slots));
  ASSIGN_OR_RETURN(const LoopResult singles, unary->Run(options.time));
  ASSIGN_OR_RETURN(const double inserts,
                   postgresql->InsertsPerSecond(kInsertClients, options.time));
  RETURN_IF_ERROR(postgresql->Stop());
  RETURN_IF_ERROR(workspace.Finish(loaded.accepted + singles.accepted));

  std::vector<Figure> figures;
  AddPair("stream_records_per_second", "postgresql_copy_rows_per_second", "records/s",
          static_cast<double>(loaded.accepted) / absl::ToDoubleSeconds(loaded.elapsed),
          answers / absl::ToDoubleSeconds(copied), figures);
  AddPair("unary_calls_per_second", "postgresql_inserts_per_second", "calls/s",
          static_cast<double>(singles.accepted) / absl::ToDoubleSeconds(singles.elapsed), inserts,
          figures);
  AddPair("query_median_ms", "postgresql_query_median_ms", "ms", Median(queries),
          Median(statement_times), figures);
  AddPair("query_latest_ms", "postgresql_latest_ms", "ms", Median(scans), Median(scan_statements),
          figures);
  return figures;
}

}  // namespace emptychair::bench
