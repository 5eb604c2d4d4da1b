#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1000;

std::string ScaleText(const v1::Survey& survey) {
  return survey.has_scale() ? absl::StrCat(survey.scale().min(), "..", survey.scale().max()) : "";
}

std::string DirectionText(const v1::Survey& survey) {
  return survey.scale().direction() == v1::SCALE_DIRECTION_UNSPECIFIED
             ? ""
             : EnumFlag(survey.scale().direction());
}

void PrintCsvHeader(CsvWriter& csv) {
  csv.Write({"survey_id", "display_name", "question", "kind", "scale_min", "scale_max", "direction",
             "dimensions", "time_zone", "min_sample", "max_series", "create_time", "archive_time"});
}

void PrintCsvRow(const v1::Survey& survey, CsvWriter& csv) {
  const auto scale_end = [&](int32_t end) {
    return CsvNumber{survey.has_scale() ? absl::StrCat(end) : ""};
  };
  csv.Write({survey.survey_id(), survey.display_name(), survey.question(), EnumFlag(survey.kind()),
             scale_end(survey.scale().min()), scale_end(survey.scale().max()),
             DirectionText(survey), absl::StrJoin(survey.dimensions(), " "), survey.time_zone(),
             CsvNumber{absl::StrCat(survey.min_sample())},
             CsvNumber{absl::StrCat(survey.max_series())},
             TimestampText(survey.has_create_time(), survey.create_time()),
             TimestampText(survey.has_archive_time(), survey.archive_time())});
}

// A time of the survey in its own zone.
std::string TimeOf(const v1::Survey& survey, bool present,
                   const google::protobuf::Timestamp& timestamp) {
  return LocalTimeText(present, timestamp, ZoneOrUtc(survey.time_zone()));
}

int PrintSurvey(const Session& session, const v1::Survey& survey) {
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(survey);
      break;
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      PrintCsvHeader(csv);
      PrintCsvRow(survey, csv);
      break;
    }
    case OutputFormat::kTable:
      PrintFields({{"survey", survey.survey_id()},
                   {"name", survey.display_name()},
                   {"question", survey.question()},
                   {"kind", EnumFlag(survey.kind())},
                   {"scale", ScaleText(survey)},
                   {"direction", DirectionText(survey)},
                   {"dimensions", absl::StrJoin(survey.dimensions(), ", ")},
                   {"retired", absl::StrJoin(survey.retired_dimensions(), ", ")},
                   {"time zone", survey.time_zone()},
                   {"min sample", absl::StrCat(survey.min_sample())},
                   {"max series", absl::StrCat(survey.max_series())},
                   {"created", TimeOf(survey, survey.has_create_time(), survey.create_time())},
                   {"archived", TimeOf(survey, survey.has_archive_time(), survey.archive_time())}},
                  session.out());
      break;
  }
  return kExitOk;
}

int PrintResult(const Session& session, const absl::StatusOr<v1::Survey>& survey) {
  return survey.ok() ? PrintSurvey(session, *survey)
                     : ServiceError(session.environment, survey.status());
}

void PrintSurveyTable(const std::vector<v1::Survey>& surveys, bool shows_archived,
                      std::ostream& out) {
  Table table;
  std::vector<const char*> headings = {"survey", "kind", "scale", "time zone", "dimensions"};
  if (shows_archived) {
    headings.push_back("archived");
  }
  headings.push_back("name");
  for (const char* heading : headings) {
    table.AddColumn(heading, Table::Align::kLeft);
  }
  for (const v1::Survey& survey : surveys) {
    std::vector<std::string> cells = {survey.survey_id(), EnumFlag(survey.kind()),
                                      survey.has_scale() ? ScaleText(survey) : std::string(kAbsent),
                                      survey.time_zone(), absl::StrJoin(survey.dimensions(), ", ")};
    if (shows_archived) {
      cells.push_back(TimeOf(survey, survey.has_archive_time(), survey.archive_time()));
    }
    cells.push_back(survey.display_name());
    table.AddRow(std::move(cells));
  }
  table.Print(out);
}

