// The bytes of sets of customers: which of the 65,536 ordinals of a chunk a set has.
//
//   row    = version u8 (1), form u8, members
//   change = version u8 (1), form u8 (3), number added u32, u16*, u16*
//
// A row of form 1 has its members as ascending u16s, at most 4,096; one of form 2 has more, as
// 8,192 bytes of bits, the lowest first. A change, the merge operand, has the ordinals that come
// into the set and behind them those that leave it, both ascending, none of them in both. Integers
// are little-endian. Not the portable form of Roaring: damage to that is taken as another set.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_CUSTOMER_SET_H_
#define EMPTYCHAIR_STORAGE_FORMAT_CUSTOMER_SET_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

// A row in memory, one bit for each ordinal of the chunk: 8 KiB. Not thread-safe.
class CustomerSetRow {
 public:
  static constexpr size_t kWords = kCustomersPerChunk / 64;

  bool Has(uint16_t member) const { return (words_[member / 64] >> (member % 64) & 1) != 0; }
  void Add(uint16_t member) { words_[member / 64] |= uint64_t{1} << (member % 64); }
  void Remove(uint16_t member) { words_[member / 64] &= ~(uint64_t{1} << (member % 64)); }
  uint32_t size() const;

  // Adds the members of the other.
  void Add(const CustomerSetRow& other) {
    for (size_t i = 0; i < kWords; ++i) {
      words_[i] |= other.words_[i];
    }
  }
  // Adds the members that both others have.
  void AddBoth(const CustomerSetRow& a, const CustomerSetRow& b) {
    for (size_t i = 0; i < kWords; ++i) {
      words_[i] |= a.words_[i] & b.words_[i];
    }
  }
  // Takes out all but the members of the other.
  void Keep(const CustomerSetRow& other) {
    for (size_t i = 0; i < kWords; ++i) {
      words_[i] &= other.words_[i];
    }
  }
  // Takes out the members of the other.
  void Remove(const CustomerSetRow& other) {
    for (size_t i = 0; i < kWords; ++i) {
      words_[i] &= ~other.words_[i];
    }
  }

  // Calls `visit` with each member, ascending.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t i = 0; i < kWords; ++i) {
      for (uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(static_cast<uint16_t>(64 * i + static_cast<size_t>(std::countr_zero(word))));
      }
    }
  }

  // Adds the members of a stored row. False for bytes that are none, which add nothing.
  bool Read(absl::string_view row);
  // Carries out a change. False for bytes that are none, which change nothing.
  bool Apply(absl::string_view change);

  // The same set gives the same bytes.
  std::string Encode() const;

  // The members, ascending.
  std::vector<uint16_t> Members() const;
  const std::array<uint64_t, kWords>& words() const { return words_; }

  friend bool operator==(const CustomerSetRow&, const CustomerSetRow&) = default;

 private:
  std::array<uint64_t, kWords> words_{};
};

// How many members both have.
inline int64_t CountOfBoth(const CustomerSetRow& a, const CustomerSetRow& b) {
  int64_t members = 0;
  for (size_t i = 0; i < CustomerSetRow::kWords; ++i) {
    members += std::popcount(a.words()[i] & b.words()[i]);
  }
  return members;
}

// A member that comes into a set (true) or leaves it.
using SetMemberChange = std::pair<uint16_t, bool>;

// `changes` ascend by member, one for each.
std::string EncodeSetChange(absl::Span<const SetMemberChange> changes);

// The change that carries out `changes` one after the other. What is no change is passed over, and
// `*undecodable` is raised by one for each.
std::string CombineSetChanges(absl::Span<const absl::string_view> changes, int64_t* undecodable);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_CUSTOMER_SET_H_
