#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/amount_text.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/window.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/records/record_text.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1'000;

// What `list` and `export` have in common.
struct ActivityFlags {
  std::string kind;
  std::string customer_id;
  std::string import_id;
  std::string time_zone;
  WindowFlags window;
};

struct ListFlags {
  ActivityFlags activities;
  bool newest_first = false;
  int limit = std::numeric_limits<int>::max();
};

// Where times are shown: in CSV as the flag says, in tables in the kind's zone.
struct Zones {
  absl::TimeZone csv;
  absl::TimeZone kind;
};

// Fills in what the flags select. On failure reports it, sets `*exit_code` and answers nothing.
std::optional<Zones> ReadFlags(Session& session, const ActivityFlags& flags,
                               v1::ListActivitiesRequest& request, int* exit_code) {
  const auto refuse = [&](const absl::Status& status) {
    *exit_code = UsageError(session.environment, status.message());
    return std::nullopt;
  };
  const std::optional<absl::TimeZone> csv_zone = ReadTimeZone(session, flags.time_zone);
  if (!csv_zone.has_value()) {
    *exit_code = kExitUsage;
    return std::nullopt;
  }
  const absl::StatusOr<Window> window = Window::Parse(flags.window);
  if (!window.ok()) {
    return refuse(window.status());
  }
  const std::optional<absl::TimeZone> zone = ReadKindZone(session, flags.kind, exit_code);
  if (!zone.has_value()) {
    return std::nullopt;
  }
  const absl::StatusOr<Interval> interval =
      window->Resolve(*zone, session.environment.clock->Now());
  if (!interval.ok()) {
    return refuse(interval.status());
  }
  request.set_kind(flags.kind);
  request.set_customer_id(flags.customer_id);
  request.set_import_id(flags.import_id);
  if (interval->start.has_value()) {
    *request.mutable_interval()->mutable_start_time() = ToTimestamp(*interval->start);
  }
  if (interval->end.has_value()) {
    *request.mutable_interval()->mutable_end_time() = ToTimestamp(*interval->end);
  }
  return Zones{*csv_zone, *zone};
}

std::string LabelsText(const v1::Activity& activity) {
  const std::map<std::string, std::string> labels(activity.labels().begin(),
                                                  activity.labels().end());
  return absl::StrJoin(labels, " ", absl::PairFormatter("="));
}

// Prints activities as they come, so that memory does not grow with the list.
class ListOutput {
 public:
  ListOutput(Session& session, const Zones& zones) : out_(session.out()), zone_(zones.kind) {
    if (session.format == OutputFormat::kTable) {
      table_.emplace();
      for (const char* heading : {"time", "customer", "amount", "id", "labels"}) {
        table_->AddColumn(heading, heading == absl::string_view("amount") ? Table::Align::kRight
                                                                          : Table::Align::kLeft);
      }
    } else {
      text_.emplace(RecordFormOf(session, RecordForm::kJsonList), out_, zones.csv);
      text_->BeginRecords(RecordType::kActivity);
    }
  }

  void Add(const v1::Activity& activity) {
    if (text_.has_value()) {
      text_->Add(activity);
      return;
    }
    table_->AddRow({LocalTimeText(activity.has_occur_time(), activity.occur_time(), zone_),
                    activity.customer_id(),
                    activity.has_amount() ? AmountText(activity.amount()) : std::string(kAbsent),
                    activity.activity_id(), LabelsText(activity)});
    if (++rows_ % kPageSize == 0) {
      table_->PrintPiece(out_);
    }
  }

  void End() {
    if (text_.has_value()) {
      text_->End();
    } else {
      table_->PrintPiece(out_);
    }
  }

 private:
  std::ostream& out_;
  const absl::TimeZone zone_;
  // One of them.
  std::optional<Table> table_;
  std::optional<RecordText> text_;
  int64_t rows_ = 0;
};

int List(Session& session, const ListFlags& flags) {
  v1::ListActivitiesRequest request;
  int exit_code = kExitOk;
  const std::optional<Zones> zones = ReadFlags(session, flags.activities, request, &exit_code);
  if (!zones.has_value()) {
    return exit_code;
  }
  request.set_order(flags.newest_first ? v1::ACTIVITY_ORDER_NEWEST_FIRST
                                       : v1::ACTIVITY_ORDER_OLDEST_FIRST);
  request.set_page_size(std::min(flags.limit, kPageSize));
  std::optional<ListOutput> output;  // Nothing before the first one: it can be an error.
  int count = 0;
  for (const absl::StatusOr<v1::Activity>& activity : session.client.ListActivities(request)) {
    if (!activity.ok()) {
      return ServiceError(session.environment, activity.status());
    }
    if (!output.has_value()) {
      output.emplace(session, *zones);
    }
    output->Add(*activity);
    if (++count == flags.limit) {
      break;
    }
  }
  if (!output.has_value()) {
    output.emplace(session, *zones);
  }
  output->End();
  return kExitOk;
}

int Export(Session& session, const ActivityFlags& flags) {
  v1::ListActivitiesRequest request;
  int exit_code = kExitOk;
  const std::optional<Zones> zones = ReadFlags(session, flags, request, &exit_code);
  if (!zones.has_value()) {
    return exit_code;
  }
  request.set_order(v1::ACTIVITY_ORDER_OLDEST_FIRST);
  request.set_page_size(kPageSize);
  RecordText text(RecordFormOf(session, RecordForm::kJsonLines), session.out(), zones->csv);
  text.BeginRecords(RecordType::kActivity);
  int64_t count = 0;
  for (const absl::StatusOr<v1::Activity>& activity : session.client.ListActivities(request)) {
    if (!activity.ok()) {
      if (count > 0) {
        text.Flush();
      }
      return ServiceError(session.environment, activity.status());
    }
    text.Add(*activity);
    ++count;
  }
  text.End();
  *session.environment.err << absl::StrCat("chairctl: exported ", count, " activities\n");
  return kExitOk;
}

void AddActivityFlags(CommandLine app, ActivityFlags& flags) {
  app.Add("KIND", flags.kind, "The kind").Required();
  AddWindowFlags(app, flags.window);
  app.Add("--customer-id,--customer", flags.customer_id, "Only those of this customer");
  app.Add("--import", flags.import_id, "Only those that this import stored");
  AddTimeZoneFlag(app, flags.time_zone);
}

}  // namespace

void AddActivityListCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("list", "List activities of a kind");
  auto flags = std::make_shared<ListFlags>();
  AddActivityFlags(app, flags->activities);
  app.Add("--newest-first", flags->newest_first, "By descending time");
  app.Add("--limit", flags->limit, "At most so many").Between(1, std::numeric_limits<int>::max());
  app.Footer(
      "Times without an offset are in the kind's zone.\n"
      "Example:\n  chairctl activity list purchase --last 30d");
  app.OnChosen(
      [flags, command] { *command = [flags](Session& session) { return List(session, *flags); }; });
}

void AddActivityExportCommand(CommandLine group, Command* command) {
  CommandLine app =
      group.AddCommand("export", "Write all activities of a kind as JSON lines or CSV");
  auto flags = std::make_shared<ActivityFlags>();
  AddActivityFlags(app, *flags);
  app.Footer(
      "Writes JSON lines unless --output csv is given. Both are what activity import reads back.\n"
      "Example:\n  chairctl activity export purchase --output csv > purchases.csv");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Export(session, *flags); };
  });
}

}  // namespace emptychair
