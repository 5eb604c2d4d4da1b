// google.protobuf.Timestamp as absl::Time and back.
#ifndef EMPTYCHAIR_COMMON_BASE_TIMESTAMP_H_
#define EMPTYCHAIR_COMMON_BASE_TIMESTAMP_H_

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace emptychair {

// For times that a Timestamp can name: the years 1 to 9999.
google::protobuf::Timestamp ToTimestamp(absl::Time time);

// For Timestamps that are valid by their own rules.
absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_TIMESTAMP_H_
