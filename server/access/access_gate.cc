#include "server/access/access_gate.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "common/base/status_macros.h"
#include "server/access/key_text.h"
#include "server/access/permits.h"
#include "server/access/roles.h"
#include "storage/format/key_text_hash.h"
#include "storage/format/keyed_hash.h"

namespace emptychair {
namespace {

using storage::AccessEntry;
using storage::KeyTextHash;
using store::v1::StoredAccess;
using store::v1::StoredKeySecret;

constexpr absl::string_view kScheme = "Bearer ";

// One text for all that is wrong with a key, so that nobody learns which keys there are.
absl::Status KeyInvalid() {
  return Error(v1::ERROR_REASON_KEY_INVALID,
               "the key in `authorization` is not valid: wanted one value, `Bearer eck_…`, with a "
               "key of this store");
}

absl::Status KeyRequired() {
  return Error(v1::ERROR_REASON_KEY_REQUIRED,
               "this server answers nobody who does not say who it is: send a key as the metadata "
               "`authorization: Bearer eck_…`");
}

absl::Status CertificateUnknown(absl::string_view why) {
  return Error(v1::ERROR_REASON_CERTIFICATE_UNKNOWN,
               absl::StrCat("the client certificate ", why,
                            "; register a subject alternative name of it by CreateKey, or send "
                            "none"));
}

absl::Status Ended(v1::ErrorReason reason, absl::string_view what, const StoredAccess& entry,
                   int64_t time_ms) {
  const std::string key_id = KeyIdText(entry.id());
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(time_ms), absl::UTCTimeZone());
  return Error(reason, absl::StrCat("the key ", key_id, " ", what, " at ", time),
               {{"key_id", key_id}, {"time", time}});
}

// Whether an entry works at `now_ms`. Errors: KEY_REVOKED, KEY_EXPIRED.
absl::Status CheckInForce(const StoredAccess& entry, int64_t now_ms) {
  if (entry.revoke_time_ms() != 0) {
    return Ended(v1::ERROR_REASON_KEY_REVOKED, "was revoked", entry, entry.revoke_time_ms());
  }
  if (entry.expire_time_ms() != 0 && entry.expire_time_ms() <= now_ms) {
    return Ended(v1::ERROR_REASON_KEY_EXPIRED, "came to its end", entry, entry.expire_time_ms());
  }
  return absl::OkStatus();
}

// The same of one of a key's texts.
absl::Status CheckInForce(const StoredAccess& entry, const StoredKeySecret& secret,
                          int64_t now_ms) {
  RETURN_IF_ERROR(CheckInForce(entry, now_ms));
  if (secret.not_after_ms() != 0 && secret.not_after_ms() <= now_ms) {
    return Ended(v1::ERROR_REASON_KEY_EXPIRED, "has another text, and this one ended", entry,
                 secret.not_after_ms());
  }
  return absl::OkStatus();
}

// The secret of the entry with the hash; null when there is none. Takes as long for any entry that
// has as many, and for none.
const StoredKeySecret* FindSecret(const AccessEntry* entry, const KeyTextHash::Bytes& hash,
                                  absl::string_view no_hash) {
  const StoredKeySecret* found = nullptr;
  if (entry != nullptr) {
    for (const StoredKeySecret& secret : entry->stored->secrets()) {
      if (KeyTextHash::Equals(hash, secret.hash())) {
        found = &secret;
      }
    }
  } else if (KeyTextHash::Equals(hash, no_hash)) {
    return nullptr;
  }
  return found;
}

void SetRights(const StoredAccess& entry, Caller& caller) {
  caller.key_id = entry.id();
  caller.role = entry.role();
  caller.permissions = PermissionsOf(entry.role());
  caller.has_all_surveys = entry.all_surveys();
}

void SetAnonymous(v1::Role role, Caller& caller) {
  caller.kind = Caller::Kind::kAnonymous;
  caller.role = role;
  caller.permissions = AnonymousPermissionsOf(role);
  caller.has_all_surveys = true;
}

int64_t NowMs(const Clock& clock) { return absl::ToUnixMillis(clock.Now()); }

}  // namespace

AccessGate::AccessGate(const storage::Store* store, v1::Role anonymous, const Clock* clock)
    : store_(store),
      anonymous_(anonymous),
      clock_(clock),
      no_hash_(storage::RandomBytes(KeyTextHash::kSize)) {}

absl::Status AccessGate::Identify(const Credentials& credentials, Caller& caller) {
  if (!credentials.authorization.empty()) {
    return IdentifyByKey(credentials, caller);
  }
  if (credentials.has_certificate) {
    return IdentifyByCertificate(credentials, caller);
  }
  if (credentials.listener == Credentials::Listener::kAdminSocket) {
    caller.kind = Caller::Kind::kAdminSocket;
    caller.role = v1::ROLE_ADMIN;
    caller.permissions = PermissionsOf(v1::ROLE_ADMIN);
    caller.has_all_surveys = true;
    return absl::OkStatus();
  }
  // A proxy on this host makes the whole network loopback.
  SetAnonymous(credentials.is_forwarded ? v1::ROLE_UNSPECIFIED : anonymous_, caller);
  return absl::OkStatus();
}

