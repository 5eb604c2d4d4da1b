#include "storage/apply/outcome_digest.h"

#include <string>

#include "common/base/errors.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/little_endian.h"

namespace emptychair::storage {
namespace {

// 0 for success, else the reason's number; for an error without a reason its gRPC code behind
// these.
constexpr uint16_t kWithoutReason = 0x8000;

uint16_t CodeOf(const absl::Status& error) {
  if (error.ok()) {
    return 0;
  }
  const v1::ErrorReason reason = ReasonOf(error);
  return reason != v1::ERROR_REASON_UNSPECIFIED
             ? static_cast<uint16_t>(reason)
             : static_cast<uint16_t>(kWithoutReason | static_cast<uint16_t>(error.code()));
}

}  // namespace

IdHash DigestOf(const IdHash& before, uint64_t index, const CommandResult& result) {
  std::string bytes;
  bytes.reserve(before.size() + 2 * sizeof(uint64_t) + 2 + 3 * result.outcomes.size());
  bytes.append(reinterpret_cast<const char*>(before.data()), before.size());
  AppendLittleEndian(bytes, index);
  AppendLittleEndian(bytes, result.sequence);
  AppendLittleEndian(bytes, CodeOf(result.error));
  for (const SubmissionOutcome& outcome : result.outcomes) {
    AppendLittleEndian(bytes, static_cast<uint8_t>(outcome.kind));
    AppendLittleEndian(bytes, CodeOf(outcome.error));
  }
  return KeyedHash(KeyedHash::Secret{})(HashPurpose::kCommandDigest, bytes);
}

}  // namespace emptychair::storage
