#include "tools/chairbench/honesty/honesty.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/honesty/lab.h"
#include "tools/chairbench/honesty/rows.h"

namespace emptychair::bench {
namespace {

struct Setting {
  absl::string_view name;
  absl::Status (*check)(HonestyLab& lab, HonestyRows& rows);
};

// Together at most 15,000,000 answers and 100,000 calls.
constexpr Setting kSettings[] = {
    {"once-each", CheckOnceEach},
    {"means", CheckMeans},
    {"repeats", CheckRepeats},
    {"comparisons", CheckComparisons},
    {"power", CheckPower},
    {"scorecards", CheckScorecards},
    {"decompositions", CheckDecompositions},
    {"looks", CheckLooks},
    {"estimates", CheckEstimates},
};

}  // namespace

absl::StatusOr<HonestyRows> CheckHonesty(Workspace& workspace, const HonestyOptions& options,
                                         std::ostream& progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<HonestyLab> lab,
                   HonestyLab::Open(workspace, options.scale));
  HonestyRows rows;
  for (const Setting& setting : kSettings) {
    if (!absl::StrContains(setting.name, options.only)) {
      continue;
    }
    const absl::Time start = absl::Now();
    RETURN_IF_ERROR(setting.check(*lab, rows));
    progress << absl::StrFormat("%s: %.0f s", setting.name,
                                absl::ToDoubleSeconds(absl::Now() - start))
             << std::endl;
  }
  if (rows.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no setting has \"", options.only, "\" in its name"));
  }
  progress << absl::StrCat(lab->answers(), " answers, ", lab->calls(), " calls") << std::endl;
  RETURN_IF_ERROR(workspace.Finish(lab->answers()));
  return rows;
}

}  // namespace emptychair::bench
