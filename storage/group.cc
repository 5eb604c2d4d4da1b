#include "storage/group.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/mutant.h"

namespace emptychair::storage {

bool CubeRowAges::CountWrite(const CubeRowKey& key) {
  if (operands_.size() >= kRowsMax) {
    operands_.clear();
  }
  auto [row, is_new] = operands_.try_emplace(key, 0);
  if (is_new || ++row->second >= kOperandsMax) {
    row->second = 0;
    return true;
  }
  return false;
}

absl::StatusOr<bool> Group::Get(Family family, const std::string& key, std::string* value) const {
  const auto& written = written_[static_cast<size_t>(family)];
  auto found = written.find(key);
  if (found != written.end()) {
    if (found->second.has_value()) {
      *value = *found->second;
    }
    return found->second.has_value();
  }
  return engine_.Get(family, key, value);
}

void Group::Put(Family family, std::string key, std::string value) {
  ++changes_;
  if ((family == Family::kFeedbackByCustomer || family == Family::kFeedbackByExternalId) &&
      IsMutantOnce("drop_index_entry")) {
    return;
  }
  // A WriteBatch without a size limit accepts every put.
  batch_.Put(engine_.handle(family), ToSlice(key), ToSlice(value)).PermitUncheckedError();
  written_[static_cast<size_t>(family)][std::move(key)] = std::move(value);
}

void Group::Delete(Family family, std::string key) {
  ++changes_;
  batch_.Delete(engine_.handle(family), ToSlice(key)).PermitUncheckedError();
  written_[static_cast<size_t>(family)][std::move(key)] = std::nullopt;
}

void Group::CorrectRow(const CubeRowKey& row, const CubeCounts& added) {
  ++changes_;
  cube_.Add(row, added);
  corrected_rows_.insert(row);
}

absl::Status Group::Commit(CubeRowAges& ages) {
  RETURN_IF_ERROR(WriteCube(ages));
  rocksdb::WriteOptions options;
  options.sync = !IsMutant("no_sync");
  return FromRocksDb(engine_.db()->Write(options, &batch_), "writing a group");
}

absl::Status Group::WriteCube(CubeRowAges& ages) {
  rocksdb::ColumnFamilyHandle* cells = engine_.handle(Family::kCell);
  for (auto& [row_key, added] : cube_.TakeRows()) {
    const bool is_corrected = corrected_rows_.contains(row_key);
    if (added.empty() && !is_corrected) {
      continue;
    }
    if (!added.empty() && IsMutantOnce("drop_cell")) {
      added.pop_back();
    }
    if (!added.empty() && IsMutantOnce("change_count")) {
      ++added.back().count;
    }
    const std::string key = row_key.Encode();
    if (!ages.CountWrite(row_key) && !is_corrected) {
      RETURN_IF_ERROR(FromRocksDb(batch_.Merge(cells, ToSlice(key), EncodeCubeRow(added)),
                                  "adding to the cube"));
      continue;
    }
    std::string stored;
    ASSIGN_OR_RETURN(const bool found, engine_.Get(Family::kCell, key, &stored));
    CubeCounts whole = std::move(added);
    if (found) {
      std::optional<CubeCounts> before = DecodeCubeRow(stored);
      if (!before.has_value() && is_corrected) {
        before.emplace();
      }
      if (!before.has_value()) {
        // Left for the merge operator to count; writing it whole would hide the damage.
        RETURN_IF_ERROR(FromRocksDb(batch_.Merge(cells, ToSlice(key), EncodeCubeRow(whole)),
                                    "adding to the cube"));
        continue;
      }
      whole = Add(*before, whole);
    }
    RETURN_IF_ERROR(FromRocksDb(batch_.Put(cells, ToSlice(key), EncodeCubeRow(whole)),
                                "writing a row of the cube"));
  }
  return absl::OkStatus();
}

}  // namespace emptychair::storage
