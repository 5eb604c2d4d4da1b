// Feedback records as the rest of the program sees them.
#ifndef EMPTYCHAIR_STORAGE_READ_RECORDS_H_
#define EMPTYCHAIR_STORAGE_READ_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/values.h"
#include "storage/read/view.h"

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

// Position of a record in a list: by time and id, then by survey.
struct RecordPosition {
  Uuid feedback_id;
  uint32_t survey_number = 0;

  friend bool operator==(const RecordPosition&, const RecordPosition&) = default;
  friend auto operator<=>(const RecordPosition&, const RecordPosition&) = default;
};

// A record during a scan: the header is decoded, the rest only on demand.
struct ScannedRecord {
  RecordPosition position;
  FeedbackHeader header;
  absl::string_view value;  // All of it, for DecodeBody; valid during the visit.

  int64_t occur_time_ms() const { return position.feedback_id.UnixMs(); }
};

// Selects the records to visit, and their order.
struct RecordRange {
  // One of the two must be given; with both, the customer's records in these surveys.
  std::vector<const SurveyView*> surveys;
  std::optional<uint32_t> customer_ordinal;
  // Records whose time is in [start_ms, end_ms).
  int64_t start_ms = 0;
  int64_t end_ms = INT64_MAX;
  bool newest_first = false;
  // Goes on behind this record, which need not be there any more.
  std::optional<RecordPosition> after;
  // Records that cannot be decoded are counted and left out instead of being an error: for lists,
  // where one of them must not hide the others, but not for sums, which would be wrong.
  bool skip_damaged = false;
};

// Reads records at a view. Erased records are not there, unless it says so. Thread-safe.
class RecordReader {
 public:
  RecordReader(const Engine& engine, const KeyedHash& hash) : engine_(engine), hash_(hash) {}

  // Errors: FEEDBACK_NOT_FOUND, STORE_DAMAGED.
  absl::StatusOr<FeedbackRecord> Get(const View& view, const SurveyView& survey,
                                     const Uuid& feedback_id) const;
  // Also answers for a record that was erased: of it ids and header are left.
  absl::StatusOr<FeedbackRecord> GetOrTombstone(const View& view, const SurveyView& survey,
                                                const Uuid& feedback_id) const;
  absl::StatusOr<FeedbackRecord> GetByExternalId(const View& view, const SurveyView& survey,
                                                 absl::string_view external_id) const;

  // The id of the customer with the number; empty for kAnonymous. Errors: STORE_DAMAGED.
  absl::StatusOr<std::string> CustomerId(const View& view, uint32_t customer_ordinal) const;

  // The same of many, in their order, which costs less than one by one; nothing for one that cannot
  // be read.
  std::vector<std::optional<std::string>> CustomerIds(
      const View& view, const std::vector<uint32_t>& customer_ordinals) const;

  // The customer, or nothing. Errors: STORE_DAMAGED.
  absl::StatusOr<std::optional<store::v1::StoredCustomer>> Customer(
      const View& view, absl::string_view customer_id) const;

  // The number of the customer, or nothing. Errors: STORE_DAMAGED.
  absl::StatusOr<std::optional<uint32_t>> CustomerOrdinal(const View& view,
                                                          absl::string_view customer_id) const;

  // Visits records in the order of their positions until the visit answers false or an error.
  // Errors: those of `visit`, STORE_DAMAGED.
  using Visit = absl::FunctionRef<absl::StatusOr<bool>(const ScannedRecord&)>;
  absl::Status Scan(const View& view, const RecordRange& range, Visit visit) const;

 private:
  absl::Status ScanSurveys(const View& view, const RecordRange& range, Visit visit) const;
  absl::Status ScanCustomer(const View& view, const RecordRange& range, Visit visit) const;

  const Engine& engine_;
  const KeyedHash& hash_;
};

// Etag of a record or survey: the sequence of its newest change.
std::string EtagOf(uint64_t sequence);

absl::Status FeedbackNotFoundError(const store::v1::StoredSurvey& survey, absl::string_view id);

// The record `value` under the given key, with all its labels; the customer id is left empty.
// Errors: STORE_DAMAGED.
absl::StatusOr<FeedbackRecord> DecodeFeedbackRecord(const SurveySeries& survey,
                                                    const Uuid& feedback_id,
                                                    absl::string_view value);
// The same without the labels that its series says, for where they do not matter.
absl::StatusOr<FeedbackRecord> DecodeBareRecord(uint32_t survey_number, const Uuid& feedback_id,
                                                absl::string_view value);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_RECORDS_H_
