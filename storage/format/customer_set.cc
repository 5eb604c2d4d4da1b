#include "storage/format/customer_set.h"

#include <bit>
#include <optional>

#include "storage/format/little_endian.h"

namespace emptychair::storage {
namespace {

constexpr char kVersion = 1;
constexpr char kArrayForm = 1;
constexpr char kBitsForm = 2;
constexpr char kChangeForm = 3;

constexpr size_t kHeadSize = 2;
constexpr size_t kMemberSize = 2;
// With more a row is smaller as bits.
constexpr size_t kArrayMembersMax = 4'096;
constexpr size_t kBitsSize = kCustomersPerChunk / 8;

bool HasHead(absl::string_view bytes, char form) {
  return bytes.size() >= kHeadSize && bytes[0] == kVersion && bytes[1] == form;
}

uint16_t MemberAt(absl::string_view members, size_t i) {
  return LoadLittleEndian<uint16_t>(members.data() + i * kMemberSize);
}

bool AscendStrictly(absl::string_view members) {
  for (size_t i = 1; i < members.size() / kMemberSize; ++i) {
    if (MemberAt(members, i) <= MemberAt(members, i - 1)) {
      return false;
    }
  }
  return members.size() % kMemberSize == 0;
}

struct SetChange {
  absl::string_view added;
  absl::string_view removed;
};

std::optional<SetChange> DecodeSetChange(absl::string_view bytes) {
  if (!HasHead(bytes, kChangeForm) || bytes.size() < kHeadSize + sizeof(uint32_t)) {
    return std::nullopt;
  }
  const size_t added = LoadLittleEndian<uint32_t>(bytes.data() + kHeadSize);
  bytes.remove_prefix(kHeadSize + sizeof(uint32_t));
  if (bytes.size() / kMemberSize < added) {
    return std::nullopt;
  }
  const SetChange change{bytes.substr(0, added * kMemberSize), bytes.substr(added * kMemberSize)};
  if (!AscendStrictly(change.added) || !AscendStrictly(change.removed)) {
    return std::nullopt;
  }
  // One that comes and leaves would depend on their order.
  size_t at = 0;
  for (size_t i = 0; i < change.removed.size() / kMemberSize; ++i) {
    const uint16_t removed = MemberAt(change.removed, i);
    while (at < added && MemberAt(change.added, at) < removed) {
      ++at;
    }
    if (at < added && MemberAt(change.added, at) == removed) {
      return std::nullopt;
    }
  }
  return change;
}

template <typename Visit>
void ForEachIn(absl::string_view members, Visit visit) {
  for (size_t i = 0; i < members.size() / kMemberSize; ++i) {
    visit(MemberAt(members, i));
  }
}

}  // namespace

uint32_t CustomerSetRow::size() const {
  uint32_t size = 0;
  for (const uint64_t word : words_) {
    size += static_cast<uint32_t>(std::popcount(word));
  }
  return size;
}

bool CustomerSetRow::Read(absl::string_view row) {
  if (HasHead(row, kArrayForm)) {
    const absl::string_view members = row.substr(kHeadSize);
    if (members.size() > kArrayMembersMax * kMemberSize || !AscendStrictly(members)) {
      return false;
    }
    ForEachIn(members, [this](uint16_t member) { Add(member); });
    return true;
  }
  if (!HasHead(row, kBitsForm) || row.size() != kHeadSize + kBitsSize) {
    return false;
  }
  CustomerSetRow read;
  for (size_t i = 0; i < kWords; ++i) {
    read.words_[i] = LoadLittleEndian<uint64_t>(row.data() + kHeadSize + i * sizeof(uint64_t));
  }
  if (read.size() <= kArrayMembersMax) {
    return false;
  }
  for (size_t i = 0; i < kWords; ++i) {
    words_[i] |= read.words_[i];
  }
  return true;
}

bool CustomerSetRow::Apply(absl::string_view change) {
  const std::optional<SetChange> decoded = DecodeSetChange(change);
  if (!decoded.has_value()) {
    return false;
  }
  ForEachIn(decoded->added, [this](uint16_t member) { Add(member); });
  ForEachIn(decoded->removed, [this](uint16_t member) { Remove(member); });
  return true;
}

std::vector<uint16_t> CustomerSetRow::Members() const {
  std::vector<uint16_t> members;
  ForEach([&](uint16_t member) { members.push_back(member); });
  return members;
}

std::string CustomerSetRow::Encode() const {
  std::string row(1, kVersion);
  if (size() > kArrayMembersMax) {
    row.push_back(kBitsForm);
    for (const uint64_t word : words_) {
      AppendLittleEndian(row, word);
    }
    return row;
  }
  row.push_back(kArrayForm);
  for (const uint16_t member : Members()) {
    AppendLittleEndian(row, member);
  }
  return row;
}

std::string EncodeSetChange(absl::Span<const SetMemberChange> changes) {
  std::string added;
  std::string removed;
  for (const auto& [member, comes] : changes) {
    AppendLittleEndian(comes ? added : removed, member);
  }
  std::string bytes = {kVersion, kChangeForm};
  AppendLittleEndian(bytes, static_cast<uint32_t>(added.size() / kMemberSize));
  return bytes + added + removed;
}

std::string CombineSetChanges(absl::Span<const absl::string_view> changes, int64_t* undecodable) {
  CustomerSetRow added;
  CustomerSetRow removed;
  for (const absl::string_view bytes : changes) {
    const std::optional<SetChange> change = DecodeSetChange(bytes);
    if (!change.has_value()) {
      ++*undecodable;
      continue;
    }
    ForEachIn(change->added, [&](uint16_t member) {
      added.Add(member);
      removed.Remove(member);
    });
    ForEachIn(change->removed, [&](uint16_t member) {
      removed.Add(member);
      added.Remove(member);
    });
  }
  std::string bytes = {kVersion, kChangeForm};
  const std::vector<uint16_t> comes = added.Members();
  AppendLittleEndian(bytes, static_cast<uint32_t>(comes.size()));
  for (const uint16_t member : comes) {
    AppendLittleEndian(bytes, member);
  }
  for (const uint16_t member : removed.Members()) {
    AppendLittleEndian(bytes, member);
  }
  return bytes;
}

}  // namespace emptychair::storage
