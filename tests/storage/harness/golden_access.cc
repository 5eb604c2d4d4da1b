#include "tests/storage/harness/golden_access.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/audit.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kDayMs = 86'400'000;

void Run(Store& store, CommandPtr command) {
  const CommandResult result = RunCommand(store, std::move(command));
  if (!result.error.ok()) {
    std::cerr << "the golden database cannot be filled: " << result.error << std::endl;
    std::abort();
  }
}

std::string HashOf(const Store& store, absl::string_view text) {
  const KeyTextHash::Bytes hash = store.key_text_hash()(text);
  return {hash.begin(), hash.end()};
}

void Create(Store& store, uint64_t id, const std::string& name,
            const std::function<void(store::v1::StoredAccess&)>& change) {
  auto command = NewCommand();
  store::v1::StoredAccess& access = *command->mutable_create_access()->mutable_access();
  access.set_id(id);
  access.set_name(name);
  access.set_role(v1::ROLE_ANALYST);
  access.set_create_time_ms(kNoonMs);
  change(access);
  Run(store, std::move(command));
}

void CreateCertificate(Store& store, uint64_t id, const std::string& name) {
  Create(store, id, name, [](store::v1::StoredAccess& access) {
    access.set_certificate_san(kGoldenSan);
    access.set_all_surveys(true);
    access.set_creator_id(kGoldenKey);
  });
}

void SetEvent(const std::string& method, store::v1::StoredAuditEvent& event) {
  event.set_time_ms(kNoonMs);
  event.set_caller_kind(v1::CALLER_KIND_KEY);
  event.set_key_id(kGoldenKey);
  event.set_method(method);
}

}  // namespace

void FillAccess(Store& store) {
  Create(store, kGoldenKey, "dashboard", [&](store::v1::StoredAccess& access) {
    access.add_secrets()->set_hash(HashOf(store, "eck_ the text before"));
    access.add_survey_numbers(1);
  });
  auto update = NewCommand();
  store::v1::StoredAccess& wanted = *update->mutable_update_access()->mutable_access();
  wanted = *store.view()->access->Find(kGoldenKey)->stored;
  wanted.set_role(v1::ROLE_READER);
  wanted.add_survey_numbers(2);
  wanted.set_expire_time_ms(kNoonMs + 30'000 * kDayMs);
  wanted.mutable_limits()->set_records_per_day(1'000);
  Run(store, std::move(update));
  auto rotate = NewCommand();
  rotate->mutable_rotate_access()->set_id(kGoldenKey);
  rotate->mutable_rotate_access()->set_secret_hash(HashOf(store, kGoldenKeyText));
  rotate->mutable_rotate_access()->set_time_ms(kNoonMs);
  rotate->mutable_rotate_access()->set_former_not_after_ms(kNoonMs + kDayMs);
  Run(store, std::move(rotate));
  auto note = NewCommand();
  store::v1::AccessUse& use = *note->mutable_note_access()->add_uses();
  use.set_id(kGoldenKey);
  use.set_day(19'783);
  use.set_records_of_day(12);
  Run(store, std::move(note));
  CreateCertificate(store, kGoldenRevokedCertificate, "till");
  auto revoke = NewCommand();
  revoke->mutable_revoke_access()->set_id(kGoldenRevokedCertificate);
  revoke->mutable_revoke_access()->set_time_ms(kNoonMs + kDayMs);
  SetEvent("AccessService/RevokeKey", *revoke->mutable_audit());
  Run(store, std::move(revoke));
  CreateCertificate(store, kGoldenCertificate, "till");
  auto note_event = NewCommand();
  SetEvent("AdminService/VerifyStore", *note_event->mutable_note_audit()->add_events());
  Run(store, std::move(note_event));
}

std::string AuditEntryText(const std::string& key, const std::string& value) {
  const auto number = DecodeAuditKey(key);
  const auto entry = DecodeAudit(value);
  store::v1::StoredAuditEvent event;
  return number.has_value() && entry.has_value() && event.ParseFromString(entry->bytes)
             ? absl::StrCat("event ", *number, " ", event.ShortDebugString(), " hash ",
                            absl::BytesToHexString(ToView(entry->hash)))
             : "damaged";
}

std::string AccessEntryText(const std::string& key, const std::string& value) {
  if (const auto id = DecodeAccessKey(key)) {
    store::v1::StoredAccess access;
    return DecodeMessage(value, access) ? absl::StrCat("key ", *id, " ", access.ShortDebugString())
                                        : "damaged";
  }
  const auto id = DecodeAccessId(value);
  return DecodeAccessByNameKey(key).has_value() && id.has_value()
             ? absl::StrCat("certificate of key ", *id)
             : "damaged";
}

}  // namespace emptychair::storage
