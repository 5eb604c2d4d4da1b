#include "storage/format/external_ids.h"

#include <algorithm>
#include <array>
#include <utility>

#include "storage/format/hashed_field.h"

namespace emptychair::storage {
namespace {

constexpr char kVersion = 1;
constexpr size_t kTimeSize = 6;

using Kind = ExternalIdEntry::Kind;

template <size_t kSize>
void AppendBytes(std::string& to, const std::array<uint8_t, kSize>& bytes) {
  to.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

template <size_t kSize>
bool ConsumeBytes(absl::string_view& from, std::array<uint8_t, kSize>& bytes) {
  if (from.size() < bytes.size()) {
    return false;
  }
  std::copy_n(from.begin(), bytes.size(), reinterpret_cast<char*>(bytes.data()));
  from.remove_prefix(bytes.size());
  return true;
}

Uuid DerivedId(const KeyedHash& hash, HashPurpose purpose, absl::string_view of,
               absl::string_view id, int64_t unix_ms) {
  std::string text;
  AppendHashedField(text, of);
  AppendHashedField(text, id);
  const IdHash derived = hash(purpose, text);
  std::array<uint8_t, 10> entropy;
  std::copy_n(derived.begin(), entropy.size(), entropy.begin());
  return Uuid::MakeV7(unix_ms, entropy);
}

bool ConsumeEntry(absl::string_view& from, ExternalIdEntry& entry) {
  if (from.empty()) {
    return false;
  }
  entry.kind = static_cast<Kind>(from[0]);
  from.remove_prefix(1);
  switch (entry.kind) {
    case Kind::kDerived: {
      Uuid lowest;
      std::array<uint8_t, kTimeSize> time;
      if (!ConsumeBytes(from, time)) {
        return false;
      }
      std::copy(time.begin(), time.end(), lowest.bytes.begin());
      entry.unix_ms = lowest.UnixMs();
      return true;
    }
    case Kind::kGiven:
      return ConsumeBytes(from, entry.feedback_id.bytes);
    case Kind::kErased:
      return ConsumeBytes(from, entry.hash) && ConsumeBytes(from, entry.feedback_id.bytes);
  }
  return false;
}

}  // namespace

Uuid DerivedFeedbackId(const KeyedHash& hash, absl::string_view survey_id,
                       absl::string_view external_id, int64_t unix_ms) {
  return DerivedId(hash, HashPurpose::kDerivedFeedbackId, survey_id, external_id, unix_ms);
}

Uuid DerivedActivityId(const KeyedHash& hash, absl::string_view kind, absl::string_view activity_id,
                       int64_t unix_ms) {
  return DerivedId(hash, HashPurpose::kDerivedActivityId, kind, activity_id, unix_ms);
}

ExternalIdEntry ExternalIdEntryOf(const KeyedHash& hash, absl::string_view survey_id,
                                  absl::string_view external_id, const Uuid& feedback_id) {
  ExternalIdEntry entry;
  const int64_t unix_ms = feedback_id.UnixMs();
  if (DerivedFeedbackId(hash, survey_id, external_id, unix_ms) == feedback_id) {
    entry.kind = Kind::kDerived;
    entry.unix_ms = unix_ms;
  } else {
    entry.feedback_id = feedback_id;
  }
  return entry;
}

Uuid FeedbackIdOf(const ExternalIdEntry& entry, const KeyedHash& hash, absl::string_view survey_id,
                  absl::string_view external_id) {
  return entry.kind == Kind::kDerived
             ? DerivedFeedbackId(hash, survey_id, external_id, entry.unix_ms)
             : entry.feedback_id;
}

std::string EncodeExternalIdEntries(const std::vector<ExternalIdEntry>& entries) {
  std::string value(1, kVersion);
  for (const ExternalIdEntry& entry : entries) {
    value.push_back(static_cast<char>(entry.kind));
    switch (entry.kind) {
      case Kind::kDerived: {
        const Uuid lowest = Uuid::LowestAt(entry.unix_ms);
        value.append(lowest.AsBytes().data(), kTimeSize);
        break;
      }
      case Kind::kErased:
        AppendBytes(value, entry.hash);
        [[fallthrough]];
      case Kind::kGiven:
        AppendBytes(value, entry.feedback_id.bytes);
        break;
    }
  }
  return value;
}

std::optional<std::vector<ExternalIdEntry>> DecodeExternalIdEntries(absl::string_view value) {
  if (value.empty() || value[0] != kVersion) {
    return std::nullopt;
  }
  value.remove_prefix(1);
  std::vector<ExternalIdEntry> entries;
  while (!value.empty()) {
    if (!ConsumeEntry(value, entries.emplace_back())) {
      return std::nullopt;
    }
  }
  return entries.empty() ? std::nullopt : std::optional(std::move(entries));
}

}  // namespace emptychair::storage
