#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/many_steps.h"
#include "tools/chairctl/import/field_texts.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

TextFields KindFields(const v1::ActivityKind& kind) {
  return {{"kind", kind.kind()},
          {"time_zone", kind.time_zone()},
          {"create_time", TimestampText(kind.has_create_time(), kind.create_time())},
          {"start_kind", kind.start_kind()},
          {"end_kind", kind.end_kind()}};
}

int Define(Session& session, const v1::DefineActivityKindRequest& request) {
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
      table.AddColumn("starts with", Table::Align::kLeft);
      table.AddColumn("ends with", Table::Align::kLeft);
      for (const v1::ActivityKind& kind : response->activity_kinds()) {
        table.AddRow({kind.kind(), kind.time_zone(), kind.start_kind(), kind.end_kind()});
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
    const absl::StatusOr<v1::Amount> amount = ParseAmount(flags.amount);
    if (!amount.ok() || amount->currency_code().empty()) {
      return UsageError(session.environment,
                        amount.ok() ? "--amount: has no currency; wanted such as \"12.50 EUR\""
                                    : absl::StrCat("--amount: ", amount.status().message()));
    }
    *activity.mutable_amount() = *amount;
  }
  if (flags.time.has_value()) {
    int exit_code = kExitOk;
    const auto time = ReadOccurTime(session, *flags.time, &ReadKindZone, flags.kind, &exit_code);
    if (!time.has_value()) {
      return exit_code;
    }
    *activity.mutable_occur_time() = *time;
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
  CommandLine define =
      group.AddCommand("define", "Declare an activity kind with its time zone, or a subscription");
  auto kind = std::make_shared<std::string>();
  auto time_zone = std::make_shared<std::string>();
  auto start_kind = std::make_shared<std::string>();
  auto end_kind = std::make_shared<std::string>();
  define.Add("KIND", *kind, "The kind").Required();
  define.Add("--time-zone", *time_zone,
             "IANA name of the zone in whose days and months its activities count (default UTC; of "
             "a subscription that of its kinds)");
  define.Add("--start-kind", *start_kind, "For a subscription: the kind that starts it");
  define.Add("--end-kind", *end_kind, "For a subscription: the kind that ends it");
  define.Footer(
      "Example:\n  chairctl activity define purchase --time-zone Europe/Berlin\n"
      "  chairctl activity define member --start-kind join --end-kind cancel");
  define.OnChosen([=] {
    *command = [=](Session& session) {
      v1::DefineActivityKindRequest request;
      request.set_kind(*kind);
      request.set_time_zone(*time_zone);
      request.set_start_kind(*start_kind);
      request.set_end_kind(*end_kind);
      return Define(session, request);
    };
  });

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
  app.Add("CUSTOMER,--customer-id,--customer", flags->customer_id, "Who did it").Required();
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
  AddActivityListCommand(group, command);
  AddActivityExportCommand(group, command);
  AddActivityImportCommand(group, command);
  AddEraseCommand(group, command);
}

}  // namespace emptychair
