#include "storage/backup/sha256.h"

#include <algorithm>

#include "absl/strings/escaping.h"

namespace emptychair::storage {

static_assert(kSha256Size == crypto_hash_sha256_BYTES);

Sha256::Sha256() { crypto_hash_sha256_init(&state_); }

void Sha256::Add(absl::string_view bytes) {
  crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()),
                            bytes.size());
}

std::string Sha256::Finish() {
  std::string hash(kSha256Size, '\0');
  crypto_hash_sha256_final(&state_, reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

std::string Sha256::FinishAsText() { return absl::BytesToHexString(Finish()); }

std::string Sha256Text(absl::string_view bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return hash.FinishAsText();
}

bool IsSha256Text(absl::string_view text) {
  return text.size() == 2 * kSha256Size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace emptychair::storage
