#include "server/telemetry/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace emptychair {
namespace {

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

double SecondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double SecondsOf(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return SecondsOf(usage.ru_utime) + SecondsOf(usage.ru_stime);
}

double ResidentBytes() {
  // Pages: all, resident, …
  const std::string text = ReadFile("/proc/self/statm");
  const std::vector<absl::string_view> fields = absl::StrSplit(text, ' ');
  int64_t pages = 0;
  if (fields.size() < 2 || !absl::SimpleAtoi(fields[1], &pages)) {
    return 0;
  }
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double OpenDescriptors() {
  std::error_code error;
  int64_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error)) {
    ++count;
  }
  // Without that of the folder itself.
  return static_cast<double>(count > 0 ? count - 1 : 0);
}

double DescriptorsMax() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

// When the machine was started, in seconds since 1970. By clocks: a hardened unit hides /proc/stat
// (ProcSubset=pid).
double BootTime() {
  timespec now{};
  timespec since_boot{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return SecondsOf(now) - SecondsOf(since_boot);
}

double StartTime() {
  // The second field is the program's name, which may hold anything, in brackets; the 22nd is the
  // time of the start in ticks since the machine's.
  constexpr size_t kBehindName = 20;
  const std::string text = ReadFile("/proc/self/stat");
  const size_t name_end = text.rfind(") ");
  if (name_end == std::string::npos) {
    return 0;
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(text).substr(name_end + 2), ' ');
  int64_t ticks = 0;
  if (fields.size() < kBehindName || !absl::SimpleAtoi(fields[kBehindName - 1], &ticks)) {
    return 0;
  }
  return BootTime() + static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

void AddProcessMetrics(MetricRegistry& registry) {
  registry.AddFigure({MetricType::kCounter,
                      "process_cpu_seconds_total",
                      "Processor time that the process has taken, of user and system.",
                      {}},
                     CpuSeconds);
  registry.AddFigure({MetricType::kGauge,
                      "process_resident_memory_bytes",
                      "Memory of the process that is in RAM.",
                      {}},
                     ResidentBytes);
  registry.AddFigure({MetricType::kGauge, "process_open_fds", "Descriptors that are open.", {}},
                     OpenDescriptors);
  registry.AddFigure({MetricType::kGauge, "process_max_fds", "Descriptors that may be open.", {}},
                     DescriptorsMax);
  registry.AddFigure({MetricType::kGauge,
                      "process_start_time_seconds",
                      "When the process was started, in seconds since 1970.",
                      {}},
                     [start = StartTime()] { return start; });
}

}  // namespace emptychair
