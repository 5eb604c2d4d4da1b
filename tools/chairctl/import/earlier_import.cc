#include "tools/chairctl/import/earlier_import.h"

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

}  // namespace

absl::StatusOr<bool> WasImportedOtherwise(const Client& client, const DerivedIds& ids,
                                          const std::vector<v1::Feedback>& records) {
  absl::flat_hash_set<std::string> own_ids;
  for (const v1::Feedback& record : records) {
    own_ids.insert(record.external_id());
  }
  int own = 0;
  int other = 0;
  for (size_t i = 0; i < std::min(records.size(), kRecordsLookedUp); ++i) {
    const v1::Feedback& record = records[i];
    ASSIGN_OR_RETURN(const bool is_stored, IsStored(client, record));
    if (is_stored) {
      ++own;
      continue;
    }
    if (!record.has_occur_time()) {
      continue;
    }
    int looked_at = 0;
    for (const absl::StatusOr<v1::Feedback>& stored : client.ListFeedback(RequestFor(record))) {
      RETURN_IF_ERROR(stored.status());
      if (stored->has_score() == record.has_score() && ids.IsDerived(stored->external_id()) &&
          !own_ids.contains(stored->external_id())) {
        ++other;
        break;
      }
      if (++looked_at == kPageSize) {
        break;
      }
    }
  }
  return other > own;
}

}  // namespace emptychair
