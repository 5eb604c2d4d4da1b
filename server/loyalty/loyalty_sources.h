// What questions about customers read beside the sets of those who were active.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_LOYALTY_SOURCES_H_
#define EMPTYCHAIR_SERVER_LOYALTY_LOYALTY_SOURCES_H_

#include "storage/columns/column_cache.h"
#include "storage/read/customer_sets.h"
#include "storage/read/records.h"
#include "storage/store.h"

namespace emptychair {

// The parts of a store, which must outlive this. Thread-safe.
struct LoyaltySources {
  const storage::CustomerSetReader& sets;  // Also activities and customers.
  const storage::RecordReader& answers;
  storage::ColumnCache& columns;  // Of answers.

  static LoyaltySources Of(const storage::Store& store) {
    return {store.customer_sets(), store.records(), store.columns()};
  }
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_LOYALTY_SOURCES_H_
