#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/progress_line.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/whole_file.h"
#include "tools/chairctl/base/window.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/text/customer_records.h"
#include "tools/chairctl/text/customer_view_output.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1'000;

struct UpsertFlags {
  std::string id;
  std::vector<std::string> attributes;
};

struct ViewFlags {
  std::string id;
  std::optional<std::string> as_of;
};

struct EraseFlags {
  std::string id;
  std::string mode;
  bool yes = false;
  bool wait = false;
};

// Attributes in order of their keys.
int PrintCustomer(const Session& session, const v1::Customer& customer) {
  const std::map<std::string, std::string> attributes(customer.attributes().begin(),
                                                      customer.attributes().end());
  if (session.format == OutputFormat::kCsv) {
    CsvWriter csv = session.csv();
    csv.Write({"customer_id", "attribute", "value"});
    for (const auto& [key, value] : attributes) {
      csv.Write({customer.customer_id(), key, value});
    }
    return kExitOk;
  }
  TextFields fields = {{"customer", customer.customer_id()}};
  for (const auto& [key, value] : attributes) {
    fields.emplace_back(key, value);
  }
  PrintRecord(session, fields, customer);
  return kExitOk;
}

template <typename Response>
int PrintResult(const Session& session, const absl::StatusOr<Response>& response) {
  return response.ok() ? PrintCustomer(session, response->customer())
                       : ServiceError(session.environment, response.status());
}

int Upsert(Session& session, const UpsertFlags& flags) {
  const auto attributes = ParseLabels("--attribute", flags.attributes);
  if (!attributes.ok()) {
    return UsageError(session.environment, attributes.status().message());
  }
  v1::UpsertCustomerRequest request;
  request.mutable_customer()->set_customer_id(flags.id);
  request.mutable_customer()->mutable_attributes()->insert(attributes->begin(), attributes->end());
  return PrintResult(session, session.client.UpsertCustomer(request));
}

int Get(Session& session, const std::string& id) {
  v1::GetCustomerRequest request;
  request.set_customer_id(id);
  return PrintResult(session, session.client.GetCustomer(request));
}

int View(Session& session, const ViewFlags& flags) {
  v1::GetCustomerViewRequest request;
  request.set_customer_id(flags.id);
  if (flags.as_of.has_value()) {
    const absl::StatusOr<WrittenTime> as_of = ParseUnitOrTime("--as-of", *flags.as_of);
    if (!as_of.ok()) {
      return UsageError(session.environment, as_of.status().message());
    }
    *request.mutable_as_of() = ToTimestamp(InZone(*as_of, absl::UTCTimeZone()));
  }
  const absl::StatusOr<v1::GetCustomerViewResponse> view = session.client.GetCustomerView(request);
  if (!view.ok()) {
    return ServiceError(session.environment, view.status());
  }
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(*view);
      break;
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      PrintCustomerViewCsv(*view, csv);
      break;
    }
    case OutputFormat::kTable:
      PrintCustomerView(*view, session.out());
      break;
  }
  return kExitOk;
}

// Prints entries of a timeline as they come; only JSON, which is one object, waits for the last.
class TimelineOutput {
 public:
  explicit TimelineOutput(Session& session) : session_(session) {
    if (session.format == OutputFormat::kCsv) {
      csv_.emplace(session.csv());
      std::vector<CsvCell> names = {"time"};
      const std::vector<CsvCell> of_records = CustomerRecordNames();
      names.insert(names.end(), of_records.begin(), of_records.end());
      csv_->Write(names);
    }
    for (const char* heading : {"time", "what", "of", "detail"}) {
      table_.AddColumn(heading, Table::Align::kLeft);
    }
  }

  void Add(v1::TimelineEntry entry) {
    if (csv_.has_value()) {
      csv_->Write(TimelineCells(entry));
    } else if (session_.format == OutputFormat::kJson) {
      entries_.push_back(std::move(entry));
    } else {
      table_.AddRow(TimelineRow(entry));
      if (++rows_ % kPageSize == 0) {
        table_.PrintPiece(session_.out());
      }
    }
  }

  void End() {
    if (session_.format == OutputFormat::kJson) {
      std::vector<const google::protobuf::Message*> messages;
      for (const v1::TimelineEntry& entry : entries_) {
        messages.push_back(&entry);
      }
      session_.out() << ToJsonList("entries", messages);
    } else if (session_.format == OutputFormat::kTable) {
      table_.PrintPiece(session_.out());
    }
  }

 private:
  Session& session_;
  Table table_;
  int64_t rows_ = 0;
  std::optional<CsvWriter> csv_;
  std::vector<v1::TimelineEntry> entries_;
};

