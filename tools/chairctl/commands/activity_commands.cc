#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/window.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/many_steps.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1'000;
constexpr size_t kNanoDigits = 9;

// An amount such as `12.5 EUR`, without a fraction that is zero.
std::string AmountText(const v1::Amount& amount) {
  const bool is_negative = amount.units() < 0 || amount.nanos() < 0;
  std::string text = absl::StrCat(is_negative ? "-" : "", absl::StrCat(std::abs(amount.units())));
  if (amount.nanos() != 0) {
    std::string fraction = absl::StrFormat("%09d", std::abs(amount.nanos()));
    fraction.erase(fraction.find_last_not_of('0') + 1);
    absl::StrAppend(&text, ".", fraction);
  }
  return absl::StrCat(text, " ", amount.currency_code());
}

// Reads such a text exactly; nothing for any other. What is out of range the service refuses.
std::optional<v1::Amount> ParseAmount(absl::string_view text) {
  v1::Amount amount;
  const size_t blank = text.find(' ');
  if (blank == absl::string_view::npos) {
    return std::nullopt;
  }
  amount.set_currency_code(std::string(text.substr(blank + 1)));
  text = text.substr(0, blank);
  const bool is_negative = absl::ConsumePrefix(&text, "-");
  const std::pair<absl::string_view, absl::string_view> parts = {
      text.substr(0, text.find('.')),
      text.find('.') == absl::string_view::npos ? "" : text.substr(text.find('.') + 1)};
  const auto is_digits = [](absl::string_view digits) {
    return !digits.empty() && digits.find_first_not_of("0123456789") == absl::string_view::npos;
  };
  int64_t units = 0;
  int32_t nanos = 0;
  const bool has_fraction = text.find('.') != absl::string_view::npos;
  if (!is_digits(parts.first) || !absl::SimpleAtoi(parts.first, &units) ||
      (has_fraction && (!is_digits(parts.second) || parts.second.size() > kNanoDigits))) {
    return std::nullopt;
  }
  if (has_fraction) {
    const std::string padded =
        absl::StrCat(parts.second, std::string(kNanoDigits - parts.second.size(), '0'));
    (void)absl::SimpleAtoi(padded, &nanos);
  }
  amount.set_units(is_negative ? -units : units);
  amount.set_nanos(is_negative ? -nanos : nanos);
  return amount;
}

std::string LabelsText(const v1::Activity& activity) {
  const std::map<std::string, std::string> labels(activity.labels().begin(),
                                                  activity.labels().end());
  return absl::StrJoin(labels, " ", absl::PairFormatter("="));
}

TextFields KindFields(const v1::ActivityKind& kind) {
  return {{"kind", kind.kind()},
          {"time_zone", kind.time_zone()},
          {"create_time", TimestampText(kind.has_create_time(), kind.create_time())}};
}

int Define(Session& session, const std::string& kind, const std::string& time_zone) {
  v1::DefineActivityKindRequest request;
  request.set_kind(kind);
  request.set_time_zone(time_zone);
  const absl::StatusOr<v1::DefineActivityKindResponse> response =
      session.client.DefineActivityKind(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintRecord(session, KindFields(response->activity_kind()), response->activity_kind());
  return kExitOk;
}

int Kinds(Session& session) {
  const absl::StatusOr<v1::ListActivityKindsResponse> response = session.client.ListActivityKinds();
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(*response);
      break;
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      WriteNames(KindFields({}), csv);
      for (const v1::ActivityKind& kind : response->activity_kinds()) {
        WriteValues(KindFields(kind), csv);
      }
      break;
    }
    case OutputFormat::kTable: {
      Table table;
      table.AddColumn("kind", Table::Align::kLeft);
      table.AddColumn("time zone", Table::Align::kLeft);
      for (const v1::ActivityKind& kind : response->activity_kinds()) {
        table.AddRow({kind.kind(), kind.time_zone()});
      }
      table.Print(session.out());
      break;
    }
  }
  return kExitOk;
}

