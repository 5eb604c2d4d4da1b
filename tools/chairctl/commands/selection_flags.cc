#include "tools/chairctl/commands/selection_flags.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {

absl::Status AddFilters(absl::string_view flag, const std::vector<std::string>& texts,
                        google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters) {
  const int first = filters.size();
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const bool negate = equals != std::string::npos && equals > 0 && text[equals - 1] == '!';
    const std::string key = text.substr(0, negate ? equals - 1 : equals);
    if (equals == std::string::npos || key.empty() || equals + 1 == text.size()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, flag,
                        absl::StrCat("is ", Quoted(text), "; wanted KEY=VALUE or KEY!=VALUE"));
    }
    v1::LabelFilter* filter = nullptr;
    for (int i = first; i < filters.size(); ++i) {
      if (filters[i].key() == key && filters[i].negate() == negate) {
        filter = &filters[i];
      }
    }
    if (filter == nullptr) {
      filter = filters.Add();
      filter->set_key(key);
      filter->set_negate(negate);
    }
    filter->add_values(text.substr(equals + 1));
  }
  return absl::OkStatus();
}

void AddWindowFlags(CommandLine app, WindowFlags& flags) {
  app.Add("--window", flags.window,
          "2024, 2024-Q1, 2024-W05, 2024-01, 2024-01-31, or A..B without B");
  app.Add("--from", flags.from, "Start: as in --window, or RFC 3339");
  app.Add("--to", flags.to, "End, not included: as in --window, or RFC 3339");
  app.Add("--last", flags.last,
          "N and d, w, m, q or y: the last N calendar units, the current one included");
}

void AddSelectionFlags(CommandLine app, SelectionFlags& flags) {
  AddWindowFlags(app, flags.window);
  app.Add("--filter", flags.filters,
          "KEY=V or KEY!=V; can be repeated: values of one KEY are alternatives")
      .OneValueEach();
}

void AddTimeZoneFlag(CommandLine app, std::string& time_zone) {
  app.Add("--time-zone", time_zone,
          "With --output csv: times in this IANA zone, with their offset (default UTC)");
}

std::optional<absl::TimeZone> ReadTimeZone(const Session& session, const std::string& time_zone) {
  if (time_zone.empty()) {
    return absl::UTCTimeZone();
  }
  const absl::StatusOr<absl::TimeZone> zone = FindZone(time_zone);
  if (!zone.ok()) {
    UsageError(session.environment, absl::StrCat("--time-zone: ", zone.status().message()));
    return std::nullopt;
  }
  if (session.format != OutputFormat::kCsv) {
    UsageError(session.environment, "--time-zone: wanted --output csv beside it");
    return std::nullopt;
  }
  return *zone;
}

bool RecordFlags::has_conditions() const {
  const WindowFlags& window = selection.window;
  return window.window.has_value() || window.from.has_value() || window.to.has_value() ||
         window.last.has_value() || !selection.filters.empty() || !customer_id.empty() ||
         min_score.has_value() || max_score.has_value() || !exclusion.empty();
}

void AddRecordFlags(CommandLine app, RecordFlags& flags) {
  AddSelectionFlags(app, flags.selection);
  app.Add("--customer-id,--customer", flags.customer_id, "Only answers of this customer");
  app.Add("--import", flags.import_id, "Only answers that this import stored first");
  app.Add("--min-score", flags.min_score, "Only answers with at least this score");
  app.Add("--max-score", flags.max_score, "Only answers with at most this score");
  app.Add("--exclusion", flags.exclusion, "Whether excluded answers are among them (default any)")
      .OneOf(EnumFlags<v1::ExclusionFilter>());
}

bool ReadWindows(Session& session, const std::vector<WindowRead>& reads, int* exit_code) {
  const auto refuse = [&](const absl::Status& status) {
    *exit_code = UsageError(session.environment, status.message());
    return false;
  };
  // All is read before anything is asked.
  std::vector<Window> windows;
  for (const WindowRead& read : reads) {
    const absl::StatusOr<Window> window = Window::Parse(read.flags);
    if (!window.ok()) {
      return refuse(window.status());
    }
    windows.push_back(*window);
  }
  std::map<std::string, absl::TimeZone> zones = {{"", absl::UTCTimeZone()}};
  for (size_t i = 0; i < windows.size(); ++i) {
    const std::string survey_id = windows[i].needs_zone() ? reads[i].survey_id : "";
    auto zone = zones.find(survey_id);
    if (zone == zones.end()) {
      const std::optional<absl::TimeZone> asked = ReadSurveyZone(session, survey_id, exit_code);
      if (!asked.has_value()) {
        return false;
      }
      zone = zones.emplace(survey_id, *asked).first;
    }
    const absl::StatusOr<Interval> interval =
        windows[i].Resolve(zone->second, session.environment.clock->Now());
    if (!interval.ok()) {
      return refuse(interval.status());
    }
    if (interval->start.has_value()) {
      *reads[i].interval->mutable_start_time() = ToTimestamp(*interval->start);
    }
    if (interval->end.has_value()) {
      *reads[i].interval->mutable_end_time() = ToTimestamp(*interval->end);
    }
  }
  return true;
}

bool ReadSelection(Session& session, const SelectionFlags& flags, const std::string& survey_id,
                   v1::TimeInterval* interval,
                   google::protobuf::RepeatedPtrField<v1::LabelFilter>* filters, int* exit_code) {
  if (absl::Status status = AddFilters("--filter", flags.filters, *filters); !status.ok()) {
    *exit_code = UsageError(session.environment, status.message());
    return false;
  }
  return ReadWindows(session, {{flags.window, survey_id, interval}}, exit_code);
}

void TellUnmatched(const Session& session,
                   const google::protobuf::RepeatedPtrField<v1::UnmatchedFilter>& unmatched,
                   absl::string_view unmatched_key) {
  for (const v1::UnmatchedFilter& filter : unmatched) {
    std::string text = filter.has_value()
                           ? absl::StrCat(filter.key(), " has no value \"", filter.value(), "\"")
                           : absl::StrCat(filter.key(), " ", unmatched_key);
    if (!filter.known().empty()) {
      absl::StrAppend(&text, "; there are ", absl::StrJoin(filter.known(), ", "));
    }
    *session.environment.err << "chairctl: " << Printable(text) << "\n";
  }
}

}  // namespace emptychair