int Timeline(Session& session, const std::string& id, int limit) {
  v1::ListTimelineRequest request;
  request.set_customer_id(id);
  request.set_page_size(std::min(kPageSize, limit));
  std::optional<TimelineOutput> output;  // Nothing before the first page: it can be an error.
  int count = 0;
  for (absl::StatusOr<v1::TimelineEntry>& entry : session.client.ListTimeline(request)) {
    if (!entry.ok()) {
      return ServiceError(session.environment, entry.status());
    }
    if (!output.has_value()) {
      output.emplace(session);
    }
    output->Add(*std::move(entry));
    if (++count == limit) {
      break;
    }
  }
  if (!output.has_value()) {
    output.emplace(session);  // A customer of whom only attributes are known.
  }
  output->End();
  return kExitOk;
}

int Export(Session& session, const std::string& id, const std::string& file) {
  v1::ExportCustomerRequest request;
  request.set_customer_id(id);
  // A file is written once all of it is there.
  std::ostringstream content;
  std::ostream& out = file.empty() ? session.out() : content;
  std::optional<CsvWriter> csv;
  for (const absl::StatusOr<v1::ExportCustomerResponse>& part :
       session.patient_client.ExportCustomer(request)) {
    if (!part.ok()) {
      return ServiceError(session.environment, part.status());
    }
    if (session.format != OutputFormat::kCsv) {
      WriteCustomerJson(*part, out);
      continue;
    }
    if (!csv.has_value()) {
      csv.emplace(out, session.csv_form);
      csv->Write(CustomerRecordNames());
    }
    WriteCustomerCsv(*part, *csv);
  }
  if (file.empty()) {
    return kExitOk;
  }
  const absl::Status written = WriteWholeFile("--output-file", file, content.str());
  return written.ok() ? kExitOk : ToolError(session.environment, written.message());
}

// `1 answer`, `2 answers`.
std::string Counted(int64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// Says what would be erased, and what to add for that. Answers the exit code of wrong usage, unless
// the service has another error.
int ExplainErase(Session& session, const EraseFlags& flags) {
  v1::GetCustomerViewRequest request;
  request.set_customer_id(flags.id);
  const absl::StatusOr<v1::GetCustomerViewResponse> view = session.client.GetCustomerView(request);
  if (absl::IsNotFound(view.status())) {
    return UsageError(session.environment,
                      absl::StrCat("customer erase: nothing is known of customer ", flags.id));
  }
  if (!view.ok()) {
    return ServiceError(session.environment, view.status());
  }
  int64_t answers = 0;
  for (const v1::CustomerSurvey& survey : view->surveys()) {
    answers += survey.answers();
  }
  int64_t activities = 0;
  for (const v1::CustomerKind& kind : view->kinds()) {
    activities += kind.activities();
  }
  return UsageError(
      session.environment,
      absl::StrCat("customer erase: would erase customer ", flags.id, " with ",
                   Counted(view->customer().attributes_size(), "attribute", "attributes"), ", ",
                   Counted(answers, "answer", "answers"), " and ",
                   Counted(activities, "activity", "activities"), ", for ever. ",
                   ParseEnumFlag<v1::EraseMode>(flags.mode) == v1::ERASE_MODE_DELETE
                       ? "Nothing stays, and past numbers change."
                       : "Scores, values of dimensions, amounts and times stay, of a customer "
                         "without a name, so that past numbers stay too.",
                   " To do that, add --yes"));
}

// Waits until no customer's erasure is left to be done.
int WaitForErasures(Session& session) {
  constexpr absl::Duration kPollPeriod = absl::Milliseconds(200);
  const Environment& environment = session.environment;
  const absl::Time deadline = session.has_timeout
                                  ? environment.clock->Now() + session.options.timeout
                                  : absl::InfiniteFuture();
  ProgressLine progress(environment.err, environment.err_is_terminal);
  while (true) {
    const absl::StatusOr<v1::GetStatusResponse> status = session.client.GetStatus();
    if (!status.ok()) {
      progress.Clear();
      return ServiceError(environment, status.status());
    }
    if (status->customers_erasing() == 0) {
      return kExitOk;
    }
    const std::string left =
        Counted(status->customers_erasing(), "customer is", "customers are") + " being erased";
    if (environment.clock->Now() >= deadline) {
      progress.Clear();
      return ToolError(environment, absl::StrCat(left, " still; it goes on by itself"));
    }
    progress.Show(left);
    environment.sleep(kPollPeriod);
  }
}

int Erase(Session& session, const EraseFlags& flags) {
  if (!flags.yes) {
    return ExplainErase(session, flags);
  }
  v1::EraseCustomerRequest request;
  request.set_customer_id(flags.id);
  request.set_mode(ParseEnumFlag<v1::EraseMode>(flags.mode));
  const absl::StatusOr<v1::EraseCustomerResponse> response = session.client.EraseCustomer(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintRecord(session,
              {{"customer_id", flags.id},
               {"mode", EnumFlag(request.mode())},
               {"was_known", response->was_known() ? "true" : "false"},
               {"sequence", CsvNumber{absl::StrCat(response->sequence())}}},
              *response);
  if (!response->was_known()) {
    *session.environment.err << "chairctl: nothing is known of customer " << Printable(flags.id)
                             << "\n";
  }
  return flags.wait ? WaitForErasures(session) : kExitOk;
}

void AddUpsert(CommandLine group, Command* command) {
  CommandLine upsert = group.AddCommand("upsert", "Give a customer attributes");
  auto flags = std::make_shared<UpsertFlags>();
  upsert.Add("ID", flags->id, "The customer; one that is not known yet becomes one").Required();
  upsert
      .Add("--attribute", flags->attributes,
           "KEY=VALUE; KEY= takes one away; can be repeated, others stay")
      .OneValueEach();
  upsert.Footer(
      "An attribute whose key is a dimension of a survey becomes the label of each answer of the\n"
      "customer from then on that lacks it.\n"
      "Example:\n  chairctl customer upsert c-17 --attribute plan=gold --attribute region=");
  upsert.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Upsert(session, *flags); };
  });
}

