#include "storage/format/changes.h"

#include <algorithm>
#include <array>

#include "storage/format/varint.h"

namespace emptychair::storage {
namespace {

constexpr char kVersion = 1;

// How the ids of a run are written. On disk: DO NOT CHANGE.
enum class IdForm : uint8_t {
  kNone = 0,   // All zero.
  kV7 = 1,     // Time and random bits apart.
  kBytes = 2,  // As they are.
};

IdForm FormOf(const Uuid& id) {
  return id == Uuid() ? IdForm::kNone : id.IsV7() ? IdForm::kV7 : IdForm::kBytes;
}

// The random bits of a version 7 UUID: 12 behind the time and the version, 62 behind the variant.
constexpr int kFirstBits = 12;
constexpr int kLastBits = 62;

bool IsChange(const ChangeLogEntry& change) {
  const bool has_id = change.id != Uuid();
  switch (change.entity) {
    case Entity::kFeedback:
      return has_id && change.kind >= ChangeKind::kCreated && change.kind <= ChangeKind::kErased;
    case Entity::kSurvey:
      return !has_id &&
             (change.kind == ChangeKind::kCreated || change.kind == ChangeKind::kChanged ||
              change.kind == ChangeKind::kDeleted || change.kind == ChangeKind::kCubeCorrected);
    case Entity::kCustomer:
      return !has_id && (change.kind == ChangeKind::kCreated ||
                         change.kind == ChangeKind::kChanged || change.kind == ChangeKind::kErased);
    case Entity::kActivity:
      return has_id && (change.kind == ChangeKind::kCreated ||
                        change.kind == ChangeKind::kChanged || change.kind == ChangeKind::kErased);
    case Entity::kActivityKind:
      return !has_id &&
             (change.kind == ChangeKind::kCreated || change.kind == ChangeKind::kChanged ||
              change.kind == ChangeKind::kDeleted || change.kind == ChangeKind::kSetsCorrected);
    case Entity::kEffects:
      return !has_id && change.kind == ChangeKind::kChanged;
    case Entity::kAccess:
      return has_id && (change.kind == ChangeKind::kCreated ||
                        change.kind == ChangeKind::kChanged || change.kind == ChangeKind::kDeleted);
  }
  return false;
}

uint64_t BigEndianAt(const Uuid& id, size_t begin, size_t size) {
  uint64_t value = 0;
  for (size_t i = begin; i < begin + size; ++i) {
    value = value << 8 | id.bytes[i];
  }
  return value;
}

// Packs numbers of a few bits each, the highest bit first.
class BitWriter {
 public:
  explicit BitWriter(std::string& to) : to_(to) {}

  void Write(uint64_t value, int bits) {
    while (bits > 0) {
      const int taken = std::min(bits, free_);
      bits -= taken;
      free_ -= taken;
      byte_ = static_cast<uint8_t>(byte_ | ((value >> bits & ((1u << taken) - 1)) << free_));
      if (free_ == 0) {
        Flush();
      }
    }
  }

  // Ends with bits of 0.
  void Finish() {
    if (free_ < 8) {
      Flush();
    }
  }

 private:
  void Flush() {
    to_.push_back(static_cast<char>(byte_));
    byte_ = 0;
    free_ = 8;
  }

  std::string& to_;
  uint8_t byte_ = 0;
  int free_ = 8;
};

// Reads what BitWriter wrote; the caller has checked the size.
class BitReader {
 public:
  explicit BitReader(absl::string_view from) : from_(from) {}

  uint64_t Read(int bits) {
    uint64_t value = 0;
    for (int left = bits; left > 0;) {
      const int taken = std::min(left, 8 - static_cast<int>(at_ % 8));
      const auto byte = static_cast<uint8_t>(from_[at_ / 8]);
      value =
          value << taken | (static_cast<unsigned>(byte) >> (8 - static_cast<int>(at_ % 8) - taken) &
                            ((1u << taken) - 1));
      at_ += static_cast<size_t>(taken);
      left -= taken;
    }
    return value;
  }