int Delete(Session& session, const std::string& kind, const std::string& confirm) {
  // Somebody at a terminal may have slipped; a script has been thought about.
  if (session.environment.out_is_terminal && confirm.empty()) {
    return UsageError(session.environment,
                      absl::StrCat("activity delete: removes the kind with all its activities, for "
                                   "ever. To do that, add --confirm ",
                                   kind));
  }
  v1::DeleteActivityKindRequest request;
  request.set_kind(kind);
  request.set_confirm_kind(confirm.empty() ? kind : confirm);
  const absl::StatusOr<v1::DeleteActivityKindResponse> response =
      session.client.DeleteActivityKind(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  if (session.format == OutputFormat::kJson) {
    session.out() << ToJson(*response);
  }
  return kExitOk;
}

struct RecordFlags {
  std::string kind;
  std::string customer_id;
  std::string activity_id;
  std::string amount;
  std::vector<std::string> labels;
  std::optional<std::string> time;
};

int Record(Session& session, const RecordFlags& flags) {
  const auto labels = ParseLabels("--label", flags.labels);
  if (!labels.ok()) {
    return UsageError(session.environment, labels.status().message());
  }
  v1::RecordActivityRequest request;
  v1::Activity& activity = *request.mutable_activity();
  activity.set_kind(flags.kind);
  activity.set_customer_id(flags.customer_id);
  activity.set_activity_id(flags.activity_id);
  activity.mutable_labels()->insert(labels->begin(), labels->end());
  if (!flags.amount.empty()) {
    const std::optional<v1::Amount> amount = ParseAmount(flags.amount);
    if (!amount.has_value()) {
      return UsageError(session.environment, absl::StrCat("--amount: got ", flags.amount,
                                                          ", wanted such as \"12.50 EUR\""));
    }
    *activity.mutable_amount() = *amount;
  }
  if (flags.time.has_value()) {
    const absl::StatusOr<WrittenTime> time = ParseWrittenTime("--occur-time", *flags.time);
    if (!time.ok()) {
      return UsageError(session.environment, time.status().message());
    }
    std::optional<absl::TimeZone> zone = absl::UTCTimeZone();
    int exit_code = kExitOk;
    if (NeedsZone(*time) && !(zone = ReadKindZone(session, flags.kind, &exit_code))) {
      return exit_code;
    }
    *activity.mutable_occur_time() = ToTimestamp(InZone(*time, *zone));
  }
  const absl::StatusOr<v1::RecordActivityResponse> response =
      session.client.RecordActivity(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  const v1::Activity& stored = response->activity();
  PrintRecord(session,
              {{"kind", stored.kind()},
               {"activity_id", stored.activity_id()},
               {"customer_id", stored.customer_id()},
               {"occur_time", TimestampText(stored.has_occur_time(), stored.occur_time())},
               {"already_existed", response->already_existed() ? "true" : "false"},
               {"kind_created", response->kind_created() ? "true" : "false"}},
              *response);
  return kExitOk;
}

struct ListFlags {
  std::string kind;
  std::string customer_id;
  std::string import_id;
  WindowFlags window;
  bool newest_first = false;
  int limit = std::numeric_limits<int>::max();
};

// Prints activities as they come, so that memory does not grow with the list.
class ActivityOutput {
 public:
  explicit ActivityOutput(Session& session, absl::TimeZone zone) : session_(session), zone_(zone) {
    if (session.format == OutputFormat::kCsv) {
      csv_.emplace(session.csv());
      csv_->Write({"kind", "activity_id", "customer_id", "occur_time", "units", "nanos",
                   "currency_code", "labels", "receive_time", "import_id"});
    } else if (session.format == OutputFormat::kTable) {
      for (const char* heading : {"time", "customer", "amount", "id", "labels"}) {
        table_.AddColumn(heading, heading == absl::string_view("amount") ? Table::Align::kRight
                                                                         : Table::Align::kLeft);
      }
    }
  }

  void Add(const v1::Activity& activity) {
    const bool has_amount = activity.has_amount();
    if (csv_.has_value()) {
      const auto number = [&](int64_t value) {
        return CsvNumber{has_amount ? absl::StrCat(value) : ""};
      };
      csv_->Write({activity.kind(), activity.activity_id(), activity.customer_id(),
                   TimestampText(activity.has_occur_time(), activity.occur_time()),
                   number(activity.amount().units()), number(activity.amount().nanos()),
                   activity.amount().currency_code(), LabelsText(activity),
                   TimestampText(activity.has_receive_time(), activity.receive_time()),
                   activity.import_id()});
    } else if (session_.format == OutputFormat::kJson) {
      session_.out() << ToJsonLine(activity);
    } else {
      table_.AddRow({LocalTimeText(activity.has_occur_time(), activity.occur_time(), zone_),
                     activity.customer_id(),
                     has_amount ? AmountText(activity.amount()) : std::string(kAbsent),
                     activity.activity_id(), LabelsText(activity)});
      if (++rows_ % kPageSize == 0) {
        table_.PrintPiece(session_.out());
      }
    }
  }

  void End() {
    if (session_.format == OutputFormat::kTable) {
      table_.PrintPiece(session_.out());
    }
  }

 private:
  Session& session_;
  const absl::TimeZone zone_;
  std::optional<CsvWriter> csv_;
  Table table_;
  int64_t rows_ = 0;
};

int List(Session& session, const ListFlags& flags) {
  const absl::StatusOr<Window> window = Window::Parse(flags.window);
  if (!window.ok()) {
    return UsageError(session.environment, window.status().message());
  }
  int exit_code = kExitOk;
  const std::optional<absl::TimeZone> zone = ReadKindZone(session, flags.kind, &exit_code);
  if (!zone.has_value()) {
    return exit_code;
  }
  const absl::StatusOr<Interval> interval =
      window->Resolve(*zone, session.environment.clock->Now());
  if (!interval.ok()) {
    return UsageError(session.environment, interval.status().message());
  }
  v1::ListActivitiesRequest request;
  request.set_kind(flags.kind);
  request.set_customer_id(flags.customer_id);
  request.set_import_id(flags.import_id);
  if (interval->start.has_value()) {
    *request.mutable_interval()->mutable_start_time() = ToTimestamp(*interval->start);
  }
  if (interval->end.has_value()) {
    *request.mutable_interval()->mutable_end_time() = ToTimestamp(*interval->end);
  }
  request.set_order(flags.newest_first ? v1::ACTIVITY_ORDER_NEWEST_FIRST
                                       : v1::ACTIVITY_ORDER_OLDEST_FIRST);
  request.set_page_size(std::min(flags.limit, kPageSize));
  ActivityOutput output(session, *zone);
  int count = 0;
  for (const absl::StatusOr<v1::Activity>& activity : session.client.ListActivities(request)) {
    if (!activity.ok()) {
      return ServiceError(session.environment, activity.status());
    }
    output.Add(*activity);
    if (++count == flags.limit) {
      break;
    }
  }
  output.End();
  return kExitOk;
}

int Erase(Session& session, const std::string& kind, const std::string& activity_id,
          const std::string& import_id) {
  if (activity_id.empty() == import_id.empty()) {
    return UsageError(session.environment, "activity erase: wanted one of --id and --import");
  }
  if (!import_id.empty()) {
    v1::TakeBackImportRequest request;
    request.set_kind(kind);
    request.set_import_id(import_id);
    return PrintSteps(session, "activities", session.patient_client.TakeBackImport(request));
  }
  v1::EraseActivityRequest request;
  request.set_kind(kind);
  request.set_activity_id(activity_id);
  const absl::StatusOr<v1::EraseActivityResponse> response = session.client.EraseActivity(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  if (session.format == OutputFormat::kJson) {
    session.out() << ToJson(*response);
  }
  return kExitOk;
}

void AddKindCommands(CommandLine group, Command* command) {
  CommandLine define = group.AddCommand("define", "Declare an activity kind with its time zone");
  auto kind = std::make_shared<std::string>();
  auto time_zone = std::make_shared<std::string>();
  define.Add("KIND", *kind, "The kind").Required();
  define.Add("--time-zone", *time_zone,
             "IANA name of the zone in whose days and months its activities count (default UTC)");
  define.Footer("Example:\n  chairctl activity define purchase --time-zone Europe/Berlin");
  define.OnChosen(
      [=] { *command = [=](Session& session) { return Define(session, *kind, *time_zone); }; });

  CommandLine kinds = group.AddCommand("kinds", "List all activity kinds");
  kinds.Footer("Example:\n  chairctl activity kinds");
  kinds.OnChosen([command] { *command = [](Session& session) { return Kinds(session); }; });

  CommandLine remove =
      group.AddCommand("delete", "Delete an activity kind with all its activities");
  auto removed = std::make_shared<std::string>();
  auto confirm = std::make_shared<std::string>();
  remove.Add("KIND", *removed, "The kind").Required();
  remove.Add("--confirm", *confirm, "The KIND again; needed on a terminal");
  remove.Footer("Example:\n  chairctl activity delete mistake --confirm mistake");
  remove.OnChosen(
      [=] { *command = [=](Session& session) { return Delete(session, *removed, *confirm); }; });
}

void AddRecordCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("record", "Store one activity");
  auto flags = std::make_shared<RecordFlags>();
  app.Add("KIND", flags->kind, "What kind of thing it was; one that is not declared gets UTC")
      .Required();
  app.Add("CUSTOMER,--customer-id", flags->customer_id, "Who did it").Required();
  app.Add("--id", flags->activity_id, "Your id of it, such as that of an order").Required();
  app.Add("--amount", flags->amount, "What it was worth, such as \"12.50 EUR\"");
  app.Add("--label", flags->labels, "KEY=VALUE; can be repeated").OneValueEach();
  app.Add("--occur-time,--time", flags->time,
          "When it was done: RFC 3339, or YYYY-MM-DD[ HH:MM[:SS[.fff]]] in the kind's zone "
          "(default now)");
  app.Footer(
      "Example:\n  chairctl activity record purchase c-17 --id order-4711 --amount '20 EUR'");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Record(session, *flags); };
  });
}

void AddListCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("list", "List activities of a kind");
  auto flags = std::make_shared<ListFlags>();
  app.Add("KIND", flags->kind, "The kind").Required();
  app.Add("--customer-id,--customer", flags->customer_id, "Only those of this customer");
  app.Add("--import", flags->import_id, "Only those that this import stored");
  app.Add("--window", flags->window.window, "A calendar unit such as 2024-03, or FROM..TO");
  app.Add("--from", flags->window.from, "From this unit or time on");
  app.Add("--to", flags->window.to, "Up to this unit or time, which is not included");
  app.Add("--last", flags->window.last, "The last N days, weeks, months …, such as 30d or 12m");
  app.Add("--newest-first", flags->newest_first, "By descending time");
  app.Add("--limit", flags->limit, "At most so many").Between(1, std::numeric_limits<int>::max());
  app.Footer(
      "Times without an offset are in the kind's zone. JSON has a line for each activity.\n"
      "Example:\n  chairctl activity list purchase --last 30d --output csv > purchases.csv");
  app.OnChosen(
      [flags, command] { *command = [flags](Session& session) { return List(session, *flags); }; });
}

void AddEraseCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("erase", "Erase an activity for ever, or take an import back");
  auto kind = std::make_shared<std::string>();
  auto activity_id = std::make_shared<std::string>();
  auto import_id = std::make_shared<std::string>();
  app.Add("KIND", *kind, "The kind").Required();
  app.Add("--id", *activity_id, "Your id of the activity; it stays used");
  app.Add("--import", *import_id, "All that this import stored; their ids are free again");
  app.Footer("Example:\n  chairctl activity erase purchase --id order-4711");
  app.OnChosen([=] {
    *command = [=](Session& session) { return Erase(session, *kind, *activity_id, *import_id); };
  });
}

}  // namespace

void AddActivityCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("activity", "Store and look up what customers do");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl activity list purchase --last 30d");
  AddKindCommands(group, command);
  AddRecordCommand(group, command);
  AddListCommand(group, command);
  AddEraseCommand(group, command);
}

}  // namespace emptychair
