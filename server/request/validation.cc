#include "server/request/validation.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "common/base/zone_rules.h"

namespace emptychair {
namespace {

absl::Status Invalid(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field, description);
}

// A name as the IANA database has them. What else the library would take (paths, the machine's own
// zone and rules, fixed offsets, the copies with and without leap seconds) means different things
// on different machines or is no zone.
bool IsZoneName(absl::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '+' ||
           c == '/';
  });
  return plain && !name.empty() && name.size() <= 64 && name.front() != '/' &&
         !absl::StartsWith(name, "Fixed/") && !absl::StartsWith(name, "posix/") &&
         !absl::StartsWith(name, "right/") && name != "localtime" && name != "posixrules";
}

}  // namespace

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high) {
    return Invalid(field, absl::StrCat("got ", value, ", wanted ", low, " to ", high));
  }
  return absl::OkStatus();
}

absl::Status CheckMask(absl::string_view field, const google::protobuf::FieldMask& mask,
                       absl::Span<const absl::string_view> known) {
  const std::string names = absl::StrJoin(known, ", ");
  if (mask.paths().empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field,
                      absl::StrCat("got no paths, wanted some of ", names));
  }
  for (const std::string& path : mask.paths()) {
    if (std::find(known.begin(), known.end(), path) == known.end()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                        absl::StrCat("got the path ", Quoted(path), ", wanted some of ", names));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> CheckAsOf(absl::string_view field,
                                     const google::protobuf::Timestamp& timestamp) {
  ASSIGN_OR_RETURN(const absl::Time as_of, CheckTimestamp(field, timestamp));
  if (as_of < absl::UnixEpoch()) {
    return Invalid(field, absl::StrCat("got ", absl::FormatTime(as_of, absl::UTCTimeZone()),
                                       ", wanted 1970 or later"));
  }
  return as_of;
}

absl::Status CheckImportId(absl::string_view import_id) {
  return import_id.empty() ? absl::OkStatus() : CheckId("import_id", import_id);
}

absl::Status CheckZone(absl::string_view field, const std::string& name) {
  if (!IsZoneName(name) || !LoadZone(name).has_value()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                      absl::StrCat("got ", Quoted(name),
                                   ", wanted a name of the IANA time-zone database such as "
                                   "\"Europe/Berlin\""));
  }
  return absl::OkStatus();
}

}  // namespace emptychair
