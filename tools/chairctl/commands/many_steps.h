// Shows how a change of many records goes on.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_MANY_STEPS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_MANY_STEPS_H_

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "emptychair/client/result_range.h"
#include "tools/chairctl/base/progress_line.h"
#include "tools/chairctl/base/session.h"

namespace emptychair {

// Follows a change of many `things`, such as "answers", to its end, and answers the exit code.
template <typename Step>
int PrintSteps(const Session& session, absl::string_view things, ResultRange<Step> steps) {
  const Environment& environment = session.environment;
  ProgressLine progress(environment.err, environment.err_is_terminal);
  Step last;
  for (absl::StatusOr<Step>& step : steps) {
    if (!step.ok()) {
      progress.Clear();
      const int exit_code = ServiceError(environment, step.status());
      *environment.err << "chairctl: " << last.changed() << " " << things
                       << " were changed; the same command goes on with the rest\n";
      return exit_code;
    }
    last = *std::move(step);
    progress.Show(ProgressBar(absl::StrCat(last.done(), " ", things), last.done(), last.total()));
  }
  progress.Clear();
  PrintRecord(session,
              {{"done", absl::StrCat(last.done())}, {"changed", absl::StrCat(last.changed())}},
              last);
  return kExitOk;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_MANY_STEPS_H_
