// Lists of activities.
#ifndef EMPTYCHAIR_SERVER_CUSTOMERS_ACTIVITY_LIST_H_
#define EMPTYCHAIR_SERVER_CUSTOMERS_ACTIVITY_LIST_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/v1/customer_service.pb.h"
#include "server/customers/customer_names.h"
#include "storage/read/activities.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// A page that was asked for, checked.
struct ActivityList {
  std::shared_ptr<const storage::View> view;
  v1::ListActivitiesRequest request;
  storage::ActivityRange range;
  int32_t page_size = 0;
};

// Errors: FIELD_REQUIRED, FIELD_INVALID, PAGE_TOKEN_INVALID, KIND_NOT_FOUND.
absl::StatusOr<ActivityList> PrepareActivityList(const storage::Store& store,
                                                 const v1::ListActivitiesRequest& request);

// Reads the page. It ends when it has as many as asked for or a mebibyte, or when 20,000 activities
// were looked at. Errors: STORE_DAMAGED.
absl::Status RunActivityList(const storage::Store& store, const ActivityList& list,
                             CustomerNames& names, v1::ListActivitiesResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CUSTOMERS_ACTIVITY_LIST_H_
