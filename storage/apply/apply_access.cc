#include "storage/apply/apply_access.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/ledger.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

using google::protobuf::util::MessageDifferencer;
using store::v1::StoredAccess;

bool HasSurvey(const StoredAccess& access, uint32_t number) {
  const auto& numbers = access.survey_numbers();
  return access.all_surveys() || std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

// Whether a key that becomes `wanted` may not do all any more that it may do now.
bool IsNarrowed(const StoredAccess& now, const StoredAccess& wanted) {
  if (now.role() != wanted.role() || (now.all_surveys() && !wanted.all_surveys())) {
    return true;
  }
  for (const uint32_t number : now.survey_numbers()) {
    if (!HasSurvey(wanted, number)) {
      return true;
    }
  }
  return wanted.expire_time_ms() != 0 &&
         (now.expire_time_ms() == 0 || wanted.expire_time_ms() < now.expire_time_ms());
}

// The restored key as the ledger says that it was left. Numbers of surveys that came after the copy
// may be those of others by now.
StoredAccess NarrowedAs(const StoredAccess& now, const StoredAccess& left, WorkingState& state) {
  StoredAccess narrowed = now;
  narrowed.set_role(left.role());
  narrowed.set_all_surveys(now.all_surveys() && left.all_surveys());
  narrowed.clear_survey_numbers();
  const auto& wider = now.all_surveys() ? left.survey_numbers() : now.survey_numbers();
  for (const uint32_t number : wider) {
    if (HasSurvey(now, number) && HasSurvey(left, number) && state.FindSurvey(number) != nullptr &&
        !narrowed.all_surveys()) {
      narrowed.add_survey_numbers(number);
    }
  }
  narrowed.set_expire_time_ms(left.expire_time_ms());
  narrowed.clear_limits();
  if (left.has_limits()) {
    *narrowed.mutable_limits() = left.limits();
  }
  return narrowed;
}

// How long one that was revoked is listed.
constexpr int64_t kRevokedKeptMs = int64_t{400} * 24 * 3600 * 1000;

absl::Status KeyNotFound(uint64_t id) {
  const std::string key_id = KeyIdText(id);
  return Error(v1::ERROR_REASON_KEY_NOT_FOUND, absl::StrCat("there is no key ", key_id),
               {{"key_id", key_id}});
}

absl::Status KeyExists(absl::string_view field, absl::string_view what, const StoredAccess& other) {
  const std::string key_id = KeyIdText(other.id());
  return FieldError(v1::ERROR_REASON_KEY_EXISTS, field,
                    absl::StrCat("the key ", key_id, " has the same ", what,
                                 "; choose another, or revoke that one first"),
                    {{"key_id", key_id}});
}

absl::Status Revoked() {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, "key_id",
                    "the key was revoked and cannot be changed any more; make another");
}

// Whether the entry as wanted fits beside the others and what is there. Surveys that it had in
// `now` may be gone: nothing else of it could be changed then.
absl::Status CheckFits(const StoredAccess& wanted, const StoredAccess& now, WorkingState& state) {
  if (const StoredAccess* other = state.access().FindNamed(wanted.name());
      other != nullptr && other->id() != wanted.id()) {
    return KeyExists("key.name", "name", *other);
  }
  for (const uint32_t number : wanted.survey_numbers()) {
    if (state.FindSurvey(number) == nullptr &&
        !absl::c_linear_search(now.survey_numbers(), number)) {
      return SurveyGoneError();
    }
  }
  return absl::OkStatus();
}

Uuid ChangeIdOf(uint64_t id) {
  Uuid uuid;
  for (size_t i = 0; i < sizeof(id); ++i) {
    uuid.bytes[Uuid::kSize - 1 - i] = static_cast<uint8_t>(id >> (8 * i));
  }
  return uuid;
}

IdHash CertificateHash(const StoredAccess& access, const WorkingState& state) {
  return state.hash()(HashPurpose::kCertificate, access.certificate_san());
}

void Store(StoredAccess access, WorkingState& state, WriteGroup& group) {
  group.Put(Family::kAccess, AccessKey(access.id()), EncodeMessage(access));
  state.access().Put(std::move(access));
}

CommandResult PutChange(ChangeKind kind, StoredAccess access, WorkingState& state,
                        WriteGroup& group) {
  access.set_sequence(
      TakeSequence({kind, Entity::kAccess, 0, ChangeIdOf(access.id())}, state, group));
  CommandResult result;
  result.access = std::make_shared<const StoredAccess>(access);
  Store(std::move(access), state, group);
  return result;
}

