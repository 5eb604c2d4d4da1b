#include "storage/state/working_kinds.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {

absl::Status WorkingKinds::Load(const Engine& engine) {
  const std::string prefix = ActivityKindKeyPrefix();
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kMeta)));
  for (it->Seek(prefix); it->Valid() && absl::StartsWith(ToView(it->key()), prefix); it->Next()) {
    const std::optional<uint32_t> number = DecodeActivityKindKey(ToView(it->key()));
    store::v1::StoredActivityKind definition;
    if (!number.has_value() || !DecodeMessage(ToView(it->value()), definition) ||
        definition.kind_number() != *number) {
      return Error(v1::ERROR_REASON_STORE_DAMAGED, "a stored activity kind cannot be decoded");
    }
    Put(std::move(definition));
  }
  return FromRocksDb(it->status(), "reading activity kinds");
}

absl::Status WorkingKinds::LoadWhetherUsed(const Engine& engine) {
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kActivity)));
  for (auto& [number, kind] : kinds_) {
    const std::string prefix = KindDataPrefix(number);
    it->Seek(ToSlice(prefix));
    RETURN_IF_ERROR(FromRocksDb(it->status(), "reading activities"));
    // An import that was taken back has left no activity.
    kind.has_activities = (it->Valid() && absl::StartsWith(ToView(it->key()), prefix)) ||
                          !kind.imports->Numbers().empty();
  }
  return absl::OkStatus();
}

WorkingKind* WorkingKinds::FindAny(uint32_t kind_number) {
  const auto found = kinds_.find(kind_number);
  return found == kinds_.end() ? nullptr : &found->second;
}

WorkingKind* WorkingKinds::Find(uint32_t kind_number) {
  WorkingKind* kind = FindAny(kind_number);
  return kind == nullptr || kind->is_deleted() ? nullptr : kind;
}

WorkingKind* WorkingKinds::Find(absl::string_view kind) {
  const auto found = numbers_.find(kind);
  return found == numbers_.end() ? nullptr : FindAny(found->second);
}

WorkingKind& WorkingKinds::Put(store::v1::StoredActivityKind definition) {
  WorkingKind& kind = kinds_[definition.kind_number()];
  kind.definition = std::make_shared<const store::v1::StoredActivityKind>(std::move(definition));
  if (!kind.is_deleted()) {
    numbers_[kind.definition->kind()] = kind.number();
  } else if (auto found = numbers_.find(kind.definition->kind());
             found != numbers_.end() && found->second == kind.number()) {
    numbers_.erase(found);
  }
  PutSubscription(kind);
  changed_ = true;
  return kind;
}

// Tells the kinds that a subscription is made of.
void WorkingKinds::PutSubscription(const WorkingKind& kind) {
  const SubscriptionKinds subscription = kind.as_subscription();
  for (const uint32_t number : {subscription.start, subscription.end}) {
    WorkingKind* used = kind.is_subscription() ? FindAny(number) : nullptr;
    if (used == nullptr) {
      continue;
    }
    std::erase_if(used->subscriptions,
                  [&](const auto& other) { return other.number == subscription.number; });
    if (!kind.is_deleted()) {
      used->subscriptions.push_back(subscription);
    }
  }
}

std::vector<uint32_t> WorkingKinds::Deleted() const {
  std::vector<uint32_t> numbers;
  for (const auto& [number, kind] : kinds_) {
    if (kind.is_deleted()) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<std::shared_ptr<const store::v1::StoredActivityKind>> WorkingKinds::Unbuilt() const {
  std::vector<std::shared_ptr<const store::v1::StoredActivityKind>> unbuilt;
  for (const auto& [number, kind] : kinds_) {
    if (kind.definition->build_ordinal() != 0 && !kind.is_deleted()) {
      unbuilt.push_back(kind.definition);
    }
  }
  std::sort(unbuilt.begin(), unbuilt.end(),
            [](const auto& a, const auto& b) { return a->kind_number() < b->kind_number(); });
  return unbuilt;
}

std::shared_ptr<const ActivityKinds> WorkingKinds::Published() {
  if (std::exchange(changed_, false)) {
    auto published = std::make_shared<ActivityKinds>();
    for (const auto& [name, number] : numbers_) {
      const WorkingKind& kind = kinds_.at(number);
      (*published)[name] =
          std::make_shared<const ActivityKindView>(ActivityKindView{kind.definition, kind.imports});
    }
    published_ = std::move(published);
  }
  return published_;
}

}  // namespace emptychair::storage
