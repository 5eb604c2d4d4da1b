// Hands out all that is stored of one customer, a message at a time.
#ifndef EMPTYCHAIR_SERVER_PROFILE_CUSTOMER_EXPORT_H_
#define EMPTYCHAIR_SERVER_PROFILE_CUSTOMER_EXPORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/uuid.h"
#include "common/base/waiter.h"
#include "emptychair/v1/customer_service.pb.h"
#include "storage/read/records.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// The messages of one export, all read at one view, which is kept as long as this object. A message
// has at most 1,000 records and about 256 KiB; nothing of one is kept for the next but where it
// goes on. Damage is an error: a part must not be taken for all. For one thread at a time.
//
// Records are read once, and answers once more before, to find the surveys; the index by customer
// is walked once more for each survey that the customer answered.
class CustomerExport {
 public:
  // Checks the request; reads nothing. Errors: FIELD_REQUIRED, FIELD_INVALID.
  static absl::StatusOr<CustomerExport> Prepare(const storage::Store* store,
                                                const v1::ExportCustomerRequest& request);

  // Fills in the next message, which is empty; false when all was handed out. Errors:
  // CUSTOMER_NOT_FOUND, STORE_DAMAGED.
  absl::StatusOr<bool> Next(v1::ExportCustomerResponse& response);

  // As a feed that ends: see FeedSource. There is never anything to wait for.
  bool IsOver() const { return is_over_; }
  bool NotifyWhenMore(const std::shared_ptr<Waiter>&) { return false; }
  void Unsubscribe(const std::shared_ptr<Waiter>&) {}

 private:
  CustomerExport(const storage::Store* store, std::string customer_id)
      : store_(store), view_(store->view()), customer_id_(std::move(customer_id)) {}

  // Finds the customer, and what there is of it.
  absl::Status Begin(v1::ExportCustomerResponse& response);
  // Read on until the message is full or the survey, or the kind, is through.
  absl::Status ReadAnswers(const storage::SurveyView& survey, v1::ExportCustomerResponse& response);
  absl::Status ReadActivities(const storage::ActivityKindView& kind,
                              v1::ExportCustomerResponse& response);
  bool IsFull(const v1::ExportCustomerResponse& response) const;

  const storage::Store* store_;
  std::shared_ptr<const storage::View> view_;
  std::string customer_id_;
  std::optional<uint32_t> ordinal_;  // Absent before the first message.
  // What is left: the first of each is at hand.
  std::vector<const storage::SurveyView*> surveys_;
  std::vector<std::shared_ptr<const storage::ActivityKindView>> kinds_;
  std::optional<storage::RecordPosition> after_answer_;
  std::optional<Uuid> after_activity_;
  size_t message_bytes_ = 0;
  bool is_over_ = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_PROFILE_CUSTOMER_EXPORT_H_
