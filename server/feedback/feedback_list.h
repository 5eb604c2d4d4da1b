// From a ListFeedbackRequest to a page of records.
#ifndef EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_LIST_H_
#define EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_LIST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "server/customers/customer_names.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// A list that was found to be sound, at one view of the store.
struct FeedbackList {
  std::shared_ptr<const storage::View> view;
  v1::ListFeedbackRequest request;
  int32_t page_size = 0;
  storage::RecordRange range;
  std::string customer_id;  // Empty: records of all customers.

  // Records are left out by what they say, so that many may have to be read for a page.
  bool has_conditions = false;
};

// Checks the request. Errors: FIELD_REQUIRED, FIELD_INVALID, PAGE_TOKEN_INVALID, SURVEY_NOT_FOUND.
absl::StatusOr<FeedbackList> PrepareFeedbackList(const storage::Store& store,
                                                 std::shared_ptr<const storage::View> view,
                                                 const v1::ListFeedbackRequest& request);

// Reads records of the list, whose order must be OLDEST_FIRST, that come behind `list.range.after`:
// at most `records_max`, and no longer than a page may take. Returns where to go on, or nothing at
// the end. Errors: STORE_DAMAGED.
struct SelectedRecord {
  storage::RecordPosition position;
  storage::FeedbackHeader header;
};
absl::StatusOr<std::optional<storage::RecordPosition>> SelectRecords(
    const storage::Store& store, const FeedbackList& list, int32_t records_max,
    std::vector<SelectedRecord>& records, int64_t& looked_at);

// Reads the page. Errors: STORE_DAMAGED.
absl::Status RunFeedbackList(const storage::Store& store, const FeedbackList& list,
                             CustomerNames& names, v1::ListFeedbackResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_LIST_H_
