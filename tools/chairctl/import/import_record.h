// What a row becomes: an answer or an activity.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_RECORD_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_RECORD_H_

#include <variant>

#include "emptychair/v1/customer_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// All records of one import have the same type.
using ImportRecord = std::variant<v1::Feedback, v1::Activity>;

// One that belongs to somebody else.
using ImportRecordView = std::variant<const v1::Feedback*, const v1::Activity*>;

// The record as `Record`, emptied or made one; what it had allocated is kept.
template <typename Record>
Record& Emptied(ImportRecord& record) {
  if (auto* same = std::get_if<Record>(&record)) {
    same->Clear();
    return *same;
  }
  return record.emplace<Record>();
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_RECORD_H_