void PrintSurveys(const Session& session, const std::vector<v1::Survey>& surveys,
                  bool shows_archived) {
  switch (session.format) {
    case OutputFormat::kJson: {
      std::vector<const google::protobuf::Message*> messages;
      for (const v1::Survey& survey : surveys) {
        messages.push_back(&survey);
      }
      session.out() << ToJsonList("surveys", messages);
      break;
    }
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      PrintCsvHeader(csv);
      for (const v1::Survey& survey : surveys) {
        PrintCsvRow(survey, csv);
      }
      break;
    }
    case OutputFormat::kTable:
      PrintSurveyTable(surveys, shows_archived, session.out());
      break;
  }
}

struct CreateFlags {
  v1::Survey survey;
  std::string id;
  std::string kind;
  std::optional<std::string> scale;
  std::optional<std::string> direction;
  std::vector<std::string> dimensions;
  std::string time_zone;
  int32_t min_sample = 0;
  int32_t max_series = 0;
  std::string question;
  std::string display_name;
};

// `MIN..MAX`, both integers.
bool ParseScale(absl::string_view text, v1::Scale& scale) {
  const size_t dots = text.find("..");
  int32_t min = 0;
  int32_t max = 0;
  if (dots == absl::string_view::npos || !absl::SimpleAtoi(text.substr(0, dots), &min) ||
      !absl::SimpleAtoi(text.substr(dots + 2), &max)) {
    return false;
  }
  scale.set_min(min);
  scale.set_max(max);
  return true;
}

// False, and reported, when a flag cannot be read.
bool ReadDefinition(const Session& session, const CreateFlags& flags, v1::Survey& survey) {
  survey.set_survey_id(flags.id);
  survey.set_kind(ParseEnumFlag<v1::SurveyKind>(flags.kind));
  if (flags.scale.has_value() && !ParseScale(*flags.scale, *survey.mutable_scale())) {
    UsageError(session.environment,
               absl::StrCat("--scale: is ", Quoted(*flags.scale), "; wanted MIN..MAX"));
    return false;
  }
  if (flags.direction.has_value()) {
    if (survey.kind() != v1::SURVEY_KIND_CES && !flags.kind.empty()) {
      UsageError(session.environment, "--direction: is only for --kind ces");
      return false;
    }
    if (!flags.scale.has_value()) {
      // A direction is part of a scale, which has both its ends: those that ces has by default.
      survey.mutable_scale()->set_min(1);
      survey.mutable_scale()->set_max(7);
    }
    survey.mutable_scale()->set_direction(ParseEnumFlag<v1::ScaleDirection>(*flags.direction));
  }
  for (const std::string& dimension : flags.dimensions) {
    if (!dimension.empty()) {
      survey.add_dimensions(dimension);
    }
  }
  survey.set_time_zone(flags.time_zone);
  survey.set_min_sample(flags.min_sample);
  survey.set_max_series(flags.max_series);
  survey.set_question(flags.question);
  survey.set_display_name(flags.display_name);
  return true;
}

int Create(Session& session, const CreateFlags& flags) {
  v1::Survey survey;
  return ReadDefinition(session, flags, survey)
             ? PrintResult(session, session.client.CreateSurvey(survey))
             : kExitUsage;
}