absl::Status AccessGate::IdentifyByKey(const Credentials& credentials, Caller& caller) const {
  absl::string_view text = credentials.authorization.front();
  if (credentials.authorization.size() != 1 || !absl::ConsumePrefix(&text, kScheme)) {
    return KeyInvalid();
  }
  const std::optional<uint64_t> id = ParseKeyText(text);
  if (!id.has_value()) {
    return KeyInvalid();
  }
  const std::shared_ptr<const storage::AccessTable> table = store_->view()->access;
  const AccessEntry* entry = table->Find(*id);
  caller.text_hash = store_->key_text_hash()(text);
  const StoredKeySecret* secret = FindSecret(entry, caller.text_hash, no_hash_);
  if (secret == nullptr) {
    return KeyInvalid();
  }
  caller.kind = Caller::Kind::kKey;
  SetRights(*entry->stored, caller);
  return CheckInForce(*entry->stored, *secret, NowMs(*clock_));
}

absl::Status AccessGate::IdentifyByCertificate(const Credentials& credentials,
                                               Caller& caller) const {
  const std::shared_ptr<const storage::AccessTable> table = store_->view()->access;
  const AccessEntry* entry = nullptr;
  for (const std::string& san : credentials.certificate_sans) {
    const AccessEntry* found = table->FindCertificate(san);
    if (found != nullptr && entry != nullptr && found != entry) {
      return CertificateUnknown("has names that are registered as different callers");
    }
    entry = found != nullptr ? found : entry;
  }
  if (entry == nullptr) {
    return CertificateUnknown("has no subject alternative name that is registered");
  }
  caller.kind = Caller::Kind::kCertificate;
  SetRights(*entry->stored, caller);
  return CheckInForce(*entry->stored, NowMs(*clock_));
}

absl::Status AccessGate::Authorize(const Method& method, const Caller& caller) {
  RETURN_IF_ERROR(CheckMay(method, caller));
  const std::shared_ptr<const StoredAccess> entry = EntryOf(caller);
  return entry == nullptr ? absl::OkStatus() : meter_.AdmitCall(*entry, clock_->Now());
}

void AccessGate::Denied(const Method& method, const Caller& caller, const absl::Status& refusal) {
  // Not for callers who are only too fast: they may call.
  if (ReasonOf(refusal) != v1::ERROR_REASON_RATE_LIMITED) {
    denials_.Count(caller, method.name, ReasonNameOf(refusal), clock_->Now());
  }
}

absl::Status AccessGate::AdmitRecords(const Caller& caller, int64_t records) {
  const std::shared_ptr<const StoredAccess> entry = EntryOf(caller);
  return entry == nullptr ? absl::OkStatus() : meter_.AdmitRecords(*entry, records, clock_->Now());
}

absl::Duration AccessGate::RecordDelay(const Caller& caller) {
  const std::shared_ptr<const StoredAccess> entry = EntryOf(caller);
  return entry == nullptr ? absl::ZeroDuration() : meter_.RecordDelay(*entry, clock_->Now());
}

std::shared_ptr<const StoredAccess> AccessGate::EntryOf(const Caller& caller) const {
  if (caller.key_id == 0) {
    return nullptr;
  }
  const AccessEntry* entry = store_->view()->access->Find(caller.key_id);
  return entry == nullptr ? nullptr : entry->stored;
}

absl::Status AccessGate::CheckMay(const Method& method, const Caller& caller) {
  if (!caller.May(method.permission)) {
    if (caller.kind == Caller::Kind::kAnonymous && caller.role == v1::ROLE_UNSPECIFIED) {
      return KeyRequired();
    }
    return NotPermitted(caller, method.permission, "the method");
  }
  if (method.needs_all_surveys && !caller.has_all_surveys) {
    const absl::string_view permission = PermissionName(method.permission);
    const std::string role = RoleName(caller.role);
    return Error(v1::ERROR_REASON_NOT_PERMITTED,
                 "the method reaches beyond single surveys: it needs a key for all surveys",
                 {{"permission", permission}, {"role", role}});
  }
  return absl::OkStatus();
}

absl::Status AccessGate::Recheck(const Method& method, const Caller& caller) {
  if (caller.kind != Caller::Kind::kKey && caller.kind != Caller::Kind::kCertificate) {
    return absl::OkStatus();
  }
  const std::shared_ptr<const storage::AccessTable> table = store_->view()->access;
  const AccessEntry* entry = table->Find(caller.key_id);
  // One that was revoked long ago is not listed any more.
  if (entry == nullptr) {
    return KeyInvalid();
  }
  const int64_t now_ms = NowMs(*clock_);
  if (caller.kind == Caller::Kind::kKey) {
    const StoredKeySecret* secret = FindSecret(entry, caller.text_hash, no_hash_);
    RETURN_IF_ERROR(secret == nullptr ? KeyInvalid()
                                      : CheckInForce(*entry->stored, *secret, now_ms));
  } else {
    RETURN_IF_ERROR(CheckInForce(*entry->stored, now_ms));
  }
  Caller now = caller;
  SetRights(*entry->stored, now);
  return CheckMay(method, now);
}

}  // namespace emptychair