CommandResult Failed(absl::Status error) {
  CommandResult result;
  result.error = std::move(error);
  return result;
}

CommandResult Unchanged(const StoredAccess& access) {
  CommandResult result;
  result.access = std::make_shared<const StoredAccess>(access);
  return result;
}

void Forget(uint64_t id, WorkingState& state, WriteGroup& group) {
  group.Delete(Family::kAccess, AccessKey(id));
  state.access().Forget(id);
}

// Makes room for one more by forgetting what was revoked long ago; where there is none left, what
// was revoked first. Errors: LIMIT_REACHED.
absl::Status MakeRoom(int64_t now_ms, WorkingState& state, WriteGroup& group) {
  while (const StoredAccess* revoked = state.access().FirstRevoked()) {
    if (state.access().size() < kAccessEntriesMax &&
        revoked->revoke_time_ms() > now_ms - kRevokedKeptMs) {
      break;
    }
    Forget(revoked->id(), state, group);
  }
  if (state.access().size() < kAccessEntriesMax) {
    return absl::OkStatus();
  }
  const std::string limit = absl::StrCat(kAccessEntriesMax);
  return Error(v1::ERROR_REASON_LIMIT_REACHED,
               absl::StrCat("there are ", limit, " keys; revoke those that are not needed"),
               {{"what", "keys"}, {"limit", limit}});
}

}  // namespace

CommandResult ApplyCreateAccess(const store::v1::CreateAccessCommand& command, WorkingState& state,
                                WriteGroup& group) {
  const StoredAccess& wanted = command.access();
  if (const StoredAccess* other = state.access().Find(wanted.id())) {
    return Failed(KeyExists("key.key_id", "id", *other));
  }
  if (absl::Status fits = CheckFits(wanted, StoredAccess(), state); !fits.ok()) {
    return Failed(std::move(fits));
  }
  if (!wanted.certificate_san().empty()) {
    if (const StoredAccess* other = state.access().FindCertificate(wanted.certificate_san())) {
      return Failed(KeyExists("key.certificate_san", "certificate", *other));
    }
  }
  if (absl::Status room = MakeRoom(wanted.create_time_ms(), state, group); !room.ok()) {
    return Failed(std::move(room));
  }
  if (!wanted.certificate_san().empty()) {
    group.Put(Family::kAccess, AccessByNameKey(CertificateHash(wanted, state)),
              EncodeAccessId(wanted.id()));
  }
  return PutChange(ChangeKind::kCreated, wanted, state, group);
}

CommandResult ApplyUpdateAccess(const store::v1::UpdateAccessCommand& command, WorkingState& state,
                                WriteGroup& group) {
  const StoredAccess* now = state.access().Find(command.access().id());
  if (now == nullptr) {
    return Failed(KeyNotFound(command.access().id()));
  }
  if (now->revoke_time_ms() != 0) {
    return Failed(Revoked());
  }
  StoredAccess wanted = *now;
  wanted.set_name(command.access().name());
  wanted.set_role(command.access().role());
  wanted.set_all_surveys(command.access().all_surveys());
  *wanted.mutable_survey_numbers() = command.access().survey_numbers();
  wanted.set_expire_time_ms(command.access().expire_time_ms());
  wanted.clear_limits();
  if (command.access().has_limits()) {
    *wanted.mutable_limits() = command.access().limits();
  }
  if (MessageDifferencer::Equals(*now, wanted)) {
    return Unchanged(*now);
  }
  if (command.access().sequence() != now->sequence()) {
    const std::string etag = EtagOf(now->sequence());
    return Failed(
        FieldError(v1::ERROR_REASON_ETAG_MISMATCH, "key.etag",
                   absl::StrCat("the key was changed meanwhile and has the etag \"", etag, "\""),
                   {{"etag", etag}, {"key_id", KeyIdText(now->id())}}));
  }
  if (absl::Status fits = CheckFits(wanted, *now, state); !fits.ok()) {
    return Failed(std::move(fits));
  }
  const bool is_narrowed = IsNarrowed(*now, wanted);
  CommandResult result = PutChange(ChangeKind::kChanged, std::move(wanted), state, group);
  if (is_narrowed) {
    EnterIntoLedger(AccessEntry(store::v1::LEDGER_KIND_KEY_NARROWED, *result.access), state, group);
  }
  return result;
}

