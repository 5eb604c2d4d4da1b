// Bytes as tests write them.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_HEX_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_HEX_H_

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace emptychair::storage {

// The bytes that `hex` writes in pairs of digits; spaces are left out.
inline std::string Bytes(absl::string_view hex) {
  return absl::HexStringToBytes(absl::StrReplaceAll(hex, {{" ", ""}}));
}

// `hex` without its spaces, for comparison with HexOf.
inline std::string Packed(absl::string_view hex) { return absl::StrReplaceAll(hex, {{" ", ""}}); }

inline std::string HexOf(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_HEX_H_
