// The table of roles on docs/access.md is what the API states and the server grants.
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "emptychair/v1/access_options.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "server/access/roles.h"

namespace emptychair {
namespace {

constexpr v1::Role kRoles[] = {v1::ROLE_SUBMITTER, v1::ROLE_READER,   v1::ROLE_ANALYST,
                               v1::ROLE_EDITOR,    v1::ROLE_OPERATOR, v1::ROLE_ADMIN};

struct Row {
  // By name; with `\*` those that need a key for all surveys.
  std::set<std::string> methods;
  std::set<std::string> roles;
};

// The rows | permission | methods | a column for each role |.
std::map<std::string, Row> RowsOfPage() {
  std::map<std::string, Row> rows;
  std::ifstream page(EMPTYCHAIR_ACCESS_PAGE);
  for (std::string line; std::getline(page, line);) {
    std::vector<std::string> cells = absl::StrSplit(line, '|');
    v1::Permission permission = v1::PERMISSION_UNSPECIFIED;
    if (cells.size() != 4 + std::size(kRoles) ||
        !v1::Permission_Parse(absl::StrCat("PERMISSION_", absl::StripAsciiWhitespace(cells[1])),
                              &permission)) {
      continue;
    }
    Row& row = rows[std::string(PermissionName(permission))];
    for (const absl::string_view text : absl::StrSplit(cells[2], absl::ByAnyChar(",;"))) {
      const absl::string_view method = absl::StripAsciiWhitespace(text);
      // What is no method of the API is said in words.
      if (!absl::StrContains(method, ' ') && !absl::StrContains(method, '`')) {
        EXPECT_TRUE(row.methods.emplace(method).second) << method << " is there twice";
      }
    }
    for (size_t i = 0; i < std::size(kRoles); ++i) {
      if (absl::StrContains(cells[3 + i], "●")) {
        row.roles.insert(RoleName(kRoles[i]));
      }
    }
  }
  return rows;
}

std::map<std::string, std::set<std::string>> MethodsByPermission() {
  std::map<std::string, std::set<std::string>> methods;
  for (const absl::string_view proto : absl::StrSplit(EMPTYCHAIR_API_PROTOS, ',')) {
    const auto* const file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(std::string(proto));
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto& method = *file->service(s)->method(m);
        const auto permission = method.options().GetExtension(v1::permission);
        const bool needs_all = method.options().GetExtension(v1::needs_all_surveys);
        methods[std::string(PermissionName(permission))].insert(
            absl::StrCat(method.name(), needs_all ? "\\*" : ""));
      }
    }
  }
  return methods;
}

TEST(AccessPage, HasEachPermissionOfTheApiOnce) {
  std::set<std::string> permissions;
  for (const auto& [permission, row] : RowsOfPage()) {
    permissions.insert(permission);
  }
  std::set<std::string> expected;
  for (int number = v1::Permission_MIN; number <= v1::Permission_MAX; ++number) {
    if (number != v1::PERMISSION_UNSPECIFIED && v1::Permission_IsValid(number)) {
      expected.emplace(PermissionName(static_cast<v1::Permission>(number)));
    }
  }
  EXPECT_EQ(permissions, expected);
}

TEST(AccessPage, HasEachMethodUnderThePermissionThatItStates) {
  std::map<std::string, std::set<std::string>> methods;
  for (auto& [permission, row] : RowsOfPage()) {
    if (!row.methods.empty()) {
      methods[permission] = std::move(row.methods);
    }
  }
  EXPECT_EQ(methods, MethodsByPermission());
}

TEST(AccessPage, GivesEachRoleWhatTheServerGivesIt) {
  for (const auto& [permission, row] : RowsOfPage()) {
    v1::Permission number = v1::PERMISSION_UNSPECIFIED;
    ASSERT_TRUE(v1::Permission_Parse(absl::StrCat("PERMISSION_", permission), &number));
    std::set<std::string> roles;
    for (const v1::Role role : kRoles) {
      if (PermissionsOf(role).Has(number)) {
        roles.insert(RoleName(role));
      }
    }
    EXPECT_EQ(row.roles, roles) << permission;
  }
}

}  // namespace
}  // namespace emptychair