CommandResult ApplyRotateAccess(const store::v1::RotateAccessCommand& command, WorkingState& state,
                                WriteGroup& group) {
  const StoredAccess* now = state.access().Find(command.id());
  if (now == nullptr) {
    return Failed(KeyNotFound(command.id()));
  }
  if (now->revoke_time_ms() != 0) {
    return Failed(Revoked());
  }
  if (now->secrets().empty()) {
    return Failed(FieldError(v1::ERROR_REASON_FIELD_INVALID, "key_id",
                             "is a certificate, which has no text; register the new one and revoke "
                             "this"));
  }
  StoredAccess wanted = *now;
  wanted.clear_secrets();
  store::v1::StoredKeySecret& secret = *wanted.add_secrets();
  secret.set_hash(command.secret_hash());
  for (const store::v1::StoredKeySecret& former : now->secrets()) {
    if (former.not_after_ms() != 0 && former.not_after_ms() <= command.time_ms()) {
      continue;
    }
    if (command.former_not_after_ms() <= command.time_ms()) {
      continue;
    }
    if (former.not_after_ms() != 0) {
      return Failed(FieldError(
          v1::ERROR_REASON_FIELD_INVALID, "key_id",
          absl::StrCat(
              "has two texts that work, the former until ",
              absl::FormatTime(absl::FromUnixMillis(former.not_after_ms()), absl::UTCTimeZone()),
              "; rotate it again after that, or make another key")));
    }
    store::v1::StoredKeySecret& kept = *wanted.add_secrets();
    kept = former;
    kept.set_not_after_ms(command.former_not_after_ms());
  }
  CommandResult result = PutChange(ChangeKind::kChanged, std::move(wanted), state, group);
  EnterIntoLedger(AccessEntry(store::v1::LEDGER_KIND_KEY_ROTATED, *result.access), state, group);
  return result;
}

CommandResult ApplyRevokeAccess(const store::v1::RevokeAccessCommand& command, WorkingState& state,
                                WriteGroup& group) {
  const StoredAccess* now = state.access().Find(command.id());
  if (now == nullptr) {
    return Failed(KeyNotFound(command.id()));
  }
  if (now->revoke_time_ms() != 0) {
    return Unchanged(*now);
  }
  StoredAccess wanted = *now;
  wanted.set_revoke_time_ms(command.time_ms());
  if (!wanted.certificate_san().empty()) {
    group.Delete(Family::kAccess, AccessByNameKey(CertificateHash(wanted, state)));
  }
  CommandResult result = PutChange(ChangeKind::kDeleted, std::move(wanted), state, group);
  EnterIntoLedger(AccessEntry(store::v1::LEDGER_KIND_KEY_REVOKED, *result.access), state, group);
  return result;
}

CommandResult ReplayAccess(const store::v1::StoredLedgerEntry& entry, WorkingState& state,
                           WriteGroup& group) {
  const StoredAccess* now = state.access().Find(entry.access_id());
  if (now == nullptr || now->revoke_time_ms() != 0) {
    return {};
  }
  if (entry.kind() == store::v1::LEDGER_KIND_KEY_REVOKED) {
    store::v1::RevokeAccessCommand command;
    command.set_id(entry.access_id());
    command.set_time_ms(entry.time_ms());
    return ApplyRevokeAccess(command, state, group);
  }
  StoredAccess wanted = *now;
  if (entry.kind() == store::v1::LEDGER_KIND_KEY_ROTATED) {
    *wanted.mutable_secrets() = entry.access().secrets();
  } else {
    wanted = NarrowedAs(*now, entry.access(), state);
  }
  return MessageDifferencer::Equals(*now, wanted)
             ? Unchanged(*now)
             : PutChange(ChangeKind::kChanged, std::move(wanted), state, group);
}

CommandResult ApplyNoteAccess(const store::v1::NoteAccessCommand& command, WorkingState& state,
                              WriteGroup& group) {
  for (const store::v1::AccessUse& use : command.uses()) {
    const StoredAccess* now = state.access().Find(use.id());
    if (now == nullptr || now->last_use_day() > use.day()) {
      continue;
    }
    StoredAccess wanted = *now;
    wanted.set_records_of_day(use.day() > now->last_use_day()
                                  ? use.records_of_day()
                                  : std::max(use.records_of_day(), now->records_of_day()));
    wanted.set_last_use_day(use.day());
    Store(std::move(wanted), state, group);
  }
  return {};
}

}  // namespace emptychair::storage
