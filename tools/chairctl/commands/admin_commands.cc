#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/progress_line.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/long_call.h"

namespace emptychair {
namespace {

// Name and value of what is told, in the order it is shown.
TextFields StatusFields(const v1::GetStatusResponse& status) {
  return {{"version", status.version()},
          {"store_id", status.store_id()},
          {"uptime_seconds", absl::StrCat(status.uptime().seconds())},
          {"sequence", absl::StrCat(status.sequence())},
          {"surveys", absl::StrCat(status.survey_count())},
          {"feedback", absl::StrCat(status.feedback_count())},
          {"customers", absl::StrCat(status.customer_count())},
          {"activities", absl::StrCat(status.activity_count())},
          {"accepted_since_start", absl::StrCat(status.since_start().accepted())},
          {"already_existed_since_start", absl::StrCat(status.since_start().already_existed())},
          {"refused_since_start", absl::StrCat(status.since_start().refused())},
          {"groups_since_start", absl::StrCat(status.since_start().groups())},
          {"table_bytes", absl::StrCat(status.size().table_bytes())},
          {"memtable_bytes", absl::StrCat(status.size().memtable_bytes())},
          {"block_cache_bytes", absl::StrCat(status.size().block_cache_bytes())},
          {"column_bytes", absl::StrCat(status.size().columns().bytes())},
          {"column_bytes_max", absl::StrCat(status.size().columns().bytes_max())},
          {"feedback_in_columns", absl::StrCat(status.size().columns().feedback_count())},
          {"queue_bytes", absl::StrCat(status.queue().bytes())},
          {"queue_bytes_max", absl::StrCat(status.queue().bytes_max())},
          {"disk_free_bytes", absl::StrCat(status.disk().free_bytes())},
          {"disk_reserve_bytes", absl::StrCat(status.disk().reserve_bytes())},
          {"disk_is_full", status.disk().is_full() ? "true" : "false"},
          {"surveys_past_max_series", absl::StrCat(status.series_overflows_size())},
          {"writes_stopped", status.write_stall().stopped() ? "true" : "false"},
          {"writes_delayed_to_bytes_per_second",
           absl::StrCat(status.write_stall().delayed_bytes_per_second())},
          {"undecodable_values", absl::StrCat(status.undecodable_values())},
          {"epoch", status.epoch()},
          {"storage_engine", status.storage_engine()}};
}

TextFields TableFields(const v1::GetStatusResponse& status) {
  TextFields fields = StatusFields(status);
  fields[2] = {"uptime", absl::FormatDuration(absl::Seconds(status.uptime().seconds()))};
  for (const v1::FamilySize& family : status.size().families()) {
    fields.emplace_back(absl::StrCat("bytes per record: ", family.name()),
                        absl::StrFormat("%.1f", family.bytes_per_record()));
  }
  for (const v1::SeriesOverflow& overflow : status.series_overflows()) {
    fields.emplace_back(absl::StrCat("past max_series: ", overflow.survey_id()),
                        absl::StrCat(overflow.feedback_count(), " answers count as (other), past ",
                                     overflow.max_series(), " combinations"));
  }
  for (const v1::SurveyReslice& reslice : status.reslices()) {
    fields.emplace_back(absl::StrCat("slicing anew: ", reslice.survey_id()),
                        ProgressBar(absl::StrJoin(reslice.dimensions(), ", "),
                                    reslice.records_done(), reslice.records_total()));
  }
  if (status.customers_erasing() > 0) {
    fields.emplace_back("customers_erasing", absl::StrCat(status.customers_erasing()));
  }
  if (status.has_backup()) {
    fields.emplace_back("last_backup", status.backup().last().backup_id());
    fields.emplace_back("ledger_behind", absl::StrCat(status.backup().ledger_behind()));
  }
  if (status.has_maintenance()) {
    const v1::MaintenanceTask& task = status.maintenance();
    fields.emplace_back("running", ProgressBar(absl::StrCat(task.name(), ": ", task.part()),
                                               task.done(), task.total()));
  }
  return fields;
}

// CSV has the same columns whatever goes on.
TextFields CsvFields(const v1::GetStatusResponse& status) {
  TextFields fields = StatusFields(status);
  fields.emplace_back("customers_erasing", absl::StrCat(status.customers_erasing()));
  return fields;
}

int Status(Session& session) {
  const absl::StatusOr<v1::GetStatusResponse> status = session.client.GetStatus({});
  if (!status.ok()) {
    return ServiceError(session.environment, status.status());
  }
  PrintRecord(session,
              session.format == OutputFormat::kTable ? TableFields(*status) : CsvFields(*status),
              *status);
  return kExitOk;
}

// "INDEX_ENTRY_MISSING".
std::string KindName(v1::DifferenceKind kind) {
  return std::string(absl::StripPrefix(v1::DifferenceKind_Name(kind), "DIFFERENCE_KIND_"));
}

// Shows the messages of a check: JSON and CSV as they come, a table at the end.
class VerifyReport {
 public:
  explicit VerifyReport(Session& session)
      : session_(session),
        csv_(session.csv()),
        progress_(session.environment.err, session.environment.err_is_terminal) {
    for (const char* heading : kHeadings) {
      table_.AddColumn(heading, Table::Align::kLeft);
    }
    if (session.format == OutputFormat::kCsv) {
      csv_.Write({std::begin(kHeadings), std::end(kHeadings)});
    }
  }

