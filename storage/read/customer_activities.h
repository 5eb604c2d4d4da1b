// The activities of one customer, of one kind or of several together.
#ifndef EMPTYCHAIR_STORAGE_READ_CUSTOMER_ACTIVITIES_H_
#define EMPTYCHAIR_STORAGE_READ_CUSTOMER_ACTIVITIES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rocksdb/iterator.h"
#include "storage/read/activities.h"
#include "storage/read/bounded_iterator.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// Hands out the activities of a range of one customer, in its order. An entry of the index leads to
// all activities of the kind whose ids start as it says. What it is given must outlive it. Not
// thread-safe.
class CustomerActivityCursor {
 public:
  // `range.customer_ordinal` must be given.
  CustomerActivityCursor(const Engine& engine, const View& view, const ActivityRange& range);

  // The next activity, valid until the one after; null at the end. Errors: STORE_DAMAGED.
  absl::StatusOr<const ActivityRecord*> Next();

 private:
  // Goes to the first activity of the entry at hand, or to the next one.
  void SeekRecord();
  void NextRecord();
  // Whether the activity at hand is one of the range; reads it. Errors: STORE_DAMAGED.
  absl::StatusOr<bool> ReadRecord();
  // Counts what is damaged, or is the error.
  absl::Status PassDamaged(absl::string_view what) const;

  const Engine& engine_;
  const ActivityRange range_;
  BoundedIterator entries_;
  std::unique_ptr<rocksdb::Iterator> records_;
  std::string prefix_;  // Of the keys that the entry leads to; empty: none is open.
  ActivityRecord record_;
};

// The numbers of the kinds that the customer has activities of, in no order. Those of kinds that
// are being purged can be among them. Reads one entry of each. Errors: STORE_DAMAGED.
absl::StatusOr<std::vector<uint32_t>> KindsOfCustomer(const Engine& engine, const View& view,
                                                      uint32_t customer_ordinal);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_CUSTOMER_ACTIVITIES_H_
