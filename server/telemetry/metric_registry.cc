#include "server/telemetry/metric_registry.h"

#include <cassert>
#include <cmath>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/histogram.h"
#include "prometheus/metric_family.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace emptychair {
namespace {

const std::vector<double>& Buckets() {
  static const auto* const kBuckets = new std::vector<double>{
      0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
  return *kBuckets;
}

// The library writes a help as it is: one with a line break spoils the whole page.
bool IsWellFormed(absl::string_view name, absl::string_view help) {
  for (const char c : name) {
    if (!absl::ascii_islower(static_cast<unsigned char>(c)) && c != '_') {
      return false;
    }
  }
  return !name.empty() && !help.empty() && help.find_first_of("\n\r\\") == absl::string_view::npos;
}

prometheus::Labels ToLabels(const MetricLabels& labels) {
  return prometheus::Labels(labels.begin(), labels.end());
}

prometheus::Counter* NewCounter(prometheus::Registry& registry, const std::string& name,
                                const std::string& help, const MetricLabels& labels) {
  assert(IsWellFormed(name, help) && absl::EndsWith(name, "_total"));
  return &prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(ToLabels(labels));
}

}  // namespace

void MetricCounter::Add(double count) const { counter_->Increment(count); }

void MetricDurations::Observe(absl::Duration duration) const {
  const double seconds = absl::ToDoubleSeconds(duration);
  if (!std::isfinite(seconds) || seconds < 0) {
    dropped_.Add();
    return;
  }
  histogram_->Observe(seconds);
}

MetricRegistry::MetricRegistry()
    : registry_(std::make_unique<prometheus::Registry>()),
      observations_dropped_(
          AddCounter("emptychair_observations_dropped_total",
                     "Durations that were left out because they were negative or infinite.")) {}

MetricRegistry::~MetricRegistry() = default;

MetricCounter MetricRegistry::AddCounter(const std::string& name, const std::string& help,
                                         const MetricLabels& labels) {
  return MetricCounter(NewCounter(*registry_, name, help, labels));
}

MetricDurations MetricRegistry::AddDurations(const std::string& name, const std::string& help,
                                             const MetricLabels& labels) {
  assert(IsWellFormed(name, help) && absl::EndsWith(name, "_seconds"));
  return {&prometheus::BuildHistogram()
               .Name(name)
               .Help(help)
               .Register(*registry_)
               .Add(ToLabels(labels), Buckets()),
          observations_dropped_};
}

void MetricRegistry::AddFigure(Figure figure, std::function<double()> read) {
  AddFigures({std::move(figure)}, [read = std::move(read)] { return std::vector<double>{read()}; });
}

void MetricRegistry::AddFigures(std::vector<Figure> figures,
                                std::function<std::vector<double>()> read) {
  for ([[maybe_unused]] const Figure& figure : figures) {
    assert(IsWellFormed(figure.name, figure.help) &&
           (figure.type == MetricType::kCounter) == absl::EndsWith(figure.name, "_total"));
  }
  absl::MutexLock lock(&mutex_);
  sources_.push_back({std::move(figures), std::move(read)});
}

std::string MetricRegistry::Scrape() const {
  std::vector<prometheus::MetricFamily> families = registry_->Collect();
  AppendFigures(families);
  return prometheus::TextSerializer().Serialize(families);
}

// What has one name becomes one family, be it counted here or kept elsewhere: the format has each
// name once.
void MetricRegistry::AppendFigures(std::vector<prometheus::MetricFamily>& families) const {
  std::map<std::string, size_t> index_of;
  for (size_t i = 0; i < families.size(); ++i) {
    index_of.emplace(families[i].name, i);
  }
  absl::MutexLock lock(&mutex_);
  for (const Source& source : sources_) {
    const std::vector<double> values = source.read();
    assert(values.empty() || values.size() == source.figures.size());
    for (size_t i = 0; i < values.size(); ++i) {
      const Figure& figure = source.figures[i];
      const bool is_counter = figure.type == MetricType::kCounter;
      const auto [found, is_new] = index_of.emplace(figure.name, families.size());
      if (is_new) {
        families.push_back(
            {figure.name,
             figure.help,
             is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
             {}});
      }
      prometheus::ClientMetric& metric = families[found->second].metric.emplace_back();
      (is_counter ? metric.counter.value : metric.gauge.value) = values[i];
      for (const auto& [name, value] : figure.labels) {
        metric.label.push_back({name, value});
      }
    }
  }
}

}  // namespace emptychair
