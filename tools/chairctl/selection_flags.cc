#include "tools/chairctl/selection_flags.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "tools/chairctl/written_time.h"

namespace emptychair {
namespace {

// Reads `KEY=V` and `KEY!=V` texts. Those of one key and sense become one filter, whose values are
// alternatives. FIELD_INVALID for any other text.
absl::Status AddFilters(const std::vector<std::string>& texts,
                        google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const bool negate = equals != std::string::npos && equals > 0 && text[equals - 1] == '!';
    const std::string key = text.substr(0, negate ? equals - 1 : equals);
    if (equals == std::string::npos || key.empty() || equals + 1 == text.size()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--filter",
                        absl::StrCat("is ", Quoted(text), "; wanted KEY=VALUE or KEY!=VALUE"));
    }
    v1::LabelFilter* filter = nullptr;
    for (v1::LabelFilter& other : filters) {
      if (other.key() == key && other.negate() == negate) {
        filter = &other;
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

}  // namespace

void AddSelectionFlags(CLI::App& app, SelectionFlags& flags) {
  app.add_option("--window", flags.window.window,
                 "2024, 2024-Q1, 2024-W05, 2024-01, 2024-01-31, or A..B without B");
  app.add_option("--from", flags.window.from, "Start: as in --window, or RFC 3339");
  app.add_option("--to", flags.window.to, "End, not included: as in --window, or RFC 3339");
  app.add_option("--last", flags.window.last,
                 "N and d, w, m, q or y: the last N calendar units, the current one included");
  app.add_option("--filter", flags.filters,
                 "KEY=V or KEY!=V; can be repeated: values of one KEY are alternatives")
      ->allow_extra_args(false);
}

bool ReadSelection(Session& session, const SelectionFlags& flags, const std::string& survey_id,
                   v1::TimeInterval* interval,
                   google::protobuf::RepeatedPtrField<v1::LabelFilter>* filters, int* exit_code) {
  const auto refuse = [&](const absl::Status& status) {
    *exit_code = UsageError(session.environment, status.message());
    return false;
  };
  if (absl::Status status = AddFilters(flags.filters, *filters); !status.ok()) {
    return refuse(status);
  }
  const absl::StatusOr<Window> window = Window::Parse(flags.window);
  if (!window.ok()) {
    return refuse(window.status());
  }
  std::optional<absl::TimeZone> zone = absl::UTCTimeZone();
  if (window->needs_zone() && !survey_id.empty() &&
      !(zone = ReadSurveyZone(session, survey_id, exit_code))) {
    return false;
  }
  const absl::StatusOr<Interval> read = window->Resolve(*zone, session.environment.clock->Now());
  if (!read.ok()) {
    return refuse(read.status());
  }
  if (read->start.has_value()) {
    *interval->mutable_start_time() = ToTimestamp(*read->start);
  }
  if (read->end.has_value()) {
    *interval->mutable_end_time() = ToTimestamp(*read->end);
  }
  return true;
}

}  // namespace emptychair
