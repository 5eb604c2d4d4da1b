#include "server/access/roles.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

// The table of docs/access.md, by hand.
const std::map<v1::Permission, std::string>& Table() {
  static const auto* const kTable = new std::map<v1::Permission, std::string>{
      {v1::PERMISSION_PUBLIC, "none submitter reader analyst editor operator admin"},
      {v1::PERMISSION_ANY, "submitter reader analyst editor operator admin"},
      {v1::PERMISSION_SUBMIT, "submitter editor admin"},
      {v1::PERMISSION_READ_SURVEYS, "submitter reader analyst editor admin"},
      {v1::PERMISSION_READ_METRICS, "reader analyst editor admin"},
      {v1::PERMISSION_READ_RECORDS, "analyst editor admin"},
      {v1::PERMISSION_EDIT_RECORDS, "editor admin"},
      {v1::PERMISSION_EDIT_SURVEYS, "editor admin"},
      {v1::PERMISSION_ERASE, "admin"},
      {v1::PERMISSION_OPERATE, "operator admin"},
      {v1::PERMISSION_MANAGE_KEYS, "admin"},
      {v1::PERMISSION_READ_AUDIT, "admin"},
  };
  return *kTable;
}

TEST(Roles, MayDoWhatTheTableSays) {
  for (int p = v1::Permission_MIN + 1; p <= v1::Permission_MAX; ++p) {
    const auto permission = static_cast<v1::Permission>(p);
    std::string may;
    for (int r = v1::Role_MIN; r <= v1::Role_MAX; ++r) {
      const auto role = static_cast<v1::Role>(r);
      if (PermissionsOf(role).Has(permission)) {
        may += (may.empty() ? "" : " ") + RoleName(role);
      }
    }
    ASSERT_TRUE(Table().contains(permission)) << v1::Permission_Name(permission);
    EXPECT_EQ(may, Table().at(permission)) << v1::Permission_Name(permission);
  }
}

TEST(Roles, OfCallersWhoDoNotSayWhoTheyAreNeverReachKeysOrTheAudit) {
  for (int r = v1::Role_MIN; r <= v1::Role_MAX; ++r) {
    const auto role = static_cast<v1::Role>(r);
    const PermissionSet anonymous = AnonymousPermissionsOf(role);
    for (int p = v1::Permission_MIN + 1; p <= v1::Permission_MAX; ++p) {
      const auto permission = static_cast<v1::Permission>(p);
      const bool is_kept =
          permission != v1::PERMISSION_MANAGE_KEYS && permission != v1::PERMISSION_READ_AUDIT;
      EXPECT_EQ(anonymous.Has(permission), is_kept && PermissionsOf(role).Has(permission))
          << RoleName(role) << " " << v1::Permission_Name(permission);
    }
  }
}

TEST(Roles, AreNamedInLowerCase) {
  for (int r = v1::Role_MIN; r <= v1::Role_MAX; ++r) {
    const auto role = static_cast<v1::Role>(r);
    EXPECT_EQ(ParseRole(RoleName(role)), role);
  }
  EXPECT_EQ(RoleName(v1::ROLE_SUBMITTER), "submitter");
  EXPECT_EQ(ParseRole("ADMIN"), std::nullopt);
  EXPECT_EQ(ParseRole(""), std::nullopt);
}

}  // namespace
}  // namespace emptychair
