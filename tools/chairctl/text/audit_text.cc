#include "tools/chairctl/text/audit_text.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

std::string TargetsText(const v1::AuditEvent& event, absl::string_view separator) {
  return absl::StrJoin(event.targets(), separator,
                       [](std::string* out, const v1::AuditTarget& target) {
                         absl::StrAppend(out, target.kind(), ":", target.id());
                       });
}

std::string OrAbsent(std::string text) { return text.empty() ? std::string(kAbsent) : text; }

// The key, where it was one.
std::string CallerText(const v1::AuditEvent& event) {
  return event.key_id().empty() ? EnumFlagOrEmpty(event.caller_kind()) : event.key_id();
}

std::string DeniedText(const v1::AuditEvent& event) {
  return event.denied_count() == 0 ? ""
                                   : absl::StrCat(event.denied_count(), " ", event.denied_reason());
}

}  // namespace

void PrintAuditTable(const google::protobuf::RepeatedPtrField<v1::AuditEvent>& events,
                     std::ostream& out) {
  Table table;
  table.AddColumn("number", Table::Align::kRight);
  for (const char* heading : {"time", "caller", "method", "what", "fields", "denied"}) {
    table.AddColumn(heading, Table::Align::kLeft);
  }
  for (const v1::AuditEvent& event : events) {
    table.AddRow({absl::StrCat(event.number()),
                  LocalTimeText(event.has_time(), event.time(), absl::UTCTimeZone()),
                  OrAbsent(CallerText(event)), event.method(), OrAbsent(TargetsText(event, ", ")),
                  OrAbsent(absl::StrJoin(event.fields(), ", ")), OrAbsent(DeniedText(event))});
  }
  table.Print(out);
}

void PrintAuditCsv(const google::protobuf::RepeatedPtrField<v1::AuditEvent>& events,
                   CsvWriter& csv) {
  csv.Write({"number", "time", "caller_kind", "key_id", "method", "request_id", "peer", "targets",
             "fields", "denied_count", "denied_reason", "hash"});
  for (const v1::AuditEvent& event : events) {
    csv.Write({CsvNumber{absl::StrCat(event.number())},
               TimestampText(event.has_time(), event.time()), EnumFlagOrEmpty(event.caller_kind()),
               event.key_id(), event.method(), event.request_id(), event.peer(),
               TargetsText(event, " "), absl::StrJoin(event.fields(), " "),
               CsvNumber{absl::StrCat(event.denied_count())}, event.denied_reason(), event.hash()});
  }
}

}  // namespace emptychair