  void Add(const v1::VerifyStoreResponse& message) {
    switch (message.event_case()) {
      case v1::VerifyStoreResponse::kProgress:
        progress_.Show(
            ProgressBar(absl::StrCat(message.progress().part(),
                                     message.progress().survey_id().empty() ? "" : " of ",
                                     message.progress().survey_id()),
                        message.progress().done(), message.progress().total()));
        return;
      case v1::VerifyStoreResponse::kDifference:
        AddDifference(message.difference());
        break;
      case v1::VerifyStoreResponse::kSummary:
        summary_ = message.summary();
        break;
      case v1::VerifyStoreResponse::EVENT_NOT_SET:
        return;
    }
    if (session_.format == OutputFormat::kJson) {
      progress_.Clear();
      session_.out() << ToJsonLine(message);
    }
  }

  // The exit code of a check that ended with `status`.
  int Finish(const absl::Status& status) {
    progress_.Clear();
    if (session_.format == OutputFormat::kTable && has_rows_) {
      table_.Print(session_.out());
      session_.out() << "\n";
    }
    if (!status.ok()) {
      return ServiceError(session_.environment, status);
    }
    if (!summary_.has_value()) {
      return ToolError(session_.environment, "the check ended without a summary");
    }
    if (session_.format == OutputFormat::kTable) {
      TextFields fields = {{"sequence", absl::StrCat(summary_->sequence())},
                           {"records", absl::StrCat(summary_->records())},
                           {"index_entries", absl::StrCat(summary_->index_entries())},
                           {"cube_cells", absl::StrCat(summary_->cube_cells())},
                           {"differences", absl::StrCat(summary_->difference_count())}};
      if (summary_->zone_change_count() > 0) {
        fields.emplace_back("zone_changes", absl::StrCat(summary_->zone_change_count()));
      }
      PrintFields(fields, session_.out());
    }
    if (summary_->difference_count() == 0) {
      return kExitOk;
    }
    if (summary_->difference_count() > differences_) {
      *session_.environment.err << "chairctl: " << summary_->difference_count() - differences_
                                << " more differences are not listed\n";
    }
    return kExitService + static_cast<int>(absl::StatusCode::kDataLoss);
  }

 private:
  static constexpr const char* kHeadings[] = {"kind", "survey_id", "where", "stored", "expected"};

  void AddDifference(const v1::StoreDifference& difference) {
    differences_ += difference.kind() == v1::DIFFERENCE_KIND_ZONE_CHANGED ? 0 : 1;
    has_rows_ = true;
    std::vector<std::string> cells = {KindName(difference.kind()), difference.survey_id(),
                                      difference.where(), difference.stored(),
                                      difference.expected()};
    if (session_.format == OutputFormat::kCsv) {
      progress_.Clear();
      csv_.Write({cells.begin(), cells.end()});
    } else if (session_.format == OutputFormat::kTable) {
      for (std::string& cell : cells) {
        cell = cell.empty() ? std::string(kAbsent) : cell;
      }
      table_.AddRow(std::move(cells));
    }
  }

  Session& session_;
  CsvWriter csv_;
  ProgressLine progress_;
  Table table_;
  int64_t differences_ = 0;
  bool has_rows_ = false;
  std::optional<v1::VerifySummary> summary_;
};

int Verify(Session& session) {
  VerifyReport report(session);
  absl::Status status;
  for (const absl::StatusOr<v1::VerifyStoreResponse>& message :
       session.patient_client.VerifyStore()) {
    if (message.ok()) {
      report.Add(*message);
    } else {
      status = message.status();
    }
  }
  return report.Finish(status);
}

int Rebuild(Session& session) {
  const auto response = CallWithProgress<v1::RebuildCubeResponse>(
      session, [&session] { return session.patient_client.RebuildCube({}); });
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintRecord(session,
              {{"sequence", absl::StrCat(response->sequence())},
               {"rows_corrected", absl::StrCat(response->rows_corrected())},
               {"cells_corrected", absl::StrCat(response->cells_corrected())},
               {"records_counted", absl::StrCat(response->records_counted())}},
              *response);
  return kExitOk;
}

int Compact(Session& session) {
  const auto response = CallWithProgress<v1::CompactStoreResponse>(
      session, [&session] { return session.patient_client.CompactStore({}); });
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintRecord(session,
              {{"bytes_before", absl::StrCat(response->bytes_before())},
               {"bytes_after", absl::StrCat(response->bytes_after())}},
              *response);
  return kExitOk;
}

}  // namespace

void AddAdminCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("admin", "Look after the server");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl admin status");
  CommandLine status = group.AddCommand("status", "Show the state of server and store");
  status.Footer("Example:\n  chairctl admin status --output json");
  status.OnChosen([command] { *command = Status; });
  CommandLine verify =
      group.AddCommand("verify", "Compare everything stored with what the records make");
  verify.Footer(
      "Exit code 79: there are differences; the first 1,000 are listed.\n"
      "Example:\n  chairctl admin verify --output json");
  verify.OnChosen([command] { *command = Verify; });
  CommandLine rebuild = group.AddCommand("rebuild", "Count the records again and correct the cube");
  rebuild.Footer("Example:\n  chairctl admin rebuild");
  rebuild.OnChosen([command] { *command = Rebuild; });
  CommandLine compact = group.AddCommand(
      "compact", "Rewrite the tables on disk, so that what was replaced or erased is gone");
  compact.Footer("Example:\n  chairctl admin compact");
  compact.OnChosen([command] { *command = Compact; });
}

}  // namespace emptychair
