#include "server/access/keys.h"

#include <algorithm>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "google/protobuf/util/field_mask_util.h"
#include "server/access/key_text.h"
#include "server/request/validation.h"
#include "server/surveys/survey.h"
#include "storage/read/records.h"

namespace emptychair {
namespace {

using store::v1::StoredAccess;

constexpr size_t kNameBytesMax = 64;
constexpr size_t kSanBytesMax = 1'024;
constexpr int64_t kRateMax = 1'000'000'000;
constexpr int64_t kPerDayMax = 1'000'000'000'000;
constexpr absl::string_view kUriPrefix = "uri:";
constexpr absl::string_view kDnsPrefix = "dns:";

absl::Status Invalid(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field, description);
}

absl::Status CheckKeyName(absl::string_view name) {
  if (name.empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "key.name", "must be given");
  }
  RETURN_IF_ERROR(CheckId("key.name", name));
  return CheckLength("key.name", name, kNameBytesMax);
}

absl::Status CheckRole(v1::Role role, bool all_surveys) {
  if (role == v1::ROLE_UNSPECIFIED) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "key.role", "must be given");
  }
  RETURN_IF_ERROR(CheckEnum("key.role", role, &v1::Role_IsValid));
  if ((role == v1::ROLE_OPERATOR || role == v1::ROLE_ADMIN) && !all_surveys) {
    return Invalid("key.all_surveys", "must be true for the roles OPERATOR and ADMIN");
  }
  return absl::OkStatus();
}

// Sets the surveys that the key names, by number.
absl::Status SetSurveys(const v1::Key& key, const storage::View& view, StoredAccess& stored) {
  if (key.all_surveys() && !key.survey_ids().empty()) {
    return Invalid("key.survey_ids", "must be empty where all_surveys is true");
  }
  if (key.survey_ids_size() > kKeySurveysMax) {
    return Invalid("key.survey_ids",
                   absl::StrCat("got ", key.survey_ids_size(), " surveys, wanted at most ",
                                kKeySurveysMax, ", or all_surveys"));
  }
  std::vector<uint32_t> numbers;
  for (int i = 0; i < key.survey_ids_size(); ++i) {
    ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                     FindSurvey(view, absl::StrCat("key.survey_ids[", i, "]"), key.survey_ids(i)));
    numbers.push_back(survey->number());
  }
  absl::c_sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  stored.set_all_surveys(key.all_surveys());
  *stored.mutable_survey_numbers() = {numbers.begin(), numbers.end()};
  return absl::OkStatus();
}

absl::Status SetExpireTime(const v1::Key& key, absl::Time now, StoredAccess& stored) {
  stored.clear_expire_time_ms();
  if (!key.has_expire_time()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const absl::Time time, CheckTimestamp("key.expire_time", key.expire_time()));
  if (time <= now) {
    return Invalid("key.expire_time", "has passed; wanted a time to come");
  }
  stored.set_expire_time_ms(absl::ToUnixMillis(time));
  return absl::OkStatus();
}

absl::Status SetLimits(const v1::Key& key, StoredAccess& stored) {
  stored.clear_limits();
  if (!key.has_limits()) {
    return absl::OkStatus();
  }
  const v1::KeyLimits& limits = key.limits();
  RETURN_IF_ERROR(
      CheckRange("key.limits.calls_per_second", limits.calls_per_second(), 0, kRateMax));
  RETURN_IF_ERROR(
      CheckRange("key.limits.records_per_second", limits.records_per_second(), 0, kRateMax));
  RETURN_IF_ERROR(
      CheckRange("key.limits.records_per_day", limits.records_per_day(), 0, kPerDayMax));
  *stored.mutable_limits() = limits;
  return absl::OkStatus();
}

// The name of a certificate as it is compared: that of a host in lower case.
absl::StatusOr<std::string> CheckSan(absl::string_view san) {
  constexpr absl::string_view kField = "key.certificate_san";
  const bool is_dns = absl::StartsWith(san, kDnsPrefix);
  if ((!is_dns && !absl::StartsWith(san, kUriPrefix)) || san.size() == kUriPrefix.size()) {
    return Invalid(kField, absl::StrCat("got ", Quoted(san),
                                        ", wanted `uri:` or `dns:` and a name, for example "
                                        "uri:spiffe://example.org/checkout"));
  }
  RETURN_IF_ERROR(CheckLength(kField, san, kSanBytesMax));
  if (!absl::c_all_of(san, absl::ascii_isgraph)) {
    return Invalid(kField, "has bytes that are no visible ASCII, as names in certificates have");
  }
  if (is_dns && absl::StrContains(san, '*')) {
    return Invalid(kField, "has a wildcard; wanted one name");
  }
  return is_dns ? absl::AsciiStrToLower(san) : std::string(san);
}

