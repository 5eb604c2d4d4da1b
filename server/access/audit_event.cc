#include "server/access/audit_event.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "common/base/timestamp.h"
#include "google/protobuf/field_mask.pb.h"

namespace emptychair {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using storage::HashPurpose;
using store::v1::StoredAuditEvent;

constexpr size_t kIdBytesMax = 128;
// Resources lie one message deep.
constexpr int kDepthMax = 1;

// A field that names something, and how the audit names that.
struct Naming {
  absl::string_view field;
  absl::string_view kind;
  // None: as it is.
  std::optional<HashPurpose> hashed;
};
constexpr std::array<Naming, 9> kNamings = {{
    {"survey_id", "survey", std::nullopt},
    {"feedback_id", "feedback", std::nullopt},
    {"external_id", "feedback", HashPurpose::kExternalId},
    {"customer_id", "customer", HashPurpose::kCustomerId},
    {"kind", "activity_kind", std::nullopt},
    {"activity_id", "activity", HashPurpose::kActivityId},
    {"import_id", "import", std::nullopt},
    {"key_id", "key", std::nullopt},
    {"backup_id", "backup", std::nullopt},
}};

// What comes from callers is theirs: it may be anything.
std::string AsLogged(absl::string_view text) { return Visible(text.substr(0, kIdBytesMax)); }

void AddTarget(const Naming& naming, const std::string& id, const storage::KeyedHash& hash,
               StoredAuditEvent& event) {
  store::v1::StoredAuditTarget& target = *event.add_targets();
  target.set_kind(std::string(naming.kind));
  if (naming.hashed.has_value()) {
    const storage::IdHash hashed = hash(*naming.hashed, id);
    target.set_id(
        absl::BytesToHexString({reinterpret_cast<const char*>(hashed.data()), hashed.size()}));
  } else {
    target.set_id(AsLogged(id));
  }
}

void AddNamed(const Message& message, int depth, const storage::KeyedHash& hash,
              StoredAuditEvent& event) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated()) {
      continue;
    }
    if (field->type() == FieldDescriptor::TYPE_STRING) {
      for (const Naming& naming : kNamings) {
        if (field->name() == naming.field) {
          AddTarget(naming, message.GetReflection()->GetString(message, field), hash, event);
        }
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && depth < kDepthMax) {
      const Message& part = message.GetReflection()->GetMessage(message, field);
      if (const auto* mask = dynamic_cast<const google::protobuf::FieldMask*>(&part)) {
        for (const std::string& path : mask->paths()) {
          event.add_fields(AsLogged(path));
        }
      } else {
        AddNamed(part, depth + 1, hash, event);
      }
    }
  }
}

}  // namespace

StoredAuditEvent AuditOf(const RequestContext& context, const Message& request,
                         const storage::KeyedHash& hash, absl::Time now) {
  StoredAuditEvent event;
  event.set_time_ms(absl::ToUnixMillis(now));
  event.set_caller_kind(ToApi(context.caller.kind));
  event.set_key_id(context.caller.key_id);
  event.set_method(context.method->name);
  event.set_request_id(std::string(context.request_id.text()));
  event.set_peer(context.caller.peer);
  AddNamed(request, 0, hash, event);
  return event;
}

v1::CallerKind ToApi(Caller::Kind kind) {
  switch (kind) {
    case Caller::Kind::kAdminSocket:
      return v1::CALLER_KIND_ADMIN_SOCKET;
    case Caller::Kind::kKey:
      return v1::CALLER_KIND_KEY;
    case Caller::Kind::kCertificate:
      return v1::CALLER_KIND_CERTIFICATE;
    case Caller::Kind::kAnonymous:
      return v1::CALLER_KIND_ANONYMOUS;
  }
  return v1::CALLER_KIND_UNSPECIFIED;
}

v1::AuditEvent ToApi(uint64_t number, const StoredAuditEvent& stored) {
  v1::AuditEvent event;
  event.set_number(static_cast<int64_t>(number));
  *event.mutable_time() = ToTimestamp(absl::FromUnixMillis(stored.time_ms()));
  event.set_caller_kind(stored.caller_kind());
  if (stored.key_id() != 0) {
    event.set_key_id(KeyIdText(stored.key_id()));
  }
  event.set_method(stored.method());
  event.set_request_id(stored.request_id());
  event.set_peer(stored.peer());
  for (const store::v1::StoredAuditTarget& stored_target : stored.targets()) {
    v1::AuditTarget& target = *event.add_targets();
    target.set_kind(stored_target.kind());
    target.set_id(stored_target.id());
  }
  *event.mutable_fields() = stored.fields();
  event.set_denied_count(static_cast<int64_t>(stored.denied_count()));
  event.set_denied_reason(stored.denied_reason());
  return event;
}

}  // namespace emptychair