// What is given of the definition, read as `create` reads it, replaces what is stored.
int Update(Session& session, const CreateFlags& flags, CommandLine given, const std::string& etag) {
  v1::UpdateSurveyRequest request;
  v1::Survey& survey = *request.mutable_survey();
  if (!ReadDefinition(session, flags, survey)) {
    return kExitUsage;
  }
  survey.set_etag(etag);
  const std::pair<const char*, const char*> fields[] = {{"--kind", "kind"},
                                                        {"--scale", "scale"},
                                                        {"--direction", "scale"},
                                                        {"--dimension", "dimensions"},
                                                        {"--time-zone", "time_zone"},
                                                        {"--min-sample", "min_sample"},
                                                        {"--max-series", "max_series"},
                                                        {"--question", "question"},
                                                        {"--display-name", "display_name"}};
  for (const auto& [flag, field] : fields) {
    if (given.Has(flag)) {
      request.mutable_update_mask()->add_paths(field);
    }
  }
  if (given.Has("--direction") && !given.Has("--scale") && !given.Has("--kind")) {
    return UsageError(session.environment,
                      "--direction: is part of a scale; wanted --scale MIN..MAX beside it");
  }
  if (!request.has_update_mask()) {
    return UsageError(session.environment, "survey update: wanted at least one change");
  }
  const absl::StatusOr<v1::UpdateSurveyResponse> response = session.client.UpdateSurvey(request);
  return response.ok() ? PrintSurvey(session, response->survey())
                       : ServiceError(session.environment, response.status());
}

int Archive(Session& session, const std::string& id, bool undo) {
  v1::ArchiveSurveyRequest request;
  request.set_survey_id(id);
  request.set_undo(undo);
  const absl::StatusOr<v1::ArchiveSurveyResponse> response = session.client.ArchiveSurvey(request);
  return response.ok() ? PrintSurvey(session, response->survey())
                       : ServiceError(session.environment, response.status());
}

int Delete(Session& session, const std::string& id, const std::string& confirm) {
  // Somebody at a terminal may have slipped; a script has been thought about.
  if (session.environment.out_is_terminal && confirm.empty()) {
    return UsageError(session.environment,
                      absl::StrCat("survey delete: removes the survey with all its answers, for "
                                   "ever. To do that, add --confirm ",
                                   id));
  }
  v1::DeleteSurveyRequest request;
  request.set_survey_id(id);
  request.set_confirm_survey_id(confirm.empty() ? id : confirm);
  const absl::StatusOr<v1::DeleteSurveyResponse> response = session.client.DeleteSurvey(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  if (session.format == OutputFormat::kJson) {
    session.out() << ToJson(*response);
  }
  return kExitOk;
}

int List(Session& session, int limit, bool include_archived) {
  std::vector<v1::Survey> surveys;
  size_t not_shown = 0;
  v1::ListSurveysRequest request;
  request.set_page_size(kPageSize);
  // Also without the flag, to say how many there are.
  request.set_include_archived(true);
  for (absl::StatusOr<v1::Survey>& survey : session.client.ListSurveys(request)) {
    if (!survey.ok()) {
      return ServiceError(session.environment, survey.status());
    }
    if (survey->has_archive_time() && !include_archived) {
      ++not_shown;
    } else if (static_cast<int>(surveys.size()) < limit) {
      surveys.push_back(*std::move(survey));
    }
  }
  PrintSurveys(session, surveys, include_archived);
  if (not_shown > 0) {
    *session.environment.err << "chairctl: " << not_shown << " archived "
                             << (not_shown == 1 ? "survey is" : "surveys are")
                             << " not shown; --include-archived shows them\n";
  }
  return kExitOk;
}

int Get(Session& session, const std::string& id) {
  return PrintResult(session, session.client.GetSurvey(id));
}

// The flags of a definition; answers that of the kind.
Flag AddDefinitionFlags(CommandLine app, CreateFlags& flags) {
  app.Add("ID", flags.id, "Name in calls: [a-z][a-z0-9_-]{0,62}").Required();
  app.Add("--scale", flags.scale, "MIN..MAX, for kinds that have more than one");
  app.Add(
         "--direction", flags.direction,
         "Of a ces scale: ease where its highest score is good, effort where its lowest is; wanted "
         "beside --scale")
      .OneOf(EnumFlags<v1::ScaleDirection>());
  app.Add("--dimension", flags.dimensions, "Label to slice metrics by; can be repeated")
      .OneValueEach();
  app.Add("--time-zone", flags.time_zone, "IANA name of the zone of its days (default UTC)");
  app.Add("--min-sample", flags.min_sample, "Suppress points on fewer scored answers");
  app.Add("--max-series", flags.max_series,
          "Combinations of dimension values that are counted apart (default 10000)");
  app.Add("--question", flags.question, "The question as the customer reads it");
  app.Add("--display-name", flags.display_name, "Name for people");
  return app.Add("--kind", flags.kind, "What the score is").OneOf(EnumFlags<v1::SurveyKind>());
}

void AddCreate(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("create", "Create a survey; the same again changes nothing");
  auto flags = std::make_shared<CreateFlags>();
  AddDefinitionFlags(app, *flags).Required();
  app.Footer(
      "Example:\n"
      "  chairctl survey create support-nps --kind nps --dimension channel "
      "--time-zone Europe/Berlin");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Create(session, *flags); };
  });
}

