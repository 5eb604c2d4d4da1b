#include "storage/columns/column_cache.h"

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>
#include <vector>

#include "storage/columns/column_scan.h"
#include "storage/engine/fail_point.h"

namespace emptychair::storage {
namespace {

// Queries about less than this part of a survey, all of them together, read records: to make
// columns costs what to read all records once does.
constexpr double kShareWorthIt = 0.25;

// After an attempt that found no room, so much must be asked for before the next one.
constexpr double kShareAfterNoRoom = 8;

// Changes kept for views that are older than the columns.
constexpr size_t kChangesKept = 4'096;

// Changes without a query, for a survey of few records; for others half as many as these.
constexpr size_t kChangesMin = 262'144;

int64_t BytesOf(const ColumnChanges::Changes& changes) {
  return static_cast<int64_t>(changes.capacity() * sizeof(ColumnChange));
}

// The changes of the states from behind `first` to `last`.
template <typename Log>
std::vector<const ColumnChange*> ChangesBetween(const Log& log, uint64_t first, uint64_t last) {
  std::vector<const ColumnChange*> changes;
  for (const auto& logged : log) {
    if (logged.state > first && (logged.state <= last || IsOn(FailPoint::kColumnsTooNew))) {
      for (const ColumnChange& change : *logged.changes) {
        changes.push_back(&change);
      }
    }
  }
  return changes;
}

}  // namespace

ColumnCache::ColumnCache(const Engine& engine, const Options& options)
    : engine_(engine), options_(options) {}

void ColumnCache::Publish(std::shared_ptr<const View> view, const ColumnChanges& changes) {
  std::shared_ptr<const View> before;  // Released outside of the lock.
  absl::MutexLock lock(&mutex_);
  for (const ColumnChanges::OfSurvey& survey : changes.surveys()) {
    if (!entries_.contains(survey.survey_number)) {
      continue;
    }
    if (survey.is_dropped || !MakeRoomLocked(BytesOf(*survey.changes), survey.survey_number)) {
      Remove(survey.survey_number);
      continue;
    }
    Entry& entry = *entries_[survey.survey_number];
    Log(StateOf(*view), survey.changes, entry);
    if (entry.columns != nullptr && !entry.is_busy &&
        entry.log_changes > std::max(kChangesMin, entry.columns->row_count / 2)) {
      Remove(survey.survey_number);
    }
  }
  before = std::exchange(newest_, std::move(view));
}

std::shared_ptr<const SurveyColumns> ColumnCache::Get(const View& view, const SurveyView& survey,
                                                      double share) {
  const std::string& survey_id = survey.definition->survey_id();
  const uint32_t number = survey.number();
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(number);
  EntryPtr entry = found == entries_.end() ? nullptr : found->second;
  if (entry == nullptr) {
    if (options_.bytes_max == 0 || !IsWorthIt(number, share)) {
      return nullptr;
    }
    entry = std::make_shared<Entry>();
    entries_[number] = entry;
    MakeEntry(survey_id, number, entry);
  }
  return GetExisting(StateOf(view), survey_id, number, entry);
}

std::shared_ptr<const SurveyColumns> ColumnCache::Find(const View& view, const SurveyView& survey) {
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(survey.number());
  if (found == entries_.end()) {
    return nullptr;
  }
  const EntryPtr entry = found->second;
  return GetExisting(StateOf(view), survey.definition->survey_id(), survey.number(), entry);
}

bool ColumnCache::IsWorthIt(uint32_t survey_number, double share) {
  double& asked = asked_[survey_number];
  asked += share;
  return asked >= kShareWorthIt;
}

std::shared_ptr<const SurveyColumns> ColumnCache::GetExisting(uint64_t state,
                                                              const std::string& survey_id,
                                                              uint32_t number,
                                                              const EntryPtr& entry) {
  entry->last_used = ++uses_;
  const auto is_idle = [](Entry* waited_for) { return !waited_for->is_busy; };
  while (IsKept(number, entry)) {
    if (entry->columns != nullptr && entry->columns->state == state) {
      return entry->columns;
    }
    if (entry->is_busy) {
      mutex_.Await(absl::Condition(+is_idle, entry.get()));
      continue;
    }
    if (state < entry->log_begin) {
      return nullptr;
    }
    return state < entry->columns->state ? TakeBack(state, number, *entry)
                                         : BringForward(state, survey_id, number, entry);
  }
  return nullptr;
}

// Makes the columns of an entry from the newest view; changes after that are logged meanwhile.
void ColumnCache::MakeEntry(const std::string& survey_id, uint32_t number, const EntryPtr& entry) {
  const std::shared_ptr<const View> view = newest_;
  entry->is_busy = true;
  entry->columns = nullptr;
  while (!entry->log.empty()) {
    PopLog(*entry);
  }
  entry->log_begin = StateOf(*view);
  mutex_.Unlock();
  if (options_.on_build) {
    options_.on_build();
  }
  // As it is in that view: it may have another scale, or be gone.
  const SurveyView* survey = view->FindSurvey(survey_id);
  std::shared_ptr<const SurveyColumns> columns =
      survey != nullptr && survey->number() == number ? Make(*view, *survey) : nullptr;
  mutex_.Lock();
  entry->is_busy = false;
  entry->columns = std::move(columns);
  if (entry->columns == nullptr && IsKept(number, entry)) {
    Remove(number);
    asked_[number] = kShareWorthIt - kShareAfterNoRoom;
  }
}

std::shared_ptr<const SurveyColumns> ColumnCache::Make(const View& view, const SurveyView& survey) {
  const absl::StatusOr<std::optional<int64_t>> middle_ms =
      MiddleTime(engine_, view, survey.number());
  if (!middle_ms.ok()) {
    return nullptr;
  }
  Part newer(memory_);
  Part older(memory_);
  // Where all has room, two threads read a half each. Else one reads from the oldest on, so that
  // the newest stay.
  if (middle_ms->has_value() &&
      memory_->bytes() + ColumnBlock::BytesOf(engine_.EstimatedKeys(Family::kFeedback)) <=
          options_.bytes_max) {
    const RowPlace middle{**middle_ms, 0};
    std::thread reader([&] { ReadPart(view, survey, RowPlace(), middle, older); });
    ReadPart(view, survey, middle, std::nullopt, newer);
    reader.join();
  } else {
    ReadPart(view, survey, RowPlace(), std::nullopt, newer);
  }
  if (!newer.is_whole || !older.is_whole) {
    return nullptr;
  }
  auto columns = std::make_shared<SurveyColumns>();
  columns->state = StateOf(view);
  columns->covers_from_ms =
      std::max(older.builder.covers_from_ms(), newer.builder.covers_from_ms());
  for (Part* part : {&older, &newer}) {
    columns->row_count += part->builder.row_count();
    columns->damaged_ms.insert(columns->damaged_ms.end(), part->damaged_ms.begin(),
                               part->damaged_ms.end());
    std::move(part->builder.blocks().begin(), part->builder.blocks().end(),
              std::back_inserter(columns->blocks));
  }
  return columns;
}

void ColumnCache::ReadPart(const View& view, const SurveyView& survey, const RowPlace& begin,
                           const std::optional<RowPlace>& end, Part& part) {
  const int32_t scale_min = survey.definition->scale().min();
  size_t rows = 0;
  const absl::Status status = ScanRows(
      engine_, view, survey.number(), begin, end,
      [&](const Uuid& feedback_id, const FeedbackHeader* header, absl::string_view) {
        if (header == nullptr) {
          part.damaged_ms.push_back(feedback_id.UnixMs());
          return true;
        }
        if (rows++ % ColumnBlock::kRowsMax == 0) {
          while (part.is_whole &&
                 !MakeRoomFor(ColumnBlock::BytesOf(2 * ColumnBlock::kRowsMax), survey.number())) {
            part.is_whole = part.builder.DropOldest();
          }
        }
        part.builder.Add(RowOf(feedback_id, *header, scale_min));
        return part.is_whole;
      });
  part.is_whole = part.is_whole && status.ok();
  part.builder.Cut();
}

std::shared_ptr<const SurveyColumns> ColumnCache::BringForward(uint64_t state,
                                                               const std::string& survey_id,
                                                               uint32_t number,
                                                               const EntryPtr& entry) {
  entry->is_busy = true;
  std::shared_ptr<const SurveyColumns> columns = entry->columns;
  // Held here, because a log forgets what is in use as soon as the entry goes.
  const std::deque<LoggedChanges> log = entry->log;
  mutex_.Unlock();
  const RowChanges net = NetChanges(ChangesBetween(log, columns->state, state), /*undo=*/false);
  const bool has_room = MakeRoomFor(BytesToReplace(*columns, net), number);
  std::optional<SurveyColumns> changed;
  if (has_room) {
    changed = Apply(*columns, net, state, memory_);
  }
  columns = nullptr;
  mutex_.Lock();
  entry->is_busy = false;
  if (changed.has_value()) {
    columns = std::make_shared<const SurveyColumns>(*std::move(changed));
    entry->columns = columns;
    ForgetOldChanges(*entry);
    return columns;
  }
  if (!IsKept(number, entry)) {
    return nullptr;
  }
  if (has_room) {
    Remove(number);  // A row that was to go is not there: they are not the records.
    return nullptr;
  }
  // Both forms have no room side by side.
  MakeEntry(survey_id, number, entry);
  return entry->columns != nullptr && entry->columns->state == state ? entry->columns : nullptr;
}

std::shared_ptr<const SurveyColumns> ColumnCache::TakeBack(uint64_t state, uint32_t number,
                                                           const Entry& entry) {
  const std::shared_ptr<const SurveyColumns> columns = entry.columns;
  const std::deque<LoggedChanges> log = entry.log;
  mutex_.Unlock();
  const RowChanges net = NetChanges(ChangesBetween(log, state, columns->state), /*undo=*/true);
  std::optional<SurveyColumns> changed;
  if (MakeRoomFor(BytesToReplace(*columns, net), number)) {
    changed = Apply(*columns, net, state, memory_);
  }
  mutex_.Lock();
  return changed.has_value() ? std::make_shared<const SurveyColumns>(*std::move(changed)) : nullptr;
}

std::shared_ptr<const LabelColumn> ColumnCache::GetLabels(const View& view,
                                                          const SurveyView& survey,
                                                          const SurveyColumns& columns,
                                                          const SurveyColumns::BlockRange& blocks,
                                                          const std::string& key) {
  auto labels = std::make_shared<LabelColumn>();
  std::shared_ptr<LabelDictionary> dictionary;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = entries_.find(survey.number());
    if (found == entries_.end()) {
      return nullptr;
    }
    LabelEntry& entry = found->second->labels[key];
    if (entry.dictionary == nullptr) {
      entry.dictionary = std::make_shared<LabelDictionary>(++dictionaries_, key, memory_);
    }
    entry.last_used = ++uses_;
    dictionary = entry.dictionary;
  }
  labels->code_count = dictionary->Fill(engine_, view, survey, columns, blocks, [&](int64_t bytes) {
    return MakeRoomFor(bytes, survey.number());
  });
  if (labels->code_count == 0) {
    return nullptr;
  }
  labels->codes.resize(columns.blocks.size());
  for (size_t block = blocks.begin; block < blocks.end; ++block) {
    labels->codes[block] = columns.blocks[block]->LabelsOf(dictionary->number());
    if (labels->codes[block] == nullptr) {
      return nullptr;  // Others needed the room.
    }
  }
  labels->dictionary = std::move(dictionary);
  return labels;
}

