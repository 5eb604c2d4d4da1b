#include "server/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace emptychair {
namespace {

// Assignments stand one to a line: a status may not begin another one.
std::string StatusLine(absl::string_view status) {
  std::string line = absl::StrCat("STATUS=", status);
  for (char& c : line) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      c = ' ';
    }
  }
  return line;
}

void Notify(const std::string& state) {
  // What comes of it is the manager's affair: it ends a server that it has not heard of.
  sd_notify(/*unset_environment=*/0, state.c_str());
}

// By the clock that systemd compares reloads by.
int64_t MonotonicMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace

void NotifyRecovering(const std::string& data_directory) {
  Notify(StatusLine(absl::StrCat("recovering the store in ", data_directory)));
}

void NotifyServing(const std::string& address) {
  Notify(absl::StrCat("READY=1\n", StatusLine(absl::StrCat("serving on ", address))));
}

void NotifyReloading() {
  Notify(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", MonotonicMicroseconds(), "\n",
                      StatusLine("reloading")));
}

void NotifyStopping() {
  Notify(absl::StrCat("STOPPING=1\n", StatusLine("stopping: calls under way finish")));
}

}  // namespace emptychair
