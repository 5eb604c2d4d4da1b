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
  if (!contribution.has_total()) {
    return {};
  }
  return {contribution.total(), contribution.low(), contribution.high()};
}

double PercentOf(int64_t count, int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(whole);
}

}  // namespace emptychair
