#include "storage/format/keyed_hash.h"

#include <sodium.h>

namespace emptychair::storage {

static_assert(crypto_shorthash_siphashx24_BYTES == std::tuple_size_v<IdHash>);
static_assert(crypto_shorthash_siphashx24_KEYBYTES == KeyedHash::kSecretSize);

IdHash KeyedHash::operator()(HashPurpose purpose, absl::string_view text) const {
  Secret key = secret_;
  key[0] ^= static_cast<uint8_t>(purpose);
  IdHash hash;
  crypto_shorthash_siphashx24(hash.data(), reinterpret_cast<const unsigned char*>(text.data()),
                              text.size(), key.data());
  return hash;
}

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

}  // namespace emptychair::storage
