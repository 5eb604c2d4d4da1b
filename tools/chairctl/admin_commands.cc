#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tools/chairctl/csv.h"
#include "tools/chairctl/session.h"

namespace emptychair {
namespace {

// Name and value of what is told, in the order it is shown.
std::vector<std::pair<std::string, std::string>> StatusFields(const v1::GetStatusResponse& status) {
  return {{"version", status.version()},
          {"store_id", status.store_id()},
          {"uptime_seconds", absl::StrCat(status.uptime().seconds())},
          {"sequence", absl::StrCat(status.sequence())},
          {"surveys", absl::StrCat(status.survey_count())},
          {"feedback", absl::StrCat(status.feedback_count())},
          {"customers", absl::StrCat(status.customer_count())},
          {"accepted_since_start", absl::StrCat(status.since_start().accepted())},
          {"already_existed_since_start", absl::StrCat(status.since_start().already_existed())},
          {"refused_since_start", absl::StrCat(status.since_start().refused())},
          {"groups_since_start", absl::StrCat(status.since_start().groups())},
          {"table_bytes", absl::StrCat(status.size().table_bytes())},
          {"memtable_bytes", absl::StrCat(status.size().memtable_bytes())},
          {"block_cache_bytes", absl::StrCat(status.size().block_cache_bytes())},
          {"queue_bytes", absl::StrCat(status.queue().bytes())},
          {"queue_bytes_max", absl::StrCat(status.queue().bytes_max())},
          {"surveys_past_max_series", absl::StrCat(status.series_overflows_size())},
          {"writes_stopped", status.write_stall().stopped() ? "true" : "false"},
          {"writes_delayed_to_bytes_per_second",
           absl::StrCat(status.write_stall().delayed_bytes_per_second())},
          {"undecodable_values", absl::StrCat(status.undecodable_values())}};
}

void PrintTable(const v1::GetStatusResponse& status, std::ostream& out) {
  std::vector<std::pair<std::string, std::string>> fields = StatusFields(status);
  fields[2] = {"uptime", absl::FormatDuration(absl::Seconds(status.uptime().seconds()))};
  for (const v1::SeriesOverflow& overflow : status.series_overflows()) {
    fields.emplace_back(absl::StrCat("past max_series: ", overflow.survey_id()),
                        absl::StrCat(overflow.feedback_count(), " answers count as (other), past ",
                                     overflow.max_series(), " combinations"));
  }
  PrintFields(fields, out);
}

int Status(Session& session) {
  const absl::StatusOr<v1::GetStatusResponse> status = session.client.GetStatus({});
  if (!status.ok()) {
    return ServiceError(session.environment, status.status());
  }
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(*status);
      break;
    case OutputFormat::kCsv: {
      std::vector<std::string> names;
      std::vector<std::string> values;
      for (auto& [name, value] : StatusFields(*status)) {
        names.push_back(std::move(name));
        values.push_back(std::move(value));
      }
      session.out() << CsvLine(names) << CsvLine(values);
      break;
    }
    case OutputFormat::kTable:
      PrintTable(*status, session.out());
      break;
  }
  return kExitOk;
}

}  // namespace

void AddAdminCommands(CLI::App& app, Command* command) {
  CLI::App* group = app.add_subcommand("admin", "Look after the server");
  group->require_subcommand(1);
  group->footer("Example:\n  chairctl admin status");
  CLI::App* status = group->add_subcommand("status", "Show the state of server and store");
  status->footer("Example:\n  chairctl admin status --output json");
  status->callback([command] { *command = Status; });
}

}  // namespace emptychair
