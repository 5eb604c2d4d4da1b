#include "tools/chairctl/text/feedback_output.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

// The labels as one text that reads back unambiguously: a JSON object, ordered by key.
std::string LabelsText(const v1::Feedback& feedback) {
  google::protobuf::Struct object;
  for (const auto& [key, value] : feedback.labels()) {
    (*object.mutable_fields())[key].set_string_value(value);
  }
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(object, &json);
  return json;
}

}  // namespace

TextFields FeedbackFields(const v1::Feedback& feedback) {
  return {{"survey_id", feedback.survey_id()},
          {"feedback_id", feedback.feedback_id()},
          {"external_id", feedback.external_id()},
          {"customer_id", feedback.customer_id()},
          {"score", feedback.has_score() ? absl::StrCat(feedback.score()) : ""},
          {"comment", feedback.comment()},
          {"labels", feedback.labels().empty() ? "" : LabelsText(feedback)},
          {"occur_time", TimestampText(feedback.has_occur_time(), feedback.occur_time())},
          {"receive_time", TimestampText(feedback.has_receive_time(), feedback.receive_time())},
          {"exclusion", feedback.has_exclusion() ? EnumFlag(feedback.exclusion().reason()) : ""},
          {"sequence", absl::StrCat(feedback.sequence())}};
}

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& texts) {
  std::map<std::string, std::string> labels;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos ||
        !labels.emplace(text.substr(0, equals), text.substr(equals + 1)).second) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--label",
                        absl::StrCat("is ", Quoted(text), "; wanted KEY=VALUE, each KEY once"));
    }
  }
  return labels;
}

}  // namespace emptychair
