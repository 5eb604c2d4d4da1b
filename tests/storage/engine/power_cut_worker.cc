// Stores answers until it is ended; for power_cut_test.cc, which takes the disk away under it:
//
//   power_cut_worker DIRECTORY FIRST_ID
//
// prints "acknowledged ID" when an answer was acknowledged, a line each. A process of its own,
// because RocksDB built with assertions ends some of its errors in an abort.
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/storage/engine/fault_answers.h"

namespace emptychair::storage {
namespace {

constexpr int kSenders = 8;

int Main(const std::string& directory, uint64_t first_id) {
  StoreOptions options;
  options.directory = directory;
  options.on_failure = [](const absl::Status&) { std::_Exit(EXIT_FAILURE); };
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(std::move(options));
  if (!store.ok()) {
    return EXIT_FAILURE;
  }
  CreateSurvey(**store, FaultSurvey());
  std::atomic<uint64_t> next_id{first_id};
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&] {
      while (true) {
        const uint64_t id = next_id++;
        if (!RunCommand(**store, SubmitCommand({FaultAnswer(id)}), false).error.ok()) {
          std::_Exit(EXIT_FAILURE);
        }
        const std::string line = absl::StrCat("acknowledged ", id, "\n");
        if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
          std::_Exit(EXIT_FAILURE);
        }
      }
    });
  }
  for (std::thread& sender : senders) {
    sender.join();
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace emptychair::storage

int main(int argc, char** argv) {
  uint64_t first_id = 0;
  return argc == 3 && absl::SimpleAtoi(argv[2], &first_id)
             ? emptychair::storage::Main(argv[1], first_id)
             : 2;
}
