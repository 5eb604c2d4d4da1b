#include "storage/state/working_access.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "common/base/errors.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {

absl::Status WorkingAccess::Load(const Engine& engine) {
  const std::string prefix = AccessKeyPrefix();
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kAccess)));
  for (it->Seek(prefix); it->Valid() && absl::StartsWith(ToView(it->key()), prefix); it->Next()) {
    const std::optional<uint64_t> id = DecodeAccessKey(ToView(it->key()));
    Stored stored;
    if (!id.has_value() || !DecodeMessage(ToView(it->value()), stored) || stored.id() != *id) {
      return Error(v1::ERROR_REASON_STORE_DAMAGED, "a stored key for callers cannot be decoded");
    }
    Put(std::move(stored));
  }
  return FromRocksDb(it->status(), "reading keys for callers");
}

const store::v1::StoredAccess* WorkingAccess::Find(uint64_t id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second.stored.get();
}

template <typename Matches>
const store::v1::StoredAccess* WorkingAccess::FindActive(Matches matches) const {
  for (const auto& [id, entry] : entries_) {
    if (entry.stored->revoke_time_ms() == 0 && matches(*entry.stored)) {
      return entry.stored.get();
    }
  }
  return nullptr;
}

const store::v1::StoredAccess* WorkingAccess::FindNamed(absl::string_view name) const {
  return FindActive([&](const Stored& stored) { return stored.name() == name; });
}

const store::v1::StoredAccess* WorkingAccess::FindCertificate(absl::string_view san) const {
  return FindActive([&](const Stored& stored) { return stored.certificate_san() == san; });
}

const store::v1::StoredAccess* WorkingAccess::FirstRevoked() const {
  const Stored* first = nullptr;
  for (const auto& [id, entry] : entries_) {
    const Stored& stored = *entry.stored;
    if (stored.revoke_time_ms() != 0 &&
        (first == nullptr || stored.revoke_time_ms() < first->revoke_time_ms())) {
      first = &stored;
    }
  }
  return first;
}

void WorkingAccess::Put(Stored stored) {
  AccessEntry entry;
  entry.surveys = std::make_shared<const SurveyNumbers>(stored.survey_numbers().begin(),
                                                        stored.survey_numbers().end());
  const uint64_t id = stored.id();
  entry.stored = std::make_shared<const Stored>(std::move(stored));
  entries_[id] = std::move(entry);
  changed_ = true;
}

void WorkingAccess::Forget(uint64_t id) {
  entries_.erase(id);
  changed_ = true;
}

std::shared_ptr<const AccessTable> WorkingAccess::Published() {
  if (std::exchange(changed_, false)) {
    published_ = std::make_shared<const AccessTable>(entries_);
  }
  return published_;
}

}  // namespace emptychair::storage
