#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/key_id.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "storage/check/verify_parts.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

using google::protobuf::util::MessageDifferencer;
using store::v1::StoredAccess;

std::string NameOfKey(uint64_t id) { return absl::StrCat("the key ", KeyIdText(id)); }

// Compares keys and certificates with those in force, and the index by name with what they make.
class AccessCheck {
 public:
  explicit AccessCheck(VerifyRun& run) : run_(run) {
    for (const auto& [id, entry] : run.view.access->entries()) {
      missing_.emplace(id, entry.stored.get());
      if (entry.stored->revoke_time_ms() == 0 && !entry.stored->certificate_san().empty()) {
        const IdHash hash = run.hash(HashPurpose::kCertificate, entry.stored->certificate_san());
        missing_names_.emplace(AccessByNameKey(hash), id);
      }
    }
  }

  absl::Status CheckRow(absl::string_view key, absl::string_view value) {
    if (const std::optional<uint64_t> id = DecodeAccessKey(key)) {
      return CheckEntry(*id, key, value);
    }
    if (DecodeAccessByNameKey(key).has_value()) {
      return CheckName(std::string(key), value);
    }
    return run_.Report([&] { return Undecodable("access", key); });
  }

  absl::Status Finish() {
    for (const auto& [id, stored] : missing_) {
      RETURN_IF_ERROR(run_.Report([&, id = id] {
        return Difference{DifferenceKind::kAccessEntry, "", NameOfKey(id), "", "an entry"};
      }));
    }
    for (const auto& [key, id] : missing_names_) {
      RETURN_IF_ERROR(run_.Report([&, id = id] {
        return Difference{DifferenceKind::kAccessIndex, "",
                          absl::StrCat("the certificate of ", NameOfKey(id), " by its name"), "",
                          "an entry"};
      }));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckEntry(uint64_t id, absl::string_view key, absl::string_view value) {
    StoredAccess stored;
    if (!DecodeMessage(value, stored)) {
      return run_.Report([&] { return Undecodable("access", key); });
    }
    const auto found = missing_.find(id);
    if (found != missing_.end() && MessageDifferencer::Equals(stored, *found->second)) {
      missing_.erase(found);
      return absl::OkStatus();
    }
    const bool is_known = found != missing_.end();
    if (is_known) {
      missing_.erase(found);
    }
    return run_.Report([&] {
      return Difference{DifferenceKind::kAccessEntry, "", NameOfKey(id), "an entry",
                        is_known ? "what is in force" : ""};
    });
  }

  absl::Status CheckName(const std::string& key, absl::string_view value) {
    const std::optional<uint64_t> id = DecodeAccessId(value);
    if (!id.has_value()) {
      return run_.Report([&] { return Undecodable("access", key); });
    }
    const auto found = missing_names_.find(key);
    if (found != missing_names_.end() && found->second == *id) {
      missing_names_.erase(found);
      return absl::OkStatus();
    }
    return run_.Report([&] {
      return Difference{DifferenceKind::kAccessIndex, "", "a name of a certificate", NameOfKey(*id),
                        ""};
    });
  }

  VerifyRun& run_;
  // What was not seen yet.
  std::map<uint64_t, const StoredAccess*> missing_;
  std::map<std::string, uint64_t> missing_names_;
};

}  // namespace

absl::Status CheckAccess(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("access"));
  AccessCheck check(run);
  RETURN_IF_ERROR(ScanFamily(run.engine, run.view, Family::kAccess,
                             [&](absl::string_view key, absl::string_view value) {
                               RETURN_IF_ERROR(run.steps.Step());
                               return check.CheckRow(key, value);
                             }));
  return check.Finish();
}

}  // namespace emptychair::storage
