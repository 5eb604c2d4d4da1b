#include "storage/read/change_log_reader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/engine/engine.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"

namespace emptychair::storage {
namespace {

absl::Status Trimmed(uint64_t after, uint64_t oldest) {
  const std::string text = absl::StrCat(oldest);
  return FieldError(v1::ERROR_REASON_SEQUENCE_TRIMMED, "after_sequence",
                    absl::StrCat("got ", after, ", but the oldest change that is kept is ", text,
                                 "; list the records anew and go on from there"),
                    {{"oldest_sequence", text}});
}

absl::Status Damaged(uint64_t sequence) {
  return Error(v1::ERROR_REASON_STORE_DAMAGED,
               absl::StrCat("the change log cannot be read at the change ", sequence,
                            "; `chairctl admin verify` names all damage"));
}

}  // namespace

absl::Status ChangeLogReader::Read(const View& view, uint64_t after, Visit visit) const {
  const uint64_t last = view.counters.sequence();
  if (after >= last) {
    return absl::OkStatus();
  }
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  std::unique_ptr<rocksdb::Iterator> it(
      engine_.db()->NewIterator(options, engine_.handle(Family::kChange)));
  if (after > 0) {
    it->SeekForPrev(ChangeKey(after + 1));
  }
  if (!it->Valid()) {
    it->SeekToFirst();
  }
  // Nothing is kept of a store whose log was empty, or dropped to the last table.
  uint64_t next = last + 1;
  if (it->Valid()) {
    const std::optional<uint64_t> first = DecodeChangeKey(ToView(it->key()));
    if (!first.has_value()) {
      return Damaged(after + 1);
    }
    next = *first;
  }
  if (after > 0 && next > after + 1) {
    return Trimmed(after, next);
  }
  for (; next <= last; it->Next()) {
    RETURN_IF_ERROR(FromRocksDb(it->status(), "reading the change log"));
    const std::optional<std::vector<ChangeLogEntry>> changes =
        it->Valid() && DecodeChangeKey(ToView(it->key())) == next
            ? DecodeChanges(ToView(it->value()))
            : std::nullopt;
    if (!changes.has_value()) {
      engine_.CountUndecodable();
      return Damaged(next);
    }
    const size_t passed = after >= next ? after + 1 - next : 0;
    if (passed > changes->size()) {
      return Damaged(next + changes->size());
    }
    for (size_t i = passed; i < changes->size(); ++i) {
      ASSIGN_OR_RETURN(const bool go_on, visit(next + i, (*changes)[i]));
      if (!go_on) {
        return absl::OkStatus();
      }
    }
    next += changes->size();
  }
  return FromRocksDb(it->status(), "reading the change log");
}

}  // namespace emptychair::storage
