#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "tools/chairctl/base/csv.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/records/import.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

struct SubmitFlags {
  std::string survey;
  std::optional<int32_t> score;
  std::string customer;
  std::vector<std::string> labels;
  std::string comment;
  std::optional<std::string> time;
  std::string external_id;
  std::string feedback_id;
};

int Submit(Session& session, const SubmitFlags& flags) {
  const auto labels = ParseLabels(flags.labels);
  if (!labels.ok()) {
    return UsageError(session.environment, labels.status().message());
  }
  v1::SubmitFeedbackRequest request;
  request.set_want_record(true);  // To print it.
  v1::Feedback& feedback = *request.mutable_feedback();
  feedback.set_survey_id(flags.survey);
  feedback.set_customer_id(flags.customer);
  feedback.set_comment(flags.comment);
  feedback.set_external_id(flags.external_id);
  feedback.set_feedback_id(flags.feedback_id);
  feedback.mutable_labels()->insert(labels->begin(), labels->end());
  if (flags.score.has_value()) {
    feedback.set_score(*flags.score);
  }
  if (flags.time.has_value()) {
    const absl::StatusOr<WrittenTime> time = ParseWrittenTime("--occur-time", *flags.time);
    if (!time.ok()) {
      return UsageError(session.environment, time.status().message());
    }
    std::optional<absl::TimeZone> zone = absl::UTCTimeZone();
    int exit_code = kExitOk;
    if (NeedsZone(*time) && !(zone = ReadSurveyZone(session, flags.survey, &exit_code))) {
      return exit_code;
    }
    *feedback.mutable_occur_time() = ToTimestamp(InZone(*time, *zone));
  }
  const absl::StatusOr<v1::SubmitFeedbackResponse> response =
      session.client.SubmitFeedback(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  TextFields fields = FeedbackFields(response->feedback());
  fields.emplace_back("already_existed", response->already_existed() ? "true" : "false");
  PrintRecord(session, fields, SubmittedJson(*response));
  return kExitOk;
}

struct GetFlags {
  std::string survey;
  std::string feedback_id;
  std::string external_id;
};

int Get(Session& session, const GetFlags& flags) {
  if (flags.feedback_id.empty() == flags.external_id.empty()) {
    return UsageError(session.environment,
                      "feedback get: wanted one of FEEDBACK_ID and --external-id");
  }
  v1::GetFeedbackRequest request;
  request.set_survey_id(flags.survey);
  if (flags.external_id.empty()) {
    request.set_feedback_id(flags.feedback_id);
  } else {
    request.set_external_id(flags.external_id);
  }
  const absl::StatusOr<v1::GetFeedbackResponse> response = session.client.GetFeedback(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintFeedback(session, response->feedback());
  return kExitOk;
}

struct ImportFlags {
  std::string survey;
  std::string file;
  std::vector<std::string> maps;
  std::vector<std::string> blanks;
  std::string format;
  std::string time_format;
  std::string rejects;
  bool allow_rejects = false;
  int batch_size = 1000;
};

// The format that is asked for, else that of the file's name.
bool IsJsonLines(const ImportFlags& flags) {
  return flags.format.empty()
             ? absl::EndsWith(flags.file, ".jsonl") || absl::EndsWith(flags.file, ".ndjson")
             : flags.format == "jsonl";
}

void PrintSummary(const Session& session, const ImportSummary& summary) {
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << absl::StrCat("{\"read\": ", summary.read,
                                    ", \"accepted\": ", summary.accepted,
                                    ", \"alreadyExisted\": ", summary.already_existed,
                                    ", \"rejected\": ", summary.rejected, "}\n");
      break;
    case OutputFormat::kCsv:
      session.out() << CsvLine({"read", "accepted", "already_existed", "rejected"})
                    << CsvLine({absl::StrCat(summary.read), absl::StrCat(summary.accepted),
                                absl::StrCat(summary.already_existed),
                                absl::StrCat(summary.rejected)});
      break;
    case OutputFormat::kTable:
      session.out() << absl::StrCat(summary.read, " rows read: ", summary.accepted, " accepted, ",
                                    summary.already_existed, " already existed, ", summary.rejected,
                                    " rejected\n");
      break;
  }
}

// Opens the file of rejected rows and writes its start; a path that does not work shows before
// anything is sent.
absl::Status OpenRejects(const ImportFlags& flags, const ImportReader& reader,
                         std::ofstream& rejects) {
  std::error_code error;
  if (std::filesystem::equivalent(flags.file, flags.rejects, error)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--rejects",
                      "is the file that is imported; wanted another");
  }
  rejects.open(flags.rejects, std::ios::binary | std::ios::trunc);
  if (!(rejects << reader.RejectsHeader() << std::flush)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--rejects",
                      absl::StrCat("cannot write ", Quoted(flags.rejects, 256)));
  }
  return absl::OkStatus();
}

