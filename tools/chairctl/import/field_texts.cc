#include "tools/chairctl/import/field_texts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

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
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

constexpr size_t kNanoDigits = 9;
constexpr int64_t kNanosEnd = 1'000'000'000;
constexpr int64_t kUnitsMax = 1'000'000'000'000;

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

absl::StatusOr<v1::Amount> ParseAmount(absl::string_view text) {
  constexpr absl::string_view kMinus = "\xE2\x88\x92";  // U+2212, as tables have it.
  constexpr absl::string_view kWanted =
      "an amount such as 20 EUR, 20.50 or -20,5, without thousands separators";
  absl::string_view rest = WithoutBlanks(text);
  const bool is_negative = absl::ConsumePrefix(&rest, "-") || absl::ConsumePrefix(&rest, kMinus);
  if (!is_negative) {
    absl::ConsumePrefix(&rest, "+");
  }
  const absl::string_view number = rest.substr(0, rest.find_first_not_of("0123456789.,"));
  const absl::string_view currency = WithoutBlanks(rest.substr(number.size()));
  const size_t point = number.find_first_of(".,");
  const absl::string_view whole = number.substr(0, point);
  const absl::string_view fraction =
      point == absl::string_view::npos ? "" : number.substr(point + 1);
  if (point != absl::string_view::npos && number[point] == ',' && fraction.size() == 3) {
    return Invalid("amount", text,
                   "one that cannot be read in two ways, as 1,234 can: 1234, 1.234");
  }
  int64_t units = 0;
  int32_t nanos = 0;
  const std::string padded = absl::StrCat(
      fraction, std::string(kNanoDigits - std::min(fraction.size(), kNanoDigits), '0'));
  if (!absl::SimpleAtoi(whole, &units) || fraction.size() > kNanoDigits ||
      (point != absl::string_view::npos && fraction.empty()) || !absl::SimpleAtoi(padded, &nanos) ||
      units > kUnitsMax) {
    return Invalid("amount", text, kWanted);
  }
  v1::Amount amount;
  amount.set_units(is_negative ? -units : units);
  amount.set_nanos(is_negative ? -nanos : nanos);
  if (!currency.empty()) {
    const absl::StatusOr<std::string> code = ParseCurrency(currency);
    if (!code.ok()) {
      return Invalid("amount", text, kWanted);
    }
    amount.set_currency_code(*code);
  }
  return amount;
}

absl::StatusOr<v1::Amount> ParseAmountParts(absl::string_view units, absl::string_view nanos) {
  int64_t whole = 0;
  int32_t billionths = 0;
  if (!units.empty() && !absl::SimpleAtoi(units, &whole)) {
    return Invalid("amount_units", units, "a whole number");
  }
  if (!nanos.empty() && !absl::SimpleAtoi(nanos, &billionths)) {
    return Invalid("amount_nanos", nanos, "a whole number");
  }
  if (whole < -kUnitsMax || whole > kUnitsMax) {
    return Invalid("amount_units", units, "-10^12 to 10^12");
  }
  if (std::abs(int64_t{billionths}) >= kNanosEnd || (whole < 0 && billionths > 0) ||
      (whole > 0 && billionths < 0)) {
    return Invalid("amount_nanos", nanos, "less than a unit, of the sign of amount_units");
  }
  v1::Amount amount;
  amount.set_units(whole);
  amount.set_nanos(billionths);
  return amount;
}

absl::StatusOr<std::string> ParseCurrency(absl::string_view text) {
  const std::string code = absl::AsciiStrToUpper(WithoutBlanks(text));
  if (code.size() != 3 || !std::all_of(code.begin(), code.end(), [](char c) {
        return absl::ascii_isupper(static_cast<unsigned char>(c));
      })) {
    return Invalid("currency", text, "three letters, such as EUR");
  }
  return code;
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
