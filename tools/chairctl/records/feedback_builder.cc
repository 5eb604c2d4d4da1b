#include "tools/chairctl/records/feedback_builder.h"

#include <sodium.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

using Hash = std::array<char, 16>;

Hash Blake2b(absl::string_view text) {
  Hash hash;
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return hash;
}

absl::string_view AsText(const Hash& hash) { return {hash.data(), hash.size()}; }

// Lengths keep apart texts that would be the same when put together.
void AppendWithLength(std::string& out, absl::string_view text) {
  absl::StrAppend(&out, text.size(), ":", text);
}

// The digits behind the optional sign and before the optional `.0`.
absl::string_view IntegerPart(absl::string_view text) {
  const size_t point = text.find('.');
  if (point == absl::string_view::npos) {
    return text;
  }
  const absl::string_view zeros = text.substr(point + 1);
  const bool whole = !zeros.empty() && zeros.find_first_not_of('0') == absl::string_view::npos;
  return whole ? text.substr(0, point) : absl::string_view();
}

}  // namespace

absl::StatusOr<std::optional<int32_t>> ParseScore(absl::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
  if (trimmed.empty()) {
    return std::nullopt;
  }
  const absl::string_view integer = IntegerPart(trimmed);
  int32_t score = 0;
  if (integer.find_first_not_of("+-0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(integer, &score)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "score",
                      absl::StrCat("is ", Quoted(text), "; wanted an integer, or blank for none"));
  }
  return score;
}

FeedbackBuilder::FeedbackBuilder(std::string survey_id, absl::TimeZone zone,
                                 std::string time_format)
    : survey_id_(std::move(survey_id)), zone_(zone), time_format_(std::move(time_format)) {}

absl::StatusOr<absl::Time> FeedbackBuilder::ParseTime(absl::string_view text) const {
  constexpr absl::string_view kField = "occur_time";
  if (time_format_.empty()) {
    ASSIGN_OR_RETURN(const WrittenTime time, ParseWrittenTime(kField, text));
    return InZone(time, zone_);
  }
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(time_format_, text, zone_, &time, &error) ||
      time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, kField,
        absl::StrCat("is ", Quoted(text), "; wanted a time of the format ", Quoted(time_format_)));
  }
  return time;
}

std::string FeedbackBuilder::DeriveExternalId(const Row& row) {
  std::string content;
  AppendWithLength(content, survey_id_);
  for (const auto& [field, value] : row.fields) {
    AppendWithLength(content, field);
    AppendWithLength(content, value);
  }
  const Hash content_hash = Blake2b(content);
  const int64_t occurrence = ++equal_rows_[content_hash];
  const Hash id = Blake2b(absl::StrCat(AsText(content_hash), occurrence));
  return absl::StrCat("import-", absl::BytesToHexString(AsText(id)));
}

absl::StatusOr<v1::Feedback> FeedbackBuilder::Build(const Row& row) {
  RETURN_IF_ERROR(row.status);
  v1::Feedback feedback;
  feedback.set_survey_id(survey_id_);
  for (const auto& [field, value] : row.fields) {
    if (value.empty()) {
      continue;
    }
    if (field == "external_id") {
      feedback.set_external_id(value);
    } else if (field == "feedback_id") {
      feedback.set_feedback_id(value);
    } else if (field == "customer_id") {
      feedback.set_customer_id(value);
    } else if (field == "comment") {
      feedback.set_comment(value);
    } else if (absl::StartsWith(field, kLabelPrefix)) {
      (*feedback.mutable_labels())[field.substr(kLabelPrefix.size())] = value;
    }
  }
  const auto value_of = [&row](const char* field) {
    const auto found = row.fields.find(field);
    return found == row.fields.end() ? absl::string_view() : absl::string_view(found->second);
  };
  // Counted before anything can be refused, so that the ids of other rows never depend on it.
  if (feedback.external_id().empty() && feedback.feedback_id().empty()) {
    feedback.set_external_id(DeriveExternalId(row));
    if (value_of("occur_time").empty()) {
      return Error(v1::ERROR_REASON_ID_REQUIRED,
                   "the row has neither an id nor a time to derive one with; wanted external_id, "
                   "feedback_id or occur_time");
    }
  }
  ASSIGN_OR_RETURN(const std::optional<int32_t> score, ParseScore(value_of("score")));
  if (score.has_value()) {
    feedback.set_score(*score);
  }
  if (const absl::string_view time = value_of("occur_time"); !time.empty()) {
    ASSIGN_OR_RETURN(const absl::Time occur_time, ParseTime(time));
    *feedback.mutable_occur_time() = ToTimestamp(occur_time);
  }
  return feedback;
}

}  // namespace emptychair
