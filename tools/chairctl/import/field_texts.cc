#include "tools/chairctl/import/field_texts.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/import/text_values.h"

namespace emptychair {
namespace {

// The digits behind the optional sign and before an optional `.0` or `,0`.
absl::string_view IntegerPart(absl::string_view text) {
  const size_t point = text.find_first_of(".,");
  if (point == absl::string_view::npos) {
    return text;
  }
  const absl::string_view zeros = text.substr(point + 1);
  const bool whole = !zeros.empty() && zeros.find_first_not_of('0') == absl::string_view::npos;
  return whole ? text.substr(0, point) : absl::string_view();
}

absl::Status Invalid(absl::string_view field, absl::string_view text, absl::string_view wanted) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                    absl::StrCat("is ", Quoted(text), "; wanted ", wanted));
}

}  // namespace

absl::StatusOr<std::optional<int32_t>> ParseScore(absl::string_view text) {
  const absl::string_view trimmed = WithoutBlanks(text);
  if (trimmed.empty()) {
    return std::nullopt;
  }
  const absl::string_view integer = IntegerPart(trimmed);
  int32_t score = 0;
  if (integer.find_first_not_of("+-0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(integer, &score)) {
    return Invalid("score", text, "an integer, or blank for none");
  }
  return score;
}

absl::StatusOr<v1::ExclusionReason> ParseExclusionReason(absl::string_view text) {
  const absl::string_view trimmed = WithoutBlanks(text);
  if (trimmed.empty()) {
    return v1::EXCLUSION_REASON_UNSPECIFIED;
  }
  const std::string lower = absl::AsciiStrToLower(trimmed);
  const auto reason = ParseEnumFlag<v1::ExclusionReason>(
      absl::StrReplaceAll(absl::StripPrefix(lower, "exclusion_reason_"), {{"_", "-"}}));
  if (reason == v1::EXCLUSION_REASON_UNSPECIFIED && lower != "exclusion_reason_unspecified") {
    return Invalid("exclusion", text,
                   absl::StrCat("one of ", absl::StrJoin(EnumFlags<v1::ExclusionReason>(), ", ")));
  }
  return reason;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseLabelsJson(
    absl::string_view text) {
  using google::protobuf::Value;
  google::protobuf::Struct object;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), &object);
  if (!parsed.ok()) {
    return Invalid("labels", text, "a JSON object, or blank for none");
  }
  std::vector<std::pair<std::string, std::string>> labels;
  for (const auto& [key, value] : object.fields()) {
    std::string label;
    switch (value.kind_case()) {
      case Value::kNullValue:
        break;
      case Value::kStringValue:
        label = value.string_value();
        break;
      case Value::kBoolValue:
        label = value.bool_value() ? "true" : "false";
        break;
      case Value::kNumberValue:
        if (std::abs(value.number_value()) < 9007199254740992.0) {
          label = ExactNumber(value.number_value());
          break;
        }
        [[fallthrough]];
      default:
        return Invalid("labels", text, "texts, numbers, true and false as values");
    }
    if (!label.empty()) {
      labels.emplace_back(key, std::move(label));
    }
  }
  return labels;
}

}  // namespace emptychair
