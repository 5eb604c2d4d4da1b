// Validates feedback records, and converts them between wire and store.
#ifndef EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_H_
#define EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/checks/feedback_checks.h"
#include "emptychair/store/v1/command.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "storage/format/keyed_hash.h"
#include "storage/read/records.h"
#include "storage/read/view.h"

namespace emptychair {

// Makes `submission`, which must be empty, what `feedback` asks for: its survey found, its identity
// and time resolved. `receive_time` is when the server got it. What depends
// on what is stored (duplicates, archived surveys, scales) is judged later, when it is applied.
// Errors are on fields below "feedback": FIELD_REQUIRED, FIELD_INVALID, ID_REQUIRED,
// ID_TIME_MISMATCH, TIME_OUT_OF_RANGE; SURVEY_NOT_FOUND.
absl::Status PrepareSubmission(const v1::Feedback& feedback, absl::Time receive_time,
                               const storage::View& view, const storage::KeyedHash& hash,
                               store::v1::Submission& submission);

// Fills in `feedback`, which is empty: in place, because a record that is made first and copied
// into an arena costs twice. `survey` is that of the record.
void FillFeedback(const storage::FeedbackRecord& record, const storage::SurveyView& survey,
                  v1::Feedback& feedback);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_H_
