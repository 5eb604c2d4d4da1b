#include "storage/check/stored_set.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace emptychair::storage {

StoredSet::StoredSet(const Engine& engine, const View& view, uint32_t kind_number, CustomerSet set,
                     CubeUnit unit, ChunkWindow window, OnSetDifference on_difference)
    : kind_number_(kind_number),
      set_(set),
      unit_(unit),
      window_(window),
      erasing_(*view.erasing),
      on_difference_(on_difference),
      rows_(engine, view, Family::kActiveSet,
            CustomerSetKey{kind_number, set, unit, INT32_MIN, 0}.Encode(),
            absl::StrCat(CustomerSetKey{kind_number, set, unit, INT32_MAX, UINT16_MAX}.Encode(),
                         absl::string_view("\0", 1))) {
  rows_->SeekToFirst();
}

absl::Status StoredSet::Compare(int32_t bucket, uint16_t chunk, const CustomerSetRow& recounted) {
  const CustomerSetKey key{kind_number_, set_, unit_, bucket, chunk};
  ASSIGN_OR_RETURN(
      const bool found,
      VisitBefore(*rows_, key.Encode(), [&](absl::string_view row, absl::string_view value) {
        return CompareWithNone(row, value);
      }));
  if (!found) {
    return recounted.size() == 0 ? absl::OkStatus()
                                 : on_difference_({key, /*is_row=*/true, {}, recounted});
  }
  RETURN_IF_ERROR(CompareStored(key, ToView(rows_->value()), recounted));
  rows_->Next();
  return absl::OkStatus();
}

absl::Status StoredSet::CompareRest() {
  return VisitRest(*rows_, [&](absl::string_view key, absl::string_view value) {
    return CompareWithNone(key, value);
  });
}

// A row that no activity makes, unless it is of another window.
absl::Status StoredSet::CompareWithNone(absl::string_view key, absl::string_view stored) {
  const std::optional<CustomerSetKey> row = CustomerSetKey::Decode(key);
  return row.has_value() && window_.Has(row->chunk) ? CompareStored(*row, stored, {})
                                                    : absl::OkStatus();
}

absl::Status StoredSet::CompareStored(const CustomerSetKey& key, absl::string_view stored,
                                      const CustomerSetRow& recounted) {
  CustomerSetRow row;
  const bool is_row = row.Read(stored);
  erasing_.TakeLeavingOutOf(key.chunk, row);
  return is_row && row == recounted ? absl::OkStatus()
                                    : on_difference_({key, is_row, row, recounted});
}

}  // namespace emptychair::storage
