#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "google/protobuf/util/json_util.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1'000;

int Export(Session& session, const std::vector<std::string>& surveys) {
  for (const std::string& id : surveys) {
    const absl::StatusOr<v1::Survey> survey = session.client.GetSurvey(id);
    if (!survey.ok()) {
      return ServiceError(session.environment, survey.status());
    }
    session.out() << ToJsonLine(*survey);
  }
  if (!surveys.empty()) {
    return kExitOk;
  }
  v1::ListSurveysRequest request;
  request.set_include_archived(true);
  request.set_page_size(kPageSize);
  for (const absl::StatusOr<v1::Survey>& survey : session.client.ListSurveys(request)) {
    if (!survey.ok()) {
      return ServiceError(session.environment, survey.status());
    }
    session.out() << ToJsonLine(*survey);
  }
  return kExitOk;
}

// Whether an error is about what was sent; another would come for the next survey as well.
bool IsOfTheSurvey(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsAlreadyExists(status) ||
         absl::IsFailedPrecondition(status);
}

// Creates a survey as it was exported, but for being archived with `keep_open`. The same again
// changes nothing.
absl::Status ImportSurvey(const Session& session, const std::string& line, bool keep_open) {
  v1::Survey survey;
  const auto parsed = google::protobuf::util::JsonStringToMessage(line, &survey);
  if (!parsed.ok()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "survey",
                      absl::StrCat("is no definition as survey export writes them: ",
                                   std::string(parsed.message())));
  }
  const absl::StatusOr<v1::Survey> stored = session.client.CreateSurvey(survey);
  if (!stored.ok() || survey.has_archive_time() == stored->has_archive_time()) {
    return stored.status();
  }
  if (!survey.has_archive_time()) {
    return Error(v1::ERROR_REASON_SURVEY_EXISTS,
                 absl::StrCat("survey.archive_time: the survey ", survey.survey_id(),
                              " is archived here; take it up again with survey archive --undo"));
  }
  if (keep_open) {
    return absl::OkStatus();
  }
  v1::ArchiveSurveyRequest request;
  request.set_survey_id(survey.survey_id());
  return session.client.ArchiveSurvey(request).status();
}

void PrintSummary(const Session& session, int64_t read, int64_t rejected) {
  const std::string accepted = absl::StrCat(read - rejected);
  PrintRecord(
      session,
      {{"read", absl::StrCat(read)}, {"accepted", accepted}, {"rejected", absl::StrCat(rejected)}},
      absl::StrCat("{\"read\": ", read, ", \"accepted\": ", accepted, ", \"rejected\": ", rejected,
                   "}\n"));
}

int ImportSurveys(const Session& session, std::istream& in, bool keep_open) {
  int64_t line_number = 0;
  int64_t read = 0;
  int64_t rejected = 0;
  for (std::string line; std::getline(in, line);) {
    ++line_number;
    if (absl::StripAsciiWhitespace(line).empty()) {
      continue;
    }
    ++read;
    const absl::Status status = ImportSurvey(session, line, keep_open);
    if (!status.ok() && !IsOfTheSurvey(status)) {
      return ServiceError(session.environment, status);
    }
    if (!status.ok()) {
      ++rejected;
      *session.environment.err << absl::StrCat("line ", line_number, ": ",
                                               Printable(Describe(status)), "\n");
    }
  }
  if (in.bad()) {
    return ToolError(session.environment, "cannot read on in the file");
  }
  PrintSummary(session, read, rejected);
  return rejected == 0 ? kExitOk : kExitFailure;
}

int Import(Session& session, const std::string& path, bool keep_open) {
  if (path == "-") {
    return ImportSurveys(session, *session.environment.in, keep_open);
  }
  std::ifstream file(path, std::ios::binary);
  return file ? ImportSurveys(session, file, keep_open)
              : ToolError(session.environment, absl::StrCat("cannot open ", Quoted(path, 256)));
}

}  // namespace

void AddSurveyExportCommands(CommandLine group, Command* command) {
  CommandLine export_app =
      group.AddCommand("export", "Write the definitions of surveys as JSON lines");
  auto surveys = std::make_shared<std::vector<std::string>>();
  export_app.Add("SURVEY", *surveys, "The surveys; none: all, archived ones too");
  export_app.Footer("Example:\n  chairctl survey export > surveys.jsonl");
  export_app.OnChosen([surveys, command] {
    *command = [surveys](Session& session) { return Export(session, *surveys); };
  });

  CommandLine import_app =
      group.AddCommand("import", "Create the surveys of a file that survey export wrote");
  auto path = std::make_shared<std::string>();
  auto keep_open = std::make_shared<bool>(false);
  import_app.Add("FILE", *path, "The file; - is the standard input").Required();
  import_app.Add("--keep-open", *keep_open, "Archive none, so that their answers can be imported");
  import_app.Footer(
      "A survey that is there already with the same definition stays as it is; with another one "
      "it\n"
      "is an error, and exit code 1. Surveys that were archived are archived:\n"
      "with --keep-open not yet, but by the same command without it, once their answers are in.\n"
      "Example:\n  chairctl survey import surveys.jsonl");
  import_app.OnChosen([path, keep_open, command] {
    *command = [path, keep_open](Session& session) { return Import(session, *path, *keep_open); };
  });
}

}  // namespace emptychair