// Imports the rows of `reader`, which is open and bound.
int ImportRows(Session& session, const ImportFlags& flags, ImportReader& reader) {
  const Environment& environment = session.environment;
  int exit_code = kExitOk;
  const std::optional<absl::TimeZone> zone = ReadSurveyZone(session, flags.survey, &exit_code);
  if (!zone.has_value()) {
    return exit_code;
  }
  std::ofstream rejects;
  if (!flags.rejects.empty()) {
    if (const absl::Status opened = OpenRejects(flags, reader, rejects); !opened.ok()) {
      return ToolError(environment, opened.message());
    }
  }
  FeedbackBuilder builder(flags.survey, *zone, flags.time_format);
  const ImportReport report{environment.err, environment.err_is_terminal,
                            flags.rejects.empty() ? nullptr : &rejects};
  Import import(reader, builder, report);
  const absl::Status status = import.Run(
      flags.batch_size,
      [&session](const v1::BatchSubmitFeedbackRequest& request) {
        return session.client.BatchSubmitFeedback(request);
      },
      environment.sleep);
  PrintSummary(session, import.summary());
  if (!status.ok()) {
    exit_code = ServiceError(environment, status);
    *environment.err << "The rest of the file was not read. Import it again: what is stored stays "
                        "as it is.\n";
    return exit_code;
  }
  if (reader.failed()) {
    return ToolError(environment, absl::StrCat("cannot read on in ", Quoted(flags.file, 256)));
  }
  if (rejects.is_open() && !rejects.flush()) {
    return ToolError(environment, absl::StrCat("cannot write ", Quoted(flags.rejects, 256)));
  }
  return import.summary().rejected == 0 || flags.allow_rejects ? kExitOk : kExitFailure;
}

int ImportFile(Session& session, const ImportFlags& flags) {
  const Environment& environment = session.environment;
  absl::StatusOr<Mapping> mapping = ParseMapping(flags.maps, flags.blanks);
  if (!mapping.ok()) {
    return UsageError(environment, mapping.status().message());
  }
  std::ifstream file;
  if (flags.file != "-") {
    file.open(flags.file, std::ios::binary);
    if (!file) {
      return ToolError(environment, absl::StrCat("cannot open ", Quoted(flags.file, 256)));
    }
  }
  std::istream& in = flags.file == "-" ? *environment.in : file;
  const std::unique_ptr<ImportReader> reader =
      IsJsonLines(flags) ? ImportReader::ForJsonLines(in) : ImportReader::ForCsv(in);
  const absl::Status opened = reader->Open();
  if (reader->failed()) {
    return ToolError(environment, absl::StrCat("cannot read ", Quoted(flags.file, 256)));
  }
  if (!opened.ok()) {
    return ToolError(environment, opened.message());
  }
  if (const absl::Status bound = reader->Bind(*std::move(mapping)); !bound.ok()) {
    return UsageError(environment, bound.message());
  }
  if (!reader->CanHave("external_id") && !reader->CanHave("feedback_id") &&
      !reader->CanHave("occur_time")) {
    return UsageError(environment,
                      "--map: no column gives a row its identity; map external_id, or occur_time, "
                      "from which one is derived");
  }
  return ImportRows(session, flags, *reader);
}

