// The fields of a record that callers set, so that tests notice one that is new.
#ifndef EMPTYCHAIR_TESTS_HELPERS_FEEDBACK_FIELDS_H_
#define EMPTYCHAIR_TESTS_HELPERS_FEEDBACK_FIELDS_H_

#include <algorithm>
#include <string>
#include <vector>

#include "emptychair/v1/feedback_service.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace emptychair::testing {

// Every field of Feedback but those that the server sets.
inline std::vector<const google::protobuf::FieldDescriptor*> FieldsOfCallers() {
  const std::vector<std::string> set_by_server = {"receive_time", "sequence", "etag", "import_id"};
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  for (int i = 0; i < v1::Feedback::descriptor()->field_count(); ++i) {
    const auto* field = v1::Feedback::descriptor()->field(i);
    if (std::count(set_by_server.begin(), set_by_server.end(), field->name()) == 0) {
      fields.push_back(field);
    }
  }
  return fields;
}

// The names of those that `feedback` does not have.
inline std::vector<std::string> MissingFields(const v1::Feedback& feedback) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  feedback.GetReflection()->ListFields(feedback, &set);
  std::vector<std::string> missing;
  for (const auto* field : FieldsOfCallers()) {
    if (std::count(set.begin(), set.end(), field) == 0) {
      missing.push_back(field->name());
    }
  }
  return missing;
}

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_FEEDBACK_FIELDS_H_
