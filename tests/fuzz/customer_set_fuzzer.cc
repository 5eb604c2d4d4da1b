// Rows and changes of sets of customers: any bytes are one that is written as the same bytes, or
// refused without a trace.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/format/customer_set.h"

namespace emptychair::storage {
namespace {

void Demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

// The same set gives the same bytes, and what is no row adds nothing.
void CheckSetRow(absl::string_view bytes) {
  CustomerSetRow row;
  if (row.Read(bytes)) {
    Demand(row.Encode() == bytes);
    Demand(row.Members().size() == row.size());
  } else {
    Demand(row == CustomerSetRow());
  }
}

// A change of members that the bytes name, three for each.
std::string SetChangeFrom(absl::string_view bytes) {
  std::map<uint16_t, bool> changes;
  for (; bytes.size() >= 3; bytes.remove_prefix(3)) {
    const auto member =
        static_cast<uint16_t>(static_cast<uint8_t>(bytes[0]) << 8 | static_cast<uint8_t>(bytes[1]));
    changes[member] = bytes[2] % 2 != 0;
  }
  return EncodeSetChange(std::vector<SetMemberChange>(changes.begin(), changes.end()));
}

void CheckSetChange(absl::string_view bytes) {
  CustomerSetRow row;
  Demand(row.Apply(SetChangeFrom(bytes)));
  const CustomerSetRow before = row;
  int64_t undecodable = 0;
  if (row.Apply(bytes)) {
    Demand(CombineSetChanges({bytes}, &undecodable) == bytes && undecodable == 0);
  } else {
    Demand(row == before);
    Demand(CombineSetChanges({bytes}, &undecodable) == EncodeSetChange({}) && undecodable == 1);
  }
  // Combined, changes do what they do one after the other.
  const std::string first = SetChangeFrom(bytes.substr(0, bytes.size() / 2));
  const std::string last = SetChangeFrom(bytes.substr(bytes.size() / 2));
  CustomerSetRow combined = before;
  undecodable = 0;
  Demand(combined.Apply(CombineSetChanges({first, bytes, last}, &undecodable)));
  CustomerSetRow stepwise = before;
  Demand(stepwise.Apply(first));
  Demand(stepwise.Apply(bytes) == (undecodable == 0));
  Demand(stepwise.Apply(last));
  Demand(combined == stepwise);
  CheckSetRow(combined.Encode());
}

// Rows as bits are longer than what tools/fuzz tries: the bytes are said again and again.
void CheckRowOfBits(absl::string_view bytes) {
  constexpr size_t kRowSize = 2 + kCustomersPerChunk / 8;
  if (bytes.empty()) {
    return;
  }
  std::string row = {1, 2};
  while (row.size() < kRowSize) {
    row.append(bytes.data(), std::min(bytes.size(), kRowSize - row.size()));
  }
  CheckSetRow(row);
}

}  // namespace
}  // namespace emptychair::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  emptychair::storage::CheckSetRow(bytes);
  emptychair::storage::CheckRowOfBits(bytes);
  emptychair::storage::CheckSetChange(bytes);
  return 0;
}