void AddUpdate(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("update", "Change what is given of a survey's definition");
  auto flags = std::make_shared<CreateFlags>();
  auto etag = std::make_shared<std::string>();
  AddDefinitionFlags(app, *flags);
  app.Add("--etag", *etag, "Only if the survey still has this etag");
  app.Footer(
      "--dimension replaces all of them: name those that stay, too. One that is left out is\n"
      "retired. An empty one alone retires all.\n"
      "Example:\n  chairctl survey update support-nps --dimension channel --dimension region");
  app.OnChosen([flags, etag, app, command] {
    *command = [flags, etag, app](Session& session) { return Update(session, *flags, app, *etag); };
  });
}

void AddArchiveAndDelete(CommandLine group, Command* command) {
  CommandLine archive =
      group.AddCommand("archive", "Take no new answers; what is stored stays readable");
  auto id = std::make_shared<std::string>();
  auto undo = std::make_shared<bool>(false);
  archive.Add("ID", *id, "The survey").Required();
  archive.Add("--undo", *undo, "Take answers again");
  archive.Footer("Example:\n  chairctl survey archive support-nps");
  archive.OnChosen([id, undo, command] {
    *command = [id, undo](Session& session) { return Archive(session, *id, *undo); };
  });

  CommandLine remove = group.AddCommand("delete", "Delete a survey with all its answers");
  auto confirm = std::make_shared<std::string>();
  remove.Add("ID", *id, "The survey").Required();
  remove.Add("--confirm", *confirm, "The ID again; needed on a terminal");
  remove.Footer("Example:\n  chairctl survey delete mistake --confirm mistake");
  remove.OnChosen([id, confirm, command] {
    *command = [id, confirm](Session& session) { return Delete(session, *id, *confirm); };
  });
}

}  // namespace

void AddSurveyCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("survey", "Create, look up and change surveys");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl survey list --output json");
  AddCreate(group, command);
  AddUpdate(group, command);
  AddArchiveAndDelete(group, command);
  AddSurveyExportCommands(group, command);
  AddSurveyRepeatsCommand(group, command);

  CommandLine list = group.AddCommand("list", "List the surveys that take answers");
  auto limit = std::make_shared<int>(std::numeric_limits<int>::max());
  auto include_archived = std::make_shared<bool>(false);
  list.Add("--include-archived", *include_archived,
           "Also those that take no more answers, with the time since when");
  list.Add("--limit", *limit, "List at most so many").Between(1, std::numeric_limits<int>::max());
  list.Footer("Example:\n  chairctl survey list --limit 20");
  list.OnChosen([limit, include_archived, command] {
    *command = [limit, include_archived](Session& session) {
      return List(session, *limit, *include_archived);
    };
  });

  CommandLine get = group.AddCommand("get", "Show one survey");
  auto id = std::make_shared<std::string>();
  get.Add("ID", *id, "The survey").Required();
  get.Footer("Example:\n  chairctl survey get support-nps");
  get.OnChosen([id, command] { *command = [id](Session& session) { return Get(session, *id); }; });
}

}  // namespace emptychair
