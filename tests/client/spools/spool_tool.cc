// Writes, reads and holds spools as the C++ client does, for spools.py, which says how.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/writer/spool.h"
#include "client/writer/writer_clock.h"

namespace emptychair {
namespace {

absl::StatusOr<std::unique_ptr<Spool>> Open(const std::string& directory) {
  return Spool::Open({.directory = directory}, WriterClock::System());
}

void SayError(const absl::Status& status) {
  std::cout << "ERROR " << absl::StatusCodeToString(status.code()) << std::endl;
}

absl::Status Write(const std::string& directory, const std::vector<std::string>& arguments) {
  absl::StatusOr<std::unique_ptr<Spool>> spool = Open(directory);
  if (!spool.ok()) {
    return spool.status();
  }
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (const absl::StatusOr<uint64_t> number =
            (*spool)->Append(absl::HexStringToBytes(arguments[i]));
        !number.ok()) {
      return number.status();
    }
  }
  uint64_t answered = 0;
  if (!absl::SimpleAtoi(arguments[0], &answered)) {
    return absl::InvalidArgumentError(arguments[0]);
  }
  for (uint64_t number = 0; number < answered; ++number) {
    (*spool)->Answered(number);
  }
  return (*spool)->Commit();
}

void Read(const std::string& directory) {
  absl::StatusOr<std::unique_ptr<Spool>> spool = Open(directory);
  if (!spool.ok()) {
    SayError(spool.status());
    return;
  }
  std::string line =
      absl::StrCat("torn ", (*spool)->torn_records(), " next ", (*spool)->found_end());
  bool is_all = false;
  while (!is_all) {
    is_all = true;
    Spool::Lost lost;
    const absl::Status status = (*spool)->Read(
        1'000, size_t{1} << 20,
        [&](uint64_t number, absl::string_view serialized) {
          is_all = false;
          absl::StrAppend(&line, " ", number, ":", absl::BytesToHexString(serialized));
        },
        lost);
    if (!status.ok()) {
      SayError(status);
      return;
    }
  }
  std::cout << line << std::endl;
}

int Main(const std::vector<std::string>& arguments) {
  const std::string& command = arguments.at(0);
  if (command == "read") {
    for (size_t i = 1; i < arguments.size(); ++i) {
      Read(arguments[i]);
    }
    return EXIT_SUCCESS;
  }
  if (command == "write") {
    const absl::Status status =
        Write(arguments.at(1), std::vector<std::string>(arguments.begin() + 2, arguments.end()));
    if (!status.ok()) {
      SayError(status);
    }
    return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  const absl::StatusOr<std::unique_ptr<Spool>> spool = Open(arguments.at(1));
  if (!spool.ok()) {
    SayError(spool.status());
    return EXIT_FAILURE;
  }
  std::cout << "held" << std::endl;
  std::cin.get();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace emptychair

int main(int argc, char** argv) {
  return emptychair::Main(std::vector<std::string>(argv + 1, argv + argc));
}
