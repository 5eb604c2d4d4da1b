#include "server/access/permits.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "server/access/roles.h"

namespace emptychair {

absl::Status NotPermitted(const Caller& caller, v1::Permission permission, absl::string_view what) {
  const absl::string_view name = PermissionName(permission);
  const std::string role = RoleName(caller.role);
  return Error(v1::ERROR_REASON_NOT_PERMITTED,
               absl::StrCat(what, " needs the permission ", name, ", which the role ", role,
                            caller.kind == Caller::Kind::kAnonymous
                                ? " does not give to callers who do not say who they are"
                                : " does not have"),
               {{"permission", name}, {"role", role}});
}

absl::Status CheckPermitted(const Caller& caller, v1::Permission permission,
                            absl::string_view what) {
  return caller.May(permission) ? absl::OkStatus() : NotPermitted(caller, permission, what);
}

absl::Status AsToldTo(const Caller& caller, const absl::Status& error) {
  if (ReasonOf(error) != v1::ERROR_REASON_CONTENT_DIFFERS ||
      caller.May(v1::PERMISSION_READ_RECORDS)) {
    return error;
  }
  std::map<std::string, std::string> metadata = MetadataOf(error);
  const bool is_activity = metadata.contains("kind");
  const std::string key = is_activity ? "kind" : "survey_id";
  return Error(v1::ERROR_REASON_CONTENT_DIFFERS,
               absl::StrCat("the ", is_activity ? "activity" : "record",
                            " was sent before under the same id with other content; it stays as "
                            "it is"),
               {{key, metadata[key]}});
}

}  // namespace emptychair
