// Ids of keys and certificates, by which callers are known.
#ifndef EMPTYCHAIR_COMMON_BASE_KEY_ID_H_
#define EMPTYCHAIR_COMMON_BASE_KEY_ID_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair {

// An id has 60 bits.
inline constexpr uint64_t kKeyIdMax = (uint64_t{1} << 60) - 1;

// 12 digits of `0123456789abcdefghjkmnpqrstvwxyz`, five bits each, the highest first.
std::string KeyIdText(uint64_t id);

// The id that KeyIdText writes so; nothing for any other text.
std::optional<uint64_t> ParseKeyId(absl::string_view text);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_KEY_ID_H_
