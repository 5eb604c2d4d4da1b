// What was done, for people and as CSV.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_AUDIT_TEXT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_AUDIT_TEXT_H_

#include <ostream>

#include "emptychair/v1/access_service.pb.h"
#include "google/protobuf/repeated_field.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// Events, one a row, with times in UTC.
void PrintAuditTable(const google::protobuf::RepeatedPtrField<v1::AuditEvent>& events,
                     std::ostream& out);
void PrintAuditCsv(const google::protobuf::RepeatedPtrField<v1::AuditEvent>& events,
                   CsvWriter& csv);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_AUDIT_TEXT_H_
