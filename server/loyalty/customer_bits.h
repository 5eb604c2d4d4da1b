// Arithmetic on the sets of customers of one chunk.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_CUSTOMER_BITS_H_
#define EMPTYCHAIR_SERVER_LOYALTY_CUSTOMER_BITS_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/format/customer_set.h"

namespace emptychair {

// A set of the customers of one chunk: 8 KiB on the heap. Not thread-safe.
class CustomerBits {
 public:
  CustomerBits() : words_(storage::CustomerSetRow::kWords) {}
  explicit CustomerBits(const storage::CustomerSetRow& row)
      : words_(row.words().begin(), row.words().end()) {}

  void Add(uint16_t member) { words_[member / 64] |= uint64_t{1} << (member % 64); }

  void Remove(uint16_t member) { words_[member / 64] &= ~(uint64_t{1} << (member % 64)); }

  // Adds the members of the other.
  void Add(const CustomerBits& other) {
    for (size_t i = 0; i < words_.size(); ++i) {
      words_[i] |= other.words_[i];
    }
  }

  // Adds the members that both others have.
  void AddBoth(const CustomerBits& a, const CustomerBits& b) {
    for (size_t i = 0; i < words_.size(); ++i) {
      words_[i] |= a.words_[i] & b.words_[i];
    }
  }

  // Takes out all but the members of the other.
  void Keep(const CustomerBits& other) {
    for (size_t i = 0; i < words_.size(); ++i) {
      words_[i] &= other.words_[i];
    }
  }

  // Takes out the members of the other.
  void Remove(const CustomerBits& other) {
    for (size_t i = 0; i < words_.size(); ++i) {
      words_[i] &= ~other.words_[i];
    }
  }

  int64_t size() const {
    int64_t members = 0;
    for (const uint64_t word : words_) {
      members += std::popcount(word);
    }
    return members;
  }

  const std::vector<uint64_t>& words() const { return words_; }

 private:
  std::vector<uint64_t> words_;
};

// How many members both have.
inline int64_t CountOfBoth(const CustomerBits& a, const CustomerBits& b) {
  int64_t members = 0;
  for (size_t i = 0; i < a.words().size(); ++i) {
    members += std::popcount(a.words()[i] & b.words()[i]);
  }
  return members;
}

// Calls `visit` with each member, ascending.
template <typename Visit>
void ForEachMember(const CustomerBits& bits, Visit visit) {
  for (size_t i = 0; i < bits.words().size(); ++i) {
    for (uint64_t word = bits.words()[i]; word != 0; word &= word - 1) {
      visit(static_cast<uint16_t>(i * 64 + static_cast<size_t>(std::countr_zero(word))));
    }
  }
}

// Who is in one of several sets, and who in two of them or more.
class OnceOrMore {
 public:
  // Adds another set.
  void Add(const CustomerBits& set) {
    twice_.AddBoth(once_, set);
    once_.Add(set);
  }
  // Adds a set whose members count as two.
  void AddTwice(const CustomerBits& set) {
    twice_.Add(set);
    once_.Add(set);
  }

  const CustomerBits& once() const { return once_; }
  const CustomerBits& twice() const { return twice_; }

 private:
  CustomerBits once_;
  CustomerBits twice_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_CUSTOMER_BITS_H_
