// Texts that are hashed together.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_HASHED_FIELD_H_
#define EMPTYCHAIR_STORAGE_FORMAT_HASHED_FIELD_H_

#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair::storage {

// Appends the length of `field` in decimal, a colon, and its bytes: what is put together of several
// fields is put together of no others.
inline void AppendHashedField(std::string& text, absl::string_view field) {
  std::array<char, std::numeric_limits<size_t>::digits10 + 1> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), field.size()).ptr;
  text.append(digits.begin(), end);
  text.push_back(':');
  text.append(field.data(), field.size());
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_HASHED_FIELD_H_
