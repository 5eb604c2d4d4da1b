// Flags that the metric commands share, and how they report.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_METRIC_METRIC_FLAGS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_METRIC_METRIC_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/whole_file.h"
#include "tools/chairctl/base/window.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/page/html_page.h"
#include "tools/chairctl/text/interval_text.h"
#include "tools/command_line/command_line.h"

namespace emptychair {

// Whose metric, and how it is computed.
struct MetricFlags {
  std::vector<std::string> surveys;
  std::string method;
  std::optional<int32_t> top_box_min;
  std::string respondents;
  double confidence = 0;
  int32_t min_sample = 0;
  bool include_excluded = false;
  // What intervals take of customers who answered more than once; empty for the default.
  std::string interval;
  // The file of the page; empty for none.
  std::string html;
};

// Two sides of one metric.
struct SidesFlags {
  MetricFlags metric;
  WindowFlags base{.window_flag = "--base"};
  WindowFlags candidate{.window_flag = "--candidate"};
  // Of the candidate; none: those of the base.
  std::vector<std::string> candidate_surveys;
  std::vector<std::string> filters;
  std::vector<std::string> base_filters;
  std::vector<std::string> candidate_filters;
  // What the command takes in place of two sides, for its errors.
  std::string otherwise;
};

// Adds `--html`.
void AddHtmlFlag(CommandLine app, std::string& html);

// Adds `--interval`.
void AddIntervalFlag(CommandLine app, std::string& interval);

// Adds the surveys and all flags of a metric that say which answers count.
void AddAnswerFlags(CommandLine app, MetricFlags& flags);

// The same, and the confidence of intervals.
void AddMetricFlags(CommandLine app, MetricFlags& flags);

// What tells the sides apart; each is a flag that `AddSideFlags` adds.
inline constexpr const char* kSideFlags[] = {"--base", "--candidate", "--candidate-survey",
                                             "--base-filter", "--candidate-filter"};

// Adds the flags of `kSideFlags`. A side without a window is everything.
void AddSideFlags(CommandLine app, SidesFlags& flags);

// Adds `--week-start`.
void AddWeekStartFlag(CommandLine app, std::string& week_start);

// What the flags ask, but for windows and filters.
v1::QueryMetricRequest MakeRequest(const MetricFlags& flags);

// The first survey of the candidate, by whose days its times are read.
const std::string& CandidateSurvey(const SidesFlags& flags);

// Fills in both sides, each window in the zone of its side's first survey, and reads `more` windows
// along with them, so that each survey is asked once. On failure, as when nothing tells the sides
// apart, reports it, sets `*exit_code` and answers false.
bool ReadSides(Session& session, const SidesFlags& flags, const std::vector<WindowRead>& more,
               v1::QueryMetricRequest* base, v1::QueryMetricRequest* candidate, int* exit_code);

// Says on stderr when a verdict takes every answer as another customer's and nobody asked for that:
// it may call chance a change.
template <typename Request, typename Response>
void TellUncheckedVerdict(const Session& session, const Request& request,
                          const absl::StatusOr<Response>& response) {
  if (response.ok() && HasUncheckedVerdict(request, *response)) {
    *session.environment.err << "chairctl: intervals take every answer as another customer's: "
                                "repeats not measured yet\n";
  }
}

// The width of the terminal, for bars; 0 when the output goes elsewhere.
int ColumnsOf(const Session& session);

// Writes the page that `make_page` makes to the file `html`, if there is one to write. On failure
// reports it. Answers the exit code.
template <typename MakePage>
int WritePage(Session& session, const std::string& html, MakePage make_page) {
  if (html.empty()) {
    return kExitOk;
  }
  const absl::Status written =
      WriteWholeFile("--html", html, make_page().Render(session.environment.clock->Now()));
  return written.ok() ? kExitOk : ToolError(session.environment, written.message());
}

// Prints the answer in the format asked for, by `print_csv` or `print_table`, and writes it as the
// page that `make_page` makes; or reports why there is none. `unmatched_key` says what is wrong
// with the key of a filter that nothing fits. Answers the exit code.
template <typename Response, typename PrintCsv, typename PrintTable, typename MakePage>
int Report(Session& session, const std::string& html, const absl::StatusOr<Response>& response,
           PrintCsv print_csv, PrintTable print_table, MakePage make_page,
           absl::string_view unmatched_key = kNoSuchLabel) {
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(*response);
      break;
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      print_csv(*response, csv);
      break;
    }
    case OutputFormat::kTable:
      print_table(*response);
      break;
  }
  if constexpr (requires { response->unmatched(); }) {
    TellUnmatched(session, response->unmatched(), unmatched_key);
  }
  return WritePage(session, html, [&] { return make_page(*response); });
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_METRIC_METRIC_FLAGS_H_
