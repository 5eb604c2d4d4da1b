// What a key may be, and how calls and the store write it.
#ifndef EMPTYCHAIR_SERVER_ACCESS_KEYS_H_
#define EMPTYCHAIR_SERVER_ACCESS_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/access_service.pb.h"
#include "storage/format/key_text_hash.h"
#include "storage/read/view.h"
#include "storage/state/command.h"

namespace emptychair {

inline constexpr int kKeySurveysMax = 256;
inline constexpr absl::Duration kKeyOverlapMax = absl::Hours(24 * 30);

// A command with the text that it leads to, which only the caller may get: the command has its
// hash.
struct KeyCommand {
  storage::CommandPtr command;
  std::string key_text;  // Empty for a certificate.
};

// A new key; `creator` is the key that makes it, 0 for none. Errors: FIELD_REQUIRED, FIELD_INVALID,
// SURVEY_NOT_FOUND.
absl::StatusOr<KeyCommand> PrepareCreateKey(const v1::CreateKeyRequest& request, uint64_t creator,
                                            absl::Time now, const storage::View& view,
                                            const storage::KeyTextHash& hash);

// Errors: the same, KEY_NOT_FOUND, ETAG_MISMATCH.
absl::StatusOr<storage::CommandPtr> PrepareUpdateKey(const v1::UpdateKeyRequest& request,
                                                     absl::Time now, const storage::View& view);

// Errors: FIELD_REQUIRED, FIELD_INVALID, KEY_NOT_FOUND.
absl::StatusOr<KeyCommand> PrepareRotateKey(const v1::RotateKeyRequest& request, absl::Time now,
                                            const storage::View& view,
                                            const storage::KeyTextHash& hash);
absl::StatusOr<storage::CommandPtr> PrepareRevokeKey(const v1::RevokeKeyRequest& request,
                                                     absl::Time now, const storage::View& view);

// The key of an id as callers write it. Errors: FIELD_REQUIRED, FIELD_INVALID, KEY_NOT_FOUND.
absl::StatusOr<const store::v1::StoredAccess*> FindKey(const storage::View& view,
                                                       absl::string_view field,
                                                       absl::string_view key_id);

// The key as calls tell it: surveys that are not there any more are left out.
v1::Key ToApi(const store::v1::StoredAccess& stored, const storage::View& view);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_KEYS_H_
