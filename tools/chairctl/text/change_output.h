// The answer of a decomposition, for people and as CSV.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_CHANGE_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_CHANGE_OUTPUT_H_

#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// Writes a line for every contribution of every key, in the answer's order, exact, behind the
// header
// `key,group,base_share,base_value,base_answers,candidate_share,candidate_value,candidate_answers,
// mix,score,total,low,high,suppressed,p_value,q_value,verdict,interval_rule`. Shares are in
// percent; what is absent is empty.
void PrintChangeCsv(const v1::DecomposeChangeResponse& response, CsvWriter& csv);

// Writes a heading that repeats both windows and the method and says what intervals rest on, the
// change in words, what the number of tests comes to, and a table for every key. With `columns`
// above 0, which is the width of a terminal, every line ends with the interval of the total as a
// bar on a common axis; where there is no room beside the interval's numbers, the bar takes their
// place.
void PrintChangeTable(const v1::DecomposeChangeRequest& request,
                      const v1::DecomposeChangeResponse& response, int columns, std::ostream& out);

// The change in words, and which slice moved it most, if one did so by more than chance: `NPS 36.6
// to 28.6: −8.0; moved most by carrier=swiftvan: −7.1 (−9.0 … −5.2 at 95 %)`. One decimal for
// percent, two for score points.
std::string ChangeText(const v1::DecomposeChangeResponse& response);

// How many contributions were tested, and what that means; empty for fewer than two.
std::string ContributionTestsText(const v1::DecomposeChangeResponse& response);

// The verdict of a contribution, to be seen among the others: `moved up`, `moved down`, `too few`;
// empty when chance explains it.
absl::string_view MoveText(v1::Verdict verdict);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_CHANGE_OUTPUT_H_
