#include "storage/format/key_text_hash.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace emptychair::storage {

KeyTextHash::KeyTextHash(absl::string_view secret) : secret_{} {
  std::memcpy(secret_.data(), secret.data(), std::min(secret.size(), secret_.size()));
}

KeyTextHash::Bytes KeyTextHash::operator()(absl::string_view text) const {
  Bytes hash;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size(), secret_.data(), secret_.size());
  return hash;
}

bool KeyTextHash::Equals(const Bytes& hash, absl::string_view stored) {
  return stored.size() == hash.size() &&
         sodium_memcmp(hash.data(), stored.data(), hash.size()) == 0;
}

}  // namespace emptychair::storage