 private:
  const absl::string_view from_;
  size_t at_ = 0;  // In bits.
};

Uuid MakeV7(int64_t time_ms, uint64_t first, uint64_t last) {
  std::array<uint8_t, 10> random_bits;
  for (size_t i = 0; i < random_bits.size(); ++i) {
    random_bits[i] = static_cast<uint8_t>(i < 2 ? first >> (8 * (1 - i)) : last >> (8 * (9 - i)));
  }
  return Uuid::MakeV7(time_ms, random_bits);
}

void AppendIds(absl::Span<const ChangeLogEntry> changes, std::string& value) {
  int64_t time_before = 0;
  for (const ChangeLogEntry& change : changes) {
    if (FormOf(change.id) == IdForm::kV7) {
      const int64_t time = change.id.UnixMs();
      AppendSignedVarint(value, time - time_before);
      time_before = time;
    }
  }
  BitWriter bits(value);
  for (const ChangeLogEntry& change : changes) {
    if (FormOf(change.id) == IdForm::kV7) {
      bits.Write(BigEndianAt(change.id, 6, 2), kFirstBits);
      bits.Write(BigEndianAt(change.id, 8, 8), kLastBits);
    }
  }
  bits.Finish();
  for (const ChangeLogEntry& change : changes) {
    if (FormOf(change.id) == IdForm::kBytes) {
      value.append(change.id.AsBytes().data(), Uuid::kSize);
    }
  }
}

// The ids of the forms, in their order.
bool ReadIds(absl::string_view& rest, const std::vector<IdForm>& forms,
             std::vector<ChangeLogEntry>& changes) {
  const auto v7_count = static_cast<size_t>(std::count(forms.begin(), forms.end(), IdForm::kV7));
  std::vector<int64_t> times;
  int64_t time = 0;
  for (size_t i = 0; i < v7_count; ++i) {
    int64_t difference = 0;
    if (!ConsumeSignedVarint(rest, difference) || difference < -time ||
        difference >= (int64_t{1} << 48) - time) {
      return false;
    }
    times.push_back(time += difference);
  }
  const size_t bytes = (v7_count * (kFirstBits + kLastBits) + 7) / 8;
  if (rest.size() < bytes) {
    return false;
  }
  BitReader bits(rest.substr(0, bytes));
  rest.remove_prefix(bytes);
  auto next_time = times.begin();
  for (size_t i = 0; i < changes.size(); ++i) {
    if (forms[i] == IdForm::kV7) {
      const uint64_t first = bits.Read(kFirstBits);
      changes[i].id = MakeV7(*next_time++, first, bits.Read(kLastBits));
    } else if (forms[i] == IdForm::kBytes) {
      const auto id = Uuid::FromBytes(rest.substr(0, Uuid::kSize));
      if (!id.has_value()) {
        return false;
      }
      changes[i].id = *id;
      rest.remove_prefix(Uuid::kSize);
    }
  }
  return true;
}

}  // namespace

std::string EncodeChanges(absl::Span<const ChangeLogEntry> changes) {
  std::string value(1, kVersion);
  value.reserve(16 + changes.size() * 14);
  AppendVarint(value, changes.size());
  for (size_t begin = 0; begin < changes.size();) {
    const ChangeLogEntry& first = changes[begin];
    size_t end = begin + 1;
    while (end < changes.size() && changes[end].kind == first.kind &&
           changes[end].entity == first.entity && changes[end].number == first.number &&
           FormOf(changes[end].id) == FormOf(first.id)) {
      ++end;
    }
    AppendVarint(value, end - begin);
    value.push_back(static_cast<char>(first.kind));
    value.push_back(static_cast<char>(first.entity));
    value.push_back(static_cast<char>(FormOf(first.id)));
    AppendVarint(value, first.number);
    begin = end;
  }
  AppendIds(changes, value);
  return value;
}

std::optional<std::vector<ChangeLogEntry>> DecodeChanges(absl::string_view value) {
  absl::string_view rest = value;
  size_t count = 0;
  if (rest.empty() || rest[0] != kVersion) {
    return std::nullopt;
  }
  rest.remove_prefix(1);
  if (!ConsumeVarint(rest, count) || count == 0 || count > kChangesPerEntry) {
    return std::nullopt;
  }
  std::vector<ChangeLogEntry> changes;
  std::vector<IdForm> forms;
  while (changes.size() < count) {
    size_t length = 0;
    if (!ConsumeVarint(rest, length) || length == 0 || length > count - changes.size() ||
        rest.size() < 3) {
      return std::nullopt;
    }
    ChangeLogEntry change;
    change.kind = static_cast<ChangeKind>(rest[0]);
    change.entity = static_cast<Entity>(rest[1]);
    const auto form = static_cast<IdForm>(rest[2]);
    rest.remove_prefix(3);
    if (!ConsumeVarint(rest, change.number)) {
      return std::nullopt;
    }
    changes.resize(changes.size() + length, change);
    forms.resize(changes.size(), form);
  }
  // What was encoded in another way than this is damage.
  if (!ReadIds(rest, forms, changes) || !rest.empty() ||
      !std::all_of(changes.begin(), changes.end(), IsChange) || EncodeChanges(changes) != value) {
    return std::nullopt;
  }
  return changes;
}

}  // namespace emptychair::storage
