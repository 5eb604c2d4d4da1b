// Names a group of answers by the value of one key.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_GROUP_PART_H_
#define EMPTYCHAIR_SERVER_STATISTICS_GROUP_PART_H_

#include <cstdint>
#include <string>

namespace emptychair::statistics {

// A group's value for one key. Ordered as groups are in answers: by the bytes of the value, none
// and other last.
struct GroupPart {
  enum class Kind : uint8_t { kValue, kNone, kOther };

  Kind kind = Kind::kValue;
  std::string text;  // Empty for kNone and kOther.

  friend auto operator<=>(const GroupPart&, const GroupPart&) = default;
};

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_GROUP_PART_H_
