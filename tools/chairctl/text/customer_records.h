// All that is known of one customer, record by record: for the timeline and the export.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_CUSTOMER_RECORDS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_CUSTOMER_RECORDS_H_

#include <ostream>
#include <string>
#include <vector>

#include "emptychair/v1/customer_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/output.h"

namespace emptychair {

// The header of CSV: `entry`, which says what a line is of, the columns of an export of answers,
// then `kind,activity_id,amount,currency` of activities. What a record does not have is empty.
std::vector<CsvCell> CustomerRecordNames();

// Lines of such CSV, whose `entry` is `customer`, with the attributes as labels; `feedback`;
// `activity`; and, for what was done to an answer, `amended` or `excluded`.
std::vector<CsvCell> CustomerRecordCells(const v1::Customer& customer);
std::vector<CsvCell> CustomerRecordCells(const v1::Feedback& feedback);
std::vector<CsvCell> CustomerRecordCells(const v1::Activity& activity);
std::vector<CsvCell> CustomerRecordCells(const v1::FeedbackCorrection& correction);

// Adds the lines of a part of an export.
void WriteCustomerCsv(const v1::ExportCustomerResponse& part, CsvWriter& csv);

// Adds a part of an export as lines of JSON, each an object with one field, `customer`, `feedback`
// or `activity`. Records are as exports of them have them: an absent score or amount is null, times
// have three digits of a second.
void WriteCustomerJson(const v1::ExportCustomerResponse& part, std::ostream& out);

// The columns of a timeline for people: when, what it was, where, and what there is to tell of it.
std::vector<std::string> TimelineRow(const v1::TimelineEntry& entry);

// The line of CSV of an entry, behind its time.
std::vector<CsvCell> TimelineCells(const v1::TimelineEntry& entry);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_CUSTOMER_RECORDS_H_
