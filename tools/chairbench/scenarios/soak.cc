#include "tools/chairbench/scenarios/soak.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/history.h"
#include "tools/chairbench/load/stream_loop.h"

namespace emptychair::bench {
namespace {

constexpr int kSteps = 10;
constexpr size_t kWindows = 20;
constexpr double kMebibyte = 1 << 20;

absl::StatusOr<double> QueryMedianMs(Client& client, const Window& period, Random& random) {
  std::vector<double> times;
  for (const Window& window : QueryWindows(period, kWindows, random)) {
    v1::QueryMetricRequest question = QuestionOf(window, v1::GRANULARITY_MONTH);
    question.add_group_by(std::string(kTenValues));
    const absl::Time start = absl::Now();
    RETURN_IF_ERROR(client.QueryMetric(question).status());
    times.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
  }
  return Median(times);
}

// The bytes of tables by record, of each family and of all.
absl::Status AddBytes(absl::string_view when, Target& server, std::vector<Figure>& figures) {
  ASSIGN_OR_RETURN(const Usage usage, server.ReadUsage());
  double sum = 0;
  for (const auto& [family, bytes] : usage.bytes_per_record) {
    sum += bytes;
    figures.push_back({absl::StrCat("soak_", family, "_bytes_per_record", when), bytes, "B", {}});
  }
  figures.push_back({absl::StrCat("soak_bytes_per_record", when), sum, "B", {}});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureSoak(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const Window period = ThreeYearsUpTo(absl::Now());
  Target& server = workspace.server();
  const AnswerSource answers = HistoricAnswers(options, period);
  Random random(options.seed);
  std::vector<Figure> figures;
  int64_t accepted = 0;
  absl::Duration elapsed;
  for (int step = 1; step <= kSteps; ++step) {
    const int64_t count = options.answers * step / kSteps - options.answers * (step - 1) / kSteps;
    ASSIGN_OR_RETURN(const LoopResult loaded,
                     LoadByStreams(server, options, FirstOf(answers, count)));
    accepted += loaded.accepted;
    elapsed += loaded.elapsed;
    ASSIGN_OR_RETURN(const double query_ms, QueryMedianMs(server.client(), period, random));
    ASSIGN_OR_RETURN(const Usage usage, server.ReadUsage());
    const std::string at = absl::StrCat("_at_", accepted);
    figures.push_back({absl::StrCat("soak_records_per_second", at),
                       static_cast<double>(loaded.accepted) / absl::ToDoubleSeconds(loaded.elapsed),
                       "records/s",
                       {}});
    figures.push_back(
        {absl::StrCat("soak_bytes_per_record", at),
         static_cast<double>(usage.stored_bytes) / static_cast<double>(usage.feedback_count),
         "B",
         {}});
    figures.push_back({absl::StrCat("soak_query_median_ms", at), query_ms, "ms", {}});
    if (usage.peak_memory_bytes.has_value()) {
      figures.push_back({absl::StrCat("soak_peak_memory_mebibytes", at),
                         static_cast<double>(*usage.peak_memory_bytes) / kMebibyte,
                         "MiB",
                         {}});
    }
  }
  RETURN_IF_ERROR(AddBytes("_before_compaction", server, figures));
  RETURN_IF_ERROR(server.Compact());
  RETURN_IF_ERROR(AddBytes("", server, figures));
  RETURN_IF_ERROR(workspace.Finish(accepted));
  figures.push_back({"soak_records_per_second",
                     static_cast<double>(accepted) / absl::ToDoubleSeconds(elapsed),
                     "records/s",
                     {}});
  return figures;
}

}  // namespace emptychair::bench
