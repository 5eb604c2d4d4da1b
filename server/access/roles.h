// What each role may do.
#ifndef EMPTYCHAIR_SERVER_ACCESS_ROLES_H_
#define EMPTYCHAIR_SERVER_ACCESS_ROLES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/v1/access_options.pb.h"
#include "emptychair/v1/access_types.pb.h"
#include "server/api/permission_set.h"

namespace emptychair {

// What a role may do; of ROLE_UNSPECIFIED only what everybody may. docs/access.md has the table.
PermissionSet PermissionsOf(v1::Role role);

// The same of a caller who did not say who it is: never keys or the audit.
PermissionSet AnonymousPermissionsOf(v1::Role role);

// In order of number.
std::vector<v1::Permission> ListOf(PermissionSet permissions);

// Without the enum's prefix, for example "READ_METRICS".
absl::string_view PermissionName(v1::Permission permission);

// In lower case, for example "submitter"; of ROLE_UNSPECIFIED "none".
std::string RoleName(v1::Role role);

// The role that RoleName calls so; nothing for any other text.
std::optional<v1::Role> ParseRole(absl::string_view name);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_ROLES_H_
