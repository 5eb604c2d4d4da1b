// Feedback records as the rest of the program sees them.
#ifndef EMPTYCHAIR_STORAGE_RECORDS_H_
#define EMPTYCHAIR_STORAGE_RECORDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/values.h"
#include "storage/view.h"

namespace emptychair::storage {

class Engine;
class KeyedHash;

// A stored record.
struct FeedbackRecord {
  uint32_t survey_number = 0;
  Uuid feedback_id;
  FeedbackHeader header;
  store::v1::StoredFeedback body;
  std::string customer_id;  // Empty: anonymous.
};

// A record during a scan: the header is decoded, the rest only on demand.
struct ScannedRecord {
  int64_t occur_time_ms = 0;
  FeedbackHeader header;
  absl::string_view value;  // All of it, for DecodeFeedbackBody; valid during the visit.
};

// Reads records at a view. Thread-safe.
class RecordReader {
 public:
  RecordReader(const Engine& engine, const KeyedHash& hash) : engine_(engine), hash_(hash) {}

  // Errors: FEEDBACK_NOT_FOUND, STORE_DAMAGED.
  absl::StatusOr<FeedbackRecord> Get(const View& view, const SurveyView& survey,
                                     const Uuid& feedback_id) const;
  absl::StatusOr<FeedbackRecord> GetByExternalId(const View& view, const SurveyView& survey,
                                                 absl::string_view external_id) const;

  // Visits the survey's records whose time is in [start_ms, end_ms), oldest first, until the visit
  // answers an error. Errors: those of `visit`, STORE_DAMAGED.
  absl::Status Scan(const View& view, const SurveyView& survey, int64_t start_ms, int64_t end_ms,
                    absl::FunctionRef<absl::Status(const ScannedRecord&)> visit) const;

 private:
  const Engine& engine_;
  const KeyedHash& hash_;
};

// The record `value` under the given key as far as it can be told from the two; the customer id is
// left empty. Errors: STORE_DAMAGED.
absl::StatusOr<FeedbackRecord> DecodeFeedbackRecord(uint32_t survey_number, const Uuid& feedback_id,
                                                    absl::string_view value);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_RECORDS_H_
