// Summarises a database for a terminal.
#ifndef EMPTYCHAIR_TOOLS_DEMO_SUMMARY_H_
#define EMPTYCHAIR_TOOLS_DEMO_SUMMARY_H_

#include <string>

#include "absl/status/statusor.h"
#include "emptychair/client/client.h"

namespace emptychair::demo {

// Answers, NPS with its interval and the monthly trend of each NPS survey, of the demonstration's
// deliveries the slice that once did worst, and whether its promoters come back. All numbers are
// the server's.
absl::StatusOr<std::string> Summary(Client& client);

}  // namespace emptychair::demo

#endif  // EMPTYCHAIR_TOOLS_DEMO_SUMMARY_H_
