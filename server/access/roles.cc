#include "server/access/roles.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace emptychair {
namespace {

constexpr PermissionSet kEverybody = {v1::PERMISSION_PUBLIC};
constexpr PermissionSet kAnyRole = kEverybody | PermissionSet{v1::PERMISSION_ANY};
constexpr PermissionSet kReader =
    kAnyRole | PermissionSet{v1::PERMISSION_READ_SURVEYS, v1::PERMISSION_READ_METRICS};
constexpr PermissionSet kAnalyst = kReader | PermissionSet{v1::PERMISSION_READ_RECORDS};
constexpr PermissionSet kSubmitter =
    kAnyRole | PermissionSet{v1::PERMISSION_SUBMIT, v1::PERMISSION_READ_SURVEYS};
constexpr PermissionSet kEditor =
    kAnalyst | kSubmitter | PermissionSet{v1::PERMISSION_EDIT_RECORDS, v1::PERMISSION_EDIT_SURVEYS};
constexpr PermissionSet kOperator = kAnyRole | PermissionSet{v1::PERMISSION_OPERATE};
constexpr PermissionSet kOfKnownCallers = {v1::PERMISSION_MANAGE_KEYS, v1::PERMISSION_READ_AUDIT};
constexpr PermissionSet kAdmin =
    kEditor | kOperator | kOfKnownCallers | PermissionSet{v1::PERMISSION_ERASE};

}  // namespace

PermissionSet PermissionsOf(v1::Role role) {
  switch (role) {
    case v1::ROLE_SUBMITTER:
      return kSubmitter;
    case v1::ROLE_READER:
      return kReader;
    case v1::ROLE_ANALYST:
      return kAnalyst;
    case v1::ROLE_EDITOR:
      return kEditor;
    case v1::ROLE_OPERATOR:
      return kOperator;
    case v1::ROLE_ADMIN:
      return kAdmin;
    default:
      return kEverybody;
  }
}

PermissionSet AnonymousPermissionsOf(v1::Role role) {
  return PermissionsOf(role) - kOfKnownCallers;
}

std::vector<v1::Permission> ListOf(PermissionSet permissions) {
  std::vector<v1::Permission> list;
  for (int number = v1::Permission_MIN; number <= v1::Permission_MAX; ++number) {
    const auto permission = static_cast<v1::Permission>(number);
    if (permissions.Has(permission)) {
      list.push_back(permission);
    }
  }
  return list;
}

absl::string_view PermissionName(v1::Permission permission) {
  return absl::StripPrefix(v1::Permission_Name(permission), "PERMISSION_");
}

std::string RoleName(v1::Role role) {
  return role == v1::ROLE_UNSPECIFIED
             ? "none"
             : absl::AsciiStrToLower(absl::StripPrefix(v1::Role_Name(role), "ROLE_"));
}

std::optional<v1::Role> ParseRole(absl::string_view name) {
  for (int number = v1::Role_MIN; number <= v1::Role_MAX; ++number) {
    if (const auto role = static_cast<v1::Role>(number); RoleName(role) == name) {
      return role;
    }
  }
  return std::nullopt;
}

}  // namespace emptychair
