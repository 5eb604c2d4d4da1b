// Values of the API's enums as flags name them: `SURVEY_KIND_NPS` is `nps`, and
// `METRIC_METHOD_TOP_BOX` is `top-box`.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_ENUM_FLAG_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_ENUM_FLAG_H_

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace emptychair {

// The name of a value of `Enum`; empty for a number that it does not have.
template <typename Enum>
std::string EnumFlag(Enum value) {
  const auto* descriptor = google::protobuf::GetEnumDescriptor<Enum>();
  const auto* found = descriptor->FindValueByNumber(value);
  if (found == nullptr) {
    return "";
  }
  const absl::string_view unspecified = descriptor->FindValueByNumber(0)->name();
  const size_t prefix = unspecified.size() - absl::string_view("UNSPECIFIED").size();
  return absl::StrReplaceAll(absl::AsciiStrToLower(found->name().substr(prefix)), {{"_", "-"}});
}

// The same, and empty for the unspecified value.
template <typename Enum>
std::string EnumFlagOrEmpty(Enum value) {
  return value == static_cast<Enum>(0) ? "" : EnumFlag(value);
}

// The names of all values of `Enum` but the unspecified one.
template <typename Enum>
std::vector<std::string> EnumFlags() {
  const auto* descriptor = google::protobuf::GetEnumDescriptor<Enum>();
  std::vector<std::string> flags;
  for (int i = 0; i < descriptor->value_count(); ++i) {
    if (descriptor->value(i)->number() != 0) {
      flags.push_back(EnumFlag(static_cast<Enum>(descriptor->value(i)->number())));
    }
  }
  return flags;
}

// The value of a name; the unspecified one for any other text.
template <typename Enum>
Enum ParseEnumFlag(absl::string_view flag) {
  const auto* descriptor = google::protobuf::GetEnumDescriptor<Enum>();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    const auto value = static_cast<Enum>(descriptor->value(i)->number());
    if (EnumFlag(value) == flag) {
      return value;
    }
  }
  return static_cast<Enum>(0);
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_ENUM_FLAG_H_