void AddGet(CommandLine group, Command* command) {
  CommandLine get = group.AddCommand("get", "Show a customer");
  auto id = std::make_shared<std::string>();
  get.Add("ID", *id, "The customer").Required();
  get.Footer("Example:\n  chairctl customer get c-17 --output json");
  get.OnChosen([id, command] { *command = [id](Session& session) { return Get(session, *id); }; });
}

void AddView(CommandLine group, Command* command) {
  CommandLine view = group.AddCommand(
      "view", "Sum a customer up: attributes, last answers, habits and the silence since");
  auto flags = std::make_shared<ViewFlags>();
  view.Add("ID", flags->id, "The customer").Required();
  view.Add("--as-of", flags->as_of,
           "Look back from here (default now): 2024, 2024-Q1, 2024-W05, 2024-01, 2024-01-31 or a "
           "time; without an offset in UTC");
  view.Footer(
      "The limit is what nine of ten gaps between a customer's days have not exceeded.\n"
      "Example:\n  chairctl customer view c-17 --as-of 2024-11");
  view.OnChosen(
      [flags, command] { *command = [flags](Session& session) { return View(session, *flags); }; });
}

void AddTimeline(CommandLine group, Command* command) {
  CommandLine timeline = group.AddCommand(
      "timeline", "List what a customer said and did, and what was done to it, newest first");
  auto id = std::make_shared<std::string>();
  auto limit = std::make_shared<int>(std::numeric_limits<int>::max());
  timeline.Add("ID", *id, "The customer").Required();
  timeline.Add("--limit", *limit, "List at most so many")
      .Between(1, std::numeric_limits<int>::max());
  timeline.Footer("Example:\n  chairctl customer timeline c-17 --limit 20");
  timeline.OnChosen([id, limit, command] {
    *command = [id, limit](Session& session) { return Timeline(session, *id, *limit); };
  });
}

void AddExport(CommandLine group, Command* command) {
  CommandLine app =
      group.AddCommand("export", "Write all that is stored of a customer, as JSON lines or CSV");
  auto id = std::make_shared<std::string>();
  auto file = std::make_shared<std::string>();
  app.Add("ID", *id, "The customer").Required();
  app.Add("--output-file", *file, "Write to this file instead; once all of it is there")
      .NotEmpty("wanted the name of a file");
  app.Footer(
      "Writes JSON lines unless --output csv is given: the customer, answers, activities.\n"
      "Example:\n  chairctl customer export c-17 --output-file c-17.jsonl");
  app.OnChosen([id, file, command] {
    *command = [id, file](Session& session) { return Export(session, *id, *file); };
  });
}

void AddErase(CommandLine group, Command* command) {
  CommandLine erase = group.AddCommand("erase", "Erase a customer, for ever");
  auto flags = std::make_shared<EraseFlags>();
  erase.Add("ID", flags->id, "The customer").Required();
  erase
      .Add("--mode", flags->mode,
           "What stays: delete, nothing; anonymize, what numbers are made of, without a name")
      .OneOf(EnumFlags<v1::EraseMode>())
      .Required();
  erase.Add("--yes", flags->yes, "Do it; without, what would be erased is said");
  erase.Add("--wait", flags->wait,
            "Wait until no customer is being erased any more; each is hidden at once");
  erase.Footer(
      "Exit code 2 without --yes. A customer of whom nothing is known is no error.\n"
      "Example:\n  chairctl customer erase c-17 --mode anonymize --yes");
  erase.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Erase(session, *flags); };
  });
}

}  // namespace

void AddCustomerCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("customer", "Keep and look up customers");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl customer get c-17");
  AddUpsert(group, command);
  AddGet(group, command);
  AddView(group, command);
  AddTimeline(group, command);
  AddExport(group, command);
  AddErase(group, command);
}

}  // namespace emptychair
