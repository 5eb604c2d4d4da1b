// Tells which customers a request's filters on attributes let through.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_ATTRIBUTE_FILTER_H_
#define EMPTYCHAIR_SERVER_LOYALTY_ATTRIBUTE_FILTER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "emptychair/v1/selection.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "storage/format/customer_set.h"
#include "storage/read/customer_sets.h"
#include "storage/read/view.h"

namespace emptychair {

// What CheckFilters refuses, and the key `survey_id` and the value `(other)`, which no attribute
// has. Errors, below "filters": FIELD_REQUIRED, FIELD_INVALID.
absl::Status CheckAttributeFilters(
    const google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters);

// The customers whose attributes at a view match all of some filters; `(none)` stands for those
// without the attribute. Takes a bit for each customer. Immutable.
class AttributeFilter {
 public:
  // Reads all customers once. `filters` were checked. Errors: STORE_DAMAGED.
  static absl::StatusOr<AttributeFilter> Read(const storage::CustomerSetReader& reader,
                                              const storage::View& view,
                                              absl::Span<const v1::LabelFilter> filters);

  // Who of the chunk is let through.
  const storage::CustomerSetRow& Of(uint16_t chunk) const {
    return chunk < rows_.size() ? rows_[chunk] : others_;
  }

  // Keys that no customer has and values that none has of a key, with what there is instead: as in
  // answers about records, at most 100.
  const std::vector<v1::UnmatchedFilter>& unmatched() const { return unmatched_; }

  // Customers that were read.
  int64_t customers_read() const { return customers_read_; }

 private:
  AttributeFilter() = default;

  // Sets the customer's bit; all of a chunk begin as those of no attributes.
  void Set(uint32_t customer, bool passes);

  std::vector<storage::CustomerSetRow> rows_;  // By chunk.
  storage::CustomerSetRow others_;             // Of customers without attributes.
  std::vector<v1::UnmatchedFilter> unmatched_;
  int64_t customers_read_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_ATTRIBUTE_FILTER_H_