int64_t Ms(absl::Time time) { return absl::ToUnixMillis(time); }

void AddSecret(absl::string_view key_text, const storage::KeyTextHash& hash, StoredAccess& stored) {
  const storage::KeyTextHash::Bytes bytes = hash(key_text);
  stored.add_secrets()->set_hash(bytes.data(), bytes.size());
}

bool Has(const google::protobuf::FieldMask& mask, absl::string_view path) {
  return absl::c_linear_search(mask.paths(), path);
}

std::string DayText(uint32_t day) {
  return absl::FormatCivilTime(absl::CivilDay(1970, 1, 1) + static_cast<int64_t>(day));
}

}  // namespace

absl::StatusOr<KeyCommand> PrepareCreateKey(const v1::CreateKeyRequest& request, uint64_t creator,
                                            absl::Time now, const storage::View& view,
                                            const storage::KeyTextHash& hash) {
  const v1::Key& key = request.key();
  KeyCommand made{storage::NewCommand(), ""};
  StoredAccess& stored = *made.command->mutable_create_access()->mutable_access();
  RETURN_IF_ERROR(CheckKeyName(key.name()));
  RETURN_IF_ERROR(CheckRole(key.role(), key.all_surveys()));
  RETURN_IF_ERROR(SetSurveys(key, view, stored));
  RETURN_IF_ERROR(SetExpireTime(key, now, stored));
  RETURN_IF_ERROR(SetLimits(key, stored));
  stored.set_id(NewKeyId());
  stored.set_name(key.name());
  stored.set_role(key.role());
  stored.set_create_time_ms(Ms(now));
  stored.set_creator_id(creator);
  if (!key.certificate_san().empty()) {
    ASSIGN_OR_RETURN(*stored.mutable_certificate_san(), CheckSan(key.certificate_san()));
  } else {
    made.key_text = MakeKeyText(stored.id());
    AddSecret(made.key_text, hash, stored);
  }
  return made;
}

absl::StatusOr<storage::CommandPtr> PrepareUpdateKey(const v1::UpdateKeyRequest& request,
                                                     absl::Time now, const storage::View& view) {
  static constexpr absl::string_view kPaths[] = {"name",       "role",        "all_surveys",
                                                 "survey_ids", "expire_time", "limits"};
  const v1::Key& key = request.key();
  const google::protobuf::FieldMask& mask = request.update_mask();
  ASSIGN_OR_RETURN(const StoredAccess* now_stored, FindKey(view, "key.key_id", key.key_id()));
  RETURN_IF_ERROR(CheckMask("update_mask", mask, kPaths));
  if (const std::string etag = storage::EtagOf(now_stored->sequence());
      !key.etag().empty() && key.etag() != etag) {
    return FieldError(v1::ERROR_REASON_ETAG_MISMATCH, "key.etag",
                      absl::StrCat("got ", Quoted(key.etag()), ", but the key has ", Quoted(etag)),
                      {{"etag", etag}, {"key_id", key.key_id()}});
  }
  v1::Key wanted = ToApi(*now_stored, view);
  google::protobuf::util::FieldMaskUtil::MergeOptions options;
  options.set_replace_repeated_fields(true);
  options.set_replace_message_fields(true);
  google::protobuf::util::FieldMaskUtil::MergeMessageTo(key, mask, options, &wanted);
  // All surveys and some exclude each other: to say one of them takes the other back.
  if (Has(mask, "all_surveys") && wanted.all_surveys() && !Has(mask, "survey_ids")) {
    wanted.clear_survey_ids();
  }
  storage::CommandPtr command = storage::NewCommand();
  StoredAccess& stored = *command->mutable_update_access()->mutable_access();
  stored = *now_stored;
  RETURN_IF_ERROR(CheckKeyName(wanted.name()));
  RETURN_IF_ERROR(CheckRole(wanted.role(), wanted.all_surveys()));
  stored.set_name(wanted.name());
  stored.set_role(wanted.role());
  if (Has(mask, "all_surveys") || Has(mask, "survey_ids")) {
    RETURN_IF_ERROR(SetSurveys(wanted, view, stored));
  }
  if (Has(mask, "expire_time")) {
    RETURN_IF_ERROR(SetExpireTime(wanted, now, stored));
  }
  if (Has(mask, "limits")) {
    RETURN_IF_ERROR(SetLimits(wanted, stored));
  }
  return command;
}