void ColumnCache::Drop(uint32_t survey_number) {
  absl::MutexLock lock(&mutex_);
  Remove(survey_number);
}

void ColumnCache::DropAll() {
  absl::MutexLock lock(&mutex_);
  while (!entries_.empty()) {
    Remove(entries_.begin()->first);
  }
}

ColumnStats ColumnCache::stats() const {
  absl::MutexLock lock(&mutex_);
  ColumnStats stats{.bytes = memory_->bytes(),
                    .most_bytes = memory_->most_bytes(),
                    .bytes_max = options_.bytes_max};
  for (const auto& [number, entry] : entries_) {
    if (entry->columns != nullptr) {
      ++stats.surveys;
      stats.records += static_cast<int64_t>(entry->columns->row_count);
    }
  }
  return stats;
}

void ColumnCache::Log(uint64_t state, std::shared_ptr<const ColumnChanges::Changes> changes,
                      Entry& entry) {
  if (IsOnOnce(FailPoint::kColumnsDropChanges) ||
      (entry.columns == nullptr && IsOn(FailPoint::kColumnsForgetWhileMade))) {
    return;
  }
  memory_->Add(BytesOf(*changes));
  entry.log_changes += changes->size();
  entry.log.push_back({state, std::move(changes)});
}

void ColumnCache::PopLog(Entry& entry) {
  const LoggedChanges& oldest = entry.log.front();
  memory_->Remove(BytesOf(*oldest.changes));
  entry.log_changes -= oldest.changes->size();
  entry.log_begin = oldest.state;
  entry.log.pop_front();
}

