// The keyed hash that stands for ids in keys.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_KEYED_HASH_H_
#define EMPTYCHAIR_STORAGE_FORMAT_KEYED_HASH_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

// Purposes of a hash; the same text hashes differently for each. On disk: DO NOT CHANGE.
enum class HashPurpose : uint8_t {
  kExternalId = 1,
  kCustomerId = 2,
  kContent = 3,
  kDerivedFeedbackId = 4,
  kPageToken = 5,
  kWatermark = 6,
  kCertificate = 7,
  kActivityId = 8,
  kDerivedActivityId = 9,
  kCommandDigest = 17,
};

// SipHash-2-4 with a 128-bit result, under the store's secret: without the secret nobody can test
// whether an id is in the store. Thread-safe.
class KeyedHash {
 public:
  static constexpr size_t kSecretSize = 16;
  using Secret = std::array<uint8_t, kSecretSize>;

  explicit KeyedHash(const Secret& secret) : secret_(secret) {}

  IdHash operator()(HashPurpose purpose, absl::string_view text) const;

 private:
  Secret secret_;
};

// `size` random bytes from the operating system.
std::string RandomBytes(size_t size);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_KEYED_HASH_H_
