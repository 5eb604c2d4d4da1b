#include "storage/group.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
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
  if ((family == Family::kFeedbackByCustomer || family == Family::kFeedbackByExternalId) &&
      IsMutantOnce("drop_index_entry")) {
    return;
  }
  // A WriteBatch without a size limit accepts every put.
  batch_.Put(engine_.handle(family), ToSlice(key), ToSlice(value)).PermitUncheckedError();
  written_[static_cast<size_t>(family)][std::move(key)] = std::move(value);
}

void Group::Delete(Family family, std::string key) {
  batch_.Delete(engine_.handle(family), ToSlice(key)).PermitUncheckedError();
  written_[static_cast<size_t>(family)][std::move(key)] = std::nullopt;
}

absl::StatusOr<std::vector<Group::Entry>> Group::List(Family family, absl::string_view prefix,
                                                      absl::string_view start,
                                                      size_t entries_max) const {
  const auto& written = written_[static_cast<size_t>(family)];
  std::vector<Entry> entries;
  std::unique_ptr<rocksdb::Iterator> it(
      engine_.db()->NewIterator(rocksdb::ReadOptions(), engine_.handle(family)));
  for (it->Seek(ToSlice(std::max(prefix, start)));
       it->Valid() && entries.size() < entries_max && absl::StartsWith(ToView(it->key()), prefix);
       it->Next()) {
    std::string key(ToView(it->key()));
    if (!written.contains(key)) {
      entries.push_back({std::move(key), std::string(ToView(it->value()))});
    }
  }
  RETURN_IF_ERROR(FromRocksDb(it->status(), "listing entries"));
  for (const auto& [key, value] : written) {
    if (entries.size() == entries_max) {
      break;
    }
    if (value.has_value() && absl::StartsWith(key, prefix)) {
      entries.push_back({key, *value});
    }
  }
  return entries;
}

void Group::CorrectRow(const CubeRowKey& row, const CubeCounts& added) {
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
