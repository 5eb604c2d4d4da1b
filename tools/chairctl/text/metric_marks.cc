#include "tools/chairctl/text/metric_marks.h"

namespace emptychair {

IntervalMark MarkOf(const v1::MetricValue& point) {
  IntervalMark mark;
  if (point.has_value()) {
    mark.value = point.value();
  }
  if (point.has_low() && point.has_high()) {
    mark.low = point.low();
    mark.high = point.high();
  }
  return mark;
}

std::vector<IntervalMark> MarksOf(
    const google::protobuf::RepeatedPtrField<v1::MetricValue>& points) {
  std::vector<IntervalMark> marks;
  for (const v1::MetricValue& point : points) {
    marks.push_back(MarkOf(point));
  }
  return marks;
}

IntervalMark MarkOf(const v1::Contribution& contribution) {
  IntervalMark mark;
  if (contribution.has_total()) {
    mark.value = contribution.total();
  }
  if (contribution.has_low() && contribution.has_high()) {
    mark.low = contribution.low();
    mark.high = contribution.high();
  }
  return mark;
}

double PercentOf(int64_t count, int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(whole);
}

}  // namespace emptychair
