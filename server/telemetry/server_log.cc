#include "server/telemetry/server_log.h"

#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "google/protobuf/stubs/common.h"

namespace emptychair {
namespace {

void AppendJsonString(std::string& out, absl::string_view text) {
  const bool utf8 = google::protobuf::internal::IsStructurallyValidUTF8(
      text.data(), static_cast<int>(text.size()));
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7F) {
      absl::StrAppend(&out, "\\u00", absl::Hex(byte, absl::kZeroPad2));
    } else {
      out.push_back(byte < 0x80 || utf8 ? c : '?');
    }
  }
  out.push_back('"');
}

// "2024-01-31T12:00:00." Formatting it is most of the cost of a line, and seconds are few.
absl::string_view SecondText(absl::Time time) {
  thread_local absl::Time cached_second = absl::InfinitePast();
  thread_local std::string text;
  const absl::Time second = absl::FromUnixSeconds(absl::ToUnixSeconds(time));
  if (second != cached_second) {
    cached_second = second;
    text = absl::FormatTime("%E4Y-%m-%d%ET%H:%M:%S.", second, absl::UTCTimeZone());
  }
  return text;
}

}  // namespace

JsonLine::JsonLine(absl::Time time) {
  text_.reserve(256);
  absl::StrAppend(
      &text_, "{\"time\":\"", SecondText(time),
      absl::Dec(absl::ToUnixMillis(time) - absl::ToUnixSeconds(time) * 1'000, absl::kZeroPad3),
      "Z\"");
}

JsonLine& JsonLine::Add(absl::string_view key, absl::string_view value) {
  absl::StrAppend(&text_, ",\"", key, "\":");
  AppendJsonString(text_, value);
  return *this;
}

JsonLine& JsonLine::Add(absl::string_view key, int64_t value) {
  absl::StrAppend(&text_, ",\"", key, "\":", value);
  return *this;
}

std::string JsonLine::Finish() {
  text_.push_back('}');
  return std::move(text_);
}

bool WriteAll(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

ServerLog::ServerLog(const Clock* clock)
    : ServerLog(clock, [](absl::string_view line) { WriteAll(STDERR_FILENO, line); }) {}

ServerLog::ServerLog(const Clock* clock, Writer writer)
    : clock_(clock), writer_(std::move(writer)) {}

void ServerLog::Info(absl::string_view event, Fields fields) { Write("INFO", event, fields); }

void ServerLog::Warning(absl::string_view event, Fields fields) { Write("WARNING", event, fields); }

void ServerLog::Error(absl::string_view event, Fields fields) { Write("ERROR", event, fields); }

void ServerLog::Write(absl::string_view severity, absl::string_view event, Fields fields) {
  JsonLine line(clock_->Now());
  line.Add("severity", severity).Add("event", event);
  for (const auto& [key, value] : fields) {
    line.Add(key, value);
  }
  const std::string text = line.Finish() + "\n";
  absl::MutexLock lock(&mutex_);
  writer_(text);
}

}  // namespace emptychair
