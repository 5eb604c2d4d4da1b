#include "storage/read/customer_sets.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/uuid.h"
#include "storage/engine/engine.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kUuidTimeLimitMs = int64_t{1} << 48;

absl::Status DamagedError(const ActivityKindView& kind, absl::string_view what) {
  return Error(v1::ERROR_REASON_STORE_DAMAGED,
               absl::StrCat("activity kind ", kind.definition->kind(), ": ", what,
                            " cannot be decoded; `chairctl admin verify` names all damage"),
               {{"kind", kind.definition->kind()}});
}

// The last millisecond has no key behind it within the kind.
std::string FirstKeyAt(const ActivityKindView& kind, int64_t ms) {
  return ms == kUuidTimeLimitMs ? KindDataPrefix(kind.number() + 1)
                                : ActivityKey{kind.number(), Uuid::LowestAt(ms)}.Encode();
}

}  // namespace

CustomerSetCursor::CustomerSetCursor(const Engine& engine, const View& view,
                                     const ActivityKindView& kind)
    : kind_(kind),
      erasing_(*view.erasing),
      upper_(KindDataPrefix(kind.number() + 1)),
      upper_slice_(std::make_unique<const rocksdb::Slice>(ToSlice(upper_))) {
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  options.iterate_upper_bound = upper_slice_.get();
  it_.reset(engine.db()->NewIterator(options, engine.handle(Family::kActiveSet)));
}

CustomerSetCursor::~CustomerSetCursor() = default;

absl::Status CustomerSetCursor::Damaged() const {
  return DamagedError(kind_, "a set of customers");
}

absl::StatusOr<std::optional<CustomerSetKey>> CustomerSetCursor::Seek(const CustomerSetKey& key) {
  it_->Seek(key.Encode());
  if (!it_->Valid()) {
    RETURN_IF_ERROR(FromRocksDb(it_->status(), "reading sets of customers"));
    return std::nullopt;
  }
  const std::optional<CustomerSetKey> found = CustomerSetKey::Decode(ToView(it_->key()));
  if (!found.has_value()) {
    return Damaged();
  }
  return found->set == key.set && found->unit == key.unit ? found : std::nullopt;
}

absl::StatusOr<std::vector<uint16_t>> CustomerSetCursor::Chunks(CustomerSet set,
                                                                const UnitSpan& span) {
  std::set<uint16_t> chunks;
  CustomerSetKey at{kind_.number(), set, span.unit, span.first, 0};
  while (at.bucket < span.end) {
    ASSIGN_OR_RETURN(const std::optional<CustomerSetKey> found, Seek(at));
    if (!found.has_value() || found->bucket >= span.end) {
      break;
    }
    chunks.insert(found->chunk);
    at = *found;
    if (at.chunk == UINT16_MAX) {
      ++at.bucket;
      at.chunk = 0;
    } else {
      ++at.chunk;
    }
  }
  return std::vector<uint16_t>(chunks.begin(), chunks.end());
}

absl::Status CustomerSetCursor::ForEachBytes(CustomerSet set, const UnitSpan& span, uint16_t chunk,
                                             VisitBytes visit) {
  CustomerSetKey at{kind_.number(), set, span.unit, span.first, chunk};
  while (at.bucket < span.end) {
    ASSIGN_OR_RETURN(const std::optional<CustomerSetKey> found, Seek(at));
    if (!found.has_value()) {
      break;
    }
    // Where this bucket has no row, the key found names the next one that can have it.
    at.bucket = std::max(at.bucket, found->chunk <= chunk ? found->bucket : found->bucket + 1);
    if (at == *found && at.bucket < span.end) {
      ++rows_read_;
      if (!visit(at.bucket, ToView(it_->value()))) {
        return Damaged();
      }
      ++at.bucket;
    }
  }
  return absl::OkStatus();
}

absl::Status CustomerSetCursor::Add(CustomerSet set, const UnitSpan& span, uint16_t chunk,
                                    CustomerSetRow& row) {
  RETURN_IF_ERROR(ForEachBytes(set, span, chunk,
                               [&](int32_t, absl::string_view bytes) { return row.Read(bytes); }));
  erasing_.TakeOutOf(chunk, row);
  return absl::OkStatus();
}

absl::Status CustomerSetCursor::ForEach(CustomerSet set, const UnitSpan& span, uint16_t chunk,
                                        Visit visit) {
  return ForEachBytes(set, span, chunk, [&](int32_t bucket, absl::string_view bytes) {
    CustomerSetRow row;
    if (!row.Read(bytes)) {
      return false;
    }
    erasing_.TakeOutOf(chunk, row);
    visit(bucket, row);
    return true;
  });
}

