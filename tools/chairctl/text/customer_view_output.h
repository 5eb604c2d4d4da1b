// A customer, summed up, for people and as CSV.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_CUSTOMER_VIEW_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_CUSTOMER_VIEW_OUTPUT_H_

#include <ostream>

#include "emptychair/v1/customer_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// Writes a line for each attribute, survey and activity kind, which `entry` says, behind the header
// `customer_id,entry,name,value,count,first_time,last_time,last_score,previous_score,trend,totals,
// active_days,usual_days,limit_days,silence_days,is_past_limit,is_subscribed`. `value` is that of
// an attribute, `count` that of answers or activities; `totals` are `12.5 EUR` and the like, with
// `; ` between them.
void PrintCustomerViewCsv(const v1::GetCustomerViewResponse& view, CsvWriter& csv);

// Writes the attributes, a table of surveys, one of activity kinds, and a sentence for each kind
// whose silence is past its limit.
void PrintCustomerView(const v1::GetCustomerViewResponse& view, std::ostream& out);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_CUSTOMER_VIEW_OUTPUT_H_
