#include "storage/cube_plan.h"

#include <algorithm>

#include "absl/time/civil_time.h"
#include "common/base/local_day.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kMsPerHour = 3'600'000;
constexpr absl::CivilDay kDayZero(1970, 1, 1);
constexpr absl::CivilMonth kMonthZero(1970, 1);

int64_t StartMs(const absl::TimeZone& zone, absl::CivilDay day) {
  return absl::ToUnixMillis(FirstInstantOf(zone, day));
}

// The first day of the month, and of the one after when the day is not the first.
absl::CivilMonth MonthFrom(absl::CivilDay day) {
  const absl::CivilMonth month(day);
  return absl::CivilDay(month) == day ? month : month + 1;
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
    const absl::CivilMonth first_month = MonthFrom(first);
    const absl::CivilMonth last_month(last);
    if (first_month >= last_month) {
      AddRows(CubeUnit::kDay, first - kDayZero, last - kDayZero, target);
      return;
    }
    AddRows(CubeUnit::kDay, first - kDayZero, absl::CivilDay(first_month) - kDayZero, target);
    AddRows(CubeUnit::kMonth, first_month - kMonthZero, last_month - kMonthZero, target);
    AddRows(CubeUnit::kDay, absl::CivilDay(last_month) - kDayZero, last - kDayZero, target);
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

  void AddRows(CubeUnit unit, int64_t first, int64_t last, uint32_t target) {
    if (first >= last) {
      return;
    }
    CubeRun* run = plan_.rows.empty() ? nullptr : &plan_.rows.back();
    if (run == nullptr || run->unit != unit ||
        run->first_bucket + static_cast<int64_t>(run->targets.size()) != first) {
      run = &plan_.rows.emplace_back(CubeRun{unit, static_cast<int32_t>(first), {}});
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

CubePlan PlanCube(const absl::TimeZone& zone, absl::Span<const MsSpan> spans) {
  CubePlan plan;
  Planner planner(zone, plan);
  for (size_t i = 0; i < spans.size(); ++i) {
    planner.Cover(spans[i], static_cast<uint32_t>(i));
  }
  return plan;
}

}  // namespace emptychair::storage
