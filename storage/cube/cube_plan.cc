#include "storage/cube/cube_plan.h"

#include <algorithm>

#include "absl/time/civil_time.h"
#include "common/base/local_day.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kMsPerHour = 3'600'000;
constexpr absl::CivilDay kDayZero(1970, 1, 1);
constexpr absl::CivilMonth kMonthZero(1970, 1);
// The row of a month has counts of more series than that of a day, and reads like several.
constexpr int64_t kDaysPerMonthRow = 4;

int64_t StartMs(const absl::TimeZone& zone, absl::CivilDay day) {
  return absl::ToUnixMillis(FirstInstantOf(zone, day));
}

class Planner {
 public:
  Planner(const absl::TimeZone& zone, CubePlan& plan) : zone_(zone), plan_(plan) {}

  void Cover(const MsSpan& span, uint32_t target) {
    if (span.start_ms >= span.end_ms) {
      return;
    }
    // The days that lie in the span as a whole.
    absl::CivilDay first = DayOf(span.start_ms);
    if (StartMs(zone_, first) < span.start_ms) {
      ++first;
    }
    const absl::CivilDay last = DayOf(span.end_ms);
    const int64_t days_start_ms = StartMs(zone_, first);
    const int64_t days_end_ms = StartMs(zone_, last);
    if (first >= last || days_start_ms >= days_end_ms) {
      CoverHours(span, target);
      return;
    }
    CoverHours({span.start_ms, days_start_ms}, target);
    CoverDays(first, last, target);
    CoverHours({days_end_ms, span.end_ms}, target);
  }

 private:
  // The day whose span holds the instant.
  absl::CivilDay DayOf(int64_t ms) const {
    const absl::Time time = absl::FromUnixMillis(ms);
    const absl::CivilDay day(zone_.At(time).cs);
    return FirstInstantOf(zone_, day + 1) <= time ? day + 1 : day;
  }

  // Whole days [first, last).
  void CoverDays(absl::CivilDay first, absl::CivilDay last, uint32_t target) {
    const absl::CivilMonth first_month(first);
    const absl::CivilMonth last_month(last - 1);
    if (first_month == last_month) {
      CoverDaysOfMonth(first, last, target);
      return;
    }
    CoverDaysOfMonth(first, absl::CivilDay(first_month + 1), target);
    AddRows(CubeUnit::kMonth, first_month + 1 - kMonthZero, last_month - kMonthZero, target);
    CoverDaysOfMonth(absl::CivilDay(last_month), last, target);
  }

  // Days [first, last) of one month.
  void CoverDaysOfMonth(absl::CivilDay first, absl::CivilDay last, uint32_t target) {
    const absl::CivilMonth month(first);
    const absl::CivilDay month_start(month);
    const absl::CivilDay month_end(month + 1);
    const int64_t others = (first - month_start) + (month_end - last);
    const bool by_month =
        others == 0 || (!plan_.exact_groups && others + kDaysPerMonthRow < last - first);
    if (!by_month) {
      AddRows(CubeUnit::kDay, first - kDayZero, last - kDayZero, target);
      return;
    }
    AddRows(CubeUnit::kMonth, month - kMonthZero, month + 1 - kMonthZero, target);
    AddRows(CubeUnit::kDay, month_start - kDayZero, first - kDayZero, target, true);
    AddRows(CubeUnit::kDay, last - kDayZero, month_end - kDayZero, target, true);
  }

  // Less than two days, at an edge. Times before 1970 hold no records.
  void CoverHours(const MsSpan& span, uint32_t target) {
    const int64_t start_ms = std::max<int64_t>(span.start_ms, 0);
    const int64_t first = (start_ms + kMsPerHour - 1) / kMsPerHour;
    const int64_t last = span.end_ms / kMsPerHour;
    if (first >= last) {
      AddRecords({start_ms, span.end_ms}, target);
      return;
    }
    AddRecords({start_ms, first * kMsPerHour}, target);
    AddRows(CubeUnit::kHour, first, last, target);
    AddRecords({last * kMsPerHour, span.end_ms}, target);
  }

  void AddRows(CubeUnit unit, int64_t first, int64_t last, uint32_t target,
               bool is_subtracted = false) {
    if (first >= last) {
      return;
    }
    CubeRun* run = plan_.rows.empty() ? nullptr : &plan_.rows.back();
    if (run == nullptr || run->unit != unit || run->is_subtracted != is_subtracted ||
        run->first_bucket + static_cast<int64_t>(run->targets.size()) != first) {
      run = &plan_.rows.emplace_back(CubeRun{unit, static_cast<int32_t>(first), {}, is_subtracted});
    }
    run->targets.insert(run->targets.end(), last - first, target);
  }

  void AddRecords(const MsSpan& span, uint32_t target) {
    if (span.start_ms < span.end_ms) {
      plan_.records.push_back({span, target});
    }
  }

  const absl::TimeZone& zone_;
  CubePlan& plan_;
};

}  // namespace

CubePlan PlanCube(const absl::TimeZone& zone, absl::Span<const MsSpan> spans, bool exact_groups) {
  CubePlan plan;
  plan.exact_groups = exact_groups;
  Planner planner(zone, plan);
  for (size_t i = 0; i < spans.size(); ++i) {
    planner.Cover(spans[i], static_cast<uint32_t>(i));
  }
  return plan;
}

}  // namespace emptychair::storage