void AddSubmit(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("submit", "Store one answer");
  auto flags = std::make_shared<SubmitFlags>();
  app.Add("SURVEY", flags->survey, "The survey answered").Required();
  app.Add("--score", flags->score, "The score; without it the answer is unscored");
  app.Add("--customer-id,--customer", flags->customer, "Who answered; anonymous without");
  app.Add("--label", flags->labels, "KEY=VALUE; can be repeated").OneValueEach();
  app.Add("--comment", flags->comment, "What the customer wrote");
  app.Add("--occur-time,--time", flags->time,
          "When they answered: RFC 3339, or YYYY-MM-DD[ HH:MM[:SS[.fff]]] in the survey's "
          "zone (default now)");
  const Flag external_id = app.Add("--external-id", flags->external_id, "Your id of the answer");
  app.Add("--feedback-id", flags->feedback_id, "A UUIDv7; made up when neither id is given")
      .Excludes(external_id);
  app.Footer(
      "Example:\n"
      "  chairctl feedback submit support-nps --score 9 --customer-id c-17 --label channel=web");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Submit(session, *flags); };
  });
}

void AddGet(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("get", "Show one answer");
  auto flags = std::make_shared<GetFlags>();
  app.Add("SURVEY", flags->survey, "The survey answered").Required();
  app.Add("FEEDBACK_ID,--feedback-id", flags->feedback_id, "The answer's own id");
  app.Add("--external-id", flags->external_id, "Your id of the answer");
  app.Footer("Example:\n  chairctl feedback get support-nps --external-id ticket-4711");
  app.OnChosen(
      [flags, command] { *command = [flags](Session& session) { return Get(session, *flags); }; });
}

void AddImport(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("import", "Store the answers of a CSV or JSON lines file");
  auto flags = std::make_shared<ImportFlags>();
  app.Add("SURVEY", flags->survey, "The survey answered").Required();
  app.Add("FILE", flags->file, "The file; - is the standard input").Required();
  app.Add("--map", flags->maps,
          absl::StrCat("FIELD=COLUMN, split at the first '='; FIELD is one of ", FieldNames(),
                       "; a column named like a field maps itself; can be repeated"))
      .OneValueEach();
  app.Add("--blank", flags->blanks, "Value that counts as empty; can be repeated").OneValueEach();
  app.Add("--format", flags->format, "Instead of by the file's name").OneOf({"csv", "jsonl"});
  app.Add("--time-format", flags->time_format, "How times are written, as %d.%m.%Y %H:%M");
  app.Add("--rejects", flags->rejects, "File to write rejected rows to, with the reason");
  app.Add("--allow-rejects", flags->allow_rejects, "Exit 0 also with rejected rows");
  app.Add("--batch-size", flags->batch_size, "Rows per call (default 1000)").Between(1, 10000);
  app.Footer(
      "Rows without an id get one from their content and time, so that the same file imported\n"
      "twice adds nothing.\n"
      "Example:\n"
      "  chairctl feedback import support-nps answers.csv --map score=Rating "
      "--map occur_time=Date --map label.channel=Channel --rejects bad.csv");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return ImportFile(session, *flags); };
  });
}

}  // namespace

void AddFeedbackCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("feedback", "Store, look up and change answers");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl feedback submit support-nps --score 9");
  AddSubmit(group, command);
  AddImport(group, command);
  AddGet(group, command);
  AddFeedbackListCommand(group, command);
  AddFeedbackExportCommand(group, command);
  AddFeedbackWatchCommand(group, command);
  AddFeedbackChangeCommands(group, command);
}

}  // namespace emptychair
