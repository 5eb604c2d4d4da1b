#include "tools/chairctl/base/session.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

// `text` with each key in it cut short: one that was given as an argument, where none belongs, is
// not to go into a log as well.
std::string WithoutKeys(absl::string_view text) {
  constexpr absl::string_view kPrefix = "eck_";
  const auto is_of_key = [](char c) {
    return c == '_' || absl::ascii_isalnum(static_cast<unsigned char>(c));
  };
  std::string result;
  for (size_t at = text.find(kPrefix); at != absl::string_view::npos; at = text.find(kPrefix)) {
    at += kPrefix.size();
    const bool has_more = at < text.size() && is_of_key(text[at]);
    absl::StrAppend(&result, text.substr(0, at), has_more ? "…" : "");
    text.remove_prefix(at);
    while (!text.empty() && is_of_key(text[0])) {
      text.remove_prefix(1);
    }
  }
  absl::StrAppend(&result, text);
  return result;
}

}  // namespace

std::string Describe(const absl::Status& status) {
  const std::string reason = ReasonNameOf(status);
  return absl::StrCat(reason.empty() ? absl::StatusCodeToString(status.code()) : reason,
                      status.message().empty() ? "" : ": ", status.message());
}

int UsageError(const Environment& environment, absl::string_view message) {
  *environment.err << "chairctl: " << Printable(WithoutKeys(message)) << "\n"
                   << "Run chairctl --help, or --help behind a command, for its usage.\n";
  return kExitUsage;
}

int ToolError(const Environment& environment, absl::string_view message) {
  *environment.err << "chairctl: " << Printable(message) << "\n";
  return kExitFailure;
}

int ServiceError(const Environment& environment, const absl::Status& status) {
  *environment.err << "chairctl: " << Printable(Describe(status)) << "\n";
  return kExitService + static_cast<int>(status.code());
}

void PrintRecord(const Session& session, const TextFields& fields,
                 const google::protobuf::Message& message) {
  PrintRecord(session, fields, ToJson(message));
}

void PrintRecord(const Session& session, const TextFields& fields, absl::string_view json) {
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << json;
      break;
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      WriteNames(fields, csv);
      WriteValues(fields, csv);
      break;
    }
    case OutputFormat::kTable:
      PrintFields(fields, session.out());
      break;
  }
}

std::optional<absl::TimeZone> ReadSurveyZone(Session& session, const std::string& survey_id,
                                             int* exit_code) {
  const absl::StatusOr<v1::Survey> survey = session.client.GetSurvey(survey_id);
  if (!survey.ok()) {
    *exit_code = ServiceError(session.environment, survey.status());
    return std::nullopt;
  }
  const absl::StatusOr<absl::TimeZone> zone = FindZone(survey->time_zone());
  if (!zone.ok()) {
    *exit_code = ToolError(session.environment, zone.status().message());
    return std::nullopt;
  }
  return *zone;
}

std::optional<absl::TimeZone> ReadKindZone(Session& session, const std::string& kind,
                                           int* exit_code) {
  const absl::StatusOr<v1::ListActivityKindsResponse> kinds = session.client.ListActivityKinds();
  if (!kinds.ok()) {
    *exit_code = ServiceError(session.environment, kinds.status());
    return std::nullopt;
  }
  for (const v1::ActivityKind& found : kinds->activity_kinds()) {
    if (found.kind() == kind) {
      const absl::StatusOr<absl::TimeZone> zone = FindZone(found.time_zone());
      if (!zone.ok()) {
        *exit_code = ToolError(session.environment, zone.status().message());
        return std::nullopt;
      }
      return *zone;
    }
  }
  return absl::UTCTimeZone();
}

std::optional<google::protobuf::Timestamp> ReadOccurTime(Session& session, const std::string& text,
                                                         ReadZone read_zone, const std::string& id,
                                                         int* exit_code) {
  const absl::StatusOr<WrittenTime> time = ParseWrittenTime("--occur-time", text);
  if (!time.ok()) {
    *exit_code = UsageError(session.environment, time.status().message());
    return std::nullopt;
  }
  std::optional<absl::TimeZone> zone = absl::UTCTimeZone();
  if (NeedsZone(*time) && !(zone = read_zone(session, id, exit_code))) {
    return std::nullopt;
  }
  return ToTimestamp(InZone(*time, *zone));
}

absl::TimeZone SurveyZones::Of(const std::string& survey_id) {
  const auto [found, is_new] = zones_.try_emplace(survey_id, absl::UTCTimeZone());
  if (is_new) {
    const absl::StatusOr<v1::Survey> survey = session_.client.GetSurvey(survey_id);
    if (survey.ok()) {
      found->second = ZoneOrUtc(survey->time_zone());
    }
  }
  return found->second;
}

}  // namespace emptychair
