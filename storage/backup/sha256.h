// SHA-256, by which files of backups are named and checked.
#ifndef EMPTYCHAIR_STORAGE_BACKUP_SHA256_H_
#define EMPTYCHAIR_STORAGE_BACKUP_SHA256_H_

#include <sodium.h>

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair::storage {

inline constexpr size_t kSha256Size = 32;

// Hashes bytes that come piece by piece. For one thread.
class Sha256 {
 public:
  Sha256();

  void Add(absl::string_view bytes);

  // The hash of all that was added, as 32 bytes. To be called once, last.
  std::string Finish();
  // The same as 64 hexadecimal digits in lower case.
  std::string FinishAsText();

 private:
  crypto_hash_sha256_state state_;
};

// Of `bytes` alone.
std::string Sha256Text(absl::string_view bytes);

// Whether it is what FinishAsText makes.
bool IsSha256Text(absl::string_view text);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_BACKUP_SHA256_H_
