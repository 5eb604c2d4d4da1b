#include "tools/chairctl/targets/earlier_import.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"

namespace emptychair {
namespace {

// Records of one moment that are looked at.
constexpr int kPageSize = 100;

absl::StatusOr<bool> IsStored(const Client& client, const v1::Feedback& record) {
  v1::GetFeedbackRequest request;
  request.set_survey_id(record.survey_id());
  request.set_external_id(record.external_id());
  const absl::Status status = client.GetFeedback(request).status();
  if (status.ok() || absl::IsNotFound(status)) {
    return status.ok();
  }
  return status;
}

// The records of that millisecond with the same score, as the request can say it.
v1::ListFeedbackRequest RequestFor(const v1::Feedback& record) {
  v1::ListFeedbackRequest request;
  request.set_survey_id(record.survey_id());
  request.set_page_size(kPageSize);
  *request.mutable_interval()->mutable_start_time() = record.occur_time();
  *request.mutable_interval()->mutable_end_time() =
      ToTimestamp(FromTimestamp(record.occur_time()) + absl::Milliseconds(1));
  if (record.has_score()) {
    request.set_min_score(record.score());
    request.set_max_score(record.score());
  }
  return request;
}

// Whether a record is stored under its own id, under another one that was derived, or not at all.
enum class Found { kNot, kOwn, kOther };

using OwnIds = absl::flat_hash_set<std::string>;

absl::StatusOr<Found> Find(const Client& client, const DerivedIds& ids, const OwnIds& own_ids,
                           const v1::Feedback& record) {
  ASSIGN_OR_RETURN(const bool is_stored, IsStored(client, record));
  if (is_stored) {
    return Found::kOwn;
  }
  if (!record.has_occur_time()) {
    return Found::kNot;
  }
  int looked_at = 0;
  for (const absl::StatusOr<v1::Feedback>& stored : client.ListFeedback(RequestFor(record))) {
    RETURN_IF_ERROR(stored.status());
    if (stored->has_score() == record.has_score() && ids.IsDerived(stored->external_id()) &&
        !own_ids.contains(stored->external_id())) {
      return Found::kOther;
    }
    if (++looked_at == kPageSize) {
      break;
    }
  }
  return Found::kNot;
}

// Days are often all that is known of the time, so that the customer has to be the same.
absl::StatusOr<Found> Find(const Client& client, const DerivedIds& ids, const OwnIds& own_ids,
                           const v1::Activity& record) {
  if (!record.has_occur_time()) {
    return Found::kNot;
  }
  v1::ListActivitiesRequest request;
  request.set_kind(record.kind());
  request.set_customer_id(record.customer_id());
  request.set_page_size(kPageSize);
  *request.mutable_interval()->mutable_start_time() = record.occur_time();
  *request.mutable_interval()->mutable_end_time() =
      ToTimestamp(FromTimestamp(record.occur_time()) + absl::Milliseconds(1));
  Found found = Found::kNot;
  int looked_at = 0;
  for (const absl::StatusOr<v1::Activity>& stored : client.ListActivities(request)) {
    if (absl::IsNotFound(stored.status())) {
      break;  // A kind that this import declares.
    }
    RETURN_IF_ERROR(stored.status());
    if (stored->activity_id() == record.activity_id()) {
      return Found::kOwn;
    }
    if (ids.IsDerived(stored->activity_id()) && !own_ids.contains(stored->activity_id())) {
      found = Found::kOther;
    }
    if (++looked_at == kPageSize) {
      break;
    }
  }
  return found;
}

template <typename Record>
absl::StatusOr<bool> AreMoreStoredOtherwise(const Client& client, const DerivedIds& ids,
                                            const std::string& (Record::*id_of)() const,
                                            const std::vector<ImportRecord>& records) {
  OwnIds own_ids;
  for (const ImportRecord& record : records) {
    own_ids.insert((std::get<Record>(record).*id_of)());
  }
  int own = 0;
  int other = 0;
  for (size_t i = 0; i < std::min(records.size(), kRecordsLookedUp); ++i) {
    ASSIGN_OR_RETURN(const Found found, Find(client, ids, own_ids, std::get<Record>(records[i])));
    own += found == Found::kOwn ? 1 : 0;
    other += found == Found::kOther ? 1 : 0;
  }
  return other > own;
}

}  // namespace

absl::StatusOr<bool> WereAnswersImportedOtherwise(const Client& client, const DerivedIds& ids,
                                                  const std::vector<ImportRecord>& records) {
  return AreMoreStoredOtherwise(client, ids, &v1::Feedback::external_id, records);
}

absl::StatusOr<bool> WereActivitiesImportedOtherwise(const Client& client, const DerivedIds& ids,
                                                     const std::vector<ImportRecord>& records) {
  return AreMoreStoredOtherwise(client, ids, &v1::Activity::activity_id, records);
}

}  // namespace emptychair
