// Calls that can take long.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_LONG_CALL_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_LONG_CALL_H_

#include <chrono>
#include <functional>
#include <future>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tools/chairctl/base/progress_line.h"
#include "tools/chairctl/base/session.h"

namespace emptychair {

// Makes a call that can take long, and shows on a terminal how far the server is with it.
template <typename Response>
absl::StatusOr<Response> CallWithProgress(Session& session,
                                          std::function<absl::StatusOr<Response>()> call) {
  ProgressLine progress(session.environment.err, session.environment.err_is_terminal);
  if (!progress.is_shown()) {
    return call();
  }
  std::future<absl::StatusOr<Response>> answer = std::async(std::launch::async, std::move(call));
  // Between two looks at how far the server is.
  constexpr absl::Duration kPollPeriod = absl::Milliseconds(200);
  while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    // A server that does not tell is no reason to give the call up.
    const absl::StatusOr<v1::GetStatusResponse> status = session.client.GetStatus({});
    if (status.ok() && status->has_maintenance()) {
      const v1::MaintenanceTask& task = status->maintenance();
      progress.Show(
          ProgressBar(absl::StrCat(task.name(), ": ", task.part()), task.done(), task.total()));
    }
    session.environment.sleep(kPollPeriod);
  }
  return answer.get();
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_LONG_CALL_H_
