// The keyed hash that is kept of a key's text.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_KEY_TEXT_HASH_H_
#define EMPTYCHAIR_STORAGE_FORMAT_KEY_TEXT_HASH_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace emptychair::storage {

// BLAKE2b with a 256-bit result (RFC 7693), keyed with the store's secret. Fast on purpose: a text
// has 256 random bits, which nobody guesses however fast it is. Thread-safe.
class KeyTextHash {
 public:
  static constexpr size_t kSecretSize = 32;
  static constexpr size_t kSize = 32;
  using Bytes = std::array<uint8_t, kSize>;

  // `secret` has kSecretSize bytes.
  explicit KeyTextHash(absl::string_view secret);

  Bytes operator()(absl::string_view text) const;

  // Whether `stored` is `hash`; takes as long for any two. False for one of another size.
  static bool Equals(const Bytes& hash, absl::string_view stored);

 private:
  std::array<uint8_t, kSecretSize> secret_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_KEY_TEXT_HASH_H_
