#include "storage/backup/ledger_file.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/backup/file_tree.h"
#include "storage/backup/manifest.h"
#include "storage/backup/sha256.h"
#include "storage/format/little_endian.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

constexpr absl::string_view kMagic = "emptychair-ledger 1\n";

// The length of what is hashed, and its complement: a damaged length is told from a cut entry.
constexpr size_t kLengthSize = 2 * sizeof(uint32_t);
// An entry is a few hundred bytes; a key may use many surveys.
constexpr size_t kEntryMax = size_t{1} << 20;

std::string ChainHash(absl::string_view before, absl::string_view bytes) {
  Sha256 hash;
  hash.Add(before);
  hash.Add(bytes);
  return hash.Finish();
}

// Reads entries one behind the other.
class Decoder {
 public:
  Decoder(absl::string_view bytes, std::string hash) : rest_(bytes), hash_(std::move(hash)) {}

  enum class Step { kItem, kEnd, kDamaged };
  Step Next(LedgerItem& item) {
    if (rest_.size() < kLengthSize) {
      return Step::kEnd;
    }
    const auto size = LoadLittleEndian<uint32_t>(rest_.data());
    const auto complement = LoadLittleEndian<uint32_t>(rest_.data() + sizeof(uint32_t));
    if (rest_.find_first_not_of('\0') == absl::string_view::npos) {
      return Step::kEnd;  // Space that was given to the file and not written.
    }
    if (size != ~complement || size <= Uuid::kSize || size > kEntryMax) {
      return Step::kDamaged;
    }
    if (rest_.size() < kLengthSize + size + kSha256Size) {
      return Step::kEnd;
    }
    const absl::string_view payload = rest_.substr(kLengthSize, size);
    const std::string hash = ChainHash(hash_, rest_.substr(0, kLengthSize + size));
    if (rest_.substr(kLengthSize + size, kSha256Size) != hash ||
        !DecodeMessage(payload.substr(Uuid::kSize), item.entry)) {
      return Step::kDamaged;
    }
    item.id = *Uuid::FromBytes(payload.substr(0, Uuid::kSize));
    hash_ = hash;
    rest_.remove_prefix(kLengthSize + size + kSha256Size);
    return Step::kItem;
  }

  size_t bytes_left() const { return rest_.size(); }
  const std::string& hash() const { return hash_; }

 private:
  absl::string_view rest_;
  std::string hash_;
};

}  // namespace

std::string LedgerEncoder::Header(const Uuid& store_id) {
  return absl::StrCat(kMagic, store_id.AsBytes());
}

LedgerEncoder::LedgerEncoder(const Uuid& store_id) : hash_(ChainHash("", Header(store_id))) {}

LedgerEncoder LedgerEncoder::After(std::string hash) {
  LedgerEncoder encoder;
  encoder.hash_ = std::move(hash);
  return encoder;
}

std::string LedgerEncoder::Encode(const LedgerItem& item) {
  const std::string value = EncodeMessage(item.entry);
  const auto size = static_cast<uint32_t>(Uuid::kSize + value.size());
  std::string bytes;
  AppendLittleEndian(bytes, size);
  AppendLittleEndian(bytes, ~size);
  absl::StrAppend(&bytes, item.id.AsBytes(), value);
  hash_ = ChainHash(hash_, bytes);
  bytes += hash_;
  return bytes;
}

absl::StatusOr<LedgerContent> DecodeLedger(absl::string_view bytes, absl::string_view name) {
  const size_t header_size = kMagic.size() + Uuid::kSize;
  if (bytes.size() < header_size || !absl::StartsWith(bytes, kMagic)) {
    return BackupDamagedError("", name, "is no ledger");
  }
  LedgerContent content;
  content.store_id = *Uuid::FromBytes(bytes.substr(kMagic.size(), Uuid::kSize));
  Decoder decoder(bytes.substr(header_size), ChainHash("", bytes.substr(0, header_size)));
  while (true) {
    content.sound_bytes = bytes.size() - decoder.bytes_left();
    LedgerItem item;
    switch (decoder.Next(item)) {
      case Decoder::Step::kItem:
        content.items.push_back(std::move(item));
        break;
      case Decoder::Step::kEnd:
        content.last_hash = decoder.hash();
        return content;
      case Decoder::Step::kDamaged:
        return BackupDamagedError(
            "", name,
            absl::StrCat("is not as it was written from its byte ", content.sound_bytes, " on"));
    }
  }
}

absl::StatusOr<LedgerContent> ReadLedgerFile(rocksdb::Env* env, const std::string& path) {
  std::string bytes;
  RETURN_IF_ERROR(FromBackupDisk(rocksdb::ReadFileToString(env, path, &bytes),
                                 absl::StrCat("reading \"", path, "\"")));
  return DecodeLedger(bytes, path);
}

absl::StatusOr<std::unique_ptr<LedgerFile>> LedgerFile::Open(
    rocksdb::Env* env, const std::string& path, const Uuid& store_id,
    absl::FunctionRef<void(const LedgerItem&)> known) {
  const std::string doing = absl::StrCat("writing \"", path, "\"");
  const std::string folder = path.substr(0, path.rfind('/'));
  std::optional<LedgerContent> content;
  if (env->FileExists(path).ok()) {
    std::string bytes;
    RETURN_IF_ERROR(FromBackupDisk(rocksdb::ReadFileToString(env, path, &bytes), doing));
    absl::StatusOr<LedgerContent> read = DecodeLedger(bytes, path);
    if (read.ok() && read->store_id == store_id) {
      if (read->sound_bytes < bytes.size()) {
        RETURN_IF_ERROR(WriteFileAtOnce(env, path, path + ".new",
                                        absl::string_view(bytes).substr(0, read->sound_bytes)));
      }
      content = *std::move(read);
    } else {
      RETURN_IF_ERROR(FromBackupDisk(env->RenameFile(path, path + ".damaged"), doing));
    }
  }
  if (!content.has_value()) {
    RETURN_IF_ERROR(WriteFileAtOnce(env, path, path + ".new", LedgerEncoder::Header(store_id)));
  }
  RETURN_IF_ERROR(SyncFolder(env, folder));
  LedgerEncoder encoder =
      content.has_value() ? LedgerEncoder::After(content->last_hash) : LedgerEncoder(store_id);
  if (content.has_value()) {
    for (const LedgerItem& item : content->items) {
      known(item);
    }
  }
  std::unique_ptr<rocksdb::WritableFile> file;
  RETURN_IF_ERROR(
      FromBackupDisk(env->ReopenWritableFile(path, &file, rocksdb::EnvOptions()), doing));
  const uint64_t size =
      content.has_value() ? content->sound_bytes : LedgerEncoder::Header(store_id).size();
  return std::unique_ptr<LedgerFile>(
      new LedgerFile(env, std::move(file), path, size, std::move(encoder)));
}

absl::Status LedgerFile::Append(absl::Span<const LedgerItem> items) {
  const std::string doing = absl::StrCat("writing \"", path_, "\"");
  std::string bytes;
  for (const LedgerItem& item : items) {
    bytes += encoder_.Encode(item);
  }
  RETURN_IF_ERROR(FromBackupDisk(file_->Append(bytes), doing));
  size_ += bytes.size();
  return FromBackupDisk(file_->Sync(), doing);
}

bool LedgerFile::IsInPlace() const {
  uint64_t size = 0;
  return env_->GetFileSize(path_, &size).ok() && size == size_;
}

}  // namespace emptychair::storage
