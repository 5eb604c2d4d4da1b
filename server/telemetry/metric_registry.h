// What the server counts and measures of itself, as Prometheus reads it.
#ifndef EMPTYCHAIR_SERVER_TELEMETRY_METRIC_REGISTRY_H_
#define EMPTYCHAIR_SERVER_TELEMETRY_METRIC_REGISTRY_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace prometheus {
class Counter;
class Histogram;
class Registry;
struct MetricFamily;
}  // namespace prometheus

namespace emptychair {

// Counts up. Copies count alike; lives as long as its registry. Thread-safe, and cheap enough for
// every call.
class MetricCounter {
 public:
  void Add(double count = 1) const;

 private:
  friend class MetricRegistry;
  explicit MetricCounter(prometheus::Counter* counter) : counter_(counter) {}

  prometheus::Counter* counter_;
};

// Distributes durations over buckets. Copies measure alike; lives as long as its registry.
// Thread-safe, and cheap enough for every call.
class MetricDurations {
 public:
  // One that is negative or infinite would spoil the sum for ever: it is left out and counted, as
  // emptychair_observations_dropped_total.
  void Observe(absl::Duration duration) const;

 private:
  friend class MetricRegistry;
  MetricDurations(prometheus::Histogram* histogram, MetricCounter dropped)
      : histogram_(histogram), dropped_(dropped) {}

  prometheus::Histogram* histogram_;
  MetricCounter dropped_;
};

// Names of labels, each with its value. Values come from closed sets: never a survey, key,
// customer, peer or path.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// What a metric is, and how its name ends: a counter in "_total".
enum class MetricType { kCounter, kGauge };

// All metrics of a process. Each is declared once, beside what it counts, and is there from then
// on, at 0. Names are whole, with base units; a help is one line. Thread-safe.
class MetricRegistry {
 public:
  // A figure that is kept elsewhere.
  struct Figure {
    MetricType type = MetricType::kGauge;
    std::string name;
    std::string help;
    MetricLabels labels;
  };

  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // Declares a series of a counter. Help and names of labels are the same for all of one name.
  MetricCounter AddCounter(const std::string& name, const std::string& help,
                           const MetricLabels& labels = {});

  // Declares a series of durations in seconds, with buckets from 0.5 ms to 10 s.
  MetricDurations AddDurations(const std::string& name, const std::string& help,
                               const MetricLabels& labels = {});

  // Declares a figure that `read` tells at each scrape. `read` must be thread-safe, and must hold
  // until the last scrape.
  void AddFigure(Figure figure, std::function<double()> read) ABSL_LOCKS_EXCLUDED(mutex_);

  // Declares figures that are read together: `read` returns the value of each, in this order, or
  // nothing when there are none now, which leaves them out of that scrape.
  void AddFigures(std::vector<Figure> figures, std::function<std::vector<double>()> read)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // All of it now, in the text format of Prometheus.
  std::string Scrape() const ABSL_LOCKS_EXCLUDED(mutex_);

  // What Scrape answers with in `Content-Type`.
  static constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Source {
    std::vector<Figure> figures;
    std::function<std::vector<double>()> read;
  };

  void AppendFigures(std::vector<prometheus::MetricFamily>& families) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  const std::unique_ptr<prometheus::Registry> registry_;
  const MetricCounter observations_dropped_;
  mutable absl::Mutex mutex_;
  std::vector<Source> sources_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TELEMETRY_METRIC_REGISTRY_H_
