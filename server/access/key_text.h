// The texts that callers prove themselves with.
#ifndef EMPTYCHAIR_SERVER_ACCESS_KEY_TEXT_H_
#define EMPTYCHAIR_SERVER_ACCESS_KEY_TEXT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair {

// A text is `eck_<id>_<secret><check>`, 66 characters: the id of the key in 12 digits, 43 random
// digits of base 62 (256.03 bits), and the CRC-32 of all before it in 6 digits of base 62, by which
// whoever finds one knows it from other text, and a cut or mistyped one is told without a look-up.
// Has no `-`, so that a double click takes all behind the last `_`.

// Makes a text with a new secret. `random` fills in that many random bytes; absent: the operating
// system's.
std::string MakeKeyText(uint64_t id);
std::string MakeKeyText(uint64_t id, const std::function<std::string(size_t size)>& random);

// The id of a text that is well formed, its check included; nothing for any other.
std::optional<uint64_t> ParseKeyText(absl::string_view text);

// 60 random bits.
uint64_t NewKeyId();

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_KEY_TEXT_H_
