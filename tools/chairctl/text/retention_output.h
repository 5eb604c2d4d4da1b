// Retention, for people and as CSV. In CSV numbers are exact, what is absent is empty, and times
// are RFC 3339 in UTC.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_RETENTION_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_RETENTION_OUTPUT_H_

#include <ostream>
#include <string>
#include <vector>

#include "emptychair/v1/metrics_service.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// The points of one group of customers.
struct RetentionBlock {
  // The group, for people; empty when there is only one, that of all.
  std::string name;
  // Unspecified for all customers.
  v1::NpsClass nps_class = v1::NPS_CLASS_UNSPECIFIED;
  const google::protobuf::RepeatedPtrField<v1::RetentionPoint>* points = nullptr;
};

// All customers, then the classes. The response must outlive the blocks.
std::vector<RetentionBlock> BlocksOf(const v1::QueryRetentionResponse& response);

// Says what was asked for, in a line: kind, length of a period, method, basis, filters.
std::string RetentionHeading(const v1::QueryRetentionRequest& request,
                             const v1::QueryRetentionResponse& response);

// Warns of the textbook's formula; empty for the other method.
std::string RetentionMethodNote(const v1::QueryRetentionResponse& response);

// Writes a line for every point of every block behind the header `period_start,period_end,
// customers_at_start,customers_at_end,new_customers,returning_customers,won_back_customers,method,
// retention,retention_low,retention_high,churn,churn_low,churn_high,nps_class,currency_code,
// amount_total,amount_before,amount_kept,net_retention,net_retention_low,net_retention_high,
// gross_retention,gross_retention_low,gross_retention_high`. Amounts follow on lines of their own,
// one for each currency, without counts of customers, so that sums of a column count nobody twice.
// `nps_class` is empty for all customers.
void PrintRetentionCsv(const v1::QueryRetentionResponse& response, CsvWriter& csv);

// Writes a heading and for each block a line for every point, with bars where they fit into
// `columns`, the width of the terminal, 0 for none; then the amounts, a table for each currency,
// and the difference between classes.
void PrintRetentionTable(const v1::QueryRetentionRequest& request,
                         const v1::QueryRetentionResponse& response, int columns,
                         std::ostream& out);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_RETENTION_OUTPUT_H_
