#include "storage/state/write_group.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/engine/fail_point.h"
#include "storage/format/changes.h"

namespace emptychair::storage {
namespace {

// Room for an entry of the change log and what the change adds to the cube.
constexpr size_t kBatchBytesPerChange = 64;

// How many entries a visit reads at once behind the first.
constexpr size_t kEntriesAtOnce = 16;

}  // namespace

WriteGroup::WriteGroup(const Engine& engine, std::shared_ptr<const PendingEntries> in_flight)
    : engine_(engine),
      in_flight_(IsOn(FailPoint::kForgetInFlight) ? nullptr : std::move(in_flight)) {}

absl::StatusOr<bool> WriteGroup::Get(Family family, absl::string_view key,
                                     std::string* value) const {
  const std::optional<absl::string_view>* pending = entries_->Find(family, key);
  if (pending == nullptr && in_flight_ != nullptr) {
    pending = in_flight_->Find(family, key);
  }
  if (pending == nullptr) {
    return engine_.Get(family, key, value);
  }
  if (pending->has_value()) {
    value->assign((*pending)->data(), (*pending)->size());
  }
  return pending->has_value();
}

void WriteGroup::Put(Family family, absl::string_view key, absl::string_view value) {
  if ((family == Family::kFeedbackByCustomer || family == Family::kFeedbackByExternalId) &&
      IsOnOnce(FailPoint::kDropIndexEntry)) {
    return;
  }
  entries_->Put(family, key, value);
}

void WriteGroup::AppendChange(uint64_t sequence, const ChangeLogEntry& change) {
  if (changes_.empty()) {
    first_sequence_ = sequence;
  }
  assert(sequence == first_sequence_ + changes_.size());
  changes_.push_back(change);
}

bool WriteGroup::empty() const {
  return cube_.empty() && sets_.empty() && rewritten_sets_.empty() && dropped_kinds_.empty() &&
         changes_.empty() && entries_->empty() && dropped_surveys_.empty();
}

namespace {

// Merges what is changed with what is stored from where the iterator stands on: both ways, as
// `comes_first` orders keys and `step` moves the iterator.
template <typename Changes, typename ComesFirst, typename Step>
absl::StatusOr<std::vector<WriteGroup::Entry>> Merge(Changes next, Changes end,
                                                     rocksdb::Iterator& stored,
                                                     absl::string_view prefix, size_t entries_max,
                                                     ComesFirst comes_first, Step step) {
  std::vector<WriteGroup::Entry> entries;
  // Takes what is changed in front of `key`, or everything that is.
  const auto take_changed = [&](std::optional<absl::string_view> key) {
    for (; next != end && (!key.has_value() || comes_first(next->first, *key)) &&
           entries.size() < entries_max;
         ++next) {
      if (next->second.has_value()) {
        entries.push_back({next->first, std::string(*next->second)});
      }
    }
  };
  for (; stored.Valid() && entries.size() < entries_max &&
         absl::StartsWith(ToView(stored.key()), prefix);
       step(stored)) {
    take_changed(ToView(stored.key()));
    const bool is_changed = next != end && next->first == ToView(stored.key());
    if (!is_changed && entries.size() < entries_max) {
      entries.push_back({stored.key().ToString(), stored.value().ToString()});
    }
  }
  RETURN_IF_ERROR(FromRocksDb(stored.status(), "listing entries"));
  take_changed(std::nullopt);
  return entries;
}

}  // namespace

absl::StatusOr<std::vector<WriteGroup::Entry>> WriteGroup::List(Family family,
                                                                absl::string_view prefix,
                                                                absl::string_view start,
                                                                size_t entries_max) const {
  const absl::string_view from = std::max(prefix, start);
  const Changed changed = ChangedFrom(family, prefix, from, entries_max);
  const std::unique_ptr<rocksdb::Iterator> it(
      engine_.db()->NewIterator(rocksdb::ReadOptions(), engine_.handle(family)));
  it->Seek(ToSlice(from));
  return Merge(
      changed.begin(), changed.end(), *it, prefix, entries_max,
      [](absl::string_view a, absl::string_view b) { return a < b; },
      [](rocksdb::Iterator& stored) { stored.Next(); });
}

absl::Status WriteGroup::Visit(Family family, absl::string_view prefix, absl::string_view start,
                               OnEntry on_entry) const {
  std::string from(start);
  for (size_t at_once = 1;; at_once = kEntriesAtOnce) {
    ASSIGN_OR_RETURN(const std::vector<Entry> entries, List(family, prefix, from, at_once));
    for (const Entry& entry : entries) {
      if (!on_entry(entry)) {
        return absl::OkStatus();
      }
    }
    if (entries.size() < at_once) {
      return absl::OkStatus();
    }
    from = absl::StrCat(entries.back().key, absl::string_view("\0", 1));
  }
}

absl::StatusOr<std::vector<WriteGroup::Entry>> WriteGroup::ListBack(Family family,
                                                                    absl::string_view prefix,
                                                                    absl::string_view end,
                                                                    size_t entries_max) const {
  const Changed changed = ChangedBefore(family, prefix, end, entries_max);
  const std::unique_ptr<rocksdb::Iterator> it(
      engine_.db()->NewIterator(rocksdb::ReadOptions(), engine_.handle(family)));
  it->SeekForPrev(ToSlice(end));
  if (it->Valid() && ToView(it->key()) == end) {
    it->Prev();
  }
  return Merge(
      changed.rbegin(), changed.rend(), *it, prefix, entries_max,
      [](absl::string_view a, absl::string_view b) { return a > b; },
      [](rocksdb::Iterator& stored) { stored.Prev(); });
}

absl::Status WriteGroup::VisitBack(Family family, absl::string_view prefix, absl::string_view end,
                                   OnEntry on_entry) const {
  std::string before(end);
  for (size_t at_once = 1;; at_once = kEntriesAtOnce) {
    ASSIGN_OR_RETURN(const std::vector<Entry> entries, ListBack(family, prefix, before, at_once));
    for (const Entry& entry : entries) {
      if (!on_entry(entry)) {
        return absl::OkStatus();
      }
    }
    if (entries.size() < at_once) {
      return absl::OkStatus();
    }
    before = entries.back().key;
  }
}

// What this group and the one before make of keys; nothing within: deleted. Of those that are
// listed in order no more of each group than can be among the first `entries_max`: a customer can
// have thousands of activities in a group, and is looked at for each.
template <typename ListIn>
WriteGroup::Changed WriteGroup::CollectChanged(Family family, absl::string_view prefix,
                                               size_t entries_max, ListIn list_in) const {
  const bool is_in_order = PendingEntries::ListsInOrder(family, prefix);
  Changed changed;
  const PendingEntries* const own = entries_.get();
  for (const PendingEntries* entries : {in_flight_.get(), own}) {
    size_t found = 0;
    if (entries == nullptr) {
      continue;
    }
    list_in(*entries, [&](absl::string_view key, const std::optional<absl::string_view>& value) {
      // What this group makes of it counts, which is collected after.
      if (entries != own && own->Find(family, key) != nullptr) {
        return true;
      }
      changed.emplace(std::string(key), value);
      found += value.has_value() ? 1 : 0;
      return !is_in_order || found < entries_max;
    });
  }
  return changed;
}

WriteGroup::Changed WriteGroup::ChangedFrom(Family family, absl::string_view prefix,
                                            absl::string_view from, size_t entries_max) const {
  return CollectChanged(family, prefix, entries_max,
                        [&](const PendingEntries& entries, auto visit) {
                          entries.List(family, prefix, from, visit);
                        });
}

WriteGroup::Changed WriteGroup::ChangedBefore(Family family, absl::string_view prefix,
                                              absl::string_view end, size_t entries_max) const {
  return CollectChanged(family, prefix, entries_max,
                        [&](const PendingEntries& entries, auto visit) {
                          entries.ListBack(family, prefix, end, visit);
                        });
}

void WriteGroup::CorrectRow(const CubeRowKey& row, const CubeCounts& added) {
  cube_.Add(row, added);
  corrected_rows_.insert(row);
}

absl::Status WriteGroup::Commit(MergedRowAges& ages, bool sync) {
  rocksdb::WriteBatch batch(entries_->byte_size() + changes_.size() * kBatchBytesPerChange);
  RETURN_IF_ERROR(FromRocksDb(entries_->AppendTo(engine_, batch), "writing"));
  RETURN_IF_ERROR(FromRocksDb(WriteChanges(batch), "writing the change log"));
  rocksdb::WriteOptions options;
  options.sync = sync && !IsOn(FailPoint::kNoSync);
  if (IsOn(FailPoint::kSplitBatch)) {
    RETURN_IF_ERROR(FromRocksDb(engine_.db()->Write(options, &batch), "writing half a group"));
    batch.Clear();
  }
  RETURN_IF_ERROR(WriteCube(ages.cube, batch));
  RETURN_IF_ERROR(WriteSets(ages.sets, batch));
  return FromRocksDb(engine_.db()->Write(options, &batch), "writing a group");
}

// The changes of one command are entries of their own.
rocksdb::Status WriteGroup::WriteChanges(rocksdb::WriteBatch& batch) const {
  rocksdb::Status status;
  size_t begin = 0;
  for (const size_t end : command_starts_) {
    if (status.ok()) {
      status = WriteChanges(begin, end, batch);
    }
    begin = end;
  }
  return status.ok() ? WriteChanges(begin, changes_.size(), batch) : status;
}

rocksdb::Status WriteGroup::WriteChanges(size_t begin, size_t end,
                                         rocksdb::WriteBatch& batch) const {
  rocksdb::Status status;
  for (size_t at = begin; at < end && status.ok(); at += kChangesPerEntry) {
    if (first_sequence_ + at > 1 && IsOnOnce(FailPoint::kDropChanges)) {
      continue;
    }
    status = batch.Put(engine_.handle(Family::kChange), ChangeKey(first_sequence_ + at),
                       EncodeChanges(absl::MakeConstSpan(changes_).subspan(
                           at, std::min(kChangesPerEntry, end - at))));
  }
  return status;
}

void WriteGroup::DropCounts(uint32_t survey_number) {
  cube_.Drop(survey_number);
  columns_.Drop(survey_number);
  dropped_surveys_.push_back(survey_number);
}

absl::Status WriteGroup::WriteCube(RowAges& ages, rocksdb::WriteBatch& batch) {
  for (const uint32_t survey_number : dropped_surveys_) {
    const std::string begin = SurveyDataPrefix(survey_number);
    const std::string end = SurveyDataPrefix(survey_number + 1);
    RETURN_IF_ERROR(FromRocksDb(
        batch.DeleteRange(engine_.handle(Family::kCubeRow), ToSlice(begin), ToSlice(end)),
        "dropping a survey's cube"));
  }
  for (auto& [key, added] : cube_.TakeRows()) {
    if (added.empty() && !corrected_rows_.contains(key)) {
      continue;
    }
    if (!added.empty() && IsOnOnce(FailPoint::kDropCell)) {
      added.pop_back();
    }
    if (!added.empty() && IsOnOnce(FailPoint::kChangeCount)) {
      ++added.back().count;
    }
    RETURN_IF_ERROR(WriteRow(key, added, ages, batch));
  }
  return absl::OkStatus();
}

absl::Status WriteGroup::WriteRow(const CubeRowKey& row_key, const CubeCounts& added, RowAges& ages,
                                  rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* cells = engine_.handle(Family::kCubeRow);
  const std::string key = row_key.Encode();
  const std::string operand = EncodeCubeRow(added);
  const bool is_corrected = corrected_rows_.contains(row_key);
  if (!is_corrected && ages.TakesOperand(key, operand.size())) {
    return FromRocksDb(batch.Merge(cells, ToSlice(key), ToSlice(operand)), "adding to the cube");
  }
  std::string stored;
  ASSIGN_OR_RETURN(const bool found, engine_.Get(Family::kCubeRow, key, &stored));
  std::optional<std::string> whole = found ? AddToCubeRow(stored, added) : operand;
  if (!whole.has_value() && is_corrected) {
    whole = AddToCubeRow(RowAddedToDamage(stored), added);
  }
  if (!whole.has_value()) {
    // Writing it whole would hide the damage; a merge counts and keeps it.
    ages.SetWhole(key, 0);
    return FromRocksDb(batch.Merge(cells, ToSlice(key), ToSlice(operand)), "adding to the cube");
  }
  ages.SetWhole(key, whole->size());
  return FromRocksDb(batch.Put(cells, ToSlice(key), ToSlice(*whole)), "writing a row of the cube");
}

void WriteGroup::DropSets(uint32_t kind_number) {
  sets_.Drop(kind_number);
  absl::erase_if(rewritten_sets_, [&](const auto& row) { return row.kind_number == kind_number; });
  dropped_kinds_.push_back(kind_number);
}

absl::Status WriteGroup::WriteSets(RowAges& ages, rocksdb::WriteBatch& batch) {
  for (const uint32_t kind_number : dropped_kinds_) {
    const std::string begin = KindDataPrefix(kind_number);
    const std::string end = KindDataPrefix(kind_number + 1);
    RETURN_IF_ERROR(FromRocksDb(
        batch.DeleteRange(engine_.handle(Family::kActiveSet), ToSlice(begin), ToSlice(end)),
        "dropping a kind's sets"));
  }
  absl::flat_hash_map<CustomerSetKey, std::vector<SetMemberChange>> rows = sets_.TakeRows();
  for (const CustomerSetKey& row : rewritten_sets_) {
    rows.try_emplace(row);
  }
  for (const auto& [row, changes] : rows) {
    if (!IsOnOnce(FailPoint::kDropSetChange)) {
      RETURN_IF_ERROR(WriteSet(row, changes, ages, batch));
    }
  }
  return absl::OkStatus();
}

absl::Status WriteGroup::WriteSet(const CustomerSetKey& row_key,
                                  absl::Span<const SetMemberChange> changes, RowAges& ages,
                                  rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* sets = engine_.handle(Family::kActiveSet);
  const std::string key = row_key.Encode();
  const std::string operand = EncodeSetChange(changes);
  if (!rewritten_sets_.contains(row_key) && ages.TakesOperand(key, operand.size())) {
    return FromRocksDb(batch.Merge(sets, ToSlice(key), ToSlice(operand)), "changing a set");
  }
  std::string stored;
  ASSIGN_OR_RETURN(const bool found, engine_.Get(Family::kActiveSet, key, &stored));
  CustomerSetRow row;
  if (found && !row.Read(stored)) {
    engine_.CountUndecodable();
  }
  row.Apply(operand);
  const std::string whole = row.Encode();
  ages.SetWhole(key, whole.size());
  return FromRocksDb(batch.Put(sets, ToSlice(key), ToSlice(whole)), "writing a set");
}

}  // namespace emptychair::storage