// Leaves what columns do not have yet, and a little for older views.
void ColumnCache::ForgetOldChanges(Entry& entry) {
  size_t applied = 0;
  for (const LoggedChanges& logged : entry.log) {
    applied += logged.state <= entry.columns->state ? logged.changes->size() : 0;
  }
  while (!entry.log.empty() && entry.log.front().state <= entry.columns->state &&
         applied > kChangesKept) {
    applied -= entry.log.front().changes->size();
    PopLog(entry);
  }
}

// Who still uses the columns keeps them; whoever makes them finds that they are not kept any more.
void ColumnCache::Remove(uint32_t survey_number) {
  const auto found = entries_.find(survey_number);
  if (found == entries_.end()) {
    return;
  }
  while (!found->second->log.empty()) {
    PopLog(*found->second);
  }
  entries_.erase(found);
  asked_.erase(survey_number);
}

bool ColumnCache::IsKept(uint32_t survey_number, const EntryPtr& entry) const {
  const auto found = entries_.find(survey_number);
  return found != entries_.end() && found->second == entry;
}

bool ColumnCache::MakeRoomFor(int64_t bytes, uint32_t survey_number) {
  absl::MutexLock lock(&mutex_);
  return MakeRoomLocked(bytes, survey_number);
}

bool ColumnCache::MakeRoomLocked(int64_t bytes, uint32_t survey_number) {
  while (memory_->bytes() + bytes > options_.bytes_max) {
    if (!RemoveLeastUsed(survey_number)) {
      return false;
    }
  }
  return true;
}