absl::StatusOr<KeyCommand> PrepareRotateKey(const v1::RotateKeyRequest& request, absl::Time now,
                                            const storage::View& view,
                                            const storage::KeyTextHash& hash) {
  ASSIGN_OR_RETURN(const StoredAccess* stored, FindKey(view, "key_id", request.key_id()));
  absl::Duration overlap = absl::Hours(24);
  if (request.has_overlap()) {
    overlap =
        absl::Seconds(request.overlap().seconds()) + absl::Nanoseconds(request.overlap().nanos());
    if (overlap < absl::ZeroDuration() || overlap > kKeyOverlapMax) {
      return Invalid("overlap",
                     absl::StrCat("got ", absl::FormatDuration(overlap), ", wanted 0 to 30 days"));
    }
  }
  KeyCommand made{storage::NewCommand(), MakeKeyText(stored->id())};
  store::v1::RotateAccessCommand& rotate = *made.command->mutable_rotate_access();
  rotate.set_id(stored->id());
  const storage::KeyTextHash::Bytes bytes = hash(made.key_text);
  rotate.set_secret_hash(bytes.data(), bytes.size());
  rotate.set_former_not_after_ms(Ms(now + overlap));
  rotate.set_time_ms(Ms(now));
  return made;
}

absl::StatusOr<storage::CommandPtr> PrepareRevokeKey(const v1::RevokeKeyRequest& request,
                                                     absl::Time now, const storage::View& view) {
  ASSIGN_OR_RETURN(const StoredAccess* stored, FindKey(view, "key_id", request.key_id()));
  storage::CommandPtr command = storage::NewCommand();
  command->mutable_revoke_access()->set_id(stored->id());
  command->mutable_revoke_access()->set_time_ms(Ms(now));
  return command;
}

absl::StatusOr<const StoredAccess*> FindKey(const storage::View& view, absl::string_view field,
                                            absl::string_view key_id) {
  if (key_id.empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field, "must be given");
  }
  const std::optional<uint64_t> id = ParseKeyId(key_id);
  if (!id.has_value()) {
    // Somebody may have put a key's text here: it is not repeated.
    return Invalid(field, "is no id of a key: 12 digits of 0123456789abcdefghjkmnpqrstvwxyz");
  }
  const storage::AccessEntry* entry = view.access->Find(*id);
  if (entry == nullptr) {
    return Error(v1::ERROR_REASON_KEY_NOT_FOUND, absl::StrCat(field, ": there is no key ", key_id),
                 {{"key_id", key_id}});
  }
  return entry->stored.get();
}

v1::Key ToApi(const StoredAccess& stored, const storage::View& view) {
  v1::Key key;
  key.set_key_id(KeyIdText(stored.id()));
  key.set_name(stored.name());
  key.set_role(stored.role());
  key.set_all_surveys(stored.all_surveys());
  for (const auto& [survey_id, survey] : *view.catalog) {
    if (absl::c_binary_search(stored.survey_numbers(), survey->number())) {
      key.add_survey_ids(survey_id);
    }
  }
  if (stored.expire_time_ms() != 0) {
    *key.mutable_expire_time() = ToTimestamp(absl::FromUnixMillis(stored.expire_time_ms()));
  }
  key.set_certificate_san(stored.certificate_san());
  if (stored.has_limits()) {
    *key.mutable_limits() = stored.limits();
  }
  *key.mutable_create_time() = ToTimestamp(absl::FromUnixMillis(stored.create_time_ms()));
  if (stored.revoke_time_ms() != 0) {
    *key.mutable_revoke_time() = ToTimestamp(absl::FromUnixMillis(stored.revoke_time_ms()));
  }
  if (stored.last_use_day() != 0) {
    key.set_last_use_day(DayText(stored.last_use_day()));
  }
  if (stored.creator_id() != 0) {
    key.set_creator(KeyIdText(stored.creator_id()));
  }
  key.set_etag(storage::EtagOf(stored.sequence()));
  for (const store::v1::StoredKeySecret& secret : stored.secrets()) {
    if (secret.not_after_ms() != 0) {
      *key.mutable_former_text_expire_time() =
          ToTimestamp(absl::FromUnixMillis(secret.not_after_ms()));
    }
  }
  return key;
}

}  // namespace emptychair
