#include "tools/chairctl/commands/access/key_flags.h"

#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

constexpr int64_t kDaysMax = 1'000'000;

absl::Status Invalid(absl::string_view flag, absl::string_view text, absl::string_view wanted) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, flag,
                    absl::StrCat("is ", Quoted(text), "; wanted ", wanted));
}

std::optional<absl::Duration> UnitOf(char letter) {
  switch (letter) {
    case 'h':
      return absl::Hours(1);
    case 'd':
      return absl::Hours(24);
    case 'w':
      return absl::Hours(7 * 24);
    default:
      return std::nullopt;
  }
}

// Nothing for what is no span.
std::optional<absl::Duration> Span(absl::string_view text) {
  if (text == "0") {
    return absl::ZeroDuration();
  }
  const std::optional<absl::Duration> unit = text.empty() ? std::nullopt : UnitOf(text.back());
  const absl::string_view digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  uint64_t count = 0;
  if (!unit.has_value() || digits.empty() ||
      digits.find_first_not_of("0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(digits, &count) || count > kDaysMax ||
      static_cast<int64_t>(count) * *unit > absl::Hours(24) * kDaysMax) {
    return std::nullopt;
  }
  return static_cast<int64_t>(count) * *unit;
}

// A span from `now`, or a time. In UTC where it has no offset.
absl::StatusOr<absl::Time> ReadEnd(const std::string& text, absl::Time now) {
  if (const std::optional<absl::Duration> span = Span(text)) {
    return now + *span;
  }
  const absl::StatusOr<WrittenTime> time = ParseWrittenTime("--expires", text);
  if (!time.ok()) {
    return Invalid("--expires", text,
                   "a span from now such as 90d, 48h or 2w, a time such as 2025-01-31, or never");
  }
  return InZone(*time, absl::UTCTimeZone());
}

struct LimitFlag {
  const char* flag;
  int64_t (v1::KeyLimits::*get)() const;
  void (v1::KeyLimits::*set)(int64_t);
  std::optional<int64_t> KeyFlags::*given;
  const char* help;
};

constexpr LimitFlag kLimits[] = {
    {"--calls-per-second", &v1::KeyLimits::calls_per_second, &v1::KeyLimits::set_calls_per_second,
     &KeyFlags::calls_per_second, "Calls a second on average; 0: no limit"},
    {"--records-per-second", &v1::KeyLimits::records_per_second,
     &v1::KeyLimits::set_records_per_second, &KeyFlags::records_per_second,
     "Records and activities a second on average; 0: no limit"},
    {"--records-per-day", &v1::KeyLimits::records_per_day, &v1::KeyLimits::set_records_per_day,
     &KeyFlags::records_per_day, "Records and activities in a day of UTC; 0: no limit"}};

}  // namespace

Flag AddKeyFlags(CommandLine app, KeyFlags& flags) {
  const Flag surveys =
      app.Add("--survey", flags.surveys, "Survey that it may use; can be repeated").OneValueEach();
  app.Add("--all-surveys", flags.all_surveys, "May use all surveys, those to come too")
      .Excludes(surveys);
  app.Add("--expires", flags.expires,
          "When it ends: a span from now such as 90d, a time, or never");
  for (const LimitFlag& limit : kLimits) {
    app.Add(limit.flag, flags.*limit.given, limit.help)
        .Between(int64_t{0}, std::numeric_limits<int64_t>::max());
  }
  return app.Add("--role", flags.role, "What it may do").OneOf(EnumFlags<v1::Role>());
}

absl::Status ReadKey(const KeyFlags& flags, absl::Time now, v1::Key& key) {
  key.set_name(flags.name);
  key.set_role(ParseEnumFlag<v1::Role>(flags.role));
  key.set_all_surveys(flags.all_surveys);
  for (const std::string& survey : flags.surveys) {
    key.add_survey_ids(survey);
  }
  if (flags.expires.has_value() && *flags.expires != "never") {
    ASSIGN_OR_RETURN(const absl::Time end, ReadEnd(*flags.expires, now));
    *key.mutable_expire_time() = ToTimestamp(end);
  }
  for (const LimitFlag& limit : kLimits) {
    if (const std::optional<int64_t>& given = flags.*limit.given; given.has_value()) {
      (key.mutable_limits()->*limit.set)(*given);
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> ChangedFields(CommandLine given) {
  std::vector<std::string> fields;
  const auto add = [&fields](bool is_given, std::initializer_list<const char*> names) {
    if (is_given) {
      fields.insert(fields.end(), names.begin(), names.end());
    }
  };
  add(given.Has("--name"), {"name"});
  add(given.Has("--role"), {"role"});
  // Either says what the other is.
  add(given.Has("--survey") || given.Has("--all-surveys"), {"all_surveys", "survey_ids"});
  add(given.Has("--expires"), {"expire_time"});
  bool has_limit = false;
  for (const LimitFlag& limit : kLimits) {
    has_limit = has_limit || given.Has(limit.flag);
  }
  add(has_limit, {"limits"});
  return fields;
}

void KeepOtherLimits(const v1::KeyLimits& stored, CommandLine given, v1::KeyLimits& limits) {
  for (const LimitFlag& limit : kLimits) {
    if (!given.Has(limit.flag)) {
      (limits.*limit.set)((stored.*limit.get)());
    }
  }
}

absl::StatusOr<absl::Duration> ParseSpan(absl::string_view flag, absl::string_view text) {
  if (const std::optional<absl::Duration> span = Span(text)) {
    return *span;
  }
  return Invalid(flag, text, "a span such as 48h, 7d or 2w");
}

}  // namespace emptychair