// Removes the columns or the labels that were not used for longest, but none that are in use, which
// would stay in memory; of the survey that the room is for, only labels of earlier queries. False
// when there are none.
bool ColumnCache::RemoveLeastUsed(uint32_t but_survey_number) {
  uint64_t least = UINT64_MAX;
  uint32_t survey_number = 0;
  std::string key;
  bool is_label = false;
  for (const auto& [number, entry] : entries_) {
    const bool is_spared = number == but_survey_number;
    const bool is_in_use = entry->is_busy || entry->columns.use_count() > 1;
    if (!is_spared && !is_in_use && entry->last_used < least) {
      least = entry->last_used;
      survey_number = number;
      is_label = false;
    }
    for (const auto& [label_key, label] : entry->labels) {
      if (label.last_used < std::min(least, is_spared ? entry->last_used : least)) {
        least = label.last_used;
        survey_number = number;
        key = label_key;
        is_label = true;
      }
    }
  }
  if (least == UINT64_MAX) {
    return false;
  }
  if (!is_label) {
    Remove(survey_number);
    return true;
  }
  Entry& entry = *entries_[survey_number];
  const auto label = entry.labels.find(key);
  if (entry.columns != nullptr) {
    for (const std::shared_ptr<const ColumnBlock>& block : entry.columns->blocks) {
      block->DropLabels(label->second.dictionary->number());
    }
  }
  entry.labels.erase(label);
  return true;
}

}  // namespace emptychair::storage
