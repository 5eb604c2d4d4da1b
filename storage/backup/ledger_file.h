// A store's ledger beside its backups: what was erased after a backup was made is known there, too.
// docs/storage_format.md has its bytes.
#ifndef EMPTYCHAIR_STORAGE_BACKUP_LEDGER_FILE_H_
#define EMPTYCHAIR_STORAGE_BACKUP_LEDGER_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/uuid.h"
#include "rocksdb/env.h"
#include "storage/read/ledger_reader.h"

namespace emptychair::storage {

// The bytes of a ledger file, entry by entry. Each carries a hash over all before it.
class LedgerEncoder {
 public:
  // Begins the file of a store.
  explicit LedgerEncoder(const Uuid& store_id);
  // Goes on behind an entry that carries this hash.
  static LedgerEncoder After(std::string hash);

  // The bytes that the file begins with.
  static std::string Header(const Uuid& store_id);

  std::string Encode(const LedgerItem& item);

 private:
  LedgerEncoder() = default;

  std::string hash_;
};

// What a file holds.
struct LedgerContent {
  Uuid store_id;
  std::vector<LedgerItem> items;
  // Up to the end of the last whole entry. What is behind that was being written.
  size_t sound_bytes = 0;
  std::string last_hash;
};

// Takes what LedgerEncoder makes, and a last entry that is cut. Errors: BACKUP_DAMAGED, with
// `name`.
absl::StatusOr<LedgerContent> DecodeLedger(absl::string_view bytes, absl::string_view name);
// Errors: BACKUP_DAMAGED, FAILED_PRECONDITION.
absl::StatusOr<LedgerContent> ReadLedgerFile(rocksdb::Env* env, const std::string& path);

// Appends to the file of a store. For one thread.
class LedgerFile {
 public:
  // Opens the file, or makes it; `known` gets each entry that it has. A last entry that is cut is
  // cut off. A file with other damage is put aside under the name `PATH.damaged`, and a new one
  // begun. Errors: BACKUP_DISK_FULL, FAILED_PRECONDITION.
  static absl::StatusOr<std::unique_ptr<LedgerFile>> Open(
      rocksdb::Env* env, const std::string& path, const Uuid& store_id,
      absl::FunctionRef<void(const LedgerItem&)> known);

  // Appends entries so that they last. After an error the file must be opened anew.
  absl::Status Append(absl::Span<const LedgerItem> items);

  // Whether the file under its name is the one that is appended to, by its size: it may have been
  // taken away or put back. Else it must be opened anew.
  bool IsInPlace() const;

 private:
  LedgerFile(rocksdb::Env* env, std::unique_ptr<rocksdb::WritableFile> file, std::string path,
             uint64_t size, LedgerEncoder encoder)
      : env_(env),
        file_(std::move(file)),
        path_(std::move(path)),
        size_(size),
        encoder_(std::move(encoder)) {}

  rocksdb::Env* const env_;
  const std::unique_ptr<rocksdb::WritableFile> file_;
  const std::string path_;
  uint64_t size_;
  LedgerEncoder encoder_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_BACKUP_LEDGER_FILE_H_