std::unique_ptr<CustomerSetCursor> CustomerSetReader::Open(const View& view,
                                                           const ActivityKindView& kind) const {
  return std::make_unique<CustomerSetCursor>(engine_, view, kind);
}

absl::StatusOr<std::optional<UnitSpan>> CustomerSetReader::Extent(const View& view,
                                                                  const ActivityKindView& kind,
                                                                  CustomerSet set) const {
  const std::string lower =
      CustomerSetKey{kind.number(), set, CubeUnit::kDay, INT32_MIN, 0}.Encode();
  const std::string upper =
      CustomerSetKey{kind.number(), set, CubeUnit::kDay, INT32_MAX, UINT16_MAX}.Encode();
  const rocksdb::Slice lower_slice = ToSlice(lower);
  const rocksdb::Slice upper_slice = ToSlice(upper);
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  options.iterate_lower_bound = &lower_slice;
  options.iterate_upper_bound = &upper_slice;
  const std::unique_ptr<rocksdb::Iterator> it(
      engine_.db()->NewIterator(options, engine_.handle(Family::kActiveSet)));
  // The bucket of the row at hand; nothing where all its activities were erased.
  const auto bucket = [&]() -> absl::StatusOr<std::optional<int32_t>> {
    const std::optional<CustomerSetKey> key = CustomerSetKey::Decode(ToView(it->key()));
    CustomerSetRow row;
    if (!key.has_value() || !row.Read(ToView(it->value()))) {
      return DamagedError(kind, "a set of customers");
    }
    view.erasing->TakeOutOf(key->chunk, row);
    return row.size() > 0 ? std::make_optional(key->bucket) : std::nullopt;
  };
  std::optional<int32_t> first;
  for (it->SeekToFirst(); it->Valid() && !first.has_value(); it->Next()) {
    ASSIGN_OR_RETURN(first, bucket());
  }
  std::optional<int32_t> last;
  if (first.has_value()) {
    for (it->SeekToLast(); it->Valid() && !last.has_value(); it->Prev()) {
      ASSIGN_OR_RETURN(last, bucket());
    }
  }
  RETURN_IF_ERROR(FromRocksDb(it->status(), "reading sets of customers"));
  return last.has_value() ? std::make_optional(UnitSpan{CubeUnit::kDay, *first, *last + 1})
                          : std::nullopt;
}

absl::Status CustomerSetReader::ForEachActivity(const View& view, const ActivityKindView& kind,
                                                int64_t start_ms, int64_t end_ms,
                                                VisitActivity visit) const {
  start_ms = std::max<int64_t>(start_ms, 0);
  end_ms = std::min(end_ms, kUuidTimeLimitMs);
  if (start_ms >= end_ms) {
    return absl::OkStatus();
  }
  const std::string upper = FirstKeyAt(kind, end_ms);
  const rocksdb::Slice upper_slice = ToSlice(upper);
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  options.iterate_upper_bound = &upper_slice;
  const std::unique_ptr<rocksdb::Iterator> it(
      engine_.db()->NewIterator(options, engine_.handle(Family::kActivity)));
  for (it->Seek(FirstKeyAt(kind, start_ms)); it->Valid(); it->Next()) {
    const std::optional<ActivityKey> key = ActivityKey::Decode(ToView(it->key()));
    const std::optional<ActivityHeader> header = DecodeActivityHeader(ToView(it->value()));
    if (!key.has_value() || !header.has_value()) {
      return DamagedError(kind, "an activity");
    }
    if (!header->is_erased && !view.erasing->Has(header->customer_ordinal)) {
      visit(key->id.UnixMs(), *header);
    }
  }
  return FromRocksDb(it->status(), "reading activities");
}

absl::Status CustomerSetReader::ForEachCustomer(const View& view, VisitCustomer visit) const {
  const std::string upper = CustomerByOrdinalKey(UINT32_MAX) + '\0';
  const rocksdb::Slice upper_slice = ToSlice(upper);
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  options.iterate_upper_bound = &upper_slice;
  const std::unique_ptr<rocksdb::Iterator> it(
      engine_.db()->NewIterator(options, engine_.handle(Family::kCustomer)));
  store::v1::StoredCustomer customer;
  for (it->Seek(CustomerByOrdinalKey(kAnonymous)); it->Valid(); it->Next()) {
    const std::optional<uint32_t> ordinal = DecodeCustomerByOrdinalKey(ToView(it->key()));
    if (!ordinal.has_value() || !DecodeMessage(ToView(it->value()), customer)) {
      return Error(v1::ERROR_REASON_STORE_DAMAGED,
                   "a customer cannot be decoded; `chairctl admin verify` names all damage");
    }
    if (!view.erasing->Has(*ordinal)) {
      visit(*ordinal, customer);
    }
  }
  return FromRocksDb(it->status(), "reading customers");
}

}  // namespace emptychair::storage
